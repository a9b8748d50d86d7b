import type { CustomerMailsReading } from '../../domain/customer-mails.ts';
import { at, resolveIncident } from '../incidents.ts';
import type { Session } from '../session.ts';
import { table } from '../table.ts';

/** `incident mails`: what customers were sent of an incident, and what came back since (R4.5). */
export async function mails({ gateway, io, json }: Session, reference: string | null): Promise<void> {
  const id = await resolveIncident(gateway, reference);
  const reading = await gateway.json<CustomerMailsReading>({ path: at(id, '/customer-mails') });
  if (json) return io.out(JSON.stringify({ incidentId: id, ...reading }));
  if (reading.mails.length === 0) return io.out(`No customer was written to about ${id}.`);
  const header = ['MAIL', 'SENT', 'CAME BACK', 'REFUSED', 'TO GO', 'SUBJECT'];
  const rows = reading.mails.map((mail) => [
    mail.edition,
    ...[mail.sent, mail.bounced, mail.refused, mail.waiting].map(String),
    mail.subject,
  ]);
  for (const row of table(header, rows, io)) io.out(row);
  for (const { customerId, words } of reading.mails.flatMap((mail) => mail.notDelivered))
    io.out(`${customerId}: ${words}`);
}
