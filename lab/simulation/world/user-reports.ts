import type { FaultSpec } from '../faults/faults.ts';
import type { Tickets } from './tickets.ts';

/** A person tells us that something is broken, in a channel or by a ticket. */
export interface UserReport {
  readonly atMs: number;
  readonly through: 'slack' | 'zendesk' | 'jira';
  readonly text: string;
  /** The ticket it is in; null for a message. */
  readonly ticketId: string | null;
}

const MINOR_BUG_SUBJECTS = {
  ui: 'A label overlaps a button on the settings page',
  docs: 'The example in the documentation has a typo',
  logging: 'Request ids are missing in the exported log',
} as const;

/** Some faults are first seen by a person, who writes. */
export class UserReports {
  readonly #all: UserReport[] = [];
  readonly #tickets: Tickets;

  constructor(tickets: Tickets) {
    this.#tickets = tickets;
  }

  begun(spec: FaultSpec, atMs: number): void {
    if (spec.kind === 'user-report') {
      const through = spec.through ?? 'slack';
      const text = spec.text ?? 'Something does not work';
      if (through !== 'slack') this.#tickets.write(atMs, text, through, true);
      const ticketId = through === 'slack' ? null : (this.#tickets.all.at(-1)?.id ?? null);
      this.#all.push({ atMs, through, text, ticketId });
    }
    if (spec.kind === 'minor-bug') this.#tickets.write(atMs, MINOR_BUG_SUBJECTS[spec.what ?? 'ui']);
  }

  between(sinceMs: number, untilMs: number): readonly UserReport[] {
    return this.#all.filter(({ atMs }) => atMs >= sinceMs && atMs <= untilMs);
  }
}
