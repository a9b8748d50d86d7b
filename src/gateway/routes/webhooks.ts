import type { FastifyInstance } from 'fastify';
import { readAlertmanager } from '../../activities/alertmanager/webhook.ts';
import type { Taken } from '../../store/intake.ts';
import { requireToken } from '../authentication.ts';
import type { GatewayOptions } from '../options.ts';
import { RequestRefused } from '../refusals.ts';
import { bodyOf } from '../request-body.ts';
import { takeAlert } from '../services/intake.ts';
import { understood } from '../services/requests.ts';

/** Webhooks are answered 202 once everything they bring is durable, 503 when it cannot be, 4xx when it never will. */
export function registerWebhooks(app: FastifyInstance, options: GatewayOptions): void {
  app.post('/webhooks/alertmanager', async (request, reply) => {
    requireToken(request, options.secrets.alertmanagerTokens, 'Alertmanager');
    const message = understood(() => readAlertmanager(bodyOf(request).json, options.policy(), options.clock()));
    if (message.truncatedAlerts > 0) {
      request.log.warn(
        `Alertmanager left ${message.truncatedAlerts} alerts out of a notification (max_alerts of its webhook).`,
      );
    }
    const results: (Taken & { readonly fingerprint: string })[] = [];
    for (const alert of message.alerts)
      results.push({ ...(await takeAlert(options, alert)), fingerprint: alert.alert.fingerprint });
    const { refused, truncatedAlerts } = message;
    if (results.length === 0 && refused.length > 0) {
      throw new RequestRefused(422, `None of the alerts can be taken. ${refused[0]?.error ?? ''}`, { refused });
    }
    for (const { index, error } of refused) request.log.warn(`Alert ${index} of a notification was refused: ${error}`);
    const main = results.find(({ incidentId }) => incidentId !== null) ?? results[0];
    const { incidentId = null, joined = false, repeats = 0 } = main ?? {};
    return reply.code(202).send({ incidentId, joined, repeats, results, refused, truncatedAlerts });
  });
}
