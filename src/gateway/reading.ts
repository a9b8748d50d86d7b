import type { AgendaEntry } from '../client/incident-client.ts';
import type { CustomerMailsReading } from '../domain/customer-mails.ts';
import type { IncidentFacts } from '../domain/incident-facts.ts';
import type { Instant } from '../domain/instant.ts';
import type { TimelineEvent } from '../domain/timeline.ts';
import type { ProjectedFacts } from '../store/projection.ts';
import type { Store } from '../store/store.ts';
import type { GatewayOptions } from './options.ts';

type Sources = Pick<GatewayOptions, 'store' | 'client'>;

/** What is known of an incident, and where something is missing, why. */
export interface IncidentPage {
  readonly facts: IncidentFacts | null;
  readonly agenda: readonly AgendaEntry[] | null;
  readonly now: Instant | null;
  /** Sentences for people: Temporal does not answer, alerts still wait, what is shown may be old. */
  readonly notes: readonly string[];
}

const MAX_EVENTS = 20_000;
/** Examples say why; the whole list is the mail server's. */
const NOT_DELIVERED_SHOWN = 20;

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
export async function readTimeline(sources: Sources, incidentId: string, seq: number): Promise<TimelineReading> {
  const { events, complete } = await readSince(sources, incidentId, seq);
  return { events, complete };
}

/** The same, with the facts that it was read beside. */
export async function readSince(
  { store, client }: Sources,
  incidentId: string,
  seq: number,
): Promise<TimelineReading & { readonly projected: ProjectedFacts | null }> {
  const stored = await store.projection.timelineSince(incidentId, seq, MAX_EVENTS);
  const projected = await store.projection.facts(incidentId);
  if (projected !== null && isGapFree(stored, seq, projected.lastSeq))
    return { events: stored, complete: true, projected };
  const asked = await client.timelineSince(incidentId, lastBeforeGap(stored, seq));
  if (!asked.ok) return { events: stored, complete: false, projected };
  const missing = asked.value.filter((event) => event.seq > seq);
  if (missing.length > 0) await store.projection.fill(incidentId, missing);
  const merged = new Map([...stored, ...missing].map((event) => [event.seq, event]));
  return { events: [...merged.values()].sort((a, b) => a.seq - b.seq), complete: true, projected };
}

/** What customers were sent of an incident, as the ledger has it now: also what came back after it was closed (R4.5). */
export async function customerMailsOf({ customerMail }: Store, incidentId: string): Promise<CustomerMailsReading> {
  const mails = await Promise.all(
    (await customerMail.accounts(incidentId)).map(async (account) => {
      const which = { incidentId, edition: account.edition, limit: NOT_DELIVERED_SHOWN };
      const notDelivered = await customerMail.refusals(which);
      return { ...account, notDelivered: notDelivered.map(({ customerId, words }) => ({ customerId, words })) };
    }),
  );
  return { mails };
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
