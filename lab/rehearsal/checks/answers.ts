import type { DrillRun } from '../play-drill.ts';
import type { Check } from './evidence.ts';

/** Everybody who reported something is answered where they wrote (R1.7), by the systems' own word; none when nobody did. */
export function answerChecks({ drill, environment, played }: DrillRun): readonly Check[] {
  if (!drill.faults.some(({ spec }) => spec.kind === 'user-report')) return [];
  const { world, slack, reporting } = environment.production;
  const reports = world.userReports(drill.startAtMs, played.endedAtMs);
  const answered = reports.map((report) => {
    if (report.through === 'slack') {
      const asked = slack.messages.find(({ text, atMs }) => text === report.text && atMs === report.atMs);
      return slack.messages.filter(({ threadTs }) => threadTs !== null && threadTs === asked?.ts).length;
    }
    const ticket = reporting.zendesk.tickets.find(({ id }) => String(id) === report.ticketId);
    const issue = reporting.jira.issues.find(({ key }) => key.endsWith(`-${report.ticketId}`));
    return report.through === 'zendesk' ? (ticket?.comments.length ?? 0) : (issue?.comments.length ?? 0);
  });
  const once = answered.filter((count) => count === 1).length;
  const actual = `${once} of ${reports.length} once${answered.some((count) => count > 1) ? ', some twice' : ''}`;
  return [{ check: 'whoever reported is answered', expected: 'each once', actual, passed: once === reports.length }];
}
