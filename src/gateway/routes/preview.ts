import type { FastifyInstance } from 'fastify';
import { createTemplateRenderer } from '../../config/liquid.ts';
import type { Policy } from '../../domain/policy.ts';
import { isPreviewName, PREVIEW_NAMES, preview } from '../../views/preview.ts';
import { authenticate } from '../authentication.ts';
import type { GatewayOptions } from '../options.ts';
import { readPage } from '../reading.ts';
import { RequestRefused } from '../refusals.ts';
import { known } from '../services/requests.ts';

const DETAIL_CHARACTERS = 4_000;
const render = createTemplateRenderer();

type OfMessage = { Params: { id: string; message: string }; Querystring: { detail?: string } };

/** GET /api/incidents/:id/preview/:message[?detail=…]: what would go out now, by the incident's own frozen texts. */
export function registerPreview(app: FastifyInstance, options: GatewayOptions): void {
  app.get<OfMessage>('/api/incidents/:id/preview/:message', async (request) => {
    await authenticate(request, options.people);
    const { id, message } = request.params;
    const detail = request.query.detail?.slice(0, DETAIL_CHARACTERS) ?? null;
    if (!isPreviewName(message))
      throw new RequestRefused(404, `There is no message "${message}". There are: ${PREVIEW_NAMES.join(', ')}.`);
    const incident = await known(options, id);
    const [page, asked] = await Promise.all([
      readPage(options, incident.id),
      options.client.communication(incident.id),
    ]);
    if (page.facts === null)
      throw new RequestRefused(
        503,
        `Nothing is known of ${id} yet, so there is nothing to preview. Try again shortly.`,
      );
    const texts = asked.ok ? asked.value : ofPolicy(options.policy());
    const facts = { ...page.facts, at: page.now ?? page.facts.at };
    const shown = preview(message, facts, { texts: texts.communication, render }, detail, texts.chatGroups);
    const newest = asked.ok ? [] : ['The incident could not be asked for its texts; these are the policy’s of now.'];
    return { incidentId: incident.id, preview: shown, notes: [...page.notes, ...newest] };
  });
}

function ofPolicy({ communication, contacts }: Policy) {
  return { communication, chatGroups: Object.values(contacts).flatMap((contact) => contact.chatGroup ?? []) };
}
