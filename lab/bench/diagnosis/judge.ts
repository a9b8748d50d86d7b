import type { Hypothesis } from '../../../src/domain/diagnosis.ts';
import type { Severity } from '../../../src/domain/severity.ts';
import type { Drill } from '../../rehearsal/drill.ts';
import { buildDrillPolicy } from '../../rehearsal/drill-policy.ts';
import { type SeverityRange, severityTruth } from './severity-truth.ts';
import { openStage } from './stage.ts';
import { firstAlert, type Watched, watch } from './watch.ts';

export interface Verdict {
  readonly drill: string;
  readonly plan: 'single' | 'two' | 'benign';
  /** The kinds that really began, without noise. */
  readonly truth: string;
  readonly found: string;
  readonly right: boolean;
  readonly unknown: boolean;
  /** Both of two faults among the well founded explanations. */
  readonly bothFound: boolean | null;
  /** Something was proposed although nothing of it was true. */
  readonly wrongProposal: boolean;
  readonly severity: string;
  /** By the runbook's table from the world's own counters; null when there was no incident. */
  readonly severityRight: boolean | null;
  readonly detectedAfterMinutes: number | null;
  readonly proposedAfterSeconds: number | null;
  readonly cpuMs: readonly number[];
  readonly line: string;
}

const HOUR_MS = 3_600_000;
/** After the first proposal: until what a second fault does is measured, or until it is known how many users it concerns. */
const WATCH_ON_MINUTES = { severalFaults: 11, oneFault: 4 };

function isReal(kind: string): boolean {
  return kind !== 'noise' && kind !== 'alert-storm';
}

export async function playOne(drill: Drill): Promise<Verdict> {
  const { policy } = await buildDrillPolicy(drill);
  const stage = await openStage(drill, policy);
  try {
    const untilMs = drill.startAtMs + 2 * HOUR_MS;
    const first = await firstAlert(stage, policy, untilMs);
    const several = drill.faults.filter(({ spec }) => isReal(spec.kind)).length > 1;
    const watchOnMinutes = several ? WATCH_ON_MINUTES.severalFaults : WATCH_ON_MINUTES.oneFault;
    const watched = first === null ? null : await watch(stage, policy, first, watchOnMinutes);
    const unknownBelow = policy.diagnosis.unknownBelow;
    return verdictOf(drill, watched, stage.production.world.truths(), unknownBelow);
  } finally {
    await stage.close();
  }
}

/** What the drill's own `expect` says that can be seen without acting: cause, severity, the first remedy offered. */
function expectationsMissed(drill: Drill, watched: Watched | null): string {
  const { cause, severity, firstAction } = drill.expect;
  const missed: string[] = [];
  if (cause !== undefined && watched !== null && watched.judged?.cause !== cause.kind)
    missed.push(`cause ${cause.kind}?`);
  if (severity !== undefined && watched !== null && watched.severity !== severity) missed.push(`${severity}?`);
  const offered = watched === null ? 'none' : (watched.offered[0] ?? 'none');
  if (firstAction !== undefined && ![firstAction].flat().includes(offered as never)) missed.push(`first ${offered}`);
  return missed.length === 0 ? '' : `<<${missed.join(', ')}>> `;
}

function severityRange(drill: Drill, { alerts, measured, looks }: Watched): SeverityRange {
  const untilMs = looks.at(-1)?.atMs ?? 0;
  const begun = drill.faults.filter(({ atMs }) => drill.startAtMs + atMs <= untilMs).map(({ spec }) => spec);
  return severityTruth(
    measured,
    alerts.flatMap(({ claimedSeverity }) => claimedSeverity ?? []),
    begun,
  );
}

function isWithin(severity: Severity, { highest, lowest }: SeverityRange): boolean {
  return severity >= highest && severity <= lowest;
}

type Truth = ReturnType<Awaited<ReturnType<typeof openStage>>['production']['world']['truths']>[number];

function verdictOf(drill: Drill, watched: Watched | null, truths: readonly Truth[], unknownBelow: number): Verdict {
  const real = truths.filter(({ kind }) => isReal(kind));
  const judged = watched?.judged ?? null;
  const isTrue = (hypothesis: Hypothesis) =>
    real.some(
      (truth) =>
        watched !== null &&
        truth.startMs <= watched.judgedAtMs &&
        (truth.kinds as readonly string[]).includes(hypothesis.cause) &&
        truth.names.every((name) => hypothesis.names.some((given) => given.toLowerCase().includes(name.toLowerCase()))),
    );
  // More customers than usual, whom the pods carry, are no incident either.
  const benign = real.length === 0 || drill.name.startsWith('benign-');
  const found = watched === null ? 'no incident' : (judged?.cause ?? 'nothing');
  const right = benign ? watched === null || found === 'unknown' : judged !== null && isTrue(judged);
  const last = watched?.looks.at(-1)?.hypotheses ?? [];
  const founded = last.filter((one) => one.cause !== 'unknown' && one.confidence >= unknownBelow);
  const bothFound =
    benign || real.length < 2
      ? null
      : real.every((truth) =>
          founded.some(
            (one) =>
              (truth.kinds as readonly string[]).includes(one.cause) &&
              truth.names.every((name) => one.names.some((given) => given.toLowerCase().includes(name.toLowerCase()))),
          ),
        );
  const truthWords = benign ? 'benign' : real.map(({ kind }) => kind).join('+');
  const started = Math.min(...real.map(({ startMs }) => startMs));
  const detectedAfterMinutes = watched === null || benign ? null : (watched.detectedAtMs - started) / 60_000;
  const range = watched === null ? null : severityRange(drill, watched);
  const wrongSeverity =
    range === null || watched === null || isWithin(watched.severity, range)
      ? ''
      : `SEVERITY ${watched.severity}, truth ${range.highest} to ${range.lowest} (${range.words}) `;
  const top = (watched?.looks.find(({ atMs }) => atMs === watched.judgedAtMs)?.hypotheses ?? [])
    .slice(0, 3)
    .map((one) => `${one.cause}(${one.names.join(',')}) ${one.confidence.toFixed(2)}`)
    .join(' | ');
  return {
    drill: drill.name,
    plan: benign ? 'benign' : real.length > 1 ? 'two' : 'single',
    truth: truthWords,
    found,
    right,
    unknown: found === 'unknown' || found === 'no incident' || found === 'nothing',
    bothFound,
    wrongProposal: watched?.proposed === true && !right,
    severity: watched === null ? '-' : watched.severity,
    severityRight: range === null || watched === null ? null : isWithin(watched.severity, range),
    detectedAfterMinutes,
    proposedAfterSeconds:
      watched === null || !watched.proposed ? null : (watched.judgedAtMs - watched.detectedAtMs) / 1000,
    cpuMs: watched?.looks.map(({ cpuMs }) => cpuMs) ?? [],
    line: `${drill.name} ${wrongSeverity}${expectationsMissed(drill, watched)}${watched === null ? 'not detected' : `${watched.severity} +${detectedAfterMinutes?.toFixed(1) ?? '-'}m`} ${bothFound === false ? 'ONE-MISSED ' : ''}${top} [${watched?.alerts.map(({ name }) => name).join(',') ?? ''}] ${watched?.severityReasons[0] ?? ''}`,
  };
}
