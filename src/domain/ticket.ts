import type { Instant } from './instant.ts';

/** Where a piece of work stands. `dropped`: somebody decided that it will not be done (R6.6). */
export type TicketState = 'open' | 'done' | 'dropped';

/** A ticket as its system shows it. */
export interface Ticket {
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

/** A ticket that was made. `warnings`: what could not be set (an owner who has no account), in words. */
export interface CreatedTicket {
  readonly ticket: Ticket;
  readonly warnings: readonly string[];
}

export interface TicketComment {
  readonly key: string;
  readonly text: string;
  /** Nothing more is to be done from our side. */
  readonly solve: boolean;
}

/** What was written in some time. */
export interface WrittenTickets {
  readonly count: number;
  /** False when there are more than could be counted. */
  readonly exact: boolean;
  /** The newest ones, at most twenty. */
  readonly newest: readonly {
    readonly ref: string;
    readonly url: string;
    readonly title: string;
    readonly at: Instant;
  }[];
}
