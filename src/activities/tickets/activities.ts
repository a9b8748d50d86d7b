import { type Instant, secondsBetween } from '../../domain/instant.ts';
import type { Ticket } from '../../domain/ticket.ts';
import { failure, notYet } from '../failures.ts';
import type { IdempotencyLedger } from '../once.ts';
import type { CreateTicketInput, TicketActivities, TicketRecord, TicketSystem } from './api.ts';
import type { TicketsPort } from './ports.ts';

export interface TicketPorts {
  /** Null: not configured. */
  readonly systems: Readonly<Record<TicketSystem, TicketsPort | null>>;
  readonly ledger: IdempotencyLedger;
  readonly clock: () => Instant;
}

export function createTicketActivities(ports: TicketPorts): TicketActivities {
  const systemOf = (system: TicketSystem): TicketsPort => {
    const port = ports.systems[system];
    if (port !== null) return port;
    throw failure(
      'Invalid',
      `${system} is not configured, so there are no tickets. Set ${system.toUpperCase()}_URL and its credentials.`,
    );
  };
  return {
    async createTicket(input) {
      return createOnce(ports, systemOf(input.system), input);
    },
    async readTicket({ system, ref }) {
      const { state, status, dueAt, assignee } = await systemOf(system).read(ref);
      return { state, status, dueAt, assignee };
    },
  };
}

/** A search may lag this far behind what was written (Jira's is eventually consistent). */
const SEARCH_LAG_SECONDS = 30;
const AGAIN_SECONDS = 10;

/**
 * The intent is in the ledger before the act. Whoever finds an intent whose end nobody wrote down waits until a search
 * would show what came of it, and only then makes the ticket: the answer may have been lost, or another worker is at it.
 */
async function createOnce(
  { ledger, clock }: TicketPorts,
  port: TicketsPort,
  input: CreateTicketInput,
): Promise<TicketRecord> {
  const key = `ticket:${input.system}:${input.externalId}`;
  const found = await port.find(input.externalId);
  if (found !== null) {
    await ledger.done({ key, at: clock(), ref: found.ref });
    return recordOf(input.system, found, []);
  }
  const at = clock();
  const entry = await ledger.begin({ key, at });
  if (entry.kind === 'done')
    throw notYet(`${port.system} does not show the ticket that was made a moment ago.`, AGAIN_SECONDS);
  if (entry.kind === 'in-doubt') {
    const waited = secondsBetween(entry.begunAt, at);
    if (waited < SEARCH_LAG_SECONDS)
      throw notYet(
        `An earlier try may have made the ticket; ${port.system} shows it soon.`,
        SEARCH_LAG_SECONDS - waited,
      );
    if (!(await ledger.takeOver({ key, begunAt: entry.begunAt, at })))
      throw notYet(`Another worker is making the ticket; ${port.system} shows it soon.`, SEARCH_LAG_SECONDS);
  }
  const { ticket, warnings } = await port.create(input).catch(async (error: unknown) => {
    // What was certainly refused made nothing: a later try is a first one.
    if ((error as { nonRetryable?: boolean | null }).nonRetryable === true) await ledger.forget({ key, begunAt: at });
    throw error;
  });
  await ledger.done({ key, at: clock(), ref: ticket.ref });
  return recordOf(input.system, ticket, warnings);
}

function recordOf(system: TicketSystem, { ref, url }: Ticket, warnings: readonly string[]): TicketRecord {
  return { system, ref, url, warnings };
}
