import { fold } from '../../domain/fold.ts';
import type { IncidentState } from '../../domain/incident.ts';
import type { Instant } from '../../domain/instant.ts';
import { openedState } from '../../domain/opened-state.ts';
import type { EventOf, TimelineEvent } from '../../domain/timeline.ts';
import { withoutDeceiving } from '../markup.ts';
import {
  type CommonInput,
  commonRegions,
  type IncidentPage,
  incidentTitle,
  personalRegions,
} from '../pages/incident.ts';
import type { LiveIncidents, Me, SharedReading } from '../reading.ts';
import { differing, type Have, haveOf, keysOf, REGIONS, type RegionId, type Regions } from './rendering.ts';

export interface Surroundings {
  readonly clock: () => Instant;
  readonly speed: number;
  readonly people: () => IncidentPage['people'];
  readonly historyUrl: (incidentId: string) => string | null;
}

export interface OpenPage {
  /** One server-sent event with what differs from what somebody has; null when nothing does. */
  since(have: Have, me: Me, allEvents: boolean): Piece | null;
  close(): void;
}

export interface Piece {
  readonly bytes: Buffer;
  readonly have: Have;
}

/** What one kind of onlooker sees: the same roles, leading or not. */
interface View {
  readonly regions: Regions;
  readonly keys: Have;
  /** The same bytes for everybody who lacks the same regions. */
  readonly pieces: Map<string, Buffer>;
}

/** An incident's page is rendered at most so often; less often when it takes long, so that half of the process stays free. */
const ROUND_MS = 250;
const FREE_FOR_EACH_BUSY = 2;
/** A rendering that is older is made anew for whoever asks: it says how long ago something was. */
const FRESH_FOR_MS = 5_000;

/** One rendering of an incident for everybody who has it open with the same rights. */
export function createLivePages(live: LiveIncidents, around: Surroundings) {
  const pages = new Map<string, ReturnType<typeof createLivePage>>();
  return {
    /** `news` is called when `since` may have something; once for each round of rendering. */
    open(incidentId: string, news: () => void): OpenPage {
      const page = pages.get(incidentId) ?? createLivePage(incidentId, live, around, () => pages.size);
      pages.set(incidentId, page);
      page.onlookers.add(news);
      return {
        since: page.since,
        close() {
          page.onlookers.delete(news);
          if (page.onlookers.size > 0 || pages.get(incidentId) !== page) return;
          pages.delete(incidentId);
          page.stop();
        },
      };
    },
  };
}

function createLivePage(incidentId: string, live: LiveIncidents, around: Surroundings, pagesOpen: () => number) {
  const onlookers = new Set<() => void>();
  const stateAt = incrementalState(incidentId);
  let latest: SharedReading | null = null;
  let shown: SharedReading | null = null;
  let now: Instant = around.clock();
  let views = new Map<string, View>();
  let common = new Map<boolean, Regions>();
  let busyMs = 0;
  let notBefore = 0;
  let renderedAt = 0;
  let timer: NodeJS.Timeout | null = null;

  const renderAnew = (): void => {
    shown = latest;
    now = around.clock();
    views = new Map();
    common = new Map();
    renderedAt = performance.now();
  };
  const round = (): void => {
    timer = null;
    renderAnew();
    const pauseMs = Math.max(ROUND_MS, busyMs * FREE_FOR_EACH_BUSY * pagesOpen());
    busyMs = 0;
    notBefore = performance.now() + pauseMs;
    for (const news of onlookers) news();
  };
  const stopFollowing = live.follow(incidentId, (reading) => {
    latest = reading;
    timer ??= setTimeout(round, Math.max(0, notBefore - performance.now()));
  });

  const viewOf = (reading: SharedReading, me: Me, allEvents: boolean): View => {
    const key = JSON.stringify([[...me.roles].sort(), me.id === reading.facts?.commander, allEvents]);
    const known = views.get(key);
    if (known !== undefined) return known;
    const startedMs = performance.now();
    const input = inputOf(reading, stateAt(reading), now, allEvents, around);
    const shared = common.get(allEvents) ?? commonRegions(input);
    common.set(allEvents, shared);
    const all = { ...shared, ...personalRegions({ ...input, me, people: around.people() }) };
    // Sentences about what does not answer are not known at first; those that the page began with stay meanwhile.
    const { notes, ...rest } = all;
    const regions = reading.aside === null ? rest : all;
    const view = { regions, keys: keysOf(regions), pieces: new Map<string, Buffer>() };
    views.set(key, view);
    busyMs += performance.now() - startedMs;
    return view;
  };

  return {
    onlookers,
    since(have: Have, me: Me, allEvents: boolean): Piece | null {
      if (performance.now() - renderedAt > FRESH_FOR_MS) renderAnew();
      if (shown === null || (shown.facts === null && shown.aside === null)) return null;
      const view = viewOf(shown, me, allEvents);
      if (hasBegun(view.keys) && !hasBegun(have) && have.some((key) => key !== ''))
        return { bytes: Buffer.from('event: reload\ndata: {}\n\n'), have: view.keys };
      const ids = differing(view.keys, have);
      if (ids.length === 0) return null;
      const which = ids.join();
      const bytes = view.pieces.get(which) ?? pieceOf(view, ids, titleOf(shown));
      view.pieces.set(which, bytes);
      return { bytes, have: view.keys };
    },
    stop() {
      stopFollowing();
      if (timer !== null) clearTimeout(timer);
    },
  };
}

/** The page of an incident that Temporal has not begun has another build; it is loaded again when it begins. */
function hasBegun(have: Have): boolean {
  return have[REGIONS.indexOf('brief')] !== '';
}

function pieceOf(view: View, ids: readonly RegionId[], title: string): Buffer {
  const regions = ids.map((id) => view.regions[id]?.text);
  const data = JSON.stringify({ title, regions });
  return Buffer.from(`id: ${haveOf(view.keys)}\nevent: regions\ndata: ${data}\n\n`);
}

function titleOf({ incident, facts }: SharedReading): string {
  return withoutDeceiving(incidentTitle({ incident, facts, notes: [] }));
}

function inputOf(
  { incident, facts, timeline, aside }: SharedReading,
  state: IncidentState | null,
  now: Instant,
  allEvents: boolean,
  around: Surroundings,
): CommonInput {
  const reading = { incident, facts, notes: aside?.notes ?? [] };
  return {
    reading,
    timeline,
    state,
    now,
    historyUrl: around.historyUrl(incident.id),
    allEvents,
    mails: aside?.mails ?? null,
  };
}

/** Folds what is new onto what was folded; from the beginning only when something that was folded is another by now. */
function incrementalState(incidentId: string): (reading: SharedReading) => IncidentState | null {
  let state: IncidentState | null = null;
  let folded = 0;
  let last: TimelineEvent | undefined;
  return ({ timeline: { events } }) => {
    if (folded === 0 || events[folded - 1] !== last) {
      const [first] = events;
      if (first?.kind !== 'opened') return null;
      state = openedState(incidentId, first as EventOf<'opened'>);
      folded = 1;
    }
    if (state === null) return null;
    for (const event of events.slice(folded)) state = fold(state, event);
    folded = events.length;
    last = events.at(-1);
    return state;
  };
}
