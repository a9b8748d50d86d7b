import type { Instant } from '../../domain/instant.ts';
import type { TicketState } from '../../domain/ticket.ts';

/** A ticket as its system shows it. */
export interface TicketShown {
  /** The system's own name of it, such as `NOA-12` or `48201`. */
  readonly ref: string;
  readonly url: string;
  readonly title: string;
  readonly state: TicketState;
  /** The state in the system's own word. */
  readonly status: string;
  readonly dueAt: Instant | null;
  readonly assignee: string | null;
}

export interface NewTicket {
  /** Ours, the same at every try: by it an earlier try's ticket is found. */
  readonly externalId: string;
  readonly incidentId: string;
  readonly title: string;
  /** Paragraphs are parted by an empty line. */
  readonly description: string;
  readonly dueAt: Instant | null;
  /** E-mail address of whom it is for; null: nobody yet. */
  readonly ownerEmail: string | null;
}

/** Where work is written down. Every call throws the failures of failures.ts. */
export interface TicketsPort {
  /** The system's name as people know it. */
  readonly system: string;
  /** The ticket of an earlier try; null when there is none. */
  find(externalId: string): Promise<TicketShown | null>;
  /** After `find` said that there is none. `warnings`: what could not be set (an owner who has no account), in words. */
  create(ticket: NewTicket): Promise<{ readonly ticket: TicketShown; readonly warnings: readonly string[] }>;
  read(ref: string): Promise<TicketShown>;
  /** Once for a key, whatever is retried. `solve`: nothing more is to be done from our side. */
  comment(
    ref: string,
    comment: { readonly key: string; readonly text: string; readonly solve: boolean },
  ): Promise<void>;
}

/** Remembers what was begun, since an answer may be lost and a search may lag (the store's ledger). */
export interface TicketLedger {
  begin(entry: {
    readonly key: string;
    readonly messageId: string;
    readonly at: Instant;
  }): Promise<
    { readonly kind: 'first' } | { readonly kind: 'in-doubt'; readonly begunAt: Instant } | { readonly kind: 'sent' }
  >;
  sent(entry: { readonly key: string; readonly at: Instant }): Promise<void>;
  forget(key: string): Promise<void>;
}
