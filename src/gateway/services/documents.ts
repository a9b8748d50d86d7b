import { z } from 'zod';
import type { PostMortemAnswer } from '../../client/incident-client.ts';
import { mayDecide } from '../../domain/authority.ts';
import type { PersonPolicy } from '../../domain/policy.ts';
import type { PostMortemStatus } from '../../workflows/post-mortem/api.ts';
import { sentencesOf } from '../decision-schemas.ts';
import { RequestRefused } from '../refusals.ts';

/** A long post-mortem is a tenth of this. */
const MAX_CHARACTERS = 500_000;
export const DIGEST = z.string().regex(/^[0-9a-f]{64}$/, 'must be the digest of a text (64 characters 0-9 a-f)');

export const editBody = z.strictObject({
  text: z
    .string('must be a text')
    .trim()
    .min(1, 'must not be empty')
    .max(MAX_CHARACTERS, `must have at most ${MAX_CHARACTERS} characters`),
  /** The digest that the text was read with (the header x-post-mortem-digest). */
  basedOn: DIGEST,
});
export function mayWrite(person: PersonPolicy): PersonPolicy {
  const forbidden = mayDecide('note', person.roles);
  if (forbidden !== null) throw new RequestRefused(403, forbidden.replace('"note"', 'Editing a post-mortem'));
  return person;
}

export function mayApprove(person: PersonPolicy, what: string): PersonPolicy {
  const forbidden = mayDecide('resolve', person.roles);
  if (forbidden !== null) throw new RequestRefused(403, forbidden.replace('"resolve"', what));
  return person;
}

export function read<T extends z.ZodType>(schema: T, json: unknown, whole: string): z.infer<T> {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new RequestRefused(422, sentencesOf(parsed.error, whole).join(' '));
}

/** What it is afterwards; throws the refusal. */
export function statusOf(answer: PostMortemAnswer): PostMortemStatus {
  if (answer.outcome === 'accepted') return answer.status;
  const status = { refused: 409, 'not-found': 404, unavailable: 503 }[answer.outcome];
  throw new RequestRefused(status, answer.words);
}
