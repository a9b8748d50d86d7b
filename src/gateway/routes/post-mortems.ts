import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { PostMortemAnswer } from '../../client/incident-client.ts';
import type { EventOf } from '../../domain/timeline.ts';
import { openPlaces } from '../../views/post-mortem-merge.ts';
import { authenticate } from '../authentication.ts';
import type { GatewayOptions } from '../options.ts';
import { readTimeline } from '../reading.ts';
import { RequestRefused } from '../refusals.ts';
import { bodyOf } from '../request-body.ts';
import { DIGEST, editBody, mayApprove, mayWrite, read, statusOf } from '../services/documents.ts';
import { known, sendStored } from '../services/requests.ts';

type OfIncident = { Params: { id: string } };

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

function accepted(answer: PostMortemAnswer) {
  return { accepted: true, approvedBy: statusOf(answer).approved?.by ?? null };
}
