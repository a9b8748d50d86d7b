import type { PeopleDirectory } from '../../config/people.ts';
import { createSealing, type Secrets } from '../../console/sealing.ts';
import { SESSION_SECONDS } from '../../console/session.ts';
import type { PersonPolicy } from '../../domain/policy.ts';

/** Tokens that a sign-in with an account makes: they stand for a person as an API token does, and end by themselves. */
export interface AccountTokens {
  issue(person: PersonPolicy): string;
  /** The directory, which knows these tokens too. Who is in the policy, and with which roles, is read live as ever. */
  knownTo(people: PeopleDirectory): PeopleDirectory;
}

interface Content {
  readonly person: string;
  /** A person of the policy whose address changed is to sign in again: the id may be somebody else's by now. */
  readonly email: string;
}

/** No API token begins so: theirs are chosen by admins, and these are looked up nowhere else. */
const PREFIX = 'account.';

export function createAccountTokens(secrets: Secrets, nowMs: () => number): AccountTokens {
  const sealing = createSealing<Content>(secrets, 'incident account token');
  return {
    issue: ({ id, email }) => PREFIX + sealing.seal({ person: id, email }, nowMs() + SESSION_SECONDS * 1000),
    knownTo: (people) => ({
      ...people,
      async byToken(token) {
        if (!token.startsWith(PREFIX)) return people.byToken(token);
        const opened = sealing.unseal(token.slice(PREFIX.length), nowMs());
        if (typeof opened === 'string') return null;
        const person = await people.byId(opened.content.person);
        return person?.email === opened.content.email ? person : null;
      },
    }),
  };
}
