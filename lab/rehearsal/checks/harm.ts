import { epochMs } from '../../../src/domain/instant.ts';
import type { Done } from '../../simulation/journal.ts';
import { Twin } from '../../simulation/twin.ts';
import type { Ship } from '../fleet.ts';
import type { Performance } from '../play-drill.ts';
import { actionOf, type Deed, deeds, targetsOf } from './deeds.ts';
import { type Check, eventsOf } from './evidence.ts';

/** What became of an action: requests that fail in the half hour after it, with it and without it, all else the same. */
export interface Weighed {
  /** The key of the plan; null for a deed that no timeline tells of. */
  readonly key: string | null;
  readonly action: string;
  readonly target: string;
  readonly atMs: number;
  /** Whether the machine proposed or did it, or people wanted it otherwise than was proposed. */
  readonly wantedBy: 'machine' | 'people';
  readonly failedWith: number;
  readonly failedWithout: number;
  readonly harmful: boolean;
}

interface Action extends Pick<Weighed, 'key' | 'action' | 'target' | 'atMs' | 'wantedBy'> {
  /** The key of the plan that it undoes. */
  readonly takesBack: string | null;
  readonly done: ReadonlySet<Done>;
}

/** What was taken back soon did its harm only until then: the way back belongs to the way. */
interface Course extends Action {
  readonly takenBack: ReadonlySet<Done>;
}

const AFTERWARDS_MS = 30 * 60_000;
/** Pods that come and go meet other requests: below one in two hundred, which the runbook calls well again, it is chance. */
const CHANCE_SHARE = 0.005;
/** What is looked at in between is taken notice of a step earlier; more than that apart, it is another world. */
const TWIN_SHARE = 0.001;

const weighed = new WeakMap<Performance, readonly Weighed[]>();

/** Every action that the world felt, in order. Throws when the twin of the world is no twin: then nothing can be judged. */
export function weighedActions(performance: Performance): readonly Weighed[] {
  const known = weighed.get(performance) ?? coursesOf(performance).map((course) => weigh(performance, course));
  weighed.set(performance, known);
  return known;
}

/** drills.md: harmful is an action without which fewer requests fail in the next 30 minutes. */
export function harmCheck(performance: Performance): Check {
  const broken = weighedActions(performance)
    .filter(({ harmful, wantedBy }) => harmful && wantedBy === 'machine')
    .map(harmWords);
  const actual = broken.length === 0 ? 'holds' : broken.join('; ');
  return { check: 'no harmful action', expected: 'holds', actual, passed: broken.length === 0 };
}

export function harmWords({ action, target, atMs, failedWith, failedWithout }: Weighed): string {
  const counts = `${Math.round(failedWith)} requests fail in the 30 minutes after it, ${Math.round(failedWithout)} without it`;
  return `${action} on ${target} at ${new Date(atMs).toISOString()}: ${counts}`;
}

/**
 * The world as it stood once the action was over (and taken back, where it was), and as it would have stood without it;
 * nobody does anything more.
 */
function weigh(performance: Performance, { done, takenBack, takesBack: _, ...action }: Course): Weighed {
  const { journal, world } = performance.theatre.production;
  const last = journal.findLastIndex((one) => done.has(one));
  const untilMs = action.atMs + AFTERWARDS_MS;
  const [as, otherwise] = [twinOf(performance), twinOf(performance)];
  for (const one of journal.slice(0, last + 1)) {
    as.redo(one);
    if (!done.has(one)) otherwise.redo(one);
  }
  for (const one of journal.slice(last + 1)) if (takenBack.has(one) && one.act.atMs <= untilMs) as.redo(one);
  const failedWith = as.requests(action.atMs, untilMs);
  const failedWithout = otherwise.requests(action.atMs, untilMs);
  const sameUntilMs = Math.min(untilMs, world.nowMs, journal[last + 1]?.act.atMs ?? untilMs);
  const { startAtMs } = performance.drill;
  const [seen, twin] = [world.requests(startAtMs, sameUntilMs).failed, as.requests(startAtMs, sameUntilMs).failed];
  if (Math.abs(seen - twin) > Math.max(1, seen * TWIN_SHARE))
    throw new Error(
      `What ${action.action} on ${action.target} did cannot be judged: its twin of the world has ${twin} failed requests where the world has ${seen}.`,
    );
  const harmful = failedWith.failed - failedWithout.failed > CHANCE_SHARE * failedWithout.total;
  return { ...action, failedWith: failedWith.failed, failedWithout: failedWithout.failed, harmful };
}

function twinOf({ drill }: Performance): Twin {
  return new Twin({ seed: drill.seed, startMs: drill.startAtMs, world: drill.world, faults: placed(drill) });
}

function placed({ faults, startAtMs }: Performance['drill']) {
  return faults.map(({ atMs, spec }) => ({ atMs: startAtMs + atMs, spec }));
}

function coursesOf(performance: Performance): readonly Course[] {
  const actions = actionsOf(performance);
  return actions.map((action) => {
    const back = actions.filter(({ takesBack }) => takesBack !== null && takesBack === action.key);
    return { ...action, takenBack: new Set(back.flatMap(({ done }) => [...done])) };
  });
}

/** The deeds of each plan, together with what else was done for it; a deed of no plan is an action by itself. */
function actionsOf(performance: Performance): readonly Action[] {
  const all = deeds(performance);
  const planned = performance.incidents.flatMap((ship) => plannedActions(performance, ship, all));
  const claimed = new Set(planned.flatMap(({ deeds: own }) => own));
  const others = all
    .filter((deed) => !claimed.has(deed))
    .map((deed) => ({
      ...deed,
      key: null,
      takesBack: null,
      wantedBy: 'machine' as const,
      done: doneFor(performance, [deed]),
    }));
  return [...planned.map(({ action }) => action), ...others]
    .filter(({ done }) => done.size > 0)
    .sort((a, b) => a.atMs - b.atMs);
}

function plannedActions(performance: Performance, ship: Ship, all: readonly Deed[]) {
  const ended = new Map(eventsOf(ship, 'remedy-carried-out').map(({ key, at }) => [key, epochMs(at)]));
  return eventsOf(ship, 'remedy-intended').flatMap((event) => {
    const { plan, takesBack = null } = event;
    const [fromMs, untilMs] = [epochMs(event.at), ended.get(plan.key) ?? performance.played.endedAtMs];
    const within = (atMs: number) => atMs >= fromMs && atMs <= untilMs;
    const own = all.filter(
      ({ action, target, atMs }) => action === actionOf(plan) && targetsOf(plan).includes(target) && within(atMs),
    );
    const [first] = own;
    if (first === undefined) return [];
    const done = doneFor(performance, own);
    if (plan.action === 'failover-database') {
      for (const one of performance.theatre.production.journal)
        if (within(one.act.atMs) && isPartOfFailover(one)) done.add(one);
    }
    const atMs = Math.min(...[...done].map(({ act }) => act.atMs), first.atMs);
    const wantedBy = wantedByOf(performance, ship, event.approvalId, takesBack !== null);
    const { action, target } = first;
    return [{ deeds: own, action: { key: plan.key, takesBack, action, target, atMs, wantedBy, done } }];
  });
}

function doneFor({ theatre }: Performance, own: readonly Deed[]): Set<Done> {
  const acts = new Set(own.flatMap(({ acts }) => acts));
  const promotedMs = new Set(own.filter(({ action }) => action === 'failover-database').map(({ atMs }) => atMs));
  return new Set(
    theatre.production.journal.filter((one) =>
      one.kind === 'promotion' ? promotedMs.has(one.act.atMs) : acts.has(one.act),
    ),
  );
}

/** The old primary is kept away before, the application is pointed elsewhere afterwards. */
function isPartOfFailover(one: Done): boolean {
  if (one.kind !== 'write') return false;
  return one.act.effects.some(
    ({ kind }) => kind === 'fence' || (kind === 'configure' && one.act.resource === 'services'),
  );
}

/** People who took another option than the proposed one, or asked for something to be taken back, wanted it themselves. */
function wantedByOf(
  { peopleDid }: Performance,
  ship: Ship,
  approvalId: string | null,
  isRevert: boolean,
): Weighed['wantedBy'] {
  if (isRevert) {
    const asked = peopleDid.some(
      ({ incidentId, accepted, what }) =>
        incidentId === ship.workflowId && accepted && /^(revert-lease|abort-canary)\b/.test(what),
    );
    return asked ? 'people' : 'machine';
  }
  const proposed = eventsOf(ship, 'approval-requested').findLast(({ approval }) => approval.id === approvalId)?.approval
    .options[0]?.name;
  const granted = eventsOf(ship, 'approval-granted').findLast((event) => event.approvalId === approvalId);
  if (granted === undefined || proposed === undefined || granted.by.via === 'machine') return 'machine';
  return granted.option === proposed ? 'machine' : 'people';
}
