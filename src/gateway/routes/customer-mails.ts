import type { FastifyInstance } from 'fastify';
import { authenticate } from '../authentication.ts';
import type { GatewayOptions } from '../options.ts';
import { customerMailsOf } from '../reading.ts';
import { known } from '../services/requests.ts';

type OfIncident = { Params: { id: string } };

/** GET /api/incidents/:id/customer-mails. */
export function registerCustomerMails(app: FastifyInstance, options: GatewayOptions): void {
  app.get<OfIncident>('/api/incidents/:id/customer-mails', async (request) => {
    await authenticate(request, options.people);
    const { id } = await known(options, request.params.id);
    return customerMailsOf(options.store, id);
  });
}
