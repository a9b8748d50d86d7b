import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { RunbookChange } from '../../domain/runbook-change.ts';
import { authenticate } from '../authentication.ts';
import type { GatewayOptions } from '../options.ts';
import { RequestRefused } from '../refusals.ts';
import { bodyOf } from '../request-body.ts';
import { DIGEST, editBody, mayApprove, mayWrite, read, statusOf } from '../services/documents.ts';
import { known } from '../services/requests.ts';

type OfIncident = { Params: { id: string } };

const withholdBody = z.strictObject({ because: z.string('must be a text').trim().min(1, 'must say why').max(500) });
const proposeBody = z.strictObject({ digest: DIGEST });

/**
 * What an incident gives back to the runbook (R6.5): GET it with its text, PUT another text, POST …/withhold with a
 * reason, POST …/propose for the pull request at once. Read from the record once its workflow has ended.
 */
export function registerRunbookChanges(app: FastifyInstance, options: GatewayOptions): void {
  const path = '/api/incidents/:id/runbook-change';

  app.get<OfIncident>(path, async (request) => {
    await authenticate(request, options.people);
    const { id } = await known(options, request.params.id);
    const change = await changeOf(options, id);
    if (change === null)
      throw new RequestRefused(404, `${id} changes no runbook yet; it is drafted when the post-mortem is approved.`);
    const text = change.digest === '' ? null : await options.store.evidence.get(change.digest);
    return { ...change, text: text?.body.toString('utf8') ?? '' };
  });

  app.put<OfIncident>(path, async (request) => {
    const person = mayWrite(await authenticate(request, options.people));
    const { id } = await known(options, request.params.id);
    const { text, basedOn } = read(editBody, bodyOf(request).json, 'The change of the runbook');
    const at = options.clock();
    const { digest } = await options.store.evidence.put({ body: `${text}\n`, mediaType: 'text/markdown', at });
    const edit = { digest, basedOn, by: person.id, receivedAt: at };
    return { accepted: true, ...statusOf(await options.client.editRunbookChange(id, edit)).runbook };
  });

  app.post<OfIncident>(`${path}/withhold`, async (request) => {
    const person = mayApprove(await authenticate(request, options.people), 'Withholding a change of a runbook');
    const { id } = await known(options, request.params.id);
    const { because } = read(withholdBody, bodyOf(request).json, 'Withholding it');
    const wanted = { because, by: person.id, receivedAt: options.clock() };
    return { accepted: true, ...statusOf(await options.client.withholdRunbookChange(id, wanted)).runbook };
  });

  app.post<OfIncident>(`${path}/propose`, async (request) => {
    const person = mayApprove(await authenticate(request, options.people), 'Proposing a change of a runbook');
    const { id } = await known(options, request.params.id);
    const { digest } = read(proposeBody, bodyOf(request).json, 'Proposing it');
    const wanted = { digest, by: person.id, receivedAt: options.clock() };
    return { accepted: true, ...statusOf(await options.client.proposeRunbookChange(id, wanted)).runbook };
  });
}

/** The newest that anybody knows: the record may be a moment behind the workflow, and outlives it. */
async function changeOf(
  options: GatewayOptions,
  id: string,
): Promise<(RunbookChange & { readonly opensAt: string | null }) | null> {
  const status = await options.client.postMortem(id);
  const now = status.ok ? (status.value.runbook ?? null) : null;
  if (now !== null) {
    const { told: _told, replaces: _replaces, ...change } = now;
    return change;
  }
  const kept = await options.store.runbookChanges.get(id);
  return kept === null ? null : { ...kept, opensAt: null };
}
