import { readFile } from 'node:fs/promises';
import type { Policy } from '../domain/policy.ts';
import { policyChecks } from './policy-checks.ts';
import { applyOverrides, type PolicyOverrides } from './policy-overrides.ts';
import { type PathProblem, pathWords, schemaProblems } from './policy-problems.ts';
import { currentPath, withCurrentKeys } from './policy-renames.ts';
import { policySchema } from './policy-schema.ts';
import { readYaml, type YamlDocument } from './yaml-document.ts';

export type { PolicyOverrides } from './policy-overrides.ts';
export { policyJsonSchema } from './policy-schema.ts';

/** One thing wrong with a policy file, where it stands. Line and column count from 1. */
export interface PolicyProblem {
  readonly level: 'error' | 'warning';
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Dotted path of the value, empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
}

/** The policy cannot be used; `problems` says all that is wrong at once, so that it is mended at once. */
export class PolicyError extends Error {
  readonly problems: readonly PolicyProblem[];

  constructor(problems: readonly PolicyProblem[]) {
    super(`The policy cannot be used:\n${problems.map(problemLine).join('\n')}`);
    this.name = 'PolicyError';
    this.problems = problems;
  }
}

export interface PolicyCheck {
  /** Null when there is an error. */
  readonly policy: Policy | null;
  readonly problems: readonly PolicyProblem[];
}

/** Reads a policy file. Throws PolicyError for what is wrong with it or when it cannot be read. */
export async function loadPolicy(file: string, overrides: PolicyOverrides = {}): Promise<Policy> {
  return parsePolicy(await readPolicyFile(file), file, overrides);
}

/** Parses the text of a policy file; `fileName` is only for messages. Throws PolicyError; warnings are left out. */
export function parsePolicy(text: string, fileName: string, overrides: PolicyOverrides = {}): Policy {
  const { policy, problems } = checkPolicy(text, fileName, overrides);
  if (policy === null) throw new PolicyError(problems.filter((problem) => problem.level === 'error'));
  return policy;
}

/** All errors and warnings of a policy, sorted by where they stand: `incident policy check FILE`. */
export function checkPolicy(text: string, fileName: string, overrides: PolicyOverrides = {}): PolicyCheck {
  const document = readYaml(text);
  if (document.problems.length > 0) {
    const problems = document.problems.map((problem) => ({
      level: 'error' as const,
      file: fileName,
      path: '',
      ...problem,
    }));
    return { policy: null, problems };
  }
  const named = withCurrentKeys(document.value);
  const wanted = Object.entries(overrides).map(([path, value]) => [currentPath(path), value] as const);
  const overridden = applyOverrides(named.value, Object.fromEntries(wanted));
  const found = [...named.problems, ...overridden.problems];
  const parsed = policySchema.safeParse(overridden.value, { reportInput: true });
  if (parsed.success) found.push(...policyChecks(parsed.data));
  else found.push(...schemaProblems(policySchema, parsed.error));

  const problems = found.map((problem) => placed(problem, document, fileName, overridden.set));
  problems.sort((a, b) => a.line - b.line || a.column - b.column);
  const usable = parsed.success && problems.every((problem) => problem.level !== 'error');
  return { policy: usable ? deepFrozen(parsed.data) : null, problems };
}

/** Reads the text of a policy; a file that cannot be read is a PolicyError like any other. */
export async function readPolicyFile(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new PolicyError([
      { level: 'error', file, line: 1, column: 1, path: '', message: `the file cannot be read: ${reason}` },
    ]);
  }
}

/** `policy/noa.yaml:12:5: message`, as editors and terminals link it. */
export function problemLine(problem: PolicyProblem): string {
  const word = problem.level === 'warning' ? 'warning: ' : '';
  return `${problem.file}:${problem.line}:${problem.column}: ${word}${problem.message}`;
}

function placed(
  problem: PathProblem,
  document: YamlDocument,
  file: string,
  overrides: ReadonlyMap<string, string>,
): PolicyProblem {
  const path = pathWords(problem.key === null ? problem.path : [...problem.path, problem.key]);
  const override = [...overrides].find(([written]) => path === written || path.startsWith(`${written}.`));
  const at = problem.key === null ? document.placeOf(problem.path) : document.placeOfKey(problem.path, problem.key);
  const message =
    override === undefined ? problem.message : `${problem.message} (set by the override "${override[1]}")`;
  return { level: problem.level, file, ...at, path, message };
}

function deepFrozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const member of Object.values(value)) deepFrozen(member);
  }
  return value;
}
