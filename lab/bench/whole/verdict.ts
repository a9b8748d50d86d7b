import { epochMs } from '../../../src/domain/instant.ts';
import { SEVERITIES, type Severity } from '../../../src/domain/severity.ts';
import { causeChecks, judgedCause } from '../../rehearsal/checks/causes.ts';
import { allEvents, eventsOf } from '../../rehearsal/checks/evidence.ts';
import { harmWords, weighedActions } from '../../rehearsal/checks/harm.ts';
import { firstAlertMs } from '../../rehearsal/checks/measures.ts';
import { actionOf, productionChanges } from '../../rehearsal/checks/production-changes.ts';
import { brokenPromises } from '../../rehearsal/checks/promises.ts';
import type { Drill } from '../../rehearsal/drill.ts';
import { judge } from '../../rehearsal/judge.ts';
import type { DrillRun } from '../../rehearsal/play-drill.ts';
import { measure, type SeverityRange, severityTruth } from '../diagnosis/severity-truth.ts';

/** What became of one drill, by the world's own word. */
export interface Verdict {
  readonly drill: string;
  readonly kind: 'incident' | 'silent' | 'benign';
  /** The kinds that really began, without noise; of a benign one what it shows. */
  readonly truth: string;
  /** What was ranked first when the first remedy was proposed, or at the end. */
  readonly found: string;
  /** Of a benign one: nothing was explained by a fault. */
  readonly right: boolean;
  readonly unknown: boolean;
  readonly bothFound: boolean | null;
  readonly severity: Severity | null;
  readonly severityRight: boolean | null;
  readonly actions: readonly string[];
  /** In words; what people chose against the proposal is not among them. */
  readonly harmful: readonly string[];
  /** Actions that the drill forbids, among them every one in a benign drill. */
  readonly forbidden: readonly string[];
  readonly promisesBroken: readonly string[];
  readonly promisesMade: number;
  /** Whatever else of a drill's checks failed, in words. */
  readonly otherwise: readonly string[];
  readonly proposedAfterSeconds: number | null;
  readonly mitigatedAfterMinutes: number | null;
  readonly line: string;
}

const MINUTE_MS = 60_000;
/** No metric tells of these, so no alert fires: a ticket reports the first, and the second waits for a canary of ours. */
const SILENT: readonly string[] = ['minor-bug', 'canary-regression'];
/** Judged under a heading of its own. */
const JUDGED_APART = /^(cause|never |promises|no harmful action|declared|ends)/;

export async function verdictOf(drillRun: DrillRun, bundlePath: string): Promise<Verdict> {
  const { drill, incidents } = drillRun;
  const { report } = await judge(drillRun, bundlePath, () => 0);
  const isBenign = drill.name.startsWith('benign-');
  const truths = drillRun.environment.production.world.truths().flatMap(({ kind }) => (isReal(kind) ? [kind] : []));
  const first = incidents.flatMap((workflow) => judgedCause(workflow) ?? []);
  const causes = causeChecks(drillRun);
  const wrongly = causes.some(({ check, passed }) => check === 'cause acted on first' && !passed);
  const named = first.filter(({ cause }) => cause !== 'unknown');
  const right = isBenign ? named.length === 0 : named.length > 0 && !wrongly && causes.some(({ passed }) => passed);
  const severity = highestSeverity(drillRun);
  const range = severity === null ? null : severityRange(drillRun);
  const broken = brokenPromises(drillRun);
  const checks = [...report.checks, ...report.invariants].filter(({ passed }) => !passed);
  const done = productionChanges(drillRun).map(({ action, target }) => `${action} ${target}`);
  const verdict = {
    drill: drill.name,
    kind: isBenign ? ('benign' as const) : SILENT.includes(truths.join()) ? ('silent' as const) : ('incident' as const),
    truth: isBenign ? drill.name.replace(/-\d+-\d+$/, '') : truths.join('+'),
    found: incidents.length === 0 ? 'no incident' : (named[0]?.cause ?? 'unknown'),
    right,
    unknown: named.length === 0,
    bothFound: isBenign || truths.length < 2 ? null : causes.every(({ passed }) => passed),
    severity,
    severityRight: isBenign || severity === null || range === null ? null : isWithin(severity, range),
    actions: done,
    harmful: weighedActions(drillRun)
      .filter(({ harmful, wantedBy }) => harmful && wantedBy === 'machine')
      .map(harmWords),
    forbidden: isBenign ? done : checks.flatMap(({ check }) => (check.startsWith('never ') ? [check.slice(6)] : [])),
    promisesBroken: broken,
    promisesMade: allEvents(drillRun, 'promised').length,
    otherwise: checks.flatMap(({ check, actual }) =>
      JUDGED_APART.test(check) ? [] : [`${check}: ${typeof actual === 'string' ? actual : JSON.stringify(actual)}`],
    ),
    proposedAfterSeconds: proposedAfterSeconds(drillRun),
    mitigatedAfterMinutes: report.incidents[0]?.minutes.mitigated ?? null,
  };
  return { ...verdict, line: lineOf(verdict, range, named[0]?.names ?? []) };
}

/** A drill that could not be played or judged: it counts as everything having gone wrong, with the reason. */
export function failedVerdict({ name }: Drill, error: Error): Verdict {
  return {
    drill: name,
    kind: name.startsWith('benign-') ? 'benign' : 'incident',
    truth: name.replace(/-\d+-\d+$/, ''),
    found: 'not played',
    right: false,
    unknown: false,
    bothFound: null,
    severity: null,
    severityRight: null,
    actions: [],
    harmful: [],
    forbidden: [],
    promisesBroken: [],
    promisesMade: 0,
    otherwise: [`not played: ${error.message}`],
    proposedAfterSeconds: null,
    mitigatedAfterMinutes: null,
    line: `BAD ${name} not played: ${error.message}`,
  };
}

function isReal(kind: string): boolean {
  return kind !== 'noise' && kind !== 'alert-storm';
}

function highestSeverity(drillRun: DrillRun): Severity | null {
  const seen = new Set(
    [...allEvents(drillRun, 'severity-assessed'), ...allEvents(drillRun, 'severity-set')].map(
      ({ severity }) => severity,
    ),
  );
  return SEVERITIES.find((severity) => seen.has(severity)) ?? null;
}

/** By the runbook's table from what the world showed in each minute of the incidents, until nothing was assessed any more. */
function severityRange(drillRun: DrillRun): SeverityRange {
  const { drill, incidents, played, environment } = drillRun;
  const fromMs = Math.min(...incidents.map((workflow) => firstAlertMs(workflow) ?? played.endedAtMs));
  const minutes = Math.floor((played.endedAtMs - fromMs) / MINUTE_MS);
  const looks = Array.from({ length: minutes }, (_, minute) =>
    measure(environment.production.world, fromMs + minute * MINUTE_MS),
  );
  const claims = allEvents(drillRun, 'alert-received').flatMap(({ alert }) => alert.claimedSeverity ?? []);
  return severityTruth(
    looks,
    claims,
    drill.faults.map(({ spec }) => spec),
  );
}

function isWithin(severity: Severity, { highest, lowest }: SeverityRange): boolean {
  return severity >= highest && severity <= lowest;
}

/** World time from the first alert until something was proposed, or done without asking. */
function proposedAfterSeconds({ incidents }: DrillRun): number | null {
  const seconds = incidents.flatMap((workflow) => {
    const alertMs = firstAlertMs(workflow);
    const proposed = [
      ...eventsOf(workflow, 'approval-requested').filter(({ approval }) =>
        approval.options.some(({ plan }) => plan !== null),
      ),
      ...eventsOf(workflow, 'remedy-intended').filter(({ plan }) => !actionOf(plan).startsWith('revert-')),
    ].map(({ at }) => epochMs(at));
    return alertMs === null || proposed.length === 0 ? [] : [(Math.min(...proposed) - alertMs) / 1000];
  });
  return seconds.length === 0 ? null : Math.min(...seconds);
}

function lineOf(verdict: Omit<Verdict, 'line'>, range: SeverityRange | null, names: readonly string[]): string {
  const { right, unknown, severityRight } = verdict;
  const troubles = [
    ...(severityRight === false ? [`SEVERITY truth ${range?.highest} to ${range?.lowest} (${range?.words})`] : []),
    ...verdict.harmful.map((words) => `HARM ${words}`),
    ...verdict.forbidden.map((action) => `FORBIDDEN ${action}`),
    ...verdict.promisesBroken.map((words) => `PROMISE ${words}`),
    ...verdict.otherwise.map((words) => `ELSE ${words}`),
    ...(verdict.bothFound === false ? ['ONE-MISSED'] : []),
  ];
  const mark = right ? 'ok ' : unknown ? '?  ' : 'BAD';
  const proposed = verdict.proposedAfterSeconds === null ? '-' : `${verdict.proposedAfterSeconds} s`;
  return `${mark} ${verdict.drill} ${verdict.severity ?? '-'} ${verdict.found} (${names.join(', ')}) proposed after ${proposed}; ${verdict.actions.join(', ') || 'no action'}${troubles.length === 0 ? '' : ` <<${troubles.join('; ')}>>`}`;
}
