import type { Alert } from '../alert.ts';
import type { EvidenceBundle, EvidenceItem, LogKind, LogPattern, ProbeName, RolloutRevision } from '../evidence.ts';
import { type FindingOf, findingIn, findingOf, measured } from '../findings.ts';
import { earlierOf, epochMs, type Instant, secondsBetween } from '../instant.ts';
import type { Policy } from '../policy.ts';
import type { ActionName, Target } from '../remedy.ts';

/** A remedy that was carried out and what came of it; `helped` null while that is not known. */
export interface RemedyTried {
  readonly action: ActionName;
  readonly target: Target;
  readonly helped: boolean | null;
}

export interface DiagnosisInput {
  /** All evidence of the incident, in any order; what an earlier sweep saw counts even when it is over. */
  readonly bundles: readonly EvidenceBundle[];
  readonly alerts: readonly Alert[];
  readonly remediesTried: readonly RemedyTried[];
  readonly policy: Policy;
  readonly now: Instant;
}

/** What one probe found, with the id to cite. */
export interface Found<P extends ProbeName> {
  readonly id: string;
  readonly finding: FindingOf<P>;
  /** 1, or less when a later sweep no longer saw it although the symptoms go on: then it explains less. */
  readonly freshness: number;
}

/** A deployment's change that was live when the symptoms began. */
export interface DeployBefore {
  readonly deployment: string;
  readonly revision: RolloutRevision;
  /** The last different revision before it; null when the history does not say. */
  readonly good: RolloutRevision | null;
  /** False once it was rolled back or replaced. */
  readonly live: boolean;
  readonly minutesBefore: number;
  readonly evidenceId: string;
}

export interface DeployAfter {
  readonly deployment: string;
  readonly revision: RolloutRevision;
  readonly evidenceId: string;
}

export interface LogSum {
  readonly count: number;
  readonly patterns: readonly LogPattern[];
  readonly evidenceId: string;
  readonly freshness: number;
}

/** Everything the rules look at, read once from the input. */
export interface Reading {
  readonly input: DiagnosisInput;
  readonly policy: Policy;
  /** The first sign of trouble; null when nothing says when it began. */
  readonly symptomAt: Instant | null;
  readonly errorsHigh: boolean;
  readonly latencyHigh: boolean;
  /** Workloads that serve what fails or is slow; null when the metrics do not say who serves what. */
  readonly troubledWorkloads: ReadonlySet<string> | null;
  readonly deploysBefore: readonly DeployBefore[];
  readonly deploysAfter: readonly DeployAfter[];
  found<P extends ProbeName>(probe: P): Found<P> | null;
  logs(...kinds: readonly LogKind[]): LogSum;
  /** The same, of the lines that one workload wrote. */
  logsOf(deployment: string, ...kinds: readonly LogKind[]): LogSum;
}

/** What is measured over a minute is seen after it began, never before: only clocks that differ make a cause look late. */
const TIMING_TOLERANCE_SECONDS = 20;
const STALE_FRESHNESS = 0.5;
const APPLICATION_LOGS = ['service-logs', 'log-export'] as const;
const COMPANION_LOGS = ['worker-logs'] as const;
const LOG_PROBES = ['service-logs', 'worker-logs', 'log-export'] as const;

export function read(given: DiagnosisInput): Reading {
  const bundles = [...given.bundles].sort((a, b) => epochMs(a.collectedAt) - epochMs(b.collectedAt));
  const input: DiagnosisInput = { ...given, bundles };
  const { policy } = input;
  const symptomAt = firstSymptom(input);
  const symptomsGoOn = newest(input, 'error-rate')?.abnormal === true || newest(input, 'latency')?.abnormal === true;
  const found = <P extends ProbeName>(probe: P): Found<P> | null => {
    const items = input.bundles.flatMap((bundle) => bundle.items).filter((item) => item.finding.probe === probe);
    const last = items.at(-1);
    if (last === undefined) return null;
    const telling = items.findLast((item) => item.abnormal) ?? last;
    const over = telling !== last && symptomsGoOn;
    return { id: telling.id, finding: findingOf(telling, probe), freshness: over ? STALE_FRESHNESS : 1 };
  };
  const errors = measured(found('error-rate')?.finding.ratio);
  const p95 = measured(found('latency')?.finding.p95Seconds);
  return {
    input,
    policy,
    symptomAt,
    errorsHigh: (errors !== null && errors >= policy.classification.errorRatioP2From) || anEndpointFails(found),
    latencyHigh: p95 !== null && p95 >= policy.diagnosis.p95SecondsPlaybookAbove,
    troubledWorkloads: troubledWorkloads(found, policy),
    ...deploys(input, symptomAt),
    found,
    logs: (...kinds) => logSum(found, LOG_PROBES, kinds),
    logsOf: (deployment, ...kinds) =>
      logSum(found, deployment === policy.service.application.deployment ? APPLICATION_LOGS : COMPANION_LOGS, kinds),
  };
}

/** One endpoint that fails this often is trouble, however little it is of the whole. */
const ENDPOINT_FAILING_ERROR_RATIO = 0.2;

type Find = <P extends ProbeName>(probe: P) => Found<P> | null;

function anEndpointFails(found: Find): boolean {
  return (found('endpoints')?.finding.endpoints ?? []).some(
    ({ errorRatio }) => (measured(errorRatio) ?? 0) >= ENDPOINT_FAILING_ERROR_RATIO,
  );
}

function troubledWorkloads(found: Find, policy: Policy): ReadonlySet<string> | null {
  const endpoints = found('endpoints')?.finding.endpoints ?? [];
  const slow = new Set(
    (found('slow-endpoints')?.finding.endpoints ?? [])
      .filter(({ p95Seconds }) => (measured(p95Seconds) ?? 0) >= policy.diagnosis.p95SecondsPlaybookAbove)
      .map(({ endpoint }) => endpoint),
  );
  const served = endpoints.filter(({ servedBy }) => servedBy != null);
  if (served.length === 0) return null;
  const troubled = served.filter(
    ({ endpoint, errorRatio }) =>
      slow.has(endpoint) || (measured(errorRatio) ?? 0) >= policy.classification.errorRatioP2From,
  );
  return new Set(troubled.map(({ servedBy }) => servedBy ?? ''));
}

/** Whether something happened before the symptoms, within a time that makes it a suspect. */
export function minutesBeforeSymptoms(reading: Reading, at: Instant): number | null {
  if (reading.symptomAt === null) return null;
  return secondsBetween(at, reading.symptomAt) / 60;
}

export function cameAfter(minutesBefore: number): boolean {
  return minutesBefore * 60 < -TIMING_TOLERANCE_SECONDS;
}

function firstSymptom(input: DiagnosisInput): Instant | null {
  const instants: Instant[] = input.alerts.filter((alert) => alert.status === 'firing').map((alert) => alert.startsAt);
  for (const bundle of input.bundles) {
    for (const rose of [findingIn(bundle, 'error-rate')?.roseAt, findingIn(bundle, 'latency')?.roseAt]) {
      if (rose) instants.push(rose);
    }
    for (const { roseAt, p95Seconds } of findingIn(bundle, 'slow-endpoints')?.endpoints ?? [])
      if (roseAt && (measured(p95Seconds) ?? 0) >= input.policy.diagnosis.p95SecondsPlaybookAbove)
        instants.push(roseAt);
  }
  return instants.reduce<Instant | null>((first, at) => (first === null ? at : earlierOf(first, at)), null);
}

function newest(input: DiagnosisInput, probe: ProbeName): EvidenceItem | undefined {
  return input.bundles.flatMap((bundle) => bundle.items).findLast((item) => item.finding.probe === probe);
}

function logSum(found: Find, probes: readonly (typeof LOG_PROBES)[number][], kinds: readonly LogKind[]): LogSum {
  let evidenceId = '';
  let freshness = 1;
  const byPattern = new Map<string, LogPattern>();
  for (const probe of probes) {
    const logs = found(probe);
    if (logs === null) continue;
    if (evidenceId === '') evidenceId = logs.id;
    for (const pattern of logs.finding.patterns) {
      if (!kinds.includes(pattern.kind)) continue;
      if (byPattern.size === 0) [evidenceId, freshness] = [logs.id, logs.freshness];
      // The export holds the same lines as the tail: the same pattern is counted once, by its larger number.
      const known = byPattern.get(pattern.pattern);
      if (known === undefined || known.count < pattern.count) byPattern.set(pattern.pattern, pattern);
    }
  }
  const patterns = [...byPattern.values()].sort((a, b) => b.count - a.count || a.pattern.localeCompare(b.pattern));
  return { count: patterns.reduce((sum, pattern) => sum + pattern.count, 0), patterns, evidenceId, freshness };
}

interface SeenRevision {
  readonly revision: RolloutRevision;
  readonly evidenceId: string;
}

/**
 * The changes around the first symptom (R2.2). A restart or an undo makes revisions too, and an undo gives an old
 * change a new number: revisions are told apart by what they run, not by their numbers, over all sweeps.
 */
function deploys(
  input: DiagnosisInput,
  symptomAt: Instant | null,
): { readonly deploysBefore: readonly DeployBefore[]; readonly deploysAfter: readonly DeployAfter[] } {
  const seen = new Map<string, SeenRevision[]>();
  const live = new Map<string, string>();
  for (const item of input.bundles.flatMap((bundle) => bundle.items)) {
    if (item.finding.probe !== 'rollouts') continue;
    for (const deployment of item.finding.deployments) {
      const list = seen.get(deployment.name) ?? [];
      for (const revision of [deployment.previous, deployment.current]) {
        if (revision !== null && !list.some((other) => other.revision.revision === revision.revision))
          list.push({ revision, evidenceId: item.id });
      }
      seen.set(deployment.name, list);
      if (deployment.current !== null) live.set(deployment.name, identity(deployment.current));
    }
  }
  const deploysBefore: DeployBefore[] = [];
  const deploysAfter: DeployAfter[] = [];
  const beganAt = symptomAt ?? input.now;
  for (const [deployment, list] of seen) {
    list.sort((a, b) => epochMs(a.revision.rolledOutAt) - epochMs(b.revision.rolledOutAt));
    const isBefore = (one: SeenRevision) => !cameAfter(secondsBetween(one.revision.rolledOutAt, beganAt) / 60);
    const before = list.filter(isBefore);
    const last = before.at(-1);
    for (const later of list.filter((one) => !isBefore(one))) {
      if (last === undefined || identity(later.revision) !== identity(last.revision))
        deploysAfter.push({ deployment, ...later });
    }
    if (last === undefined) continue;
    const goodIndex = before.findLastIndex((one) => identity(one.revision) !== identity(last.revision));
    const first = before[goodIndex + 1] ?? last;
    const good = before[goodIndex]?.revision ?? null;
    deploysBefore.push({
      deployment,
      ...first,
      good,
      live: live.get(deployment) === identity(last.revision),
      minutesBefore: secondsBetween(first.revision.rolledOutAt, beganAt) / 60,
    });
  }
  return { deploysBefore, deploysAfter };
}

function identity(revision: RolloutRevision): string {
  return `${revision.image} ${revision.change ?? ''}`;
}
