import type { FastifyReply } from 'fastify';
import type { IncidentEntry } from '../../store/incidents.ts';
import type { GatewayOptions } from '../options.ts';
import { RequestRefused } from '../refusals.ts';

export async function known({ store }: GatewayOptions, id: string): Promise<IncidentEntry> {
  const incident = await store.incidents.get(id);
  if (incident === null)
    throw new RequestRefused(404, `There is no incident ${id}. List the open ones and check its name.`);
  return incident;
}

/** A sequence number from a query or header; anything else is 400. */
export function sequence(text: string | undefined): number {
  if (text === undefined || text === '') return 0;
  if (!/^\d{1,9}$/.test(text))
    throw new RequestRefused(400, '"since" is the sequence number of a timeline event, 0 or more.');
  return Number(text);
}

/** Logs and documents come from outside: a browser must not run what is in them. */
export function sendStored(reply: FastifyReply, mediaType: string, body: Buffer): FastifyReply {
  return reply
    .header('x-content-type-options', 'nosniff')
    .header('content-security-policy', "default-src 'none'; sandbox")
    .type(mediaType)
    .send(body);
}

/** What can never be understood is 422, so that the sender stops sending it. */
export function understood<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof RequestRefused) throw error;
    throw new RequestRefused(422, (error as Error).message);
  }
}
