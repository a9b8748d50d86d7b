import type { CustomerMailRecord } from './incident.ts';
import type { TimelineEvent } from './timeline.ts';

type CustomerMailEvent = Extract<TimelineEvent, { readonly edition: string }>;

/** The mails to customers after one more event about one of them. */
export function foldCustomerMails(
  mails: readonly CustomerMailRecord[],
  event: CustomerMailEvent,
): readonly CustomerMailRecord[] {
  if (event.kind !== 'customer-mail-prepared')
    return mails.map((mail) => (mail.edition === event.edition ? changed(mail, event) : mail));
  const { edition, digest, customers } = event;
  const prepared = { edition, digest, customers, sent: 0, refused: 0, left: customers, testsAsked: [], testsDone: 0 };
  return [...mails.filter((mail) => mail.edition !== edition), prepared];
}

function changed(
  mail: CustomerMailRecord,
  event: Exclude<CustomerMailEvent, { kind: 'customer-mail-prepared' }>,
): CustomerMailRecord {
  switch (event.kind) {
    case 'customer-mail-test-asked':
      return { ...mail, testsAsked: [...mail.testsAsked, { by: event.by.person, seq: event.seq }] };
    case 'customer-mail-tested':
      return { ...mail, testsDone: mail.testsDone + 1 };
    case 'customer-mail-progress':
      return { ...mail, sent: event.sent, refused: event.refused, left: event.left };
  }
}
