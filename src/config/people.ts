import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import type { PersonPolicy, Policy } from '../domain/policy.ts';

/** People and their roles, read live at each decision and again just before an effect (ADR 0012). */
export interface PeopleDirectory {
  /** The person whose API token this is; null when it is nobody's. */
  byToken(token: string): Promise<PersonPolicy | null>;
  byId(id: string): Promise<PersonPolicy | null>;
  byPagingId(pagingId: string): Promise<PersonPolicy | null>;
  byChatId(chatId: string): Promise<PersonPolicy | null>;
  /** Everybody, so that a refusal can name who may. */
  all(): Promise<readonly PersonPolicy[]>;
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
  /** A JSON file `{ "<person>": "<SHA-256 of the token, hex>" }` for tokens that do not belong into the policy. */
  tokensFile: string | null = null,
): PeopleDirectory {
  let seen: string | null = null;
  let current: Promise<readonly PersonPolicy[]> = Promise.reject(new Error(`${file} has not been read yet.`));
  current.catch(() => {});
  return directory(() => {
    const now = `${versionOf(file)} ${tokensFile === null ? '' : versionOf(tokensFile)}`;
    if (now === seen) return current;
    const before = seen === null ? null : current;
    seen = now;
    current = loadPolicy(file).then(
      (policy) => withTokens(policy.people, tokensFile),
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
    byChatId: (chatId) => find((person) => person.chatId === chatId),
    all: people,
  };
}

function withTokens(people: readonly PersonPolicy[], tokensFile: string | null): readonly PersonPolicy[] {
  if (tokensFile === null) return people;
  const tokens: unknown = JSON.parse(readFileSync(tokensFile, 'utf8'));
  const digests = new Map(
    Object.entries(tokens ?? {}).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
  return people.map((person) => ({ ...person, tokenSha256: digests.get(person.id) ?? person.tokenSha256 }));
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
