import { plusMinutes, secondsBetween } from '../../../domain/instant.ts';
import type { ActionName, RemedyPlan } from '../../../domain/remedy.ts';
import { readActivities, wait } from '../../activity-calls.ts';
import { carryOut } from '../../playbooks/carry-out.ts';
import { askApproval } from '../approving.ts';
import type { IncidentRun } from '../run.ts';
import { progress } from './progress.ts';

const POLL_SECONDS = 60;
/** What is left over a watch's end for its last look. */
const LAST_LOOK_SECONDS = 300;

/**
 * Canary, watched against the version beside it, then promotion; a regression takes the canary back (R5.10–R5.12).
 * True when the release is promoted, or when policy has no canary to go through.
 */
export async function release(run: IncidentRun): Promise<boolean> {
  const { canaryManifest, promoteManifest } = run.policy.resolution;
  if (canaryManifest === null || promoteManifest === null) return true;
  const canary = await applied(run, 'canary', canaryManifest, 'The fix is merged: try it on a part of the traffic.');
  if (canary === null) return false;
  if (!(await isWell(run))) {
    takeBack(run, canary);
    return false;
  }
  const promoted = await applied(run, 'promote', promoteManifest, run.state.permanentFix?.words ?? '');
  takeBack(run, canary);
  if (promoted === null) return false;
  progress(run, 'promoted', `The release of the fix is promoted: ${promoted.preview}`);
  return true;
}

/** Previewed, approved, carried out and awaited; null when it is not in effect. */
async function applied(
  run: IncidentRun,
  action: ActionName & ('canary' | 'promote'),
  manifest: string,
  why: string,
): Promise<RemedyPlan | null> {
  const plan = await run.step(`fix/${action}/plan`, () => planOf(run, action, manifest));
  if (plan === null) return null;
  const chosen = await askApproval(run, {
    id: `fix.${action}`,
    why,
    options: [{ name: action, plan, preview: plan.preview }],
    approver: 'approver',
    obsolete: () => whyOver(run),
    patienceMinutes: run.policy.resolution.fixApprovalMinutes,
  });
  if (chosen?.plan == null) return null;
  return (await carryOut(run, chosen.plan, `fix.${action}`)) ? chosen.plan : null;
}

async function planOf(run: IncidentRun, action: ActionName, manifest: string): Promise<RemedyPlan | null> {
  const { incidentId } = run.state;
  const target = { kind: 'manifest', namespace: run.policy.service.namespace, name: manifest } as const;
  const requests = [{ action, target, parameters: {} }];
  const input = { incidentId, keyPrefix: `${incidentId}/fix`, requests, at: run.now() };
  const answer = await run.attempt(readActivities(`preview of ${action}`).previewClusterRemedies(input));
  const preview = answer.ok ? answer.value[0] : undefined;
  if (preview?.kind === 'plan') return preview.plan;
  const words = answer.ok ? (preview?.kind === 'impossible' ? preview.reason : 'no answer') : answer.words;
  run.record({ kind: 'remedy-skipped', action, because: words });
  return null;
}

/** Watched for policy's minutes; held by people as long as they say; over at once when it is worse or called off. */
async function isWell(run: IncidentRun): Promise<boolean> {
  const { canaryWatchMinutes, canaryComparison } = run.policy.resolution;
  for (let watch = 1; run.state.closed === null; watch += 1) {
    if (run.state.permanentFix?.canary === 'aborted') return false;
    const untilAt = await run.step(`fix/canary/until${watch}`, async () => plusMinutes(run.now(), canaryWatchMinutes));
    if (watch === 1) progress(run, 'canary-watched', `Watched until ${untilAt} against the stable version.`);
    const interrupted = () => run.state.closed !== null || run.state.permanentFix?.canary !== 'watched';
    const verdict = await run.waitStep(`fix/canary/verdict${watch}`, async () => {
      const left = Math.max(0, secondsBetween(run.now(), untilAt)) + LAST_LOOK_SECONDS;
      const pollSeconds = run.milliseconds(POLL_SECONDS) / 1000;
      const input = { comparison: canaryComparison, untilAt, pollSeconds };
      const answer = await run.waitActivity(
        () => wait(run.milliseconds(left), 'is the canary well?').watchCanary(input),
        interrupted,
      );
      if (answer.ok) return answer.value;
      return interrupted() ? null : { well: false, words: `It could not be judged: ${answer.words}` };
    });
    if (verdict !== null) {
      progress(run, verdict.well ? 'canary-well' : 'canary-regressed', verdict.words);
      return verdict.well;
    }
    await run.agenda.waitFor(() => run.state.closed !== null || run.state.permanentFix?.canary !== 'paused');
  }
  return false;
}

/** The canary is a temporary change like any other: its lease is ended, and the way back is read back. */
function takeBack(run: IncidentRun, canary: RemedyPlan): void {
  const record = run.state.leases.find((lease) => lease.lease.plan.key === canary.key);
  if (record === undefined || !['open', 'due'].includes(record.state)) return;
  if (record.revertOrdered !== true) run.record({ kind: 'lease-revert-ordered', leaseId: record.lease.id });
}

function whyOver(run: IncidentRun): string | null {
  if (run.state.closed !== null) return 'the incident is closed';
  return run.state.permanentFix?.canary === 'aborted' ? 'the canary was called off' : null;
}
