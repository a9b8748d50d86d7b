import type { PathProblem } from './policy-problems.ts';
import type { DocumentPath } from './yaml-document.ts';

/** Keys that had another name, by dotted path with `*` for each member of a list; they are still read. */
const RENAMED: Readonly<Record<string, string>> = {
  'communication.templates.slackInitial': 'chatInitial',
  'communication.templates.slackUpdate': 'chatUpdate',
  'communication.templates.slackResolved': 'chatResolved',
  'people.*.slackId': 'chatId',
  'reports.slackChannels': 'chatChannels',
};

/** A copy in which old keys have today's names, with a warning for each; where both are written, today's counts. */
export function withCurrentKeys(value: unknown): {
  readonly value: unknown;
  readonly problems: readonly PathProblem[];
} {
  const copy: unknown = structuredClone(value);
  const problems: PathProblem[] = [];
  for (const [path, current] of Object.entries(RENAMED)) rename(copy, path.split('.'), current, [], problems);
  return { value: copy, problems };
}

/** The path of an override as it is called today. */
export function currentPath(path: string): string {
  const parts = path.split('.');
  const old = Object.keys(RENAMED).find((known) => {
    const wanted = known.split('.');
    return wanted.length === parts.length && wanted.every((part, index) => part === '*' || part === parts[index]);
  });
  const current = old === undefined ? undefined : RENAMED[old];
  return current === undefined ? path : [...parts.slice(0, -1), current].join('.');
}

function rename(
  at: unknown,
  [part = '', ...rest]: readonly string[],
  current: string,
  walked: DocumentPath,
  problems: PathProblem[],
): void {
  if (typeof at !== 'object' || at === null) return;
  const holder = at as Record<string, unknown>;
  if (part === '*') {
    for (const [index, member] of Object.entries(holder))
      rename(member, rest, current, [...walked, Number(index)], problems);
    return;
  }
  if (!Object.hasOwn(holder, part)) return;
  if (rest.length > 0) {
    rename(holder[part], rest, current, [...walked, part], problems);
    return;
  }
  const message = `"${part}" is called "${current}" now; the old name is still read, write the new one`;
  problems.push({ level: 'warning', path: walked, key: part, message });
  if (!Object.hasOwn(holder, current)) holder[current] = holder[part];
  delete holder[part];
}
