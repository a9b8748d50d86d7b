import type { AgendaEntry } from '../client.ts';
import type { FactSet } from '../domain/fact-set.ts';
import type { Instant } from '../domain/instant.ts';
import type { TimelineEvent } from '../domain/timeline.ts';
import type { GatewayOptions } from './gateway.ts';

type Sources = Pick<GatewayOptions, 'store' | 'client'>;

/** What is known of an incident, and where something is missing, why. */
export interface IncidentPage {
  readonly facts: FactSet | null;
  readonly agenda: readonly AgendaEntry[] | null;
  readonly now: Instant | null;
  /** Sentences for people: Temporal does not answer, alerts still wait, what is shown may be old. */
  readonly notes: readonly string[];
}

const MAX_EVENTS = 20_000;

/** The projection, filled from the incident itself where it lags. */
export async function readPage({ store, client }: Sources, incidentId: string): Promise<IncidentPage> {
  const [projected, agenda] = await Promise.all([store.projection.facts(incidentId), client.agenda(incidentId)]);
  const notes: string[] = [];
  const away = !agenda.ok && agenda.why === 'away';
  if (away) notes.push(`${agenda.words} What is shown is what was known last.`);
  const lags = projected === null || projected.storedEvents < projected.lastSeq;
  const live = lags && !away ? await client.state(incidentId) : null;
  if (live?.ok === true) return { facts: live.value.facts, agenda: answerOrNull(agenda), now: live.value.now, notes };
  if (projected === null) {
    notes.push('The incident is stored and waits for Temporal to begin it. Follow the runbook by hand until it does.');
  }
  return { facts: projected?.facts ?? null, agenda: answerOrNull(agenda), now: projected?.facts.at ?? null, notes };
}

export interface TimelineReading {
  readonly events: readonly TimelineEvent[];
  /** False when events are missing and the incident could not be asked for them. */
  readonly complete: boolean;
}

/** Events after `seq`, in order; gaps are filled by asking the incident and kept for the next reader. */
export async function readTimeline(
  { store, client }: Sources,
  incidentId: string,
  seq: number,
): Promise<TimelineReading> {
  const stored = await store.projection.timelineSince(incidentId, seq, MAX_EVENTS);
  const facts = await store.projection.facts(incidentId);
  if (facts !== null && isGapFree(stored, seq, facts.lastSeq)) return { events: stored, complete: true };
  const asked = await client.timelineSince(incidentId, lastBeforeGap(stored, seq));
  if (!asked.ok) return { events: stored, complete: false };
  const missing = asked.value.filter((event) => event.seq > seq);
  if (missing.length > 0) await store.projection.fill(incidentId, missing);
  const merged = new Map([...stored, ...missing].map((event) => [event.seq, event]));
  return { events: [...merged.values()].sort((a, b) => a.seq - b.seq), complete: true };
}

function isGapFree(events: readonly TimelineEvent[], seq: number, lastSeq: number): boolean {
  return events.every((event, index) => event.seq === seq + index + 1) && seq + events.length >= lastSeq;
}

function lastBeforeGap(events: readonly TimelineEvent[], seq: number): number {
  const gap = events.findIndex((event, index) => event.seq !== seq + index + 1);
  return seq + (gap === -1 ? events.length : gap);
}

function answerOrNull<T>(asked: { readonly ok: true; readonly value: T } | { readonly ok: false }): T | null {
  return asked.ok ? asked.value : null;
}
