import type { Delivery } from '../../activities/publication/api.ts';
import { approvalById, type UnsentRecord } from '../../domain/incident.ts';
import { clockTimeUtc, type Instant, isBefore, plusMinutes } from '../../domain/instant.ts';
import { syncPagerAcknowledgements } from './pager-acknowledgements.ts';
import { isSuperseded, nextKey, publishRound } from './publishing.ts';
import type { IncidentRun } from './run.ts';

/**
 * What could not be sent and is not superseded by something newer (the channel itself, questions, mails, pages) is
 * sent again as it was, under the same key, so that nothing goes out twice. The debt is on the timeline meanwhile.
 */
export async function retryUnsentMessages(run: IncidentRun): Promise<void> {
  while (run.state.closed === null) {
    const due = earliest(debts(run));
    if (due === null) {
      await run.agenda.waitFor(() => run.state.closed !== null || earliest(debts(run)) !== null);
      continue;
    }
    const changed = () => run.state.closed !== null || earliest(debts(run)) !== due;
    if ((await run.agenda.waitUntil('send what could not be sent', due, changed)) === 'due') await sendAgain(run, due);
  }
}

function debts(run: IncidentRun): readonly UnsentRecord[] {
  return run.state.unsent.filter(
    (unsent) => !isSuperseded(unsent) && unsent.retryAt !== null && unsent.delivery !== null,
  );
}

function earliest(records: readonly UnsentRecord[]): Instant | null {
  return records.flatMap((record) => record.retryAt ?? []).sort()[0] ?? null;
}

async function sendAgain(run: IncidentRun, until: Instant): Promise<void> {
  const isDue = (record: UnsentRecord): boolean => (record.retryAt ?? '') <= until;
  // A page whose answer was lost may have been answered by whoever it woke.
  if (debts(run).some((record) => isDue(record) && record.medium === 'page')) await syncPagerAcknowledgements(run);
  const ready = debts(run).filter(isDue);
  for (const record of ready.filter((candidate) => isObsolete(run, candidate))) {
    run.record({ kind: 'publication-superseded', key: record.key, newerKey: 'it is no longer needed' });
  }
  const deliveries = ready
    .filter((record) => !isObsolete(run, record))
    .map((record) => ({ ...(record.delivery as Delivery), again: true }));
  await publishRound(run, 'what could not be sent before', deliveries);
}

/** A question that was answered meanwhile, or a page for what somebody has acknowledged. */
function isObsolete(run: IncidentRun, record: UnsentRecord): boolean {
  const delivery = record.delivery as Delivery;
  if (delivery.medium === 'page') return delivery.what === 'trigger' && run.state.acknowledged !== null;
  if (delivery.medium !== 'chat' || delivery.what !== 'question') return false;
  return approvalById(run.state, delivery.detail ?? '')?.state !== 'open';
}

const TOLD_ELSEWHERE = 'told-elsewhere';

/**
 * While chat takes nothing for longer than policy allows, colleagues are told by mail what would have been said there,
 * at the cadence of the severity; when it is back, the newest message goes out in its place, marked late.
 */
export async function fallBackToEmail(run: IncidentRun): Promise<void> {
  while (run.state.closed === null) {
    const dueAt = elsewhereAt(run);
    const changed = () => run.state.closed !== null || elsewhereAt(run) !== dueAt;
    if (dueAt === null) await run.agenda.waitFor(changed);
    else if ((await run.agenda.waitUntil('tell colleagues by mail', dueAt, changed)) === 'due') await mailInstead(run);
  }
}

function elsewhereAt(run: IncidentRun): Instant | null {
  const { fallback } = run.policy.communication;
  const since = awaySince(run)?.since ?? null;
  if (fallback === null || since === null) return null;
  const first = plusMinutes(since, fallback.afterMinutes);
  const told = run.state.steps[TOLD_ELSEWHERE] as Instant | undefined;
  if (told === undefined || isBefore(told, since)) return first;
  return plusMinutes(told, run.policy.severities[run.state.severity].updateEveryMinutes);
}

/** The message to the incident's channel that has been owed longest. */
function awaySince(run: IncidentRun): UnsentRecord | null {
  const owed = run.state.unsent.filter(
    (record) => record.medium === 'chat' && isSuperseded(record) && record.what !== 'reminder',
  );
  return [...owed].sort((a, b) => a.since.localeCompare(b.since))[0] ?? null;
}

async function mailInstead(run: IncidentRun): Promise<void> {
  const { fallback } = run.policy.communication;
  const owed = awaySince(run);
  if (fallback === null || owed === null) return;
  run.record({ kind: 'step-finished', step: TOLD_ELSEWHERE, outcome: run.now() });
  const detail = `Chat has taken no message since ${clockTimeUtc(owed.since)} UTC (${owed.reason.replace(/\.$/u, '')}).`;
  await publishRound(run, 'by mail, since chat is away', [
    { medium: 'mail', key: nextKey(run, 'mail fallback'), what: 'fallback', to: fallback.mailTo, detail },
  ]);
}
