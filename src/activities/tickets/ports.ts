import type { CreatedTicket, NewTicket, Ticket, TicketComment } from '../../domain/ticket.ts';

/** Where work is written down. Every call throws the failures of failures.ts. */
export interface TicketsPort {
  /** The system's name as people know it. */
  readonly system: string;
  /** The ticket of an earlier try; null when there is none. */
  find(externalId: string): Promise<Ticket | null>;
  /** After `find` said that there is none. */
  create(ticket: NewTicket): Promise<CreatedTicket>;
  read(ref: string): Promise<Ticket>;
  /** Once for a key, whatever is retried. */
  comment(ref: string, comment: TicketComment): Promise<void>;
}
