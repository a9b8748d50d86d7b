import { type LeaseRecord, leasesInPlace, openLeases } from '../../domain/incident.ts';
import { plusMinutes } from '../../domain/instant.ts';
import { type RemedyPlan, wayBack } from '../../domain/remedy.ts';
import { readActivities } from '../activity-calls.ts';
import { carryOut } from '../playbooks/carry-out.ts';
import { channelOf } from './communicating.ts';
import { nextKey, publishRound } from './publishing.ts';
import type { IncidentRun } from './run.ts';

/** Temporary changes are taken back, kept or renewed by a person; never silently left (ADR 0011). */
export async function keepLeases(run: IncidentRun): Promise<void> {
  while (run.state.closed === null) {
    const wanted = leasesInPlace(run.state).find(({ revertOrdered }) => revertOrdered);
    if (wanted !== undefined) {
      await revert(run, wanted);
      continue;
    }
    const next = earliest(openLeases(run.state));
    const count = openLeases(run.state).length;
    const changed = () =>
      run.state.closed !== null ||
      openLeases(run.state).length !== count ||
      leasesInPlace(run.state).some(({ revertOrdered }) => revertOrdered) ||
      earliest(openLeases(run.state))?.expiresAt !== next?.expiresAt;
    if (next === undefined) await run.agenda.waitFor(changed);
    else if ((await run.agenda.waitUntil(`${next.lease.id} ends`, next.expiresAt, changed)) === 'due')
      await askAboutLease(run, next);
  }
}

function earliest(records: readonly LeaseRecord[]): LeaseRecord | undefined {
  return [...records].sort((a, b) => a.expiresAt.localeCompare(b.expiresAt))[0];
}

/** Keep, renew or revert? Asked again until somebody says; nothing is reverted under load by itself. */
async function askAboutLease(run: IncidentRun, record: LeaseRecord): Promise<void> {
  run.record({ kind: 'lease-due', leaseId: record.lease.id });
  run.record({
    kind: 'lease-renewed',
    leaseId: record.lease.id,
    expiresAt: plusMinutes(run.now(), run.policy.leases.askAgainMinutes),
  });
  await publishRound(run, `what about ${record.lease.id}?`, [
    {
      medium: 'chat',
      key: nextKey(run, 'lease'),
      what: 'reminder',
      channel: channelOf(run),
      detail: `${record.lease.id} (${record.lease.plan.preview}): keep, renew or revert?`,
    },
  ]);
}

/** Goes back to the recorded value, only if the live one is still ours (drift goes to a person). */
async function revert(run: IncidentRun, record: LeaseRecord): Promise<void> {
  const { plan } = record.lease;
  const back = await run.step(`${record.lease.id}/revert-plan`, () => planRevert(run, plan));
  if (back === null) {
    run.record({
      kind: 'lease-settled',
      leaseId: record.lease.id,
      how: 'drifted',
      because: 'the live value is no longer ours; a person has to look',
    });
    return;
  }
  const done = await carryOut(run, back, null, { takesBack: plan.key });
  run.record({
    kind: 'lease-settled',
    leaseId: record.lease.id,
    how: done ? 'reverted' : 'drifted',
    because: done ? back.preview : 'it could not be taken back',
  });
}

async function planRevert(run: IncidentRun, plan: RemedyPlan): Promise<RemedyPlan | null> {
  const requests = [wayBack(plan)];
  const input = { incidentId: run.state.incidentId, keyPrefix: `${plan.key}/revert`, requests, at: run.now() };
  const provider = plan.target.kind === 'provider';
  const answer = await run.attempt(
    provider
      ? readActivities('how to take it back').previewProviderRemedies({ ...input, service: run.policy.service })
      : readActivities('how to take it back').previewClusterRemedies(input),
  );
  const preview = answer.ok ? answer.value[0] : undefined;
  return preview?.kind === 'plan' ? preview.plan : null;
}
