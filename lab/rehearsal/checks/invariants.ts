import { incidentNamedBy } from '../../../src/domain/incident-name.ts';
import { epochMs } from '../../../src/domain/instant.ts';
import type { ApprovalName } from '../../../src/domain/policy.ts';
import type { RemedyPlan } from '../../../src/domain/remedy.ts';
import { type DrillRun, pagesSeen } from '../play-drill.ts';
import type { TrackedWorkflow } from '../workflow-tracker.ts';
import { allEvents, type Check, eventsOf, wholeTimeline } from './evidence.ts';
import { harmCheck } from './harm.ts';
import { actionOf, isLedgered, productionChanges, targetsOf } from './production-changes.ts';
import { brokenPromises } from './promises.ts';
import { contradicted } from './publications.ts';

/** What holds in every drill, whatever it expects. */
export function invariantChecks(drillRun: DrillRun): readonly Check[] {
  return [
    held('no remedy carried out twice', twice(drillRun)),
    held('no page after an acknowledgement of the same thing', lateCalls(drillRun)),
    held('no promise silently missed', brokenPromises(drillRun)),
    held('the status page never goes backwards without a person', backwards(drillRun)),
    held('nothing published that the world contradicts', contradicted(drillRun)),
    held('no action without the approval that policy asks for', unapproved(drillRun)),
    harmCheck(drillRun),
    held('no temporary change left without a lease', unleased(drillRun)),
    held('the gateway takes what Slack sends', drillRun.slackRefused),
    held('every action has intent, outcome and read-back', incomplete(drillRun)),
    held('the timeline tells what the systems saw', disagreements(drillRun)),
  ];
}

function held(name: string, broken: readonly string[]): Check {
  return {
    check: name,
    expected: 'holds',
    actual: broken.length === 0 ? 'holds' : broken.join('; '),
    passed: broken.length === 0,
  };
}

/** By the ledgers: more changes of a kind on a target than remedies that the timeline began. */
function twice(drillRun: DrillRun): readonly string[] {
  const begun = new Map<string, Set<string>>();
  for (const { plan } of allEvents(drillRun, 'remedy-intended')) {
    for (const name of namesOf(plan)) begun.set(name, (begun.get(name) ?? new Set()).add(plan.key));
  }
  return [...counted(drillRun)].flatMap(([name, count]) => {
    const remedies = begun.get(name)?.size ?? 0;
    return remedies > 0 && count > remedies ? [`${name} was done ${count} times for ${remedies} remedies`] : [];
  });
}

function namesOf(plan: RemedyPlan): readonly string[] {
  return targetsOf(plan).map((target) => `${actionOf(plan)} on ${target}`);
}

function counted(drillRun: DrillRun): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { action, target } of productionChanges(drillRun)) {
    const name = `${action} on ${target}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

function lateCalls(drillRun: DrillRun): readonly string[] {
  const pages = pagesSeen(drillRun.environment, drillRun.drillPolicy, drillRun);
  return drillRun.incidents.flatMap((workflow) => {
    const acknowledgedMs = firstAcknowledgementMs(drillRun, workflow);
    if (acknowledgedMs === null) return [];
    const reopenedMs = eventsOf(workflow, 'reopened').map(({ at }) => epochMs(at))[0] ?? Number.POSITIVE_INFINITY;
    return pages
      .filter((page) => page.incidentId === workflow.workflowId && page.atMs > acknowledgedMs && page.atMs < reopenedMs)
      .map(
        (page) =>
          `${page.contacts.join(', ')} was paged at ${iso(page.atMs)} although ${workflow.workflowId} was acknowledged at ${iso(acknowledgedMs)}`,
      );
  });
}

/** By the timeline, or by PagerDuty's own record when the word of it never reached us. */
function firstAcknowledgementMs({ environment }: DrillRun, workflow: TrackedWorkflow): number | null {
  const here = eventsOf(workflow, 'acknowledged').map(({ at }) => epochMs(at));
  const there = environment.production.pagerDuty.incidents
    .filter(({ key }) => incidentNamedBy(key) === workflow.workflowId)
    .flatMap(({ changes }) =>
      changes.filter(({ by, to }) => by !== null && to !== 'triggered').map(({ atMs }) => atMs),
    );
  const all = [...here, ...there];
  return all.length === 0 ? null : Math.min(...all);
}

const ORDER = ['investigating', 'identified', 'monitoring', 'resolved', 'postmortem'];

function backwards(drillRun: DrillRun): readonly string[] {
  const decidedMs = wholeTimeline(drillRun)
    .filter((event) => event.by.via !== 'machine')
    .map(({ at }) => epochMs(at));
  const last = new Map<string, { readonly status: string; readonly atMs: number }>();
  return drillRun.environment.production.statusPage.ledger.flatMap(({ incident, status, atMs }) => {
    if (incident === null || status === null) return [];
    const before = last.get(incident);
    last.set(incident, { status, atMs });
    if (before === undefined || ORDER.indexOf(status) >= ORDER.indexOf(before.status)) return [];
    const somebody = decidedMs.some((ms) => ms > before.atMs && ms <= atMs);
    return somebody ? [] : [`it went from ${before.status} back to ${status} at ${iso(atMs)} and nobody had said so`];
  });
}

/** How a granted question may have been answered, by what policy says of its option. */
const RIGHT_ANSWERS = {
  automatic: ['pre-approved', 'approved', 'break-glass', 'no-objection'],
  objection: ['no-objection', 'approved', 'break-glass'],
  ask: ['approved', 'break-glass'],
} as const;

function unapproved(drillRun: DrillRun): readonly string[] {
  const granted = new Map(
    allEvents(drillRun, 'approval-granted').map((event) => [`${event.approvalId}/${event.option}`, event]),
  );
  return allEvents(drillRun, 'remedy-intended').flatMap(({ plan, approvalId, takesBack }) => {
    const mode = drillRun.drillPolicy.policy.approvals[plan.action as ApprovalName];
    const answer = granted.get(`${approvalId}/${plan.action}`);
    if (answer !== undefined && (RIGHT_ANSWERS[mode] as readonly string[]).includes(answer.how)) return [];
    // Taking back what is temporary was agreed with the change itself.
    if (approvalId === null && takesBack !== undefined) return [];
    return [
      `${plan.action} on ${plan.target.name} (${plan.key}) needs "${mode}" and was ${answer?.how ?? 'never granted'}`,
    ];
  });
}

function unleased(drillRun: DrillRun): readonly string[] {
  const leased = new Set(allEvents(drillRun, 'lease-opened').map(({ lease }) => lease.plan.key));
  const done = new Set(
    allEvents(drillRun, 'remedy-carried-out')
      .filter(({ outcome }) => outcome.result === 'done')
      .map(({ key }) => key),
  );
  return allEvents(drillRun, 'remedy-intended')
    .filter(({ plan }) => plan.temporary && done.has(plan.key) && !leased.has(plan.key))
    .map(({ plan }) => `${plan.action} on ${plan.target.name} is temporary and has no lease`);
}

function incomplete(drillRun: DrillRun): readonly string[] {
  const outcomes = new Map(allEvents(drillRun, 'remedy-carried-out').map((event) => [event.key, event]));
  const intents = allEvents(drillRun, 'remedy-intended');
  const known = new Set(intents.map(({ plan }) => plan.key));
  const missing = intents.flatMap(({ plan, at }) => {
    const outcome = outcomes.get(plan.key);
    if (outcome === undefined)
      return epochMs(at) < drillRun.played.endedAtMs ? [`${plan.action} (${plan.key}) has no outcome`] : [];
    return outcome.outcome.readBack.trim() === '' ? [`${plan.action} (${plan.key}) was not read back`] : [];
  });
  return [
    ...missing,
    ...[...outcomes.keys()].filter((key) => !known.has(key)).map((key) => `${key} has an outcome but no intent`),
  ];
}

/** What the timeline says was done, and what the systems' own ledgers say. */
function disagreements(drillRun: DrillRun): readonly string[] {
  const plans = new Map(allEvents(drillRun, 'remedy-intended').map(({ plan }) => [plan.key, plan]));
  const carriedOut = allEvents(drillRun, 'remedy-carried-out');
  const told = carriedOut.flatMap(({ key, outcome }) => {
    const plan = plans.get(key);
    return plan !== undefined && (outcome.result === 'done' || outcome.result === 'already-done') ? [plan] : [];
  });
  // Pods that went by themselves before anybody had replaced one are in no ledger.
  const wentBefore = new Set(
    carriedOut.flatMap(({ key, action, outcome }) =>
      action === 'replace-pods' && outcome.result === 'already-done' ? [key] : [],
    ),
  );
  const seen = counted(drillRun);
  // To take back what a pod has forgotten by itself changes nothing that a ledger would record.
  const unseen = told
    .filter((plan) => plan.parameters.revert !== 1 && !wentBefore.has(plan.key))
    .filter((plan) => isLedgered(drillRun, plan.action))
    .filter((plan) => !namesOf(plan).some((name) => seen.has(name)))
    .map((plan) => `the timeline tells of ${namesOf(plan).join(', ')}, which no system saw`);
  const names = new Set(told.flatMap(namesOf));
  // What is left in place goes on in a workflow of its own, whose timeline is not the incident's.
  const moved = allEvents(drillRun, 'lease-settled').some(({ how }) => how === 'moved');
  const untold = [...seen.keys()]
    .filter((name) => !names.has(name) && !(moved && name.startsWith('revert-')))
    .map((name) => `${name} was done and the timeline does not tell of it`);
  return [...unseen, ...untold, ...pagesUntold(drillRun)];
}

function pagesUntold(drillRun: DrillRun): readonly string[] {
  const rang = pagesSeen(drillRun.environment, drillRun.drillPolicy, drillRun).length;
  const told = allEvents(drillRun, 'paged').length;
  return rang === told ? [] : [`PagerDuty rang ${rang} times and the timeline tells of ${told}`];
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
