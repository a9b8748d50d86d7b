import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isSignedByJira, readJira } from '../../activities/jira/webhook.ts';
import { readZendesk, zendeskSignatureProblem } from '../../activities/zendesk/webhook.ts';
import { authenticate } from '../authentication.ts';
import type { GatewayOptions } from '../options.ts';
import { RequestRefused } from '../refusals.ts';
import { bodyOf } from '../request-body.ts';
import { takeReport } from '../services/intake.ts';
import { understood } from '../services/requests.ts';

const LIST_LIMIT = 200;

/** Tickets as reports (R1.7): 202 once durable, 503 when they cannot be kept, 4xx when they never will be. */
export function registerReports(app: FastifyInstance, options: GatewayOptions): void {
  app.post('/webhooks/zendesk', async (request, reply) => {
    const secrets = configured(options.secrets.zendeskSecrets, 'Zendesk', 'ZENDESK_WEBHOOK_SECRET');
    const { bytes, json } = bodyOf(request);
    const signed = {
      timestamp: header(request, 'x-zendesk-webhook-signature-timestamp'),
      signature: header(request, 'x-zendesk-webhook-signature'),
    };
    const problem = zendeskSignatureProblem(signed, bytes, secrets, options.clock());
    if (problem !== null) throw new RequestRefused(401, problem);
    const read = understood(() => readZendesk(json, options.policy().reports, options.clock()));
    return reply.code(202).send(await takeReport(options, read));
  });

  app.post('/webhooks/jira', async (request, reply) => {
    const secrets = configured(options.secrets.jiraSecrets, 'Jira', 'JIRA_WEBHOOK_SECRET');
    const { bytes, json } = bodyOf(request);
    if (!isSignedByJira(header(request, 'x-hub-signature'), bytes, secrets)) {
      throw new RequestRefused(
        401,
        'The signature does not fit the body. Check that this gateway has the secret of the webhook (X-Hub-Signature).',
      );
    }
    const read = understood(() => readJira(json, options.policy().reports, options.clock()));
    return reply.code(202).send(await takeReport(options, read));
  });

  app.get('/api/reports', async (request) => {
    await authenticate(request, options.people);
    return { verifications: await options.store.reports.list(LIST_LIMIT) };
  });
}

function configured(secrets: readonly string[] | undefined, who: string, variable: string): readonly string[] {
  if (secrets === undefined || secrets.length === 0)
    throw new RequestRefused(404, `${who}’s webhook is not configured here: set ${variable}.`);
  return secrets;
}

function header(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
