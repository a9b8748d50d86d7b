import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { ProcessName, Setting, Settings, Values } from '../activities/system.ts';
import { SYSTEMS, type SystemSettings } from '../activities/systems.ts';
import { OWN_SETTINGS, STATUS_PAGE_SETTINGS } from './own-settings.ts';

/** Every problem of the environment at once, a sentence each: which variable, what is wrong, what to do. */
export class EnvironmentError extends Error {
  override readonly name = 'EnvironmentError';
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`The environment is not complete:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}

type AllSettings = typeof OWN_SETTINGS & SystemSettings;
export type GatewayEnv = Values<AllSettings, 'gateway'>;
export type WorkerEnv = Values<AllSettings, 'worker'>;
export type StatusPageEnv = Values<typeof OWN_SETTINGS, 'status page'> & Values<typeof STATUS_PAGE_SETTINGS>;

/** Whose settings they are, in the order of docs/configuration.md. */
const SECTIONS: readonly { readonly name: string; readonly settings: Settings }[] = [
  { name: 'The product itself', settings: OWN_SETTINGS },
  { name: 'The product itself', settings: STATUS_PAGE_SETTINGS },
  ...SYSTEMS,
];

/** A variable as docs/configuration.md shows it. */
export interface EnvironmentVariable {
  readonly name: string;
  /** Whose it is: the product's own, or an outside system's. */
  readonly section: string;
  readonly processes: readonly ProcessName[];
  readonly needed: boolean;
  /** What is taken when it is left out; null: nothing is. */
  readonly standard: string | null;
  readonly secret: boolean;
  readonly meaning: string;
  /** The name by which .env gives it to docker compose. */
  readonly inCompose: string;
}

/** Every variable of every process. */
export function environmentVariables(): readonly EnvironmentVariable[] {
  const all = SECTIONS.flatMap(({ name: section, settings }) =>
    Object.entries(settings).map(([name, setting]) => ({ section, name, setting })),
  );
  return [...new Map(all.map(({ name, section }) => [name, section])).entries()].map(([name, section]) =>
    variable(
      name,
      section,
      all.flatMap((one) => (one.name === name ? [one.setting] : [])),
    ),
  );
}

/** One that processes read differently has several settings. */
function variable(name: string, section: string, settings: readonly Setting[]): EnvironmentVariable {
  const standards = settings.map(({ schema, readBy }) => {
    const leftOut = schema.safeParse(undefined);
    const value = leftOut.success ? leftOut.data : undefined;
    return { readBy, needed: !leftOut.success, words: value === undefined ? null : String(value) };
  });
  const [only] = standards;
  return {
    name,
    section,
    processes: settings.flatMap(({ readBy }) => readBy),
    needed: standards.some(({ needed }) => needed),
    standard:
      standards.length === 1
        ? (only?.words ?? null)
        : standards.map(({ words, readBy }) => `${words ?? 'none'} (${readBy.join(', ')})`).join(', '),
    secret: settings.some(({ secret }) => secret === true),
    meaning: settings[0]?.meaning ?? '',
    inCompose: settings[0]?.inCompose ?? name,
  };
}

/** Throws EnvironmentError. */
export function gatewayEnv(env: NodeJS.ProcessEnv = process.env): GatewayEnv {
  return readFor('gateway', env) as GatewayEnv;
}

/** Throws EnvironmentError. */
export function statusPageEnv(env: NodeJS.ProcessEnv = process.env): StatusPageEnv {
  return readFor('status page', env) as StatusPageEnv;
}

/** Throws EnvironmentError. */
export function workerEnv(env: NodeJS.ProcessEnv = process.env): WorkerEnv {
  return readFor('worker', env) as WorkerEnv;
}

function readFor(process: ProcessName, env: NodeJS.ProcessEnv): unknown {
  const read = SECTIONS.flatMap(({ settings }) => Object.entries(settings)).filter(([, { readBy }]) =>
    readBy.includes(process),
  );
  return readSettings(Object.fromEntries(read), env);
}

/** The values of these settings. Throws EnvironmentError. */
export function readSettings<S extends Settings>(settings: S, env: NodeJS.ProcessEnv): Values<S> {
  const problems: string[] = [];
  const values: Record<string, string> = {};
  for (const [name, setting] of Object.entries(settings)) {
    const value = textOf(name, setting, env, problems);
    if (value !== undefined && value !== '') values[name] = value;
  }
  const schema = z.object(Object.fromEntries(Object.entries(settings).map(([name, one]) => [name, one.schema])));
  const result = schema.safeParse(values);
  if (!result.success) problems.push(...result.error.issues.map((issue) => sentence(issue, settings, values)));
  if (problems.length > 0 || !result.success) {
    throw new EnvironmentError(problems);
  }
  return result.data as Values<S>;
}

function textOf(name: string, { secret }: Setting, env: NodeJS.ProcessEnv, problems: string[]): string | undefined {
  const file = env[`${name}_FILE`];
  if (secret !== true || file === undefined || file === '') return env[name];
  if (env[name] !== undefined && env[name] !== '') {
    problems.push(`${name} and ${name}_FILE are both set. Keep one of them.`);
    return undefined;
  }
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    problems.push(
      `${name}_FILE names ${file}, which cannot be read (${(error as Error).message}). Correct the path or its permissions.`,
    );
    return undefined;
  }
}

/** Never shows the value: it may be a secret. */
function sentence(issue: z.core.$ZodIssue, settings: Settings, values: Readonly<Record<string, string>>): string {
  const name = String(issue.path[0] ?? '');
  const { advice = 'Correct it or leave it out.', secret = false } = settings[name] ?? {};
  const what = values[name] === undefined ? 'is missing' : issue.message;
  const alternative = secret ? ` ${name}_FILE may name a file that holds it.` : '';
  return `${name} ${what}. ${advice}${alternative}`;
}
