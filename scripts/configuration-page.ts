import { stringify } from 'yaml';
import { type EnvironmentVariable, environmentVariables } from '../src/config/env.ts';
import { policyJsonSchema } from '../src/config/policy.ts';
import type { Policy } from '../src/domain/policy.ts';

/** The sections of the policy, in a line each; a new section without one does not compile. */
const SECTIONS: Readonly<Record<keyof Policy, string>> = {
  version: 'Version of the format.',
  team: 'Who the team is, and when it works.',
  severities: 'Of each severity: deadlines, escalation, paging, audiences (R0.1–R0.4, R1.4).',
  classification: 'The decision tree that turns measurements into a severity (R0.5, R0.6).',
  phases: 'The runbook’s time boxes; an overrun is recorded and escalated.',
  service: 'What the team runs, and how each question about it is asked.',
  alertRules: 'The alerts of the team’s Prometheus; doctor compares them with what is loaded there (R1.2).',
  intake: 'How alerts become incidents, join them, or are ignored (R1.9).',
  reports: 'What counts as a user’s report, and what confirms it (R1.7).',
  evidence: 'What is looked at, when, and for how long (R2).',
  diagnosis: 'Thresholds of the rules that explain (R2.20).',
  actions: 'Of each action: risk, who approves, whether it is temporary and for how long.',
  approvals:
    'How each action and each publication is allowed: automatic, objection (goes ahead unless called off) or ask.',
  approvalLimits: 'How long a question waits, and how old its evidence may be.',
  verification: 'What "recovered" means (R3.2.5), and how long it must hold.',
  leases: 'Temporary changes: when to ask again, and by how much they are renewed.',
  communication: 'Channels, addresses, status page and every text (R4).',
  customers: 'How affected customers are found and written to (R4.5); null: this team writes to none.',
  contacts: 'Whom the severities name, and how each is reached.',
  people: 'Who may decide what; read live, unlike the rest.',
  review: 'The post-mortem’s meeting (R6.1, R6.2).',
  playbooks: 'Absolute values the playbooks act with (R3).',
  resolution: 'Root cause, permanent fix and canary (R5).',
  references: 'Links shown to people, never called.',
  maintenanceWindow: 'When migrations may run (R5.8).',
  holidays: 'Days that are not worked.',
  limits: 'How much one run of a workflow holds before it continues as new.',
};

interface Schema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly required?: readonly string[];
  readonly format?: string;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
}

interface Row {
  readonly key: string;
  readonly type: string;
  readonly standard: string;
}

const LONGEST_STANDARD = 90;
/** Rows that stand for several names have several values. */
const LONGEST_STANDARDS = 240;
const MOST_NAMES = 10;
/** Formats that say more to a reader than to a validator. */
const FORMATS: ReadonlySet<string> = new Set(['uri', 'email', 'date']);

/** docs/configuration.md, from the schemas and from policy/noa.yaml as it is written. */
export function configurationPage(writtenPolicy: unknown): string {
  const sections = (policyJsonSchema() as Schema).properties ?? {};
  const written = (writtenPolicy ?? {}) as Readonly<Record<string, unknown>>;
  return [
    '# Configuration',
    '',
    '<!-- Written by scripts/configuration-docs.ts from the schemas; do not edit. Renew: npx tsx scripts/configuration-docs.ts -->',
    '',
    'Two things are configured: where the systems are and with which credentials (the environment), and what the team',
    'decides (the policy file). This page is written from their schemas; [running it for real](running.md) tells what each',
    'system needs, [writing a policy](writing-a-policy.md) how to begin one, and [the CLI](cli.md) has its own variables.',
    '',
    '## Environment',
    '',
    'A secret may also be given as `NAME_FILE`, the path of a file that holds it. An empty variable counts as left out. A system whose',
    'variables are left out is a named gap in the evidence or a refused delivery on the timeline, never a stalled incident.',
    '',
    ...[...new Set(environmentVariables().map(({ section }) => section))].flatMap(variablesOf),
    '## Policy',
    '',
    'Ratios are written `0.1` or `10%`. Unknown keys are refused with what was probably meant. The column on the right is what',
    '`policy/noa.yaml` says; `(left out)` is a key with a default of its own that it does not need.',
    '',
    ...Object.entries(sections).flatMap(([name, schema]) => sectionOf(name as keyof Policy, schema, written[name])),
  ].join('\n');
}

function variablesOf(section: string): readonly string[] {
  return [
    `### ${section}`,
    '',
    '| variable | process | default | meaning |',
    '|---|---|---|---|',
    ...environmentVariables()
      .filter((one) => one.section === section)
      .map(variableRow),
    '',
  ];
}

function variableRow({ name, processes, needed, standard, secret, meaning }: EnvironmentVariable): string {
  const value = needed ? '**needed**' : standard === null ? '' : `\`${standard}\``;
  return `| \`${name}\` | ${processes.join(', ')} | ${value} | ${cell(`${meaning}${secret ? ' *Secret.*' : ''}`)} |`;
}

function sectionOf(name: keyof Policy, schema: Schema, written: unknown): readonly string[] {
  const rows = rowsOf(name, schema, written);
  return [
    `### ${name}`,
    '',
    SECTIONS[name],
    '',
    '| key | type | noa.yaml |',
    '|---|---|---|',
    ...rows.map(({ key, type, standard }) => `| \`${key}\` | ${cell(type)} | ${standard} |`),
    '',
  ];
}

function rowsOf(key: string, schema: Schema, written: unknown): readonly Row[] {
  const { inner, nullable } = withoutNull(schema);
  const orNull = nullable ? ' or null' : '';
  if (inner.properties !== undefined) {
    const names = Object.keys(inner.properties);
    const alike = alikeObjects(inner.properties);
    if (alike !== null) return alikeRows(key, names, alike, written);
    const own = nullable ? [{ key, type: 'object or null', standard: written === null ? '`null`' : '' }] : [];
    return [
      ...own,
      ...names.flatMap((name) => rowsOf(`${key}.${name}`, inner.properties?.[name] ?? {}, at(written, name))),
    ];
  }
  const items = inner.type === 'array' ? withoutNull(inner.items ?? {}).inner : null;
  if (items?.properties !== undefined) {
    const count = Array.isArray(written) ? written.length : 0;
    const members = Object.entries(items.properties).flatMap(([name, member]) =>
      rowsOf(`${key}[].${name}`, member, NOT_SHOWN),
    );
    return [
      { key, type: `list${orNull}, each with`, standard: written === NOT_SHOWN ? '' : `${count} of them` },
      ...members,
    ];
  }
  return [{ key, type: `${typeOf(inner)}${orNull}`, standard: shown(written) }];
}

/** Names with one shape (severities, actions, contacts): a row a key, with the value of each name. */
function alikeRows(key: string, names: readonly string[], shape: Schema, written: unknown): readonly Row[] {
  return rowsOf(`${key}.*`, shape, NOT_SHOWN).map((row) => {
    const path = row.key.slice(`${key}.*`.length + 1).split('.');
    const values = names.map((name) => path.reduce<unknown>(at, at(written, name)));
    const few = values.every((value) => value === null || ['string', 'number', 'boolean'].includes(typeof value));
    const words = names.map((name, index) => `${name} ${JSON.stringify(values[index])}`).join(', ');
    const plain = few && !row.key.includes('[]') ? shortened(words.replaceAll('"', ''), LONGEST_STANDARDS) : '';
    return { ...row, standard: plain === '' ? (row.key === `${key}.*` ? names.join(', ') : '') : plain };
  });
}

/** The one shape of at least two objects, or null. */
function alikeObjects(properties: Readonly<Record<string, Schema>>): Schema | null {
  const shapes = Object.values(properties);
  const first = shapes[0];
  if (first?.properties === undefined || shapes.length < 2) return null;
  return shapes.every((shape) => JSON.stringify(shape) === JSON.stringify(first)) ? first : null;
}

function typeOf(schema: Schema): string {
  if (schema.const !== undefined) return `\`${String(schema.const)}\``;
  if (schema.enum !== undefined && schema.enum.length > MOST_NAMES) return `one of ${schema.enum.length} names`;
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${String(value)}\``).join(' ');
  if (schema.anyOf !== undefined) return isRatio(schema) ? 'ratio' : schema.anyOf.map(typeOf).join(' or ');
  if (schema.type === 'array') return `list of ${typeOf(schema.items ?? {})}`;
  if (schema.type === 'object') {
    const value = typeof schema.additionalProperties === 'object' ? typeOf(schema.additionalProperties) : 'anything';
    return `map to ${value}`;
  }
  if (schema.type === 'number' || schema.type === 'integer') return `${schema.type}${boundsOf(schema)}`;
  const format = schema.format === undefined || !FORMATS.has(schema.format) ? '' : ` (${schema.format})`;
  return `${typeof schema.type === 'string' ? schema.type : 'text'}${format}`;
}

function boundsOf({ minimum, exclusiveMinimum, maximum }: Schema): string {
  const most = maximum === undefined || maximum === Number.MAX_SAFE_INTEGER ? '' : `, at most ${maximum}`;
  if (exclusiveMinimum !== undefined) return ` above ${exclusiveMinimum}${most}`;
  return `${minimum === undefined || minimum === Number.MIN_SAFE_INTEGER ? '' : ` from ${minimum}`}${most}`;
}

function isRatio({ anyOf = [] }: Schema): boolean {
  return anyOf.some((one) => one.type === 'number' && one.maximum === 1) && anyOf.some((one) => one.type === 'string');
}

function withoutNull(schema: Schema): { readonly inner: Schema; readonly nullable: boolean } {
  const rest = schema.anyOf?.filter((one) => one.type !== 'null') ?? [];
  const [only] = rest;
  if (schema.anyOf === undefined || rest.length === schema.anyOf.length || only === undefined) {
    return { inner: schema, nullable: false };
  }
  return { inner: rest.length === 1 ? only : { anyOf: rest }, nullable: true };
}

const NOT_SHOWN = Symbol('not shown');

function at(value: unknown, name: string): unknown {
  if (typeof value === 'symbol') return value;
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
}

function shown(value: unknown): string {
  if (value === NOT_SHOWN) return '';
  if (value === undefined) return '(left out)';
  return shortened(
    typeof value === 'string' ? value : stringify(value, { collectionStyle: 'flow', lineWidth: 0 }).trim(),
  );
}

/** One line of code for a table, cut where it would make the page unreadable. */
function shortened(text: string, longest = LONGEST_STANDARD): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  const cut = line.length > longest ? `${line.slice(0, longest)}…` : line;
  return `\`${cut.replaceAll('`', "'").replaceAll('|', '\\|')}\``;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
