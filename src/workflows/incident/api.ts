import { defineSearchAttributeKey } from '@temporalio/common';
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { Alert } from '../../domain/alert.ts';
import type { CommunicationPolicy } from '../../domain/communication-policy.ts';
import type { Decision, DecisionAnswer, DecisionName } from '../../domain/decision.ts';
import type { IncidentState } from '../../domain/incident.ts';
import type { IncidentFacts } from '../../domain/incident-facts.ts';
import type { Instant } from '../../domain/instant.ts';
import type { Policy } from '../../domain/policy.ts';
import type { RunbookChange } from '../../domain/runbook-change.ts';
import type { TimelineEvent } from '../../domain/timeline.ts';

/** The workflow type's name; stored in history for years. */
export const INCIDENT_WORKFLOW = 'incident';

export const TASK_QUEUE = 'incident-runbook';

/** The incident's id is its workflow id and its human name: `incident-20241023-1430`, with a suffix on collision. */
export function incidentWorkflowId(incidentId: string): string {
  return incidentId;
}

/**
 * The memo that says how fast incident time passes (`speed` of the input), where that is not 1: timeouts and retries of
 * every call follow it (activity-calls.ts).
 */
export const SPEED_MEMO = 'incidentSecondsPerSecond';

export function speedMemo(speed: number): { readonly memo?: Readonly<Record<string, number>> } {
  return speed === 1 ? {} : { memo: { [SPEED_MEMO]: speed } };
}

export const SEARCH_ATTRIBUTES = {
  severity: defineSearchAttributeKey('Severity', 'KEYWORD'),
  phase: defineSearchAttributeKey('Phase', 'KEYWORD'),
  service: defineSearchAttributeKey('Service', 'KEYWORD'),
  commander: defineSearchAttributeKey('Commander', 'KEYWORD'),
} as const;

export interface IncidentInput {
  readonly incidentId: string;
  readonly title: string;
  readonly service: string;
  readonly policy: Policy;
  /** Incident time: when the gateway took the first alert in. */
  readonly openedAt: Instant;
  /** When the problem began to show: the alert's own startsAt. */
  readonly detectedAt: Instant;
  /** Incident time at which this run was started; elapsed workflow time is added to it (ADR 0016). */
  readonly anchorAt: Instant;
  /** Incident seconds per second of workflow time: 1 in production, more in a demo that hurries. */
  readonly speed: number;
  /** Carried by the start input, so that an incident runs even if the first message is lost (ADR 0008). */
  readonly firstAlert: Alert;
  readonly previousIncidentId: string | null;
  /** What an earlier run of the same incident hands over by continue-as-new; null at the first. */
  readonly carried: CarriedIncident | null;
}

export interface CarriedIncident {
  readonly state: IncidentState;
  /** The newest events; older ones are in the store, under the digest chain of the record. */
  readonly tail: readonly TimelineEvent[];
  /** The newest event that the store's copy has; absent in what was carried before it was kept. */
  readonly recordedThroughSeq?: number;
}

export interface IncidentResult {
  readonly incidentId: string;
  readonly closedAs: 'resolved' | 'false-alarm' | 'merged' | 'cancelled';
  readonly facts: IncidentFacts;
}

/** Alerts of this incident, in the order the gateway stored them; batches are coalesced (ADR 0018). */
export interface AlertBatch {
  readonly alerts: readonly Alert[];
}

export interface JoinedIncident {
  readonly incidentId: string;
  readonly phase: string;
  readonly severity: string;
}

/** A wait of the incident: what for, and until when. The conductor of a drill moves time by these. */
export interface AgendaEntry {
  readonly name: string;
  readonly dueAt: Instant;
}

/** First alert, as update-with-start. */
export const receiveAlertsUpdate = defineUpdate<JoinedIncident, [AlertBatch]>('receive-alerts');
/** Every later batch, as signal-with-start. */
export const alertsSignal = defineSignal<[AlertBatch]>('alerts');

/** One update and one signal of the same shape for each decision; named as in the drills' `does`. */
export function decisionUpdate<N extends DecisionName>(name: N) {
  return defineUpdate<DecisionAnswer, [Decision<N>]>(name);
}
export function decisionSignal<N extends DecisionName>(name: N) {
  return defineSignal<[Decision<N>]>(name);
}

export const stateQuery = defineQuery<{
  readonly state: IncidentState;
  readonly facts: IncidentFacts;
  readonly now: Instant;
}>('state');
/** An answer that was cut is at least half as big: nothing on a timeline is bigger than the other half. */
export const TIMELINE_ANSWER_BYTES = 384 * 1024;
/** The oldest events after that number, as many as fit. */
export const timelineSinceQuery = defineQuery<readonly TimelineEvent[], [number]>('timelineSince');
export const agendaQuery = defineQuery<readonly AgendaEntry[]>('agenda');
/** The texts of this incident: its policy is frozen, so a preview must not use the newest one. */
export const communicationQuery = defineQuery<{
  readonly communication: CommunicationPolicy;
  readonly chatGroups: readonly string[];
}>('communication');
export const paperQuery = defineQuery<string>('paper');

/** A fact from the post-mortem's own workflow: somebody has approved the document. */
export const postMortemApprovedSignal =
  defineSignal<[{ readonly location: string; readonly digest: string; readonly by: string; readonly at: Instant }]>(
    'post-mortem-approved',
  );
/** A fact from the same workflow: what became of the change of a runbook (R6.5). */
export const runbookChangedSignal = defineSignal<[RunbookChanged]>('runbook-changed');

export type RunbookChanged = Pick<RunbookChange, 'stage' | 'file' | 'words' | 'link' | 'by' | 'at'>;
