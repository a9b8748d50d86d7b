import type { Instant } from '../../domain/instant.ts';
import type { NewTicket, TicketState } from '../../domain/ticket.ts';

/** Where tickets are opened; policy's `reports.ticketsIn`. */
export type TicketSystem = 'jira' | 'zendesk';

/** `externalId` is `<incident>/<item>`. */
export interface CreateTicketInput extends NewTicket {
  readonly system: TicketSystem;
}

export interface TicketRecord {
  readonly system: TicketSystem;
  readonly ref: string;
  readonly url: string;
  /** What could not be set, such as an owner who has no account there. */
  readonly warnings: readonly string[];
}

export interface TicketReading {
  readonly state: TicketState;
  /** The state in the system's own word. */
  readonly status: string;
  readonly dueAt: Instant | null;
  readonly assignee: string | null;
}

export interface TicketActivities {
  /** Makes it once, however often it is tried and by however many workers (R6.6, R3.4.5). */
  createTicket(input: CreateTicketInput): Promise<TicketRecord>;
  readTicket(input: { readonly system: TicketSystem; readonly ref: string }): Promise<TicketReading>;
}
