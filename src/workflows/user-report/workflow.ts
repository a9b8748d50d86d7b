import { setHandler } from '@temporalio/workflow';
import type { EvidenceBundle } from '../../domain/evidence.ts';
import { plusMinutes } from '../../domain/instant.ts';
import { VERIFYING_PROBES } from '../../domain/user-report.ts';
import { attempted, readActivities, reportActivities } from '../activity-calls.ts';
import { Agenda } from '../incident/agenda.ts';
import { IncidentClock } from '../incident/clock.ts';
import { type UserReportInput, type UserReportResult, userReportAgendaQuery } from './api.ts';

/**
 * Looks into what people report (R1.7): at once, and again after policy's waits, since a problem that has just begun is
 * not measured yet. Only what is confirmed becomes an incident, through the same intake as any alert; whatever comes of
 * it, everybody who reported is answered.
 */
export async function userReport(input: UserReportInput): Promise<UserReportResult> {
  const { verificationId, policy } = input;
  const clock = new IncidentClock(input.anchorAt, input.speed);
  const agenda = new Agenda(clock, () => false);
  setHandler(userReportAgendaQuery, () => agenda.entries());

  const waits = policy.reports.lookAgainMinutes;
  for (let look = 0; ; look += 1) {
    const bundle = await collect(input, clock);
    const last = look >= waits.length;
    const judged = await reportActivities('what was found').judgeReports({
      verificationId,
      bundle,
      reports: policy.reports,
      ownAlerts: policy.alertRules.map(({ alert }) => alert),
    });
    clock.adopt(judged.at);
    if (judged.value.confirmed || last) {
      const verdict = judged.value;
      const settled = await reportActivities(verdict.confirmed ? 'declare' : 'close').settleReports({
        verificationId,
        verdict,
        policy,
        openedAt: input.openedAt,
      });
      clock.adopt(settled.at);
      const { incidentId } = settled.value;
      const answered = await reportActivities('answer whoever reported').answerReports({
        verificationId,
        verdict,
        incidentId,
        reports: policy.reports,
      });
      return { verificationId, confirmed: verdict.confirmed, incidentId, looks: look + 1, ...answered.value };
    }
    await agenda.waitUntil('look again', plusMinutes(clock.now(), waits[look] ?? 1), () => false);
  }
}

async function collect(input: UserReportInput, clock: IncidentClock): Promise<EvidenceBundle> {
  const { service, evidence, reports } = input.policy;
  const request = {
    incidentId: input.verificationId,
    purpose: 'user-report' as const,
    probes: [...VERIFYING_PROBES],
    aroundAt: input.openedAt,
    at: clock.now(),
  };
  const call = readActivities(`verify: ${request.probes.length} questions`);
  const answer = await attempted(clock, call.collectEvidence({ request, service, evidence, reports }));
  if (answer.ok) return answer.value;
  // Nothing could be asked at all: the verdict says so, and somebody is still answered.
  const gap = { probe: 'service-health', source: 'Evidence', kind: 'no-answer', reason: answer.words } as const;
  return { purpose: 'user-report', collectedAt: request.at, items: [], gaps: [gap] };
}
