import { createHash, timingSafeEqual } from 'node:crypto';
import { statSync } from 'node:fs';
import type { Policy, PersonPolicy } from '../domain/policy.ts';

/** People and their roles, read live at each decision and again just before an effect (decision 6). */
export interface PeopleDirectory {
  /** The person whose API token this is; null when it is nobody's. */
  byToken(token: string): Promise<PersonPolicy | null>;
  byId(id: string): Promise<PersonPolicy | null>;
  byPagingId(pagingId: string): Promise<PersonPolicy | null>;
  bySlackId(slackId: string): Promise<PersonPolicy | null>;
}

/** A directory that never changes. */
export function fixedPeople(people: readonly PersonPolicy[]): PeopleDirectory {
  return directory(async () => people);
}

/**
 * The people of the policy file, read again when the file changes. A change that cannot be read is reported and the
 * people of before stay, so that a slip in the editor locks nobody out in the middle of an incident.
 */
export function peopleOfPolicyFile(
  file: string,
  loadPolicy: (file: string) => Promise<Policy>,
  report: (words: string) => void,
): PeopleDirectory {
  let seen: string | null = null;
  let current: Promise<readonly PersonPolicy[]> = Promise.reject(new Error(`${file} has not been read yet.`));
  current.catch(() => {});
  return directory(() => {
    const now = versionOf(file);
    if (now === seen) return current;
    const before = seen === null ? null : current;
    seen = now;
    current = loadPolicy(file).then(
      (policy) => policy.people,
      (error: Error) => {
        if (before === null) throw error;
        report(`The people of ${file} stay as they were, because it cannot be read: ${error.message}`);
        return before;
      },
    );
    current.catch(() => {
      seen = null;
    });
    return current;
  });
}

function directory(people: () => Promise<readonly PersonPolicy[]>): PeopleDirectory {
  const find = async (is: (person: PersonPolicy) => boolean): Promise<PersonPolicy | null> =>
    (await people()).find(is) ?? null;
  return {
    byToken(token) {
      const digest = createHash('sha256').update(token).digest();
      return find(({ tokenSha256 }) => tokenSha256 !== null && equalDigests(digest, Buffer.from(tokenSha256, 'hex')));
    },
    byId: (id) => find((person) => person.id === id),
    byPagingId: (pagingId) => find((person) => person.pagingId === pagingId),
    bySlackId: (slackId) => find((person) => person.slackId === slackId),
  };
}

function equalDigests(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

function versionOf(file: string): string {
  try {
    const { mtimeMs, size, ino } = statSync(file);
    return `${mtimeMs}/${size}/${ino}`;
  } catch {
    // An editor that replaces the file leaves a moment without one; the people of before stay meanwhile.
    return 'missing';
  }
}
