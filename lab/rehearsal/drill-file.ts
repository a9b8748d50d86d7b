import { readFile } from 'node:fs/promises';
import type { z } from 'zod';
import { closestOf, errorAt, type PathProblem, schemaProblems } from '../../src/config/policy-problems.ts';
import { type DocumentPath, readYaml, type YamlDocument } from '../../src/config/yaml-document.ts';
import { CONTACTS, type Contact, type Role, type Via } from '../../src/domain/people.ts';
import type { FaultSpec } from '../simulation/faults/faults.ts';
import {
  type ActName,
  type Drill,
  DrillError,
  type PlannedAct,
  type PlannedPerson,
  type PlannedWire,
} from './drill.ts';
import { ACT_SCHEMAS, drillSchema, personSchema, processWireSchema, systemWireSchema } from './drill-schema.ts';
import { FAULT_SCHEMAS } from './fault-schemas.ts';
import { durationMs } from './schema-parts.ts';

const DEFAULT_POLICY = 'policy/noa.yaml';
const DEFAULT_LIMIT = '24h';
const DEFAULT_RETRY_AFTER = '30s';
const DEFAULT_SLOW_SECONDS = 5;
/** Systems that the simulated production speaks for; a fault of another would fault nothing. */
const SIMULATED_SYSTEMS: ReadonlySet<string> = new Set([
  'pagerduty',
  'slack',
  'prometheus',
  'alertmanager',
  'kubernetes',
  'postgres',
  'redis',
  'anthropic',
  'openai',
  'status-page',
  'social',
  'jira',
  'zendesk',
  'smtp',
  'service-api',
  'grafana',
  'elasticsearch',
  'git',
  'github',
  'jenkins',
]);

type Row = Readonly<Record<string, unknown>>;
type Written = z.infer<typeof drillSchema>;

/** Reads one drill file. Throws DrillError with every problem of it, each with file, line and column. */
export async function readDrill(file: string): Promise<Drill> {
  try {
    return parseDrill(await readFile(file, 'utf8'), file);
  } catch (error) {
    if (error instanceof DrillError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new DrillError([{ file, line: 1, column: 1, message: `the drill cannot be read: ${reason}` }]);
  }
}

/** Parses the text of a drill file; `file` is for messages and for finding its policy. Throws DrillError. */
export function parseDrill(text: string, file: string): Drill {
  const document = readYaml(text);
  if (document.problems.length > 0) throw new DrillError(document.problems.map((one) => ({ file, ...one })));
  const found = problemsOf(document.value);
  if (found.length > 0) throw new DrillError(placed(found, document, file));
  return planned(document.value as Written, file);
}

function placed(problems: readonly PathProblem[], document: YamlDocument, file: string) {
  const rows = problems.map((problem) => ({
    file,
    ...(problem.key === null ? document.placeOf(problem.path) : document.placeOfKey(problem.path, problem.key)),
    message: problem.message,
  }));
  return rows.sort((a, b) => a.line - b.line || a.column - b.column);
}

function problemsOf(value: unknown): readonly PathProblem[] {
  const whole = drillSchema.safeParse(value, { reportInput: true });
  const found: PathProblem[] = whole.success ? [] : [...schemaProblems(drillSchema, whole.error)];
  for (const [index, row] of rowsOf(value, 'faults').entries()) found.push(...faultProblems(row, ['faults', index]));
  for (const [index, row] of rowsOf(value, 'people').entries()) found.push(...personProblems(row, ['people', index]));
  for (const [index, row] of rowsOf(value, 'wires').entries()) found.push(...wireProblems(row, ['wires', index]));
  if (found.length === 0) found.push(...crossChecks(value as Written));
  return found;
}

function rowsOf(value: unknown, key: string): readonly Row[] {
  const list = typeof value === 'object' && value !== null ? (value as Row)[key] : null;
  return Array.isArray(list) ? list.map((row) => (typeof row === 'object' && row !== null ? (row as Row) : {})) : [];
}

function faultProblems(row: Row, path: DocumentPath): readonly PathProblem[] {
  const schema = chosen(FAULT_SCHEMAS, row.kind, [...path, 'kind'], 'kind of fault');
  return 'message' in schema ? [schema] : memberProblems(schema.schema, row, path);
}

function personProblems(row: Row, path: DocumentPath): readonly PathProblem[] {
  if (row.does === undefined) return memberProblems(personSchema, row, path);
  const schema = chosen(ACT_SCHEMAS, row.does, [...path, 'does'], 'thing to do');
  return 'message' in schema ? [schema] : memberProblems(schema.schema, row, path);
}

function wireProblems(row: Row, path: DocumentPath): readonly PathProblem[] {
  if (row.system === undefined && row.process === undefined) {
    return [errorAt(path, 'a fault of a wire needs `system`, one of a process needs `process`')];
  }
  const found = memberProblems(row.process === undefined ? systemWireSchema : processWireSchema, row, path);
  if (found.length > 0 || row.process !== undefined || SIMULATED_SYSTEMS.has(row.system as string)) return found;
  const words = `the simulated production has no ${String(row.system)} whose wire could be faulted; it has ${[...SIMULATED_SYSTEMS].join(', ')}`;
  return [errorAt([...path, 'system'], words)];
}

function memberProblems(schema: z.ZodType, row: Row, path: DocumentPath): readonly PathProblem[] {
  const parsed = schema.safeParse(row, { reportInput: true });
  if (parsed.success) return [];
  return schemaProblems(schema, parsed.error).map((problem) => ({ ...problem, path: [...path, ...problem.path] }));
}

function chosen(schemas: Readonly<Record<string, z.ZodType>>, name: unknown, path: DocumentPath, what: string) {
  const schema = typeof name === 'string' && Object.hasOwn(schemas, name) ? schemas[name] : undefined;
  if (schema !== undefined) return { schema };
  const names = Object.keys(schemas);
  const close = typeof name === 'string' ? closestOf(name, names) : null;
  const hint = close === null ? `there are ${names.join(', ')}` : `did you mean "${close}"?`;
  return errorAt(
    path,
    name === undefined ? `the ${what} is missing; ${hint}` : `"${String(name)}" is no ${what}; ${hint}`,
  );
}

/** What is only wrong together with something else. */
function crossChecks(written: Written): readonly PathProblem[] {
  const people = (written.people ?? []) as readonly Row[];
  const known = new Set(people.filter((row) => row.does === undefined).map((row) => row.who));
  const found: PathProblem[] = [];
  for (const [index, row] of people.entries()) {
    const twice =
      row.does === undefined &&
      people.findIndex((other) => other.does === undefined && other.who === row.who) !== index;
    if (twice) found.push(errorAt(['people', index, 'who'], `${row.who} is listed twice`));
    if (row.does === undefined && row.roles === undefined) {
      found.push(errorAt(['people', index], `${row.who} has no roles; say for example roles: [responder, approver]`));
    }
    if (row.does !== undefined && !known.has(row.who)) {
      const close = closestOf(String(row.who), [...known].map(String));
      const hint = close === null ? 'add a line with their roles' : `did you mean "${close}"?`;
      found.push(errorAt(['people', index, 'who'], `${row.who} does something but is not listed with roles; ${hint}`));
    }
  }
  for (const who of typeof written.onCall === 'string' ? [written.onCall] : Object.values(written.onCall ?? {})) {
    if (!known.has(who)) found.push(errorAt(['onCall'], `${who} is on call but not listed under people`));
  }
  return found;
}

function planned(written: Written, file: string): Drill {
  const rows = (written.people ?? []) as readonly Row[];
  const standing = rows.filter((row) => row.does === undefined);
  return {
    file,
    name: written.drill,
    about: written.about ?? null,
    seed: written.seed ?? 1,
    startAtMs: Date.parse(written.start),
    until: untilOf(written.until ?? 'resolved'),
    limitMs: durationMs(written.limit ?? DEFAULT_LIMIT),
    policyFile: written.policy ?? DEFAULT_POLICY,
    set: written.set ?? {},
    world: written.world ?? {},
    faults: ((written.faults ?? []) as readonly Row[]).map((row) => ({
      atMs: durationMs(row.at as string),
      spec: faultSpec(row),
    })),
    people: peopleOf(standing, written.onCall),
    acts: rows.filter((row) => row.does !== undefined).map(actOf),
    wires: ((written.wires ?? []) as readonly Row[]).map(wireOf),
    expect: written.expect ?? {},
  };
}

function untilOf(until: NonNullable<Written['until']>): Drill['until'] {
  return until === 'resolved' || until === 'reviewed' || until === 'closed'
    ? { state: until }
    : { afterMs: durationMs(until) };
}

function faultSpec(row: Row): FaultSpec {
  const { at: _at, for: lasts, ...spec } = row;
  return (lasts === undefined ? spec : { ...spec, forMs: durationMs(lasts as string) }) as unknown as FaultSpec;
}

/** Who is reached as what: the first is on call, the next responder stands by, and managers are who their role says. */
function peopleOf(rows: readonly Row[], topOnCall: Written['onCall']): readonly PlannedPerson[] {
  const said = typeof topOnCall === 'string' ? { 'oncall-primary': topOnCall } : (topOnCall ?? {});
  const asked = rows.map((row) => [
    ...contactsSaid(row),
    ...CONTACTS.filter((contact) => said[contact as keyof typeof said] === row.who),
  ]);
  const taken = new Set<Contact>(asked.flat());
  const claim = (contact: Contact): readonly Contact[] => {
    if (taken.has(contact)) return [];
    taken.add(contact);
    return [contact];
  };
  return rows.map((row, index) => {
    const roles = row.roles as readonly Role[];
    const contacts: Contact[] = [...(asked[index] ?? [])];
    const mayBeCalled = row.onCall !== false && contacts.length === 0;
    const answers = roles.includes('responder') || index === 0;
    if (mayBeCalled && answers)
      contacts.push(...(taken.has('oncall-primary') ? claim('oncall-backup') : claim('oncall-primary')));
    for (const role of ['team-lead', 'engineering-manager', 'cto'] as const)
      if (roles.includes(role)) contacts.push(...claim(role));
    return personOf(row, roles, contacts);
  });
}

function contactsSaid(row: Row): readonly Contact[] {
  if (row.onCall === true) return ['oncall-primary'];
  if (row.onCall === undefined || row.onCall === false) return [];
  return (Array.isArray(row.onCall) ? row.onCall : [row.onCall]) as readonly Contact[];
}

function personOf(row: Row, roles: readonly Role[], contacts: readonly Contact[]): PlannedPerson {
  const usual = (row.via as Via | undefined) ?? 'slack';
  const acknowledges = row.acknowledges as { readonly after: string; readonly via?: Via } | undefined;
  const written = row.approves as Approves | readonly Approves[] | undefined;
  const approves: readonly Approves[] =
    written === undefined ? [] : Array.isArray(written) ? written : [written as Approves];
  return {
    id: row.who as string,
    name: (row.name as string | undefined) ?? (row.who as string),
    email: (row.email as string | undefined) ?? null,
    roles,
    contacts,
    acknowledges:
      acknowledges === undefined ? null : { afterMs: durationMs(acknowledges.after), via: acknowledges.via ?? usual },
    approves: approves.map(({ what, after, via }) => ({
      what: what === undefined ? ['*'] : typeof what === 'string' ? [what] : what,
      afterMs: durationMs(after),
      via: via ?? usual,
    })),
  };
}

interface Approves {
  readonly what?: string | readonly string[];
  readonly after: string;
  readonly via?: Via;
}

function actOf(row: Row): PlannedAct {
  const { who, at, does, via, incident, ...parameters } = row;
  return {
    atMs: durationMs(at as string),
    who: who as string,
    does: does as ActName,
    via: (via as Via | undefined) ?? 'slack',
    incident: (incident as number | undefined) ?? null,
    parameters,
  };
}

function wireOf(row: Row): PlannedWire {
  const atMs = durationMs(row.at as string);
  const lastsMs = row.for === undefined ? null : durationMs(row.for as string);
  if (row.process !== undefined) {
    const { process, fault } = row as { process: 'worker'; fault: 'killed' };
    const afterMails = (row.afterMails as number | undefined) ?? null;
    return { kind: 'process', atMs, process, fault, forMs: lastsMs, afterMails };
  }
  return {
    kind: 'system',
    atMs,
    endMs: lastsMs === null ? null : atMs + lastsMs,
    system: row.system as string,
    fault: row.fault as string,
    parameters: {
      retryAfterSeconds: durationMs((row.retryAfter as string | undefined) ?? DEFAULT_RETRY_AFTER) / 1000,
      seconds: (row.seconds as number | undefined) ?? DEFAULT_SLOW_SECONDS,
      times: (row.times as number | undefined) ?? null,
    },
  };
}
