import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { PostMortemAnswer } from '../../client.ts';
import { mayDecide } from '../../domain/authority.ts';
import type { PersonPolicy } from '../../domain/policy.ts';
import type { EventOf } from '../../domain/timeline.ts';
import { openPlaces } from '../../views/post-mortem-merge.ts';
import type { PostMortemStatus } from '../../workflows/post-mortem/api.ts';
import { authenticate } from '../authentication.ts';
import { sentencesOf } from '../decision-schemas.ts';
import type { GatewayOptions } from '../gateway.ts';
import { readTimeline } from '../reading.ts';
import { RequestRefused } from '../refusals.ts';
import { bodyOf } from '../request-body.ts';
import { known, sendStored } from './incidents.ts';

type OfIncident = { Params: { id: string } };

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
const approveBody = z.strictObject({ digest: DIGEST, anyway: z.boolean().default(false) });

/**
 * The post-mortem: GET its newest text, PUT an edited one, POST …/approve. Two people who edit at once cannot undo each
 * other's words: an edit names the text it began with, and is refused (409) when that is no longer the newest (R6.3).
 */
export function registerPostMortems(app: FastifyInstance, options: GatewayOptions): void {
  app.get<OfIncident>('/api/incidents/:id/post-mortem', async (request, reply) => {
    await authenticate(request, options.people);
    const { id } = await known(options, request.params.id);
    const newest = await newestOf(options, id);
    const document = await options.store.evidence.get(newest.digest);
    if (document === null) {
      throw new RequestRefused(404, `The post-mortem is at ${newest.location}; its text is not kept here.`, {
        location: newest.location,
      });
    }
    reply
      .header('content-location', encodeURI(newest.location))
      .header('x-post-mortem-digest', newest.digest)
      .header('x-post-mortem-approved', newest.approvedBy ?? '');
    return sendStored(reply, 'text/markdown; charset=utf-8', document.body);
  });

  app.put<OfIncident>('/api/incidents/:id/post-mortem', async (request) => {
    const person = mayWrite(await authenticate(request, options.people));
    const { id } = await known(options, request.params.id);
    const { text, basedOn } = read(editBody, bodyOf(request).json, 'The post-mortem');
    const at = options.clock();
    // Stored before anybody is told of it, so that an accepted edit is never lost.
    const { digest } = await options.store.evidence.put({ body: `${text}\n`, mediaType: 'text/markdown', at });
    const answer = await options.client.editPostMortem(id, { digest, basedOn, by: person.id, receivedAt: at });
    return { digest, ...accepted(answer), openPlaces: openPlaces(text) };
  });

  app.post<OfIncident>('/api/incidents/:id/post-mortem/approve', async (request) => {
    const person = mayApprove(await authenticate(request, options.people), 'Approving a post-mortem');
    const { id } = await known(options, request.params.id);
    const { digest, anyway } = read(approveBody, bodyOf(request).json, 'The approval');
    const text = (await options.store.evidence.get(digest))?.body.toString('utf8') ?? '';
    const open = openPlaces(text);
    if (open.length > 0 && !anyway) {
      throw new RequestRefused(
        409,
        `${open.length} places still wait for people's words: ${open.join('; ')}. Write them, or approve it anyway.`,
        { openPlaces: open },
      );
    }
    const answer = await options.client.approvePostMortem(id, { digest, by: person.id, receivedAt: options.clock() });
    return accepted(answer);
  });
}

/** What its own workflow says is newest; with Temporal away, or before it began, what the timeline knows. */
async function newestOf(options: GatewayOptions, id: string) {
  const { events } = await readTimeline(options, id, 0);
  const written = events.findLast(
    (event): event is EventOf<'post-mortem-written'> => event.kind === 'post-mortem-written',
  );
  if (written === undefined)
    throw new RequestRefused(404, `${id} has no post-mortem yet; it is drafted when the incident is resolved.`);
  const status = await options.client.postMortem(id);
  if (!status.ok) return { digest: written.digest, location: written.location, approvedBy: null };
  const { versions, approved, location } = status.value;
  return {
    digest: versions.at(-1)?.digest ?? written.digest,
    location: location ?? written.location,
    approvedBy: approved?.by ?? null,
  };
}

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

function accepted(answer: PostMortemAnswer) {
  return { accepted: true, approvedBy: statusOf(answer).approved?.by ?? null };
}
