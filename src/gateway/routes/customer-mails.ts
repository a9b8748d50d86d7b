import type { FastifyInstance } from 'fastify';
import { authenticate } from '../authentication.ts';
import type { GatewayOptions } from '../gateway.ts';
import { known } from './incidents.ts';

type OfIncident = { Params: { id: string } };

/** Examples say why; the whole list is the mail server's. */
const NOT_DELIVERED_SHOWN = 20;

/** What customers were sent of an incident, as the ledger has it now: also what came back after it was closed (R4.5). */
export function registerCustomerMails(app: FastifyInstance, options: GatewayOptions): void {
  app.get<OfIncident>('/api/incidents/:id/customer-mails', async (request) => {
    await authenticate(request, options.people);
    const { id } = await known(options, request.params.id);
    const { customerMail } = options.store;
    const mails = await Promise.all(
      (await customerMail.accounts(id)).map(async (account) => {
        const which = { incidentId: id, edition: account.edition, limit: NOT_DELIVERED_SHOWN };
        const notDelivered = await customerMail.refusals(which);
        return { ...account, notDelivered: notDelivered.map(({ customerId, words }) => ({ customerId, words })) };
      }),
    );
    return { mails };
  });
}
