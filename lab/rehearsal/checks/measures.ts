import { epochMs } from '../../../src/domain/instant.ts';
import type { DrillRun } from '../play-drill.ts';
import type { TrackedWorkflow } from '../workflow-tracker.ts';
import { eventsOf, failedShare } from './evidence.ts';

/** Minutes of one incident, counted from its first alert; null when it never came to that. */
export interface Minutes {
  readonly detected: number | null;
  readonly declared: number | null;
  readonly acknowledged: number | null;
  readonly causeKnown: number | null;
  readonly mitigated: number | null;
  readonly resolved: number | null;
}

const SYMPTOM_SHARE = 0.02;
const SYMPTOM_STEP_MS = 15_000;

/** When the first alert of an incident reached us. */
export function firstAlertMs(workflow: TrackedWorkflow): number | null {
  const alert = eventsOf(workflow, 'alert-received')[0];
  return alert === undefined ? null : epochMs(alert.at);
}

export function minutesOf(workflow: TrackedWorkflow, drillRun: DrillRun): Minutes {
  const startMs = firstAlertMs(workflow);
  const since = (atMs: number | null): number | null =>
    startMs === null || atMs === null ? null : rounded((atMs - startMs) / 60_000);
  const at = (kind: 'severity-assessed' | 'mitigated') => {
    const event = eventsOf(workflow, kind)[0];
    return event === undefined ? null : epochMs(event.at);
  };
  const acknowledged = eventsOf(workflow, 'acknowledged')[0];
  const known = eventsOf(workflow, 'explained').find(
    (event) => event.hypotheses[0] !== undefined && event.hypotheses[0].cause !== 'unknown',
  );
  const resolved = eventsOf(workflow, 'resolved').at(-1);
  const symptomMs = startMs === null ? null : firstSymptomMs(drillRun, startMs);
  return {
    detected: startMs === null || symptomMs === null ? null : rounded((startMs - symptomMs) / 60_000),
    declared: since(at('severity-assessed')),
    acknowledged: since(acknowledged === undefined ? null : epochMs(acknowledged.saidAt ?? acknowledged.at)),
    causeKnown: since(known === undefined ? null : epochMs(known.at)),
    mitigated: since(at('mitigated')),
    resolved: since(resolved === undefined ? null : epochMs(resolved.at)),
  };
}

/** The world's own word: when requests first failed beyond what is usual, before that alert. */
export function firstSymptomMs(drillRun: DrillRun, alertMs: number): number | null {
  const real = drillRun.environment.production.world
    .truths()
    .filter(({ kind, startMs }) => kind !== 'noise' && startMs <= alertMs);
  const beganMs = real.length === 0 ? null : Math.max(...real.map(({ startMs }) => startMs));
  if (beganMs === null) return null;
  for (let atMs = beganMs; atMs < alertMs; atMs += SYMPTOM_STEP_MS) {
    if (failedShare(drillRun, atMs, atMs + SYMPTOM_STEP_MS) > SYMPTOM_SHARE) return atMs;
  }
  return beganMs;
}

function rounded(minutes: number): number {
  return Math.round(minutes * 60) / 60;
}
