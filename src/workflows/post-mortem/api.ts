import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { CommunicationPolicy } from '../../domain/communication-policy.ts';
import type { IncidentFacts } from '../../domain/incident-facts.ts';
import type { Instant } from '../../domain/instant.ts';
import type { RunbooksPolicy } from '../../domain/review-policy.ts';
import type { RunbookChange } from '../../domain/runbook-change.ts';
import type { AgendaEntry } from '../incident/api.ts';

/** The workflow type's name; stored in history for years. */
export const POST_MORTEM_WORKFLOW = 'postMortem';

export function postMortemWorkflowId(incidentId: string): string {
  return `post-mortem-${incidentId}`;
}

/** The document of one incident from its draft until people have approved it, however long that takes (R6.3). */
export interface PostMortemInput {
  readonly facts: IncidentFacts;
  readonly path: string;
  /** Of the draft, in the evidence store. */
  readonly digest: string;
  readonly communication: CommunicationPolicy;
  /** When it should be approved: the review meeting. Chased from then on. */
  readonly dueAt: Instant;
  /** How what is learned goes back into the runbooks (R6.5); absent or null: that is left to people. */
  readonly runbooks?: RunbooksPolicy | null;
  /** Incident time at which this run began. */
  readonly anchorAt: Instant;
  readonly speed: number;
  readonly carried: PostMortemStatus | null;
}

export interface PostMortemVersion {
  readonly digest: string;
  readonly by: string;
  readonly at: Instant;
}

export interface PostMortemStatus {
  /** Oldest first, at most the newest hundred; the last one is what people read. */
  readonly versions: readonly PostMortemVersion[];
  readonly approved: PostMortemVersion | null;
  /** The version that stands where documents live; null until it was put there. */
  readonly publishedDigest: string | null;
  readonly location: string | null;
  readonly chases: number;
  readonly shared: boolean;
  /** Null while no change of a runbook is drafted. */
  readonly runbook?: RunbookChangeStatus | null;
}

export interface RunbookChangeStatus extends RunbookChange {
  /** When it becomes a pull request unless somebody withholds it. */
  readonly opensAt: Instant;
  /** False until the incident, the record and people know of this state. */
  readonly told: boolean;
  /** The pull request whose place this takes, proposed before the incident came back; absent when there is none. */
  readonly replaces?: string | null;
}

/** A new text, already in the evidence store under `digest`. Refused when somebody else edited since `basedOn`. */
export interface EditPostMortem {
  readonly digest: string;
  readonly basedOn: string;
  readonly by: string;
  readonly receivedAt: Instant;
}

export interface ApprovePostMortem {
  readonly digest: string;
  readonly by: string;
  readonly receivedAt: Instant;
}

/** Another text for the runbook, already in the evidence store. */
export type EditRunbookChange = EditPostMortem;
export type ProposeRunbookChange = ApprovePostMortem;

export interface WithholdRunbookChange {
  readonly because: string;
  readonly by: string;
  readonly receivedAt: Instant;
}

export const editPostMortemUpdate = defineUpdate<PostMortemStatus, [EditPostMortem]>('edit');
export const approvePostMortemUpdate = defineUpdate<PostMortemStatus, [ApprovePostMortem]>('approve');
export const editRunbookChangeUpdate = defineUpdate<PostMortemStatus, [EditRunbookChange]>('edit-runbook-change');
export const withholdRunbookChangeUpdate = defineUpdate<PostMortemStatus, [WithholdRunbookChange]>(
  'withhold-runbook-change',
);
export const proposeRunbookChangeUpdate = defineUpdate<PostMortemStatus, [ProposeRunbookChange]>(
  'propose-runbook-change',
);
/** The machine has written its facts anew. `again`: since the incident came back, so that people read and approve it anew. */
export const machineWroteSignal =
  defineSignal<[{ readonly digest: string; readonly at: Instant; readonly again?: boolean }]>('machine-wrote');
export const postMortemQuery = defineQuery<PostMortemStatus>('post-mortem');
export const postMortemAgendaQuery = defineQuery<readonly AgendaEntry[]>('agenda');
