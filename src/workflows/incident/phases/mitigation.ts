import { type CauseKind, concurrentFaults, type Hypothesis } from '../../../domain/diagnosis.ts';
import { findingIn } from '../../../domain/findings.ts';
import { percent, sure } from '../../../domain/format.ts';
import { latestFinding } from '../../../domain/gather-facts.ts';
import { type LeaseRecord, leadingCause, leasesInPlace, type RemedyRecord } from '../../../domain/incident.ts';
import { plusMinutes, secondsBetween } from '../../../domain/instant.ts';
import type { RemedyPlan } from '../../../domain/remedy.ts';
import type { ApprovalOption } from '../../../domain/timeline.ts';
import { readActivities } from '../../activity-calls.ts';
import { carryOut, verify } from '../../playbooks/carry-out.ts';
import { prepareOptions } from '../../playbooks/options.ts';
import { playbookFor } from '../../playbooks/registry.ts';
import { allAlertsCleared, askApproval } from '../approving.ts';
import { informInfrastructure } from '../informing-infrastructure.ts';
import { isOngoing } from '../ongoing.ts';
import { isWellAgain, recoveryInput } from '../recovery.ts';
import type { IncidentRun } from '../run.ts';
import { lookAgain } from './investigation.ts';

/** Waits between looks grow with the attempts of a round, up to this many times the policy's interval. */
const LONGEST_WAIT_FACTOR = 12;

/** Phase 3 (R3): propose, get a yes, do it, verify; the next remedy when it did not help. Ends mitigated or not ongoing. */
export async function mitigation(run: IncidentRun): Promise<void> {
  while (isOngoing(run)) {
    const cause = leadingCause(run.state);
    if (cause === null) return;
    if (run.state.phase !== 'mitigation')
      run.record({ kind: 'phase-entered', phase: 'mitigation', because: cause.words });
    await informInfrastructure(run, cause);
    const id = `r${run.state.round}.${attemptsEnded(run) + 1}`;
    const over = await tryOnce(run, id, cause);
    run.record({ kind: 'step-finished', step: `${id}/ended`, outcome: true });
    if (over) return;
  }
}

/** Attempts of this round that have come to an end; the next one has the next number, also in a run that took over. */
function attemptsEnded(run: IncidentRun): number {
  const prefix = `r${run.state.round}.`;
  return Object.keys(run.state.steps).filter((step) => step.startsWith(prefix) && step.endsWith('/ended')).length;
}

async function tryOnce(run: IncidentRun, id: string, leading: Hypothesis): Promise<boolean> {
  const fallbackProvider = failingFallbackProvider(run, leading);
  if (fallbackProvider !== null && (await revertFallbackProvider(run, fallbackProvider))) return !isOngoing(run);
  const options = await run.step(`${id}/options`, () => prepareOptions(run, id, leading));
  const offer = options.length > 0 ? { cause: leading, options } : await offerConcurrent(run, id);
  if (offer === null) {
    askPeople(run, leading);
    return untilPeopleOrRecovery(run, id);
  }
  return putToPeople(run, id, offer);
}

async function putToPeople(run: IncidentRun, id: string, { cause, options }: Offer): Promise<boolean> {
  const playbook = playbookFor(cause.cause);
  const why = `${cause.words} Playbook: ${playbook?.name ?? 'none'} (${playbook?.row ?? 'R3'}), ${sure(cause.confidence)}.`;
  const obsolete = () => whyObsolete(run, cause);
  const chosen = await askApproval(run, { id, why, options, approver: 'approver', obsolete });
  if (allAlertsCleared(run) && isOngoing(run) && (await isWellAgain(run, `${id}/cleared`))) return true;
  if (chosen?.plan == null) return afterNo(run, id, cause);
  if (await isStaleAndWell(run, id)) return true;
  return act(run, chosen.plan, id);
}

interface Offer {
  readonly cause: Hypothesis;
  readonly options: readonly ApprovalOption[];
}

/**
 * Nothing can be done about the leading explanation, and another fault stands beside it: that one is put
 * first and acted on, since it may be what keeps the first from being mended (R2.20, R3).
 */
async function offerConcurrent(run: IncidentRun, id: string): Promise<Offer | null> {
  const found = await run.step(`${id}/beside`, () => findConcurrent(run, id));
  const cause = run.state.hypotheses.find((one) => one.id === found?.causeId);
  return found === null || cause === undefined ? null : { cause, options: found.options };
}

async function findConcurrent(run: IncidentRun, id: string) {
  const ranked = run.state.hypotheses;
  for (const cause of concurrentFaults(ranked)) {
    const options = await prepareOptions(run, id, cause);
    if (options.length === 0) continue;
    const hypotheses = [cause, ...ranked.filter((one) => one.id !== cause.id)];
    const changed = `Acted on first, since something can be done about it now: ${cause.words}`;
    run.record({ kind: 'explained', hypotheses, changed });
    return { causeId: cause.id, options };
  }
  return null;
}

/** Why the question is not worth asking any more; null while it is. */
function whyObsolete(run: IncidentRun, asked: Hypothesis): string | null {
  if (run.state.closed !== null || run.state.resolved !== null) return 'the incident ended another way';
  if (run.state.mitigated !== null || allAlertsCleared(run)) return 'every alert has cleared';
  const now = leadingCause(run.state);
  return now !== null && now.id !== asked.id ? `something else is more likely now: ${now.words}` : null;
}

async function act(run: IncidentRun, plan: RemedyPlan, approvalId: string): Promise<boolean> {
  const before =
    recordOf(run, plan)?.failedBefore ??
    latestFinding(run.state, 'error-rate')?.ratio ??
    (await errorRatioNow(run, `${plan.key}/before`));
  const inEffect = await carryOut(run, plan, approvalId, before === null ? {} : { failedBefore: before });
  const worseFrom = plan.temporary && before !== null ? before + CLEARLY_WORSE_BY_ERROR_RATIO : null;
  const helped = inEffect ? await verify(run, plan, worseFrom) : notInEffect(run, plan);
  if (!isOngoing(run)) return true;
  if (helped) {
    const words = recordOf(run, plan)?.words ?? 'measured to be well';
    run.record({ kind: 'mitigated', remedy: plan.action, words });
    return true;
  }
  await lookAgain(run);
  if (inEffect) await takeBackWhatMadeItWorse(run, plan, before);
  return false;
}

/** So much more of the requests fail than before that it was not the weather. */
const WORSE_BY_ERROR_RATIO = 0.05;
/** Before the verification's time is over pods may still be changing, so it takes more to call it worse already. */
const CLEARLY_WORSE_BY_ERROR_RATIO = 0.1;

/** Where the looks could not say how much fails it is asked for by itself: without it nobody could tell a cure from harm. */
async function errorRatioNow(run: IncidentRun, step: string): Promise<number | null> {
  const input = recoveryInput(run, run.policy.verification.pollSeconds);
  return run.step(step, async () => {
    const answer = await run.attempt(readActivities('how much fails?').measureRecovery(input));
    return answer.ok ? answer.value.errorRatio : null;
  });
}

function recordOf(run: IncidentRun, plan: RemedyPlan): RemedyRecord | undefined {
  return run.state.remedies.find((record) => record.plan.key === plan.key);
}

/** The failover whose fallback provider is the leading explanation: it helped at first and has become ill too (R3.5). */
function failingFallbackProvider(run: IncidentRun, leading: Hypothesis): LeaseRecord | null {
  if (leading.cause !== 'provider-outage') return null;
  const found = leasesInPlace(run.state).find(
    ({ lease: { plan } }) =>
      plan.action === 'provider-failover' && leading.names.includes(String(plan.parameters.fallback)),
  );
  return found ?? null;
}

/**
 * R3.6: when more fails now than before the failover, the calls go back to where some of them succeed. Says whether that
 * was done.
 */
async function revertFallbackProvider(run: IncidentRun, fallbackProvider: LeaseRecord): Promise<boolean> {
  const { id, plan } = fallbackProvider.lease;
  const before = recordOf(run, plan)?.failedBefore ?? null;
  const wanted = fallbackProvider.revertOrdered || (await takeBackWhatMadeItWorse(run, plan, before));
  if (!wanted) return false;
  const isSettled = () => !leasesInPlace(run.state).some(({ lease }) => lease.id === id);
  await run.agenda.waitFor(() => isSettled() || !isOngoing(run));
  if (isOngoing(run)) await lookAgain(run);
  return true;
}

/** R3.6: a temporary change after which more requests fail than before is undone, and said; the next step follows. */
async function takeBackWhatMadeItWorse(run: IncidentRun, plan: RemedyPlan, before: number | null): Promise<boolean> {
  const looked = findingIn(run.state.evidence.investigation ?? null, 'error-rate')?.ratio ?? null;
  const after = looked ?? (await errorRatioNow(run, `${plan.key}/after`));
  const lease = leasesInPlace(run.state).find((record) => record.lease.plan.key === plan.key);
  if (before === null || after === null || after < before + WORSE_BY_ERROR_RATIO) return false;
  const worse = `${percent(before)} of the requests failed before ${plan.action} of ${plan.target.name}, ${percent(after)} do now`;
  run.record({
    kind: 'trouble',
    where: `${plan.action} ${plan.target.name}`,
    words: lease === undefined ? `${worse}. It cannot be taken back by itself.` : `${worse}. It is taken back.`,
  });
  if (lease === undefined) return false;
  run.record({ kind: 'lease-revert-ordered', leaseId: lease.lease.id });
  return true;
}

function notInEffect(run: IncidentRun, plan: RemedyPlan): false {
  const record = recordOf(run, plan);
  if (record?.helped == null) {
    const words = `${plan.action} is not in effect: ${record?.outcome?.readBack ?? 'nothing was read back'}`;
    run.record({ kind: 'remedy-verified', key: plan.key, action: plan.action, helped: false, words });
  }
  return false;
}

/** A yes that came long after the evidence: is the problem still there? (ADR 0012) */
async function isStaleAndWell(run: IncidentRun, id: string): Promise<boolean> {
  const bundle = run.state.evidence.investigation ?? run.state.evidence['first-assessment'];
  const limit = run.policy.approvalLimits.evidenceMaximumAgeMinutes * 60;
  if (bundle === undefined || secondsBetween(bundle.collectedAt, run.now()) <= limit) return false;
  return isWellAgain(run, `${id}/still-there`);
}

/** Somebody said no, or the question became obsolete: look again, and do not ask the same at once. */
async function afterNo(run: IncidentRun, id: string, cause: Hypothesis): Promise<boolean> {
  if (!isOngoing(run)) return true;
  const moved = leadingCause(run.state)?.id !== cause.id;
  if (!moved) await untilSomethingNew(run, id);
  if (isOngoing(run) && !moved) await lookAgain(run);
  return !isOngoing(run);
}

async function untilPeopleOrRecovery(run: IncidentRun, id: string): Promise<boolean> {
  await untilSomethingNew(run, id);
  if (!isOngoing(run)) return true;
  if (isMeasurable(run) && (await isWellAgain(run, `${id}/recovered`))) return true;
  await lookAgain(run);
  return false;
}

/** Requests that succeed say nothing about damaged data, a breach or refused logins: then the alerts have to clear. */
const NOT_IN_REQUESTS: readonly CauseKind[] = [
  'data-corruption',
  'security-breach',
  'authentication-broken',
  'replica-lag',
  'replica-missing',
  'node-pressure',
  'minor-bug',
];

/** Whether error rate and response times can tell that it is over: only where they told that it began. */
function isMeasurable(run: IncidentRun): boolean {
  if (allAlertsCleared(run)) return true;
  const cause = leadingCause(run.state);
  if (cause !== null && NOT_IN_REQUESTS.includes(cause.cause)) return false;
  const { errorRatioBelow, p95SecondsBelow } = run.policy.verification;
  return Object.values(run.state.evidence).some(
    (bundle) =>
      (findingIn(bundle ?? null, 'error-rate')?.ratio ?? 0) >= errorRatioBelow ||
      (findingIn(bundle ?? null, 'latency')?.p95Seconds ?? 0) >= p95SecondsBelow,
  );
}

async function untilSomethingNew(run: IncidentRun, id: string): Promise<void> {
  const alerts = run.state.alerts.length;
  // Alerts that have cleared long ago are nothing new: without waiting this would look again and again at one instant.
  const clearedBefore = allAlertsCleared(run);
  const minutes = run.policy.evidence.againEveryMinutes * Math.min(LONGEST_WAIT_FACTOR, attemptsEnded(run) + 1);
  const until = await run.step(`${id}/wait-until`, async () => plusMinutes(run.now(), minutes));
  await run.agenda.waitUntil(
    'look again',
    until,
    () => !isOngoing(run) || run.state.alerts.length > alerts || (!clearedBefore && allAlertsCleared(run)),
  );
}

function askPeople(run: IncidentRun, cause: Hypothesis): void {
  const asked = `asked-what-to-do/r${run.state.round}/${cause.id}`;
  if (asked in run.state.steps) return;
  const skipped = run.timeline.filter((event) => event.kind === 'remedy-skipped').slice(-3);
  const reasons = skipped.map((event) => (event.kind === 'remedy-skipped' ? event.because : '')).join(' ');
  run.record({
    kind: 'asked-person',
    question: `${cause.words} Nothing is left that may be done automatically. ${reasons}`.trim(),
  });
  run.record({ kind: 'step-finished', step: asked, outcome: true });
}
