import type { SharedReading } from '../../console/reading.ts';
import type { TimelineEvent } from '../../domain/timeline.ts';
import type { GatewayOptions, IncidentReadings } from '../options.ts';
import { customerMailsOf, readPage, readSince } from '../reading.ts';

type Sources = Pick<GatewayOptions, 'store' | 'client' | 'people' | 'policy'>;

/** An incident is read at most so often however fast it changes; the first change is read at once. */
const READ_MS = 100;
/** Changes are announced; this only covers an announcement that got lost, and what comes without one. */
const LOOK_ANYWAY_MS = 5_000;
/** A worker that was killed may have shown events that never came to be; looked for beside, they lie no further back. */
const MAY_BE_REPLACED = 50;

/**
 * Reads each incident that somebody looks at once for all who look, and tells them all. What nobody looks at any more is
 * forgotten.
 */
export function createIncidentReadings(sources: Sources): IncidentReadings {
  const { store, people } = sources;
  const open = new Map<string, OneReading>();
  let stopListening: (() => void) | null = null;
  return {
    async who(token) {
      const person = await people.byToken(token);
      return person === null ? null : { id: person.id, name: person.name, roles: person.roles };
    },
    isKnown: async (incidentId) => (await store.incidents.get(incidentId)) !== null,
    follow(incidentId, changed) {
      const one = open.get(incidentId) ?? createReading(sources, incidentId);
      open.set(incidentId, one);
      stopListening ??= store.projection.listen((id) => open.get(id)?.look());
      const unfollow = one.follow(changed);
      return () => {
        unfollow();
        if (one.isFollowed() || open.get(incidentId) !== one) return;
        open.delete(incidentId);
        one.stop();
        if (open.size > 0) return;
        stopListening?.();
        stopListening = null;
      };
    },
    close() {
      stopListening?.();
      for (const one of open.values()) one.stop();
      open.clear();
    },
  };
}

type OneReading = ReturnType<typeof createReading>;

function createReading(sources: Sources, incidentId: string) {
  const followers = new Set<(reading: SharedReading) => void>();
  let last: SharedReading | null = null;
  let aside: SharedReading['aside'] = null;
  let stopped = false;
  let busy = false;
  let again = false;
  let thoroughly = false;
  let notBefore = 0;
  let timer: NodeJS.Timeout | null = null;

  const tell = (reading: SharedReading): void => {
    last = reading;
    for (const changed of followers) changed(reading);
  };
  const read = async (): Promise<void> => {
    timer = null;
    busy = true;
    again = false;
    const startedMs = performance.now();
    try {
      const back = thoroughly ? MAY_BE_REPLACED : 0;
      thoroughly = false;
      const next = await readOnce(sources, incidentId, last, back);
      if (!stopped && next !== null && next !== last) tell({ ...next, aside });
    } catch {
      // The store is away: the next look finds it again, and the page's own requests say so meanwhile.
    }
    busy = false;
    notBefore = startedMs + Math.max(READ_MS, 2 * (performance.now() - startedMs));
    if (again) look();
  };
  /** One reading at a time; whatever comes meanwhile makes one more, so the last change is never missed. */
  const look = (): void => {
    again = true;
    if (busy || stopped) return;
    timer ??= setTimeout(() => void read(), Math.max(0, notBefore - performance.now()));
  };
  const lookAside = async (): Promise<void> => {
    const [page, mails] = await Promise.all([
      readPage(sources, incidentId),
      customerMailsOf(sources.store, incidentId),
    ]);
    if (stopped) return;
    const next = { notes: page.notes, mails };
    const isNew = JSON.stringify(next) !== JSON.stringify(aside);
    aside = next;
    if (last === null) return look();
    // An incident that has shown nothing yet may still say how it is when it is asked itself.
    const facts = last.facts ?? page.facts;
    if (isNew || facts !== last.facts) tell({ ...last, facts, aside });
  };
  const anyway = setInterval(() => {
    thoroughly = true;
    look();
    lookAside().catch(() => {});
  }, LOOK_ANYWAY_MS);
  look();
  lookAside().catch(() => {});

  return {
    look,
    isFollowed: () => followers.size > 0,
    follow(changed: (reading: SharedReading) => void) {
      followers.add(changed);
      if (last !== null) changed(last);
      return () => void followers.delete(changed);
    },
    stop() {
      stopped = true;
      clearInterval(anyway);
      if (timer !== null) clearTimeout(timer);
    },
  };
}

/** The last reading itself when nothing is new. */
async function readOnce(
  sources: Sources,
  incidentId: string,
  last: SharedReading | null,
  /** So many known events are read once more. */
  back: number,
): Promise<SharedReading | null> {
  const before = last?.timeline.events ?? [];
  const kept = Math.max(0, (last?.gapFree ?? 0) - back);
  const [incident, since] = await Promise.all([
    sources.store.incidents.get(incidentId),
    readSince(sources, incidentId, kept),
  ]);
  if (incident === null) return null;
  const events = joined(before, kept, since.events);
  const read = since.projected?.facts ?? last?.facts ?? null;
  const facts = JSON.stringify(read) === JSON.stringify(last?.facts) && last !== null ? last.facts : read;
  const timeline = { events, complete: since.complete, timeZone: sources.policy().team.timeZone };
  const next = { incident, facts, timeline, gapFree: gapFree(events, kept), aside: last?.aside ?? null };
  return last !== null && isSame(last, next) ? last : next;
}

/** Events that are the same stay the same objects, so that what was made of them need not be made again. */
function joined(
  before: readonly TimelineEvent[],
  kept: number,
  fresh: readonly TimelineEvent[],
): readonly TimelineEvent[] {
  const known = before.slice(kept);
  const same = fresh.map((event, index) => {
    const old = known[index];
    return old !== undefined && JSON.stringify(old) === JSON.stringify(event) ? old : event;
  });
  const isSameTail = same.length === known.length && same.every((event, index) => event === known[index]);
  return isSameTail ? before : [...before.slice(0, kept), ...same];
}

function gapFree(events: readonly TimelineEvent[], from: number): number {
  let count = from;
  while (events[count]?.seq === count + 1) count += 1;
  return count;
}

function isSame(last: SharedReading, next: SharedReading): boolean {
  return (
    last.timeline.events === next.timeline.events &&
    last.timeline.complete === next.timeline.complete &&
    last.facts === next.facts &&
    JSON.stringify(last.incident) === JSON.stringify(next.incident)
  );
}
