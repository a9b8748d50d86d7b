import type { Performance } from '../play-drill.ts';
import { allEvents, type Check } from './evidence.ts';

type Mail = Performance['theatre']['production']['smtp']['mails'][number];

/** What customers were sent, by the mail server's word (R4.5): which mails, to whom, and each customer once. */
export function customerMailChecks(performance: Performance, wanted: readonly string[]): readonly Check[] {
  const mails = mailsToCustomers(performance);
  const kinds = mails.map(kindOf).filter((kind, index, all) => kind !== all[index - 1]);
  const expected = wanted.filter((kind) => kind !== 'none');
  const shown = kinds.join(', ') || 'none';
  const right = expected.join() === kinds.join();
  const first: Check = {
    check: 'published by customer e-mail',
    expected: expected.join(', ') || 'none',
    actual: shown,
    passed: right,
  };
  if (mails.length === 0) return [first];
  return [
    first,
    held('customer e-mail to affected customers only', strangers(performance, mails)),
    held('one customer e-mail each', twice(performance, mails)),
  ];
}

function held(name: string, broken: readonly string[]): Check {
  const actual = broken.length === 0 ? 'holds' : broken.slice(0, 5).join('; ');
  return { check: name, expected: 'holds', actual, passed: broken.length === 0 };
}

/** Mails to nobody of the company: neither people nor contacts nor the lists. */
function mailsToCustomers({ theatre, cast }: Performance): readonly Mail[] {
  const { contacts, communication, people } = cast.policy;
  const inside = new Set([
    ...Object.values(contacts).flatMap(({ email }) => email ?? []),
    ...communication.incidentMail,
    ...people.map(({ email }) => email),
  ]);
  return theatre.production.smtp.mails.filter(({ to }) => to.some((address) => !inside.has(address)));
}

function kindOf({ headers, subject }: Mail): string {
  const edition = /\/customers\/(resolved|reopened)-/.exec(headers['x-incident-key'] ?? '')?.[1];
  if (edition === undefined) return subject;
  return edition === 'resolved' ? 'sent' : 'corrected';
}

/** By the directory and the world's own counters: whoever had no failed request, or wants no mail, is none of theirs. */
function strangers({ theatre, drill, played }: Performance, mails: readonly Mail[]): readonly string[] {
  const { customers, world } = theatre.production;
  const failed = new Set(
    world.series
      .select(
        [
          { name: '__name__', op: '=', value: 'http_requests_total' },
          { name: 'status', op: '=~', value: '5..' },
        ],
        drill.startAtMs,
        played.endedAtMs,
      )
      .filter(({ values }) => Number(values[values.length - 1] ?? 0) > 0)
      .map(({ labels }) => labels['user_id'] ?? ''),
  );
  const affected = new Set(
    customers.filter((one) => failed.has(one.userId) && !one.unsubscribed).map(({ email }) => email),
  );
  const wrong = new Set(mails.flatMap(({ to }) => to).filter((address) => !affected.has(address)));
  return [...wrong].map((address) => `${address} was written to and was not affected`);
}

/** The same Message-ID again is right only where the timeline says that its first answer was lost. */
function twice(performance: Performance, mails: readonly Mail[]): readonly string[] {
  const ids = new Map<string, Set<string>>();
  let repeats = 0;
  for (const mail of mails) {
    const key = `${mail.to.join()} ${kindOf(mail)} ${/\/customers\/([^/]+)\//.exec(mail.headers['x-incident-key'] ?? '')?.[1]}`;
    const known = ids.get(key) ?? new Set<string>();
    if (known.has(mail.messageId)) repeats += 1;
    ids.set(key, known.add(mail.messageId));
  }
  const doubted = allEvents(performance, 'customer-mail-progress').reduce((sum, { inDoubt }) => sum + inDoubt, 0);
  return [
    ...[...ids].filter(([, own]) => own.size > 1).map(([key, own]) => `${key}: ${own.size} different messages`),
    ...(repeats > doubted ? [`${repeats} mails came twice; the timeline tells of ${doubted} in doubt`] : []),
  ];
}
