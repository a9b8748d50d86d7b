import { epochMs } from '../../../src/domain/instant.ts';
import type { DrillRun } from '../play-drill.ts';
import type { TrackedWorkflow } from '../workflow-tracker.ts';
import { allEvents, type Check, eventsOf } from './evidence.ts';

type Mail = DrillRun['environment']['production']['smtp']['mails'][number];

/** What customers were sent, by the mail server's word (R4.5): which mails, to whom, and each customer once. */
export function customerMailChecks(drillRun: DrillRun, wanted: readonly string[]): readonly Check[] {
  const mails = mailsToCustomers(drillRun);
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
    held('customer e-mail to affected customers only', strangers(drillRun, mails)),
    held('customer e-mail to every affected customer', missed(drillRun, mails)),
    held('one customer e-mail each', twice(drillRun, mails)),
  ];
}

/** How often the worker was gone while customers were written to: the mail server had mails to them before and after. */
export function interruptionsOfMailing(drillRun: DrillRun): number {
  const { mails } = drillRun.environment.production.smtp;
  const toCustomers = new Set(mailsToCustomers(drillRun));
  const interrupts = (mailsBefore: number) =>
    mails.slice(0, mailsBefore).some((mail) => toCustomers.has(mail)) &&
    mails.slice(mailsBefore).some((mail) => toCustomers.has(mail));
  return drillRun.wiresTold.filter(({ process, mailsBefore }) => process === 'worker' && interrupts(mailsBefore))
    .length;
}

function held(name: string, broken: readonly string[]): Check {
  const actual = broken.length === 0 ? 'holds' : broken.slice(0, 5).join('; ');
  return { check: name, expected: 'holds', actual, passed: broken.length === 0 };
}

/** Mails to nobody of the company: neither people nor contacts nor the lists. */
function mailsToCustomers({ environment, drillPolicy }: DrillRun): readonly Mail[] {
  const { contacts, communication, people } = drillPolicy.policy;
  const inside = new Set([
    ...Object.values(contacts).flatMap(({ email }) => email ?? []),
    ...communication.incidentMail,
    ...people.map(({ email }) => email),
  ]);
  return environment.production.smtp.mails.filter(({ to }) => to.some((address) => !inside.has(address)));
}

function kindOf({ headers, subject }: Mail): string {
  const edition = /\/customers\/(resolved|reopened)-/.exec(headers['x-incident-key'] ?? '')?.[1];
  if (edition === undefined) return subject;
  return edition === 'resolved' ? 'sent' : 'corrected';
}

/** By the directory and the world's own counters: whoever had no failed request in the incident, or wants no mail. */
function strangers(drillRun: DrillRun, mails: readonly Mail[]): readonly string[] {
  const wrong = ofEachIncident(drillRun, mails).flatMap(({ workflow, own }) => {
    const affected = affectedAddresses(drillRun, workflow, -1);
    return own.flatMap(({ to }) => to).filter((address) => !affected.has(address));
  });
  return [...new Set(wrong)].map((address) => `${address} was written to and was not affected`);
}

/** The other way round: whoever had failed requests, wants mail and has an address, and was sent nothing. */
function missed(drillRun: DrillRun, mails: readonly Mail[]): readonly string[] {
  return ofEachIncident(drillRun, mails).flatMap(({ workflow, own }) => {
    const reached = new Set(own.flatMap(({ to }) => to));
    const left = [...affectedAddresses(drillRun, workflow, 1)].filter((address) => !reached.has(address));
    const refused = eventsOf(workflow, 'customer-mail-progress').at(-1)?.refused ?? 0;
    return left.length <= refused ? [] : left.map((address) => `${address} was affected and was sent nothing`);
  });
}

function ofEachIncident({ incidents }: DrillRun, mails: readonly Mail[]) {
  return incidents.flatMap((workflow) => {
    const own = mails.filter(
      ({ headers }) => headers['x-incident-key']?.startsWith(`${workflow.workflowId}/`) === true,
    );
    return own.length === 0 ? [] : [{ workflow, own }];
  });
}

/** A minute at either end of an incident is a matter of taste (drills.md), and so are five per cent of a figure. */
const TASTE_MS = 60_000;
const TASTE_SHARE = 0.05;

/** Addresses that may be written to (`strict` −1: at the widest) or have to be (1: at the narrowest). */
function affectedAddresses(drillRun: DrillRun, workflow: TrackedWorkflow, strict: 1 | -1): ReadonlySet<string> {
  const { customers, world } = drillRun.environment.production;
  const fromMs = Math.min(...eventsOf(workflow, 'opened').map(({ detectedAt }) => epochMs(detectedAt)));
  const untilMs = Math.max(...eventsOf(workflow, 'resolved').map(({ at }) => epochMs(at)));
  const failed = [
    { name: '__name__', op: '=' as const, value: 'http_requests_total' },
    { name: 'status', op: '=~' as const, value: '5..' },
  ];
  const byUser = new Map<string, number>();
  const narrowing = strict * TASTE_MS;
  for (const { labels, values } of world.series.select(failed, fromMs + narrowing, untilMs - narrowing)) {
    const user = labels.user_id ?? '';
    byUser.set(user, (byUser.get(user) ?? 0) + gained(values));
  }
  const least = (drillRun.drillPolicy.policy.customers?.minimumFailedRequests ?? 1) * (1 + strict * TASTE_SHARE);
  const affected = customers.filter((one) => (byUser.get(one.userId) ?? 0) >= least && !one.unsubscribed);
  return new Set(affected.flatMap(({ email }) => (email === '' ? [] : [email])));
}

/** What a counter gained; it begins anew with its process. */
function gained(values: ArrayLike<number>): number {
  let sum = 0;
  for (let index = 1; index < values.length; index++) {
    const [before = 0, after = 0] = [values[index - 1], values[index]];
    sum += after < before ? after : after - before;
  }
  return sum;
}

/** The same Message-ID again is right only where the timeline says that its first answer was lost. */
function twice(drillRun: DrillRun, mails: readonly Mail[]): readonly string[] {
  const ids = new Map<string, Set<string>>();
  let repeats = 0;
  for (const mail of mails) {
    const key = `${mail.to.join()} ${kindOf(mail)} ${/\/customers\/([^/]+)\//.exec(mail.headers['x-incident-key'] ?? '')?.[1]}`;
    const known = ids.get(key) ?? new Set<string>();
    if (known.has(mail.messageId)) repeats += 1;
    ids.set(key, known.add(mail.messageId));
  }
  const doubted = allEvents(drillRun, 'customer-mail-progress').reduce((sum, { inDoubt }) => sum + inDoubt, 0);
  return [
    ...[...ids].filter(([, own]) => own.size > 1).map(([key, own]) => `${key}: ${own.size} different messages`),
    ...(repeats > doubted ? [`${repeats} mails came twice; the timeline tells of ${doubted} in doubt`] : []),
  ];
}
