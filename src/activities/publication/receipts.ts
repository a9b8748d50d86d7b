import { ApplicationFailure } from '@temporalio/common';
import type { PublicStatus } from '../../domain/timeline.ts';
import { clipBytes } from '../../views/escape.ts';
import type { Delivery, Receipt } from './api.ts';

/** What a delivery came to, before it is a receipt. */
export interface Sent {
  readonly ref: string | null;
  readonly text: string;
  readonly already?: boolean;
  /** Something worth saying although it was delivered, e.g. an address that was refused. */
  readonly reason?: string | null;
  readonly channelName?: string;
  readonly shownByHand?: PublicStatus;
}

/** Excerpts on the timeline are at most 1 KB. */
const TEXT_BYTES = 1024;
const REASON_BYTES = 500;

export function deliveredReceipt(delivery: Delivery, sent: Sent): Receipt {
  return {
    key: delivery.key,
    result: sent.already === true ? 'already-delivered' : 'delivered',
    ref: sent.ref,
    text: clipBytes(sent.text, TEXT_BYTES),
    reason: sent.reason === undefined || sent.reason === null ? null : clipBytes(sent.reason, REASON_BYTES),
    permanent: false,
    retryAfterSeconds: null,
    ...(sent.channelName === undefined ? {} : { channelName: sent.channelName }),
    ...(sent.shownByHand === undefined ? {} : { shownByHand: sent.shownByHand }),
  };
}

/**
 * A failure of the closed list says itself whether trying again can help. Anything else is a fault of ours (a template
 * that cannot be filled, …): the same round would fail in the same way, so it is permanent.
 */
export function failedReceipt(delivery: Delivery, error: unknown): Receipt {
  const known = error instanceof ApplicationFailure ? error : null;
  const delay = known?.nextRetryDelay;
  return {
    key: delivery.key,
    result: 'failed',
    ref: null,
    text: '',
    reason: clipBytes(error instanceof Error ? error.message : String(error), REASON_BYTES),
    permanent: known === null ? true : known.nonRetryable === true,
    retryAfterSeconds: typeof delay === 'number' ? Math.ceil(delay / 1000) : null,
    ...shownByHand(known),
  };
}

/** A post that would have gone over what somebody did by hand says what is shown there instead. */
function shownByHand(known: ApplicationFailure | null): { readonly shownByHand?: PublicStatus } {
  const said = (known?.details?.[0] as { readonly shownByHand?: PublicStatus } | undefined)?.shownByHand;
  return said === undefined ? {} : { shownByHand: said };
}
