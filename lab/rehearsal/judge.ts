import { clockTimeUtc } from '../../src/domain/instant.ts';
import { SEVERITIES } from '../../src/domain/severity.ts';
import { describe, namesIn } from '../../src/views/timeline-line.ts';
import { judgedCause } from './checks/causes.ts';
import { type Check, chatKinds, eventsOf, mailedContacts, pagedContacts, publicStates } from './checks/evidence.ts';
import { expectationChecks } from './checks/expectations.ts';
import { weighedActions } from './checks/harm.ts';
import { invariantChecks } from './checks/invariants.ts';
import { type Minutes, minutesOf } from './checks/measures.ts';
import { type PromiseCount, promiseCount } from './checks/promises.ts';
import { replayCheck } from './checks/replay.ts';
import type { DrillRun } from './play-drill.ts';
import type { TrackedWorkflow } from './workflow-tracker.ts';

/** What `--json` prints of a drill; field by field as the format promises. */
export interface DrillReport {
  readonly drill: string;
  readonly passed: boolean;
  readonly checks: readonly Check[];
  readonly incidents: readonly IncidentReport[];
  readonly paged: readonly string[];
  readonly mailed: readonly string[];
  readonly published: { readonly statusPage: readonly string[]; readonly slack: readonly string[] };
  readonly failedRequests: number;
  readonly invariants: readonly Check[];
  readonly wallSeconds: number;
}

export interface IncidentReport {
  readonly id: string;
  readonly severity: string | null;
  readonly cause: { readonly kind: string; readonly names: readonly string[]; readonly confidence: number } | null;
  readonly actions: readonly {
    readonly action: string;
    readonly target: string;
    readonly at: string;
    readonly outcome: string;
    /** What became of it in the world; null when it changed nothing there that requests feel. */
    readonly harm: {
      readonly failedWith: number;
      readonly failedWithout: number;
      readonly wantedBy: 'machine' | 'people';
      readonly harmful: boolean;
    } | null;
  }[];
  readonly minutes: Minutes;
  readonly promises: PromiseCount;
  readonly events: number;
  readonly timeline: readonly { readonly at: string; readonly kind: string; readonly text: string }[];
}

/** A report and what only a person is shown: about, clock times, what people did. */
export interface Judged {
  readonly report: DrillReport;
  readonly about: string | null;
  readonly startAtMs: number;
  readonly endedAtMs: number;
  readonly scenes: readonly { readonly atMs: number; readonly who: string; readonly words: string }[];
  readonly windows: readonly { readonly phase: string; readonly fromMinutes: number; readonly toMinutes: number }[];
}

export async function judge(drillRun: DrillRun, bundlePath: string, wallSeconds: () => number): Promise<Judged> {
  const { drill, environment, played } = drillRun;
  const checks = expectationChecks(drillRun);
  const invariants = [...invariantChecks(drillRun), await replayCheck(drillRun, bundlePath)];
  const passed = [...checks, ...invariants].every((check) => check.passed);
  const report: DrillReport = {
    drill: drill.name,
    passed,
    checks,
    incidents: drillRun.incidents.map((workflow) => incidentReport(workflow, drillRun)),
    paged: pagedContacts(drillRun),
    mailed: mailedContacts(drillRun),
    published: { statusPage: publicStates(drillRun), slack: chatKinds(drillRun) },
    failedRequests: Math.round(environment.production.world.requests(drill.startAtMs, played.endedAtMs).failed),
    invariants,
    wallSeconds: Math.round(wallSeconds() * 10) / 10,
  };
  const { phases } = drillRun.drillPolicy.policy;
  return {
    report,
    about: drill.about,
    startAtMs: drill.startAtMs,
    endedAtMs: played.endedAtMs,
    scenes: scenesOf(drillRun),
    windows: Object.entries(phases).map(([phase, window]) => ({ phase, ...window })),
  };
}

function incidentReport(workflow: TrackedWorkflow, drillRun: DrillRun): IncidentReport {
  const cause = judgedCause(workflow);
  const severities = new Set(
    [...eventsOf(workflow, 'severity-assessed'), ...eventsOf(workflow, 'severity-set')].map(({ severity }) => severity),
  );
  const named = namesIn(workflow.timeline);
  const outcomes = new Map(eventsOf(workflow, 'remedy-carried-out').map((event) => [event.key, event]));
  return {
    id: workflow.workflowId,
    severity: SEVERITIES.find((severity) => severities.has(severity)) ?? null,
    cause:
      cause === null
        ? null
        : { kind: cause.cause, names: cause.names, confidence: Math.round(cause.confidence * 100) / 100 },
    actions: eventsOf(workflow, 'remedy-intended').map(({ plan, at }) => ({
      action: plan.action,
      target: plan.target.name,
      at: toTheSecond(at),
      outcome: outcomes.get(plan.key)?.outcome.result ?? 'unknown',
      harm: harmOf(drillRun, plan.key),
    })),
    minutes: minutesOf(workflow, drillRun),
    promises: promiseCount(workflow),
    events: workflow.timeline.length,
    timeline: workflow.timeline.map((event) => ({
      at: toTheSecond(event.at),
      kind: event.kind,
      text: describe(event, named),
    })),
  };
}

function harmOf(drillRun: DrillRun, key: string): IncidentReport['actions'][number]['harm'] {
  const found = weighedActions(drillRun).find((one) => one.key === key);
  if (found === undefined) return null;
  const { wantedBy, harmful } = found;
  return {
    failedWith: Math.round(found.failedWith),
    failedWithout: Math.round(found.failedWithout),
    wantedBy,
    harmful,
  };
}

/** What the world, people and wires did, beside the incidents' own timelines. */
function scenesOf({ drill, environment, peopleDid, peopleCouldNot, wiresTold, played }: DrillRun): Judged['scenes'] {
  const faults = environment.production.world.truths().map(({ kind, names, startMs }) => ({
    atMs: startMs,
    who: 'world',
    words: `${kind}${names.length === 0 ? '' : ` (${names.join(', ')})`}`,
  }));
  const did = peopleDid.map(({ atMs, who, what, accepted, words }) => ({
    atMs,
    who,
    words: `${what}${accepted ? '' : `, refused: ${words}`}`,
  }));
  const wires = wiresTold.map(({ atMs, words }) => ({ atMs, who: 'wires', words }));
  const undone = peopleCouldNot.map((words) => ({
    atMs: played.endedAtMs,
    who: 'people',
    words: `${words} (${drill.name} ended first)`,
  }));
  return [...faults, ...did, ...wires, ...undone].sort((a, b) => a.atMs - b.atMs);
}

/** Instants are equal from run to run to the second, so that is how they are told. */
function toTheSecond(at: string): string {
  return `${at.slice(0, 19)}Z`;
}

export function clockOf(ms: number): string {
  return clockTimeUtc(new Date(ms).toISOString());
}
