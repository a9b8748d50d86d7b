import type { Instant } from '../../domain/instant.ts';
import { invitation } from '../../views/invitation.ts';
import { mailMessage } from '../../views/mail.ts';
import type { TemplateContext } from '../../views/templates.ts';
import { sha256 } from '../digest.ts';
import { failure } from '../failures.ts';
import { type IdempotencyLedger, NOTHING_DONE, once } from '../once.ts';
import type { Delivery, PublishInput } from './api.ts';
import type { MailPort } from './ports.ts';
import type { Sent } from './receipts.ts';

interface MailPorts {
  readonly mail: MailPort;
  readonly ledger: IdempotencyLedger;
  readonly clock: () => Instant;
}

type MailDelivery = Extract<Delivery, { medium: 'mail' }>;
type MailView = ReturnType<typeof mailView>;

/** A mail server cannot be asked what it took, so the ledger is: by the mail, and by who has it already. */
export async function sendMail(
  ports: MailPorts,
  input: PublishInput,
  delivery: MailDelivery,
  context: TemplateContext,
): Promise<Sent> {
  const view = mailView(input, delivery, context);
  if (delivery.to.length === 0)
    throw failure(
      'Invalid',
      `The mail "${view.subject}" has nobody to go to. Give its contacts an address in the policy.`,
    );
  const outcome = await once(ports, {
    key: `mail:${delivery.key}`,
    act: (inDoubt) => sendToWhoIsLeft(ports, input, delivery, view, inDoubt),
  });
  if (outcome.already) return { ref: outcome.done.ref, text: view.subject, already: true };
  const notes = [...outcome.done.notes, ...(outcome.remembered ? [] : ['It could not be written into the ledger.'])];
  return {
    ref: outcome.done.ref,
    text: `${view.subject}\n\n${view.text}`,
    reason: notes.length === 0 ? null : notes.join(' '),
  };
}

/**
 * Whoever the server put off is tried again, and nobody else. Between the server's taking of a mail and our hearing of it
 * nothing tells whether it was taken: it goes out again under the same Message-ID, and that is said.
 */
async function sendToWhoIsLeft(
  { mail, ledger, clock }: MailPorts,
  input: PublishInput,
  { key, to }: MailDelivery,
  { subject, text, html, calendar }: MailView,
  inDoubt: boolean,
): Promise<{ readonly ref: string | null; readonly notes: readonly string[] }> {
  const has = new Set(await ledger.doneOf(to.map((address) => entryOf(key, address))).catch(() => []));
  const only = to.filter((address) => !has.has(entryOf(key, address)));
  const message = { key, from: input.texts.mailFrom, to, subject, text, html, calendar, only };
  const sent = await mail.send(message).catch((error: { readonly type?: string | null }) => {
    // The others have it: whoever was put off first and is refused now does not make it a mail that nobody got.
    if (error.type !== 'Invalid' || only.length === to.length) throw error;
    return { ref: null, rejected: only, putOff: [] as readonly string[] };
  });
  if (sent.putOff.length > 0) {
    const accepted = only.filter((address) => !sent.putOff.includes(address));
    await Promise.all(accepted.map((address) => ledger.done({ key: entryOf(key, address), at: clock() })));
    throw failure('Unavailable', `The mail server deferred ${sent.putOff.join(', ')}; the others have the mail.`, {
      retryAfterSeconds: PUT_OFF_SECONDS,
      details: [NOTHING_DONE],
    });
  }
  return {
    ref: sent.ref,
    notes: [
      ...(sent.rejected.length === 0 ? [] : [`Not accepted for ${sent.rejected.join(', ')}.`]),
      ...(inDoubt ? ['An earlier try may have been taken as well; both carry the same Message-ID.'] : []),
    ],
  };
}

/** Greylisting servers want to see some time pass. */
const PUT_OFF_SECONDS = 60;

/** No address stands in the ledger. */
function entryOf(key: string, address: string): string {
  return `mail:${key}:${sha256(address.toLowerCase()).slice(0, 20)}`;
}

function mailView({ facts, texts, review }: PublishInput, delivery: MailDelivery, context: TemplateContext) {
  if (delivery.what !== 'invitation')
    return { ...mailMessage(delivery.what, facts, delivery.detail, context), calendar: null };
  if (facts.reviewAt === null || review === undefined) {
    throw failure('Invalid', 'An invitation needs the time of the review and its agenda; plan the review first.');
  }
  return invitation({
    facts,
    meetingAt: facts.reviewAt,
    review,
    organiser: texts.mailFrom,
    timeZone: review.timeZone ?? 'UTC',
    attendees: delivery.invited ?? delivery.to,
    isFirst: delivery.invited !== undefined,
    sequence: delivery.sequence ?? 0,
    calledOff: delivery.calledOff === true,
  });
}
