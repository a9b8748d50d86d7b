import { defineQuery, defineUpdate } from '@temporalio/workflow';
import type { Decision } from '../../domain/decision.ts';
import type { EvidenceBundle, ProbeName } from '../../domain/evidence.ts';
import type { Instant } from '../../domain/instant.ts';
import type { Actor } from '../../domain/people.ts';
import type { EvidencePolicy, ServicePolicy } from '../../domain/policy.ts';
import type { QuickActionName, QuickActionState, QuickNeeds } from '../../domain/quick-action.ts';
import type { Target } from '../../domain/remedy.ts';

/** The workflow types' names; stored in history for years. */
export const QUICK_ACTION_WORKFLOW = 'quickAction';
export const QUICK_CHECK_WORKFLOW = 'quickCheck';

export interface QuickActionInput {
  /** Also the workflow's id: the same request twice is one action. */
  readonly id: string;
  readonly action: QuickActionName;
  readonly target: Target;
  readonly parameters: Readonly<Record<string, string | number>>;
  readonly by: Actor;
  readonly because: string;
  /** The open incident whose timeline it goes on; null when it belongs to none. */
  readonly incidentId: string | null;
  readonly needs: QuickNeeds;
  /** Unanswered for so long, it is not done any more. */
  readonly confirmWithinMinutes: number;
  readonly rolloutTimeoutMinutes: number;
  /** How long a temporary change may stay before people are asked; null: it is not temporary. */
  readonly leaseMinutes: number | null;
  readonly service: ServicePolicy;
  readonly anchorAt: Instant;
  readonly speed: number;
}

/** Somebody's yes: an `approve` whose incidentId and approvalId are the quick action's id, signed like every decision. */
export const confirmQuickUpdate = defineUpdate<QuickActionState, [Decision<'approve'>]>('confirm');
export const callOffQuickUpdate = defineUpdate<QuickActionState, [Decision<'call-off'>]>('call-off');
/** Takes a temporary change back: the value of before returns. */
export const undoQuickUpdate = defineUpdate<QuickActionState, [Decision<'revert-lease'>]>('undo');
export const quickStateQuery = defineQuery<QuickActionState>('state');

export interface QuickCheckInput {
  readonly id: string;
  readonly probes: readonly ProbeName[];
  readonly service: ServicePolicy;
  readonly evidence: EvidencePolicy;
  readonly by: Actor;
  /** The incident it is asked for, whose timeline names it; null when it belongs to none. */
  readonly incidentId: string | null;
  readonly what: string;
  readonly at: Instant;
}

export type QuickCheckResult = Pick<EvidenceBundle, 'items' | 'gaps' | 'collectedAt'>;
