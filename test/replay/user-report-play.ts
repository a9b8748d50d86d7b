import type { Policy } from '../../src/domain/policy.ts';
import { USER_REPORT_WORKFLOW, type UserReportInput } from '../../src/workflows/user-report/api.ts';
import type { Engine } from '../workflows/engine.ts';
import { PretendWorld } from '../workflows/pretend-world.ts';

const AT = '2024-10-23T14:30:00.000Z';

/** R1.7: nothing is to be seen at the first look, and the second one confirms it. */
export async function verifyReport(engine: Engine, policy: Policy): Promise<string> {
  const workflowId = 'user-report-play';
  const world = new PretendWorld();
  world.at = () => AT;
  let looks = 0;
  const answer = (value: unknown) => ({ at: AT, value });
  const verdict = () => ({ confirmed: looks > 1, words: looks > 1 ? 'errors at 45%' : 'nothing yet' });
  await engine.worker(workflowId, {
    ...world.activities(),
    judgeReports: async () => {
      looks += 1;
      return answer(verdict());
    },
    settleReports: async () => answer({ incidentId: 'incident-20241023-1430' }),
    answerReports: async () => answer({ unanswered: [] }),
  });
  const input: UserReportInput = { verificationId: workflowId, policy, openedAt: AT, anchorAt: AT, speed: 1 };
  const handle = await engine.client.workflow.start(USER_REPORT_WORKFLOW, {
    workflowId,
    taskQueue: workflowId,
    args: [input],
  });
  await engine.pass(workflowId, (policy.reports.lookAgainMinutes[0] ?? 1) * 60 + 5);
  await handle.result();
  return workflowId;
}
