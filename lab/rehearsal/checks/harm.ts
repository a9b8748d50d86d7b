import { epochMs } from '../../../src/domain/instant.ts';
import { Counterfactual } from '../../simulation/counterfactual.ts';
import type { RecordedChange } from '../../simulation/journal.ts';
import type { DrillRun } from '../play-drill.ts';
import type { TrackedWorkflow } from '../workflow-tracker.ts';
import { type Check, eventsOf } from './evidence.ts';
import { actionOf, type ProductionChange, productionChanges, targetsOf } from './production-changes.ts';

/** What became of an action: requests that fail in the half hour after it, with it and without it, all else the same. */
export interface Weighed {
  /** The key of the plan; null for a change that no timeline tells of. */
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
  readonly done: ReadonlySet<RecordedChange>;
}

/** What was taken back soon did its harm only until then: the way back belongs to the way. */
interface Course extends Action {
  readonly takenBack: ReadonlySet<RecordedChange>;
}

const AFTERWARDS_MS = 30 * 60_000;
/** Pods that come and go meet other requests: below one in two hundred, which the runbook calls well again, it is chance. */
const CHANCE_SHARE = 0.005;
/** What is looked at in between is taken notice of a step earlier; more than that apart, it is another world. */
const TWIN_SHARE = 0.001;

const weighed = new WeakMap<DrillRun, readonly Weighed[]>();

/** Every action that the world felt, in order. Throws when the counterfactual does not agree with the world: then nothing can be judged. */
export function weighedActions(drillRun: DrillRun): readonly Weighed[] {
  const known = weighed.get(drillRun) ?? coursesOf(drillRun).map((course) => weigh(drillRun, course));
  weighed.set(drillRun, known);
  return known;
}

/** drills.md: harmful is an action without which fewer requests fail in the next 30 minutes. */
export function harmCheck(drillRun: DrillRun): Check {
  const broken = weighedActions(drillRun)
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
function weigh(drillRun: DrillRun, { done, takenBack, takesBack: _, ...action }: Course): Weighed {
  const { journal, world } = drillRun.environment.production;
  const last = journal.findLastIndex((one) => done.has(one));
  const untilMs = action.atMs + AFTERWARDS_MS;
  const [as, otherwise] = [twinOf(drillRun), twinOf(drillRun)];
  for (const one of journal.slice(0, last + 1)) {
    as.redo(one);
    if (!done.has(one)) otherwise.redo(one);
  }
  for (const one of journal.slice(last + 1)) if (takenBack.has(one) && one.act.atMs <= untilMs) as.redo(one);
  const failedWith = as.requests(action.atMs, untilMs);
  const failedWithout = otherwise.requests(action.atMs, untilMs);
  const sameUntilMs = Math.min(untilMs, world.nowMs, journal[last + 1]?.act.atMs ?? untilMs);
  const { startAtMs } = drillRun.drill;
  const [seen, counterfactual] = [
    world.requests(startAtMs, sameUntilMs).failed,
    as.requests(startAtMs, sameUntilMs).failed,
  ];
  if (Math.abs(seen - counterfactual) > Math.max(1, seen * TWIN_SHARE))
    throw new Error(
      `What ${action.action} on ${action.target} did cannot be judged: its counterfactual of the world has ${counterfactual} failed requests where the world has ${seen}.`,
    );
  const harmful = failedWith.failed - failedWithout.failed > CHANCE_SHARE * failedWithout.total;
  return { ...action, failedWith: failedWith.failed, failedWithout: failedWithout.failed, harmful };
}

function twinOf({ drill }: DrillRun): Counterfactual {
  return new Counterfactual({ seed: drill.seed, startMs: drill.startAtMs, world: drill.world, faults: placed(drill) });
}

function placed({ faults, startAtMs }: DrillRun['drill']) {
  return faults.map(({ atMs, spec }) => ({ atMs: startAtMs + atMs, spec }));
}

function coursesOf(drillRun: DrillRun): readonly Course[] {
  const actions = actionsOf(drillRun);
  return actions.map((action) => {
    const back = actions.filter(({ takesBack }) => takesBack !== null && takesBack === action.key);
    return { ...action, takenBack: new Set(back.flatMap(({ done }) => [...done])) };
  });
}

/** The changes of each plan, together with what else was done for it; a change of no plan is an action by itself. */
function actionsOf(drillRun: DrillRun): readonly Action[] {
  const all = productionChanges(drillRun);
  const planned = drillRun.incidents.flatMap((workflow) => plannedActions(drillRun, workflow, all));
  const claimed = new Set(planned.flatMap(({ deeds: own }) => own));
  const others = all
    .filter((change) => !claimed.has(change))
    .map((change) => ({
      ...change,
      key: null,
      takesBack: null,
      wantedBy: 'machine' as const,
      done: doneFor(drillRun, [change]),
    }));
  return [...planned.map(({ action }) => action), ...others]
    .filter(({ done }) => done.size > 0)
    .sort((a, b) => a.atMs - b.atMs);
}

function plannedActions(drillRun: DrillRun, workflow: TrackedWorkflow, all: readonly ProductionChange[]) {
  const ended = new Map(eventsOf(workflow, 'remedy-carried-out').map(({ key, at }) => [key, epochMs(at)]));
  return eventsOf(workflow, 'remedy-intended').flatMap((event) => {
    const { plan, takesBack = null } = event;
    const [fromMs, untilMs] = [epochMs(event.at), ended.get(plan.key) ?? drillRun.played.endedAtMs];
    const within = (atMs: number) => atMs >= fromMs && atMs <= untilMs;
    const own = all.filter(
      ({ action, target, atMs }) => action === actionOf(plan) && targetsOf(plan).includes(target) && within(atMs),
    );
    const [first] = own;
    if (first === undefined) return [];
    const done = doneFor(drillRun, own);
    if (plan.action === 'failover-database') {
      for (const one of drillRun.environment.production.journal)
        if (within(one.act.atMs) && isPartOfFailover(one)) done.add(one);
    }
    const atMs = Math.min(...[...done].map(({ act }) => act.atMs), first.atMs);
    const wantedBy = wantedByOf(drillRun, workflow, event.approvalId, takesBack !== null);
    const { action, target } = first;
    return [{ deeds: own, action: { key: plan.key, takesBack, action, target, atMs, wantedBy, done } }];
  });
}

function doneFor({ environment }: DrillRun, own: readonly ProductionChange[]): Set<RecordedChange> {
  const acts = new Set(own.flatMap(({ acts }) => acts));
  const promotedMs = new Set(own.filter(({ action }) => action === 'failover-database').map(({ atMs }) => atMs));
  return new Set(
    environment.production.journal.filter((one) =>
      one.kind === 'promotion' ? promotedMs.has(one.act.atMs) : acts.has(one.act),
    ),
  );
}

/** The old primary is kept away before, the application is pointed elsewhere afterwards. */
function isPartOfFailover(one: RecordedChange): boolean {
  if (one.kind !== 'write') return false;
  return one.act.effects.some(
    ({ kind }) => kind === 'fence' || (kind === 'configure' && one.act.resource === 'services'),
  );
}

/** People who took another option than the proposed one, or asked for something to be taken back, wanted it themselves. */
function wantedByOf(
  { peopleDid }: DrillRun,
  workflow: TrackedWorkflow,
  approvalId: string | null,
  isRevert: boolean,
): Weighed['wantedBy'] {
  if (isRevert) {
    const asked = peopleDid.some(
      ({ incidentId, accepted, what }) =>
        incidentId === workflow.workflowId && accepted && /^(revert-lease|abort-canary)\b/.test(what),
    );
    return asked ? 'people' : 'machine';
  }
  const proposed = eventsOf(workflow, 'approval-requested').findLast(({ approval }) => approval.id === approvalId)
    ?.approval.options[0]?.name;
  const granted = eventsOf(workflow, 'approval-granted').findLast((event) => event.approvalId === approvalId);
  if (granted === undefined || proposed === undefined || granted.by.via === 'machine') return 'machine';
  return granted.option === proposed ? 'machine' : 'people';
}
