import { describe, expect, it } from 'vitest';
import { customerMailChecks } from '../../../rehearsal/checks/customer-mails.ts';
import { alsoChecks } from '../../../rehearsal/checks/extra-checks.ts';
import { at, incident, played } from './played.ts';

const SHIP = incident(
  'incident-1',
  [30, { kind: 'opened', detectedAt: new Date(at(30)).toISOString() } as never],
  [60, { kind: 'resolved' } as never],
);

interface Counted {
  readonly user: string;
  /** Failed requests so far, by minute. */
  readonly failedAt: (minute: number) => number;
}

const THROUGHOUT: Counted = { user: 'u1', failedAt: (minute) => Math.max(0, minute - 30) };
const BEFORE: Counted = { user: 'u2', failedAt: (minute) => Math.min(minute, 20) };
const NEVER: Counted = { user: 'u3', failedAt: () => 0 };

/** Counters scraped every minute, as the world keeps them. */
function world(users: readonly Counted[]) {
  const select = (_matchers: unknown, fromMs: number, untilMs: number) =>
    users.map(({ user, failedAt }) => {
      const minutes = Array.from({ length: 120 }, (_, minute) => minute);
      const inside = minutes.filter((minute) => at(minute) >= fromMs && at(minute) <= untilMs);
      return { labels: { user_id: user }, times: inside.map(at), values: inside.map(failedAt) };
    });
  return { truths: () => [], requests: () => ({ total: 0, failed: 0 }), series: { select } };
}

function customer(number: number, userId: string, more: { email?: string; unsubscribed?: boolean } = {}) {
  return { customerId: `c${number}`, email: `${number}@customer.example`, userId, unsubscribed: false, ...more };
}

function mail(number: number, minute = 65) {
  return {
    to: [`${number}@customer.example`],
    subject: 'Service Disruption Notification',
    messageId: `<m${number}>`,
    atMs: at(minute),
    ics: null,
    headers: { 'x-incident-key': `incident-1/customers/resolved-0/c${number}` },
  };
}

function performed(mails: readonly ReturnType<typeof mail>[]) {
  const customers = [
    customer(1, 'u1'),
    customer(2, 'u2'),
    customer(3, 'u3'),
    customer(4, 'u1', { unsubscribed: true }),
    customer(5, 'u1', { email: '' }),
    customer(6, 'u1'),
  ];
  const systems = { world: world([THROUGHOUT, BEFORE, NEVER]), customers, smtp: { mails } };
  const policy = { communication: { incidentMail: [] }, customers: { minimumFailedRequests: 1 } };
  return played({ incidents: [SHIP], systems, policy });
}

function verdicts(...mails: readonly ReturnType<typeof mail>[]) {
  return Object.fromEntries(customerMailChecks(performed(mails), ['sent']).map(({ check, actual }) => [check, actual]));
}

describe('mails to customers (R4.5)', () => {
  it('reach whoever had failed requests in the incident, wants mail and has an address', () => {
    expect(verdicts(mail(1), mail(6))).toEqual({
      'published by customer e-mail': 'sent',
      'customer e-mail to affected customers only': 'holds',
      'customer e-mail to every affected customer': 'holds',
      'one customer e-mail each': 'holds',
    });
  });

  it('show who was left out', () => {
    expect(verdicts(mail(1))['customer e-mail to every affected customer']).toBe(
      '6@customer.example was affected and was sent nothing',
    );
  });

  it('are for nobody whose requests failed only before the incident, or never', () => {
    const words = verdicts(mail(1), mail(6), mail(2), mail(3))['customer e-mail to affected customers only'];
    expect(words).toBe(
      '2@customer.example was written to and was not affected; 3@customer.example was written to and was not affected',
    );
  });

  it('are interrupted by a worker that was gone only when some went out before it and some after it', () => {
    const gone = (process: 'worker' | 'gateway', mailsBefore: number) => [
      { atMs: at(66), words: `${process} killed`, process, mailsBefore },
    ];
    const check = (wiresTold: ReturnType<typeof gone>, ...mails: readonly ReturnType<typeof mail>[]) =>
      alsoChecks({ ...performed(mails), wiresTold }, 'mailing-interrupted')[0]?.passed;
    // All mails of a mailing are of one instant in virtual time: the order in which the mail server took them counts.
    expect(check(gone('worker', 1), mail(1, 66), mail(6, 66))).toBe(true);
    expect(check(gone('worker', 2), mail(1, 66), mail(6, 66))).toBe(false);
    expect(check(gone('worker', 0), mail(1, 66), mail(6, 66))).toBe(false);
    expect(check(gone('gateway', 1), mail(1, 66), mail(6, 66))).toBe(false);
  });
});
