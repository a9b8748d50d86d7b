import type { Delivery, Receipt } from '../../activities/publication/api.ts';
import type { FactSet } from '../../domain/fact-set.ts';
import { plusSeconds } from '../../domain/instant.ts';
import type { Published } from '../../domain/timeline.ts';
import { message } from '../activity-calls.ts';
import type { IncidentRun } from './run.ts';

const RETRY_SECONDS = 60;

/** One publication round: everything at once, a receipt each, all of it on the timeline. */
export async function publishRound(run: IncidentRun, summary: string, deliveries: readonly Delivery[], facts: FactSet = run.facts()): Promise<void> {
  if (deliveries.length === 0) return;
  const { communication, contacts } = run.policy;
  await run.busy(async () => {
    const coversSeq = run.state.seq;
    const input = { facts, communication, contacts, deliveries };
    const answer = await run.attempt(message(summary).publish(input));
    const receipts = answer.ok ? answer.value : deliveries.map((delivery) => failedReceipt(delivery, answer.words));
    for (const receipt of receipts) {
      const delivery = deliveries.find((candidate) => candidate.key === receipt.key);
      if (delivery !== undefined) recordReceipt(run, delivery, receipt, coversSeq);
    }
  });
}

/** The key of the next message of a kind; counted by the timeline, so a retry has the same and a new one another. */
export function nextKey(run: IncidentRun, what: string): string {
  return `${run.state.incidentId}/${what}/${run.state.seq}`;
}

function failedReceipt(delivery: Delivery, reason: string): Receipt {
  return { key: delivery.key, result: 'failed', ref: null, text: '', reason, permanent: false, retryAfterSeconds: null };
}

function recordReceipt(run: IncidentRun, delivery: Delivery, receipt: Receipt, coversSeq: number): void {
  if (receipt.result === 'failed') {
    const retryAt = receipt.permanent ? null : plusSeconds(run.now(), receipt.retryAfterSeconds ?? RETRY_SECONDS);
    const reason = receipt.reason ?? 'no reason given';
    run.record({ kind: 'publication-failed', key: delivery.key, medium: delivery.medium, what: delivery.what, reason, retryAt });
    return;
  }
  if (delivery.medium === 'chat' && delivery.what === 'open-channel') {
    run.record({ kind: 'channel-opened', channelId: receipt.ref ?? delivery.channelName, name: receipt.text || delivery.channelName, link: null });
    return;
  }
  if (delivery.medium === 'page') {
    if (delivery.what !== 'trigger') return;
    run.record({ kind: 'paged', contact: delivery.contact, key: delivery.key, ref: receipt.ref, because: delivery.detail ?? 'the incident opened' });
    return;
  }
  const late = run.state.unsent.some((unsent) => unsent.medium === delivery.medium);
  for (const unsent of run.state.unsent.filter((waiting) => waiting.medium === delivery.medium && waiting.key !== delivery.key)) {
    run.record({ kind: 'publication-superseded', key: unsent.key, by: delivery.key });
  }
  run.record({ kind: 'published', message: publishedMessage(delivery, receipt, coversSeq), late });
}

function publishedMessage(delivery: Exclude<Delivery, { medium: 'page' }>, receipt: Receipt, coversSeq: number): Published {
  const to = delivery.medium === 'mail' ? delivery.to.join(', ') : delivery.medium === 'chat' && 'channel' in delivery ? delivery.channel : 'status page';
  return { key: delivery.key, medium: delivery.medium, what: delivery.what, to, text: receipt.text, ref: receipt.ref, coversSeq };
}
