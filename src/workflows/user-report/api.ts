import { defineQuery } from '@temporalio/workflow';
import type { Instant } from '../../domain/instant.ts';
import type { Policy } from '../../domain/policy.ts';
import type { AgendaEntry } from '../incident/api.ts';

/** The workflow type's name; stored in history for years. */
export const USER_REPORT_WORKFLOW = 'userReport';

/** One verification of what people report (R1.7); its id is its workflow id: `user-report-20240303-0912`. */
export interface UserReportInput {
  readonly verificationId: string;
  readonly policy: Policy;
  readonly openedAt: Instant;
  /** Incident time at which this run was started. */
  readonly anchorAt: Instant;
  readonly speed: number;
}

export interface UserReportResult {
  readonly verificationId: string;
  readonly confirmed: boolean;
  /** The incident that was declared or joined; null when nothing was confirmed. */
  readonly incidentId: string | null;
  readonly looks: number;
  readonly unanswered: readonly string[];
}

/** The same name as the incident's: a drill's conductor asks every workflow what it waits for. */
export const userReportAgendaQuery = defineQuery<readonly AgendaEntry[]>('agenda');
