import type { PersonPolicy } from '../../domain/policy.ts';

/** What the provider says of who signed in; its own words, so anything may be missing. */
export type Claims = Readonly<Record<string, unknown>>;

export type Matched =
  | { readonly kind: 'person'; readonly person: PersonPolicy }
  /** `shown`: how the provider calls them, for the page. */
  | { readonly kind: 'unknown'; readonly shown: string }
  | { readonly kind: 'unverified'; readonly shown: string }
  | { readonly kind: 'missing-claim' }
  | { readonly kind: 'ambiguous'; readonly shown: string };

export const EMAIL_CLAIM = 'email';

/**
 * The person of the policy whom the provider means. By e-mail only when the provider says that it has verified it:
 * else anybody could write a commander's address into their own profile. By a claim that the environment names: its
 * value is a person's id or address, and whoever runs the provider answers for it.
 */
export function matchPerson(claims: Claims, claim: string, people: readonly PersonPolicy[]): Matched {
  const value = claims[claim];
  if (typeof value !== 'string' || value.trim() === '') return { kind: 'missing-claim' };
  const shown = value.trim().slice(0, MAX_SHOWN);
  // Some providers write the word instead of the truth value; anything else counts as no.
  if (claim === EMAIL_CLAIM && claims.email_verified !== true && claims.email_verified !== 'true')
    return { kind: 'unverified', shown };
  const wanted = value.trim().toLowerCase();
  const found = people.filter(
    ({ id, email }) => email.toLowerCase() === wanted || (claim !== EMAIL_CLAIM && id.toLowerCase() === wanted),
  );
  const [person, ...others] = found;
  if (person === undefined) return { kind: 'unknown', shown };
  return others.length > 0 ? { kind: 'ambiguous', shown } : { kind: 'person', person };
}

const MAX_SHOWN = 200;
