import type { Delivery } from '../../activities/publication/api.ts';
import { approvalById, type UnsentRecord } from '../../domain/incident.ts';
import type { Instant } from '../../domain/instant.ts';
import { isSuperseded, publishRound } from './publishing.ts';
import type { IncidentRun } from './run.ts';

/**
 * What could not be sent and is not superseded by something newer (the channel itself, questions, mails, pages) is
 * sent again as it was, under the same key, so that nothing goes out twice. The debt is on the timeline meanwhile.
 */
export async function settleDebts(run: IncidentRun): Promise<void> {
  while (run.state.closed === null) {
    const due = earliest(debts(run));
    if (due === null) {
      await run.agenda.forEvent(() => run.state.closed !== null || earliest(debts(run)) !== null);
      continue;
    }
    const changed = () => run.state.closed !== null || earliest(debts(run)) !== due;
    if ((await run.agenda.until('send what could not be sent', due, changed)) === 'due') await sendAgain(run, due);
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
  const ready = debts(run).filter((record) => (record.retryAt ?? '') <= until);
  for (const record of ready.filter((candidate) => isMoot(run, candidate))) {
    run.record({ kind: 'publication-superseded', key: record.key, newerKey: 'it is no longer needed' });
  }
  const deliveries = ready
    .filter((record) => !isMoot(run, record))
    .map((record) => ({ ...(record.delivery as Delivery), again: true }));
  await publishRound(run, 'what could not be sent before', deliveries);
}

/** A question that was answered meanwhile, or a page for what somebody has acknowledged. */
function isMoot(run: IncidentRun, record: UnsentRecord): boolean {
  const delivery = record.delivery as Delivery;
  if (delivery.medium === 'page') return delivery.what === 'trigger' && run.state.acknowledged !== null;
  if (delivery.medium !== 'chat' || delivery.what !== 'question') return false;
  return approvalById(run.state, delivery.detail ?? '')?.state !== 'open';
}
