/** Where a piece of work stands. `dropped`: somebody decided that it will not be done (R6.6). */
export type TicketState = 'open' | 'done' | 'dropped';
