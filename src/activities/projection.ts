import type { IncidentFacts } from '../domain/incident-facts.ts';
import type { TimelineEvent } from '../domain/timeline.ts';

/**
 * The sink through which a running incident shows its newest events to the store's projection. At most once: what it
 * loses is filled by readers with the query `timelineSince` and by the authoritative copy (decision: one projection).
 */
// A type, not an interface: the engine wants an index signature, which only a type alias has by itself.
export type ProjectionSink = {
  project(incidentId: string, events: readonly TimelineEvent[], facts: IncidentFacts): void;
};
