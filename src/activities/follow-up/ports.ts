import type { Instant } from '../../domain/instant.ts';
import type { RunbookChange } from '../../domain/runbook-change.ts';
import type { TimelineEvent } from '../../domain/timeline.ts';
import type { OpenActionItemsInput, RecordTimelineInput } from './api.ts';

/** Where post-mortems live. Paths are relative, with `/`; a path that would leave the place is refused. */
export interface DocumentsPort {
  read(path: string): Promise<string | null>;
  /** All or nothing: a reader sees the old text or the new one. */
  write(path: string, text: string): Promise<{ readonly location: string }>;
}

export interface MetricsPort {
  /** One number at an instant; null when the query has no sample there (an empty answer is not zero). */
  valueAt(query: string, at: Instant): Promise<number | null>;
  /** The values of a single series between two instants; gaps are left out. */
  valuesBetween(query: string, fromAt: Instant, untilAt: Instant, stepSeconds: number): Promise<readonly number[]>;
}

/** A system in which people outside write; our own tickets are not counted. */
export interface ComplaintsPort {
  readonly system: string;
  between(
    fromAt: Instant,
    untilAt: Instant,
  ): Promise<{ readonly count: number /** False: there are more than were counted. */; readonly exact: boolean }>;
}

export interface TimelineStorePort {
  recordTimeline(input: RecordTimelineInput, digest: string): Promise<void>;
  /** Everything that was recorded of an incident, in order. */
  timeline(incidentId: string): Promise<readonly TimelineEvent[]>;
}

export interface ActionItemsPort {
  /**
   * Starts the workflow that chases them, and the one that sees the document through, or finds those already started
   * for this incident.
   */
  start(input: OpenActionItemsInput): Promise<string>;
}

/** The ledger of mails to customers. */
export interface CustomerMailsPort {
  accounts(incidentId: string): Promise<
    readonly {
      readonly edition: string;
      readonly waiting: number;
      readonly sent: number;
      readonly refused: number;
      readonly bounced: number;
    }[]
  >;
}

export interface RunbookChangesPort {
  /** One row an incident; an older state never replaces a newer one. */
  keep(change: RunbookChange): Promise<void>;
  /** Null: the incident has led to none yet. */
  get(incidentId: string): Promise<RunbookChange | null>;
}

/** Texts by their SHA-256 (hex): what the machine wrote, and what people made of it. */
export interface TextsPort {
  put(text: string): Promise<{ readonly digest: string }>;
  get(digest: string): Promise<string | null>;
}
