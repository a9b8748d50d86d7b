import type { Alert } from '../../domain/alert.ts';
import { correlate } from '../../domain/correlation.ts';
import type { Instant } from '../../domain/instant.ts';
import { answerText, type UserReport, verdictOf } from '../../domain/user-report.ts';
import { failure } from '../failures.ts';
import { type IdempotencyLedger, once } from '../once.ts';
import type { SettleReportsInput, UserReportActivities } from './api.ts';
import type { AnswerPorts, IntakePort, ReportsPort } from './ports.ts';

export interface UserReportPorts {
  readonly reports: ReportsPort;
  readonly intake: IntakePort;
  readonly answers: AnswerPorts;
  readonly ledger: IdempotencyLedger;
  readonly clock: () => Instant;
}

/** Every activity may be retried: a repeated alert is one message of the inbox, a repeated answer is found by its key. */
export function createUserReportActivities(ports: UserReportPorts): UserReportActivities {
  return {
    async judgeReports({ verificationId, bundle, reports, ownAlerts }) {
      return verdictOf(bundle, await ports.reports.of(verificationId), reports, ownAlerts);
    },
    settleReports: (input) => settle(ports, input),
    async answerReports({ verificationId, verdict, incidentId, reports }) {
      const text = answerText(verdict, incidentId, reports);
      const unanswered: string[] = [];
      for (const report of await ports.reports.of(verificationId)) {
        try {
          await answer(ports, report, text, verificationId, !verdict.confirmed);
        } catch (error) {
          // What may pass is tried again with all of them; who is answered already stays so.
          if ((error as { nonRetryable?: boolean | null }).nonRetryable !== true) throw error;
          unanswered.push(`${report.id}: ${(error as Error).message}`);
        }
      }
      return { unanswered };
    },
  };
}

async function settle(ports: UserReportPorts, input: SettleReportsInput): Promise<{ incidentId: string | null }> {
  const { verificationId, verdict, policy } = input;
  const words = (verdict.confirmed ? verdict.findings : verdict.checked).join('; ').slice(0, 1_000);
  let incidentId: string | null = null;
  if (verdict.confirmed) {
    const reports = await ports.reports.of(verificationId);
    const alert = alertOf(input, reports, ports.clock());
    const taken = await ports.intake.take({
      alert,
      startsAt: verificationId,
      correlation: correlate(alert, policy.intake),
      detectedAt: input.openedAt,
      reopenWindowMinutes: policy.intake.reopenWindowMinutes,
      ignoredBecause: null,
    });
    incidentId = taken.incidentId;
  }
  const { confirmed } = verdict;
  await ports.reports.settle({ id: verificationId, confirmed, incidentId, words, at: ports.clock() });
  return { incidentId };
}

const TITLE_CHARACTERS = 200;

/** What intake gets: one alert, whoever and however many reported. */
function alertOf(
  { verificationId, verdict, policy, openedAt }: SettleReportsInput,
  reports: readonly UserReport[],
  at: Instant,
): Alert {
  const first = reports[0];
  const text = first?.text ?? 'A user reports a problem';
  const title = `User report: ${text}`.slice(0, TITLE_CHARACTERS);
  return {
    source: 'user-report',
    fingerprint: `report:${verificationId}`,
    status: 'firing',
    name: title,
    summary: title,
    service: policy.service.name,
    labels: {
      verification: verificationId,
      reports: String(reports.length),
      through: [...new Set(reports.map(({ through }) => through))].join(', '),
    },
    annotations: {
      confirmedBy: verdict.findings.join('; ').slice(0, 500),
      reported: reports
        .slice(0, 5)
        .map((report) => `"${report.text}"`)
        .join(' ')
        .slice(0, 500),
    },
    startsAt: openedAt,
    endsAt: null,
    claimedSeverity: null,
    receivedAt: at,
    link: null,
    alreadyPaged: false,
  };
}

/** In the thread of the message or as a comment on the ticket; once, also when two workers answer at the same moment. */
async function answer(
  ports: UserReportPorts,
  report: UserReport,
  text: string,
  verificationId: string,
  solve: boolean,
): Promise<void> {
  const key = `${verificationId}/answer/${report.id}`;
  const way = wayTo(ports.answers, report, { key, text, solve, verificationId });
  await once(ports, { key: `answer:${key}`, ...way });
}

interface Answer {
  readonly key: string;
  readonly text: string;
  readonly solve: boolean;
  readonly verificationId: string;
}

/** Where it may stand already, and how it gets there. A comment is looked for by the client that writes it. */
function wayTo(ports: AnswerPorts, report: UserReport, { key, text, solve, verificationId }: Answer) {
  const nothing = { ref: null };
  if (report.through !== 'slack') {
    const port = ports[report.through];
    if (port === null)
      throw failure('Invalid', `${report.through} is not configured, so ${report.ref} was not answered.`);
    return { act: () => port.comment(report.ref, { key, text, solve }).then(() => nothing) };
  }
  const { chat } = ports;
  const { channel, ref: threadRef } = report;
  if (chat === null || channel === null) throw failure('Invalid', 'Chat is not configured, so nobody was answered.');
  return {
    find: async () => ((await chat.findPosted(channel, key, threadRef)) === null ? null : nothing),
    act: () => chat.post({ channel, text, blocks: [], incidentId: verificationId, key, threadRef }).then(() => nothing),
  };
}
