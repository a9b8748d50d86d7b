import { classify } from '../../domain/classify.ts';
import { explain } from '../../domain/diagnose.ts';
import { concurrentFaults, type Hypothesis } from '../../domain/diagnosis.ts';
import type { EvidencePurpose, ProbeName } from '../../domain/evidence.ts';
import { sure } from '../../domain/format.ts';
import { type IncidentState, leadingCause } from '../../domain/incident.ts';
import type { ActionName } from '../../domain/remedy.ts';
import { isHigher } from '../../domain/severity.ts';
import { severityFacts } from '../../domain/severity-facts.ts';
import { readActivities } from '../activity-calls.ts';
import { isDescribed } from './ongoing.ts';
import type { IncidentRun } from './run.ts';

/** Asks production, puts the answers on the timeline, and draws the conclusions that follow at once. */
export async function collectEvidence(
  run: IncidentRun,
  purpose: EvidencePurpose,
  probes: readonly ProbeName[],
): Promise<void> {
  await run.trackInFlight(async () => {
    const { state, policy } = run;
    const request = {
      incidentId: state.incidentId,
      purpose,
      probes: [...new Set(probes)],
      aroundAt: state.detectedAt,
      at: run.now(),
    };
    const { service, evidence, resolution, reports } = policy;
    const topErrors = { count: policy.playbooks.topErrors, ofLines: policy.playbooks.topErrorsOfLines };
    const input = { request, service, evidence, resolution, reports, topErrors };
    const answer = await run.attempt(
      readActivities(`${purpose}: ${request.probes.length} questions`).collectEvidence(input),
    );
    if (answer.ok) run.record({ kind: 'evidence-collected', bundle: answer.value });
    else run.record({ kind: 'trouble', where: 'evidence', words: `No evidence could be collected: ${answer.words}` });
  });
  assessSeverity(run);
}

/**
 * Severity from all that is known (R0.5, R1.8). Evidence raises it; it lowers only what was provisional, or what
 * nobody has measured yet. What a person said stays until a person says otherwise.
 */
export function assessSeverity(run: IncidentRun): void {
  const { state, policy } = run;
  if (state.severityBy === 'person' || state.mitigated !== null) return;
  // What was measured is about the service of the policy; it says nothing about anything else.
  const bundle = isDescribed(run) ? (state.evidence.investigation ?? state.evidence['first-assessment'] ?? null) : null;
  const assessment = classify(
    severityFacts(
      state.alerts.map((record) => record.alert),
      bundle,
      policy.classification,
    ),
    policy.classification,
  );
  const first = state.severityReasons.length === 0;
  const settles = state.provisional && !assessment.provisional;
  if (!first && !settles && !isHigher(assessment.severity, state.severity)) return;
  run.record({ kind: 'severity-assessed', ...assessment });
}

/** Explains again from all evidence (R2.20); recorded only when the ranking changed. */
export function explainAgain(run: IncidentRun): void {
  if (!isDescribed(run)) return;
  const hypotheses = explain({
    bundles: Object.values(run.state.evidence).filter((bundle) => bundle !== undefined),
    alerts: run.state.alerts.map((record) => record.alert),
    remediesTried: remediesTried(run.state),
    policy: run.policy,
    now: run.now(),
  });
  if (hypotheses[0]?.cause === 'unknown' && leadingCause(run.state) !== null && wasBlind(run.state)) {
    run.record({
      kind: 'trouble',
      where: 'evidence',
      words: 'The last look got hardly any answers; the explanation of before stands.',
    });
    return;
  }
  const changed = whatChanged(run.state.hypotheses, hypotheses);
  if (changed !== null) run.record({ kind: 'explained', hypotheses: hypotheses.slice(0, 5), changed });
}

/** Whether the newest sweep got fewer answers than it asked questions for: not knowing then says nothing. */
function wasBlind(state: IncidentState): boolean {
  const bundles = Object.values(state.evidence).filter((bundle) => bundle !== undefined);
  const newest = bundles.sort((a, b) => b.collectedAt.localeCompare(a.collectedAt))[0];
  return newest !== undefined && newest.gaps.length >= newest.items.length;
}

/** A cure after which it came back did not cure; relief that wore off was still relief (S3 of R9 is decided elsewhere). */
function remediesTried(state: IncidentState) {
  return state.remedies
    .filter((remedy) => remedy.helped !== null)
    .map(({ plan: { action, target }, helped }) => ({
      action,
      target,
      helped:
        helped === true && (state.mitigated !== null || isRelief(state, action) || LIVES_IN_PODS.includes(action)),
    }));
}

/** What a process only remembers is gone with its pod: after a rollout it is to be done again, not held against it. */
const LIVES_IN_PODS: readonly ActionName[] = ['provider-failover', 'open-breaker'];

function isRelief(state: IncidentState, action: ActionName): boolean {
  return state.hypotheses.some((hypothesis) =>
    hypothesis.suggests.some((remedy) => remedy.action === action && !remedy.lasting),
  );
}

function whatChanged(formerly: readonly Hypothesis[], now: readonly Hypothesis[]): string | null {
  const [before, after] = [formerly[0], now[0]];
  if (after === undefined) return null;
  if (before === undefined) return `${after.words} (${sure(after.confidence)})`;
  if (before.id !== after.id) return `Now more likely: ${after.words} (${sure(after.confidence)})`;
  if (Math.abs(before.confidence - after.confidence) >= 0.1) return `${after.words} (now ${sure(after.confidence)})`;
  const more = concurrentFaults(now).filter(({ id }) => !concurrentFaults(formerly).some((one) => one.id === id));
  return more.length === 0 ? null : `There as well: ${more.map(({ words }) => words).join(' ')}`;
}
