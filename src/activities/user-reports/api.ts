import type { EvidenceBundle } from '../../domain/evidence.ts';
import type { Instant } from '../../domain/instant.ts';
import type { Policy, ReportsPolicy } from '../../domain/policy.ts';
import type { Verdict } from '../../domain/user-report.ts';

export interface JudgeReportsInput {
  readonly verificationId: string;
  readonly bundle: EvidenceBundle;
  readonly reports: ReportsPolicy;
  readonly ownAlerts: readonly string[];
}

export interface SettleReportsInput {
  readonly verificationId: string;
  readonly verdict: Verdict;
  readonly policy: Policy;
  readonly openedAt: Instant;
}

export interface AnswerReportsInput {
  readonly verificationId: string;
  readonly verdict: Verdict;
  readonly incidentId: string | null;
  readonly reports: ReportsPolicy;
}

export interface UserReportActivities {
  /** What was measured against what people say, all that have joined by now counted. */
  judgeReports(input: JudgeReportsInput): Promise<Verdict>;
  /** Ends the verification; a confirmed one goes through intake, where it opens an incident or joins the open one. */
  settleReports(input: SettleReportsInput): Promise<{ readonly incidentId: string | null }>;
  /** Answers everybody who reported, each once; who could not be answered is named. */
  answerReports(input: AnswerReportsInput): Promise<{ readonly unanswered: readonly string[] }>;
}
