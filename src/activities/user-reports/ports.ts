import type { Alert } from '../../domain/alert.ts';
import type { Correlation } from '../../domain/correlation.ts';
import type { Instant } from '../../domain/instant.ts';
import type { UserReport } from '../../domain/user-report.ts';

/** What people reported, in the store. */
export interface ReportsPort {
  of(verificationId: string): Promise<readonly UserReport[]>;
  settle(outcome: {
    readonly id: string;
    readonly confirmed: boolean;
    readonly incidentId: string | null;
    readonly words: string;
    readonly at: Instant;
  }): Promise<readonly UserReport[]>;
}

/** The same intake as the gateway's: it opens an incident or joins the one that is open. */
export interface IntakePort {
  take(intake: {
    readonly alert: Alert;
    readonly startsAt: string;
    readonly correlation: Correlation;
    readonly detectedAt: Instant;
    readonly reopenWindowMinutes: number;
    readonly ignoredBecause: string | null;
  }): Promise<{ readonly incidentId: string | null }>;
}

/** Where a report is answered, by the way it came; null is not configured. */
export interface AnswerPorts {
  readonly chat: {
    findPosted(channel: string, key: string, threadRef: string | null): Promise<string | null>;
    post(message: {
      readonly channel: string;
      readonly text: string;
      readonly blocks: readonly unknown[];
      readonly incidentId: string;
      readonly key: string;
      readonly threadRef: string | null;
    }): Promise<unknown>;
  } | null;
  readonly zendesk: CommentPort | null;
  readonly jira: CommentPort | null;
}

export interface CommentPort {
  comment(
    ref: string,
    comment: { readonly key: string; readonly text: string; readonly solve: boolean },
  ): Promise<void>;
}
