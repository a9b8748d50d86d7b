import { errorAt, type PathProblem, unknownKey } from './policy-problems.ts';

/** Changes to a policy by dotted path, e.g. `{ 'approvals.rollback': 'automatic', 'people.alice.roles': ['viewer'] }`. */
export type PolicyOverrides = Readonly<Record<string, unknown>>;

/** Members of a list may be named by what identifies them instead of by their number. */
const IDENTITIES = ['id', 'name', 'alert', 'deployment', 'title'] as const;

/**
 * Sets each override in a copy of what the file said. What comes out is checked like any file, so a wrong value is
 * found there; only a path that leads nowhere is found here. `set` are the concrete paths that were written.
 */
export function applyOverrides(
  value: unknown,
  overrides: PolicyOverrides,
): { readonly value: unknown; readonly set: ReadonlyMap<string, string>; readonly problems: readonly PathProblem[] } {
  const copy: unknown = structuredClone(value);
  const set = new Map<string, string>();
  const problems: PathProblem[] = [];
  for (const [path, wanted] of Object.entries(overrides)) {
    const written = setAt(copy, path.split('.'), wanted);
    if ('problem' in written) problems.push(errorAt([path], `override "${path}": ${written.problem}`));
    else set.set(written.path, path);
  }
  return { value: copy, set, problems };
}

function setAt(
  root: unknown,
  parts: readonly string[],
  wanted: unknown,
): { readonly path: string } | { readonly problem: string } {
  let at: unknown = root;
  const walked: (string | number)[] = [];
  for (const [index, part] of parts.entries()) {
    const key = keyOf(at, part);
    if (key === null)
      return {
        problem: isContainer(at) ? unknownKey(part, Object.keys(at)) : `nothing can be below "${walked.join('.')}"`,
      };
    walked.push(key);
    const holder = at as Record<string | number, unknown>;
    if (index === parts.length - 1) holder[key] = structuredClone(wanted);
    else at = holder[key];
  }
  return { path: walked.join('.') };
}

function keyOf(at: unknown, part: string): string | number | null {
  if (Array.isArray(at)) {
    if (/^\d+$/.test(part)) return Number(part) < at.length ? Number(part) : null;
    const index = at.findIndex(
      (member: unknown) =>
        isContainer(member) && IDENTITIES.some((name) => (member as Record<string, unknown>)[name] === part),
    );
    return index < 0 ? null : index;
  }
  return isContainer(at) && Object.hasOwn(at, part) ? part : null;
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
