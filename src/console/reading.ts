import type { CustomerMailsReading } from '../domain/customer-mails.ts';
import type { Hypothesis } from '../domain/diagnosis.ts';
import type { EvidenceBundle } from '../domain/evidence.ts';
import { fold } from '../domain/fold.ts';
import type { IncidentState, PromiseRecord } from '../domain/incident.ts';
import type { IncidentFacts } from '../domain/incident-facts.ts';
import { epochMs, type Instant } from '../domain/instant.ts';
import { openedState } from '../domain/opened-state.ts';
import type { Role } from '../domain/people.ts';
import type { EventOf, TimelineEvent } from '../domain/timeline.ts';

/** An incident as the gateway's lists carry it; only what the console shows. */
export interface IncidentEntry {
  readonly id: string;
  readonly title: string;
  readonly service: string;
  readonly status: 'open' | 'resolved' | 'closed';
  readonly openedAt: Instant;
  readonly detectedAt: Instant;
  readonly closedAs: string | null;
  readonly mergedInto: string | null;
  readonly previousIncidentId: string | null;
}

export interface ListedIncident {
  readonly incident: IncidentEntry;
  /** Null until the incident has shown anything. */
  readonly facts: IncidentFacts | null;
}

/** GET /api/incidents/:id. */
export interface IncidentReading extends ListedIncident {
  readonly notes: readonly string[];
}

/** GET /api/incidents/:id/timeline. */
export interface TimelineReading {
  readonly events: readonly TimelineEvent[];
  readonly complete: boolean;
  /** The team's own; absent from an older gateway. */
  readonly timeZone?: string;
}

/** What all who look at one incident share: read once for all of them, and again when something changed. */
export interface SharedReading {
  readonly incident: IncidentEntry;
  /** Null until the incident has shown anything. */
  readonly facts: IncidentFacts | null;
  readonly timeline: TimelineReading;
  /** So many events from the first one on are there without a gap. */
  readonly gapFree: number;
  /** What is asked for less often, and not waited for; null until the first answer. */
  readonly aside: { readonly notes: readonly string[]; readonly mails: CustomerMailsReading | null } | null;
}

/** How the gateway lets consoles follow an incident. */
export interface LiveIncidents {
  /** Who holds the token now; null once it is nobody's. */
  who(token: string): Promise<Me | null>;
  isKnown(incidentId: string): Promise<boolean>;
  /** Calls `changed` with every reading from now on, at once with the last one if there is one; call the answer to stop. */
  follow(incidentId: string, changed: (reading: SharedReading) => void): () => void;
}

export interface Me {
  readonly id: string;
  readonly name: string;
  readonly roles: readonly Role[];
}

/** What the whole timeline comes to; null when its beginning is missing. */
export function stateOf(incidentId: string, events: readonly TimelineEvent[]): IncidentState | null {
  const [first, ...rest] = events;
  if (first?.kind !== 'opened') return null;
  return rest.reduce(fold, openedState(incidentId, first as EventOf<'opened'>));
}

/** What the explanations rest on: every collection of evidence, the newest first. */
export function evidenceOf(events: readonly TimelineEvent[]): readonly EvidenceBundle[] {
  return events.flatMap((event) => (event.kind === 'evidence-collected' ? [event.bundle] : [])).reverse();
}

export function hypothesesOf(events: readonly TimelineEvent[]): readonly Hypothesis[] {
  const last = events.findLast((event): event is EventOf<'explained'> => event.kind === 'explained');
  return last?.hypotheses ?? [];
}

/** Promises that have not ended, the one that is due first first. */
export function duePromises(state: IncidentState | null): readonly PromiseRecord[] {
  return [...(state?.promises ?? [])]
    .filter(({ ended }) => ended === null)
    .sort((a, b) => epochMs(a.promise.dueAt) - epochMs(b.promise.dueAt));
}
