import type { Alert } from '../../../src/domain/alert.ts';
import { classify } from '../../../src/domain/classify.ts';
import { correlate } from '../../../src/domain/correlation.ts';
import { describes } from '../../../src/domain/described.ts';
import { explain } from '../../../src/domain/diagnose.ts';
import type { Hypothesis } from '../../../src/domain/diagnosis.ts';
import type { EvidenceBundle, ProbeName } from '../../../src/domain/evidence.ts';
import { instant } from '../../../src/domain/instant.ts';
import type { Policy } from '../../../src/domain/policy.ts';
import { higherOf, type Severity } from '../../../src/domain/severity.ts';
import { severityFacts } from '../../../src/domain/severity-facts.ts';
import { remediesInOrder } from '../../../src/workflows/playbooks/registry.ts';
import { type Measured, measure } from './severity-truth.ts';
import type { Stage } from './stage.ts';

/** What an incident came to know, without anybody acting: look at the first alert, then as the workflow looks again. */
export interface Watched {
  readonly detectedAtMs: number;
  /** The explanation ranked first when the first remedy could be proposed, or the last one. */
  readonly judged: Hypothesis | null;
  readonly judgedAtMs: number;
  readonly proposed: boolean;
  /** The remedies of the judged explanation in the order of the playbook. */
  readonly offered: readonly string[];
  readonly looks: readonly Look[];
  /** What the world showed at each look. */
  readonly measured: readonly Measured[];
  readonly severity: Severity;
  readonly severityReasons: readonly string[];
  readonly alerts: readonly Alert[];
}

export interface Look {
  readonly atMs: number;
  readonly hypotheses: readonly Hypothesis[];
  readonly bundle: EvidenceBundle;
  readonly cpuMs: number;
}

const MINUTE_MS = 60_000;
const COLLECTING_MS = 1_000;
/** How long an incident is watched until something is proposed. */
const WATCH_MINUTES = 25;
/** What no explanation reads: people do. Asked once, and not at each of the later looks. */
const FOR_PEOPLE: readonly ProbeName[] = ['commits', 'builds', 'log-search', 'support-tickets', 'social-mentions'];

/** Plays until the first alert of something the policy describes; null when none comes before `untilMs`. */
export async function firstAlert(stage: Stage, policy: Policy, untilMs: number): Promise<Alert | null> {
  const { production, heard } = stage;
  for (let seen = 0; ; ) {
    for (; seen < heard.length; seen++) {
      const alert = heard[seen];
      if (alert !== undefined && alert.status === 'firing' && describes(policy, alert.service)) return alert;
    }
    if (production.world.nowMs >= untilMs) return null;
    await production.advanceUntilReaction(untilMs);
  }
}

export async function watch(stage: Stage, policy: Policy, first: Alert, watchOnMinutes: number): Promise<Watched> {
  const { production } = stage;
  const detectedAtMs = production.world.nowMs;
  const bundles: EvidenceBundle[] = [];
  const looks: Look[] = [];
  const measured: Measured[] = [];
  let severity: Severity = 'P3';
  let severityReasons: readonly string[] = [];
  let judged: { readonly hypothesis: Hypothesis; readonly atMs: number } | null = null;
  const alertsNow = () => openAlerts(stage, policy, first);
  const { firstAssessment, investigation } = policy.evidence.probes;
  const later = investigation.filter((probe) => !FOR_PEOPLE.includes(probe));
  await production.advanceTo(detectedAtMs + COLLECTING_MS);
  for (let look = 0; look < 8; look++) {
    const atMs = production.world.nowMs;
    const before = classify(
      severityFacts(alertsNow(), bundles.at(-1) ?? null, policy.classification),
      policy.classification,
    );
    const bundle = await collected(stage, policy, {
      incidentId: 'bench',
      purpose: look === 0 ? 'first-assessment' : 'investigation',
      probes: look === 0 ? [...new Set([...firstAssessment, ...investigation])] : later,
      aroundAt: first.startsAt,
      at: instant(atMs),
    });
    if (bundles.length > 1) bundles.pop();
    bundles.push(bundle);
    measured.push(measure(production.world, atMs));
    const begunMs = process.cpuUsage();
    const hypotheses = explain({ bundles, alerts: alertsNow(), remediesTried: [], policy, now: instant(atMs) });
    const after = classify(severityFacts(alertsNow(), bundle, policy.classification), policy.classification);
    const used = process.cpuUsage(begunMs);
    looks.push({ atMs, hypotheses, bundle, cpuMs: (used.user + used.system) / 1000 });
    for (const one of look === 0 ? [before, after] : [after]) {
      if (severityReasons.length === 0 || higherOf(one.severity, severity) !== severity) severityReasons = one.reasons;
      severity = look === 0 && one === before ? one.severity : higherOf(severity, one.severity);
    }
    const leading = hypotheses[0];
    const remedies = leading === undefined || leading.cause === 'unknown' ? [] : remediesInOrder(leading);
    if (judged === null && leading !== undefined && remedies.length > 0) judged = { hypothesis: leading, atMs };
    const watchedMs = production.world.nowMs - (judged?.atMs ?? detectedAtMs);
    if (watchedMs > (judged === null ? WATCH_MINUTES : watchOnMinutes) * MINUTE_MS) break;
    // While people decide it is looked at again every five minutes, or when another alert comes.
    const again = atMs + policy.evidence.againEveryMinutes * MINUTE_MS;
    const known = alertsNow().length;
    while (production.world.nowMs < again && alertsNow().length === known) await production.advanceUntilReaction(again);
    if (alertsNow().length > known) await production.advanceTo(Math.min(again, production.world.nowMs + 30_000));
  }
  const last = looks.at(-1);
  return {
    detectedAtMs,
    judged: judged?.hypothesis ?? last?.hypotheses[0] ?? null,
    judgedAtMs: judged?.atMs ?? last?.atMs ?? detectedAtMs,
    proposed: judged !== null,
    offered: judged === null ? [] : remediesInOrder(judged.hypothesis).map(({ action }) => action),
    looks,
    measured,
    severity,
    severityReasons,
    alerts: alertsNow(),
  };
}

type Collecting = Parameters<Stage['activities']['collectEvidence']>[0];

/**
 * World time stands while it is asked, so an answer that is late is late because this machine is busy: production would
 * have answered. What is really away refuses or is silent as long as it is asked.
 */
async function collected(stage: Stage, policy: Policy, request: Collecting['request']): Promise<EvidenceBundle> {
  const evidence = { ...policy.evidence, probeDeadlineSeconds: PATIENCE_SECONDS };
  for (let attempt = 1; ; attempt++) {
    const bundle = await stage.activities.collectEvidence({ request, service: policy.service, evidence });
    if (attempt === COLLECTING_ATTEMPTS || !isLate(bundle)) return bundle;
  }
}

/** Nobody answered, or not in time. What is really down says so again at once. */
function isLate({ gaps, items }: EvidenceBundle): boolean {
  return (
    gaps.some(({ reason }) => LATE.test(reason)) ||
    items.some(({ finding }) => 'answers' in finding && !finding.answers)
  );
}

const PATIENCE_SECONDS = 30;
const COLLECTING_ATTEMPTS = 6;
const LATE = /within [\d.]+ m?s|timed? ?out|did not answer/i;

/** The alerts that would have joined the incident of the first one, each as it was heard last. */
function openAlerts(stage: Stage, policy: Policy, first: Alert): readonly Alert[] {
  const own = correlate(first, policy.intake);
  const keys = new Set([own.key, ...own.related]);
  const byFingerprint = new Map<string, Alert>();
  for (const alert of stage.heard)
    if (keys.has(correlate(alert, policy.intake).key)) byFingerprint.set(alert.fingerprint, alert);
  return [...byFingerprint.values()];
}
