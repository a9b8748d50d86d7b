import { createHash } from 'node:crypto';
import { secondsBetween } from '../../domain/instant.ts';
import { customerMail } from '../../views/customer-mail.ts';
import { clip } from '../../views/escape.ts';
import type { TextRenderer } from '../../views/templates.ts';
import { failure } from '../failures.ts';
import type {
  CustomerActivities,
  CustomerMailProgress,
  PrepareCustomerMailInput,
  PreparedCustomerMail,
  SendCustomerMailInput,
} from './api.ts';
import type { BulkMail, CustomerDirectory, CustomerLedger, CustomerMetrics, DirectoryRow } from './ports.ts';

export interface CustomerPorts {
  readonly directory: CustomerDirectory;
  readonly metrics: CustomerMetrics;
  readonly ledger: CustomerLedger;
  /** A connection (or a few) for one batch; closed after it. */
  readonly openMail: () => BulkMail;
  readonly render: TextRenderer;
}

/** Mails under way at once: as many may be in doubt when the process is killed. */
const LANES = 4;
/** A batch ends by then, so that the next one is an activity of its own and progress is on the timeline. */
const BATCH_MILLISECONDS = 20_000;
/** An address that is put off so often is given up. */
const TRIES = 6;
/** So many addresses put off in a row are no matter of addresses: the mail server is away. */
const AWAY_AFTER = 5;
const WORDS_CHARACTERS = 300;

/** Mail to the customers whom an incident hit (R4.5). */
export function createCustomerActivities(ports: CustomerPorts): CustomerActivities {
  return {
    prepareCustomerMail: (input) => prepare(ports, input),
    sendCustomerMails: (input) => sendBatch(ports, input),
    async testCustomerMail({ to, key, ...input }) {
      const mail = await approvedMail(ports, input);
      const channel = ports.openMail();
      try {
        const { ref } = await channel.send({
          ...envelope(input, mail, { customerId: 'test', email: to }),
          key,
          subject: `[TEST] ${mail.subject}`,
        });
        return { ref };
      } finally {
        channel.close();
      }
    },
  };
}

async function prepare(ports: CustomerPorts, input: PrepareCustomerMailInput): Promise<PreparedCustomerMail> {
  const { customers, facts, fromAt, untilAt, edition } = input;
  const range = `${Math.max(60, Math.ceil(secondsBetween(fromAt, untilAt)))}s`;
  const asked = (query: string) => query.replaceAll('$range', range);
  const { metrics } = ports;
  const [failures, failed, all] = await Promise.all([
    metrics.valuesByLabel(asked(customers.affectedUsersQuery), customers.userLabel, untilAt),
    metrics.valueAt(asked(customers.failedRequestsQuery), untilAt),
    metrics.valueAt(asked(customers.requestsQuery), untilAt),
  ]);
  const users = [...failures]
    .filter(([, count]) => count >= customers.minimumFailedRequests)
    .map(([user]) => user)
    .sort();
  const rows = users.length === 0 ? [] : await ports.directory.customersOf(users, customers.directoryQuery);
  const { recipients, unsubscribed, withoutAddress } = onePerCustomer(rows);
  const failedShare = failed === null || all === null || all <= 0 ? null : Math.min(1, failed / all);
  const view = customerMail(
    input.kind,
    facts,
    { fromAt, untilAt, failedShare },
    { texts: input.texts, render: ports.render },
  );
  const digest = createHash('sha256')
    .update(JSON.stringify([view.subject, view.text]))
    .digest('hex');
  await ports.ledger.prepare({ incidentId: facts.incidentId, edition, ...view, digest, at: input.at, recipients });
  return {
    subject: view.subject,
    text: view.text,
    digest,
    customers: recipients.length,
    users: users.length,
    unsubscribed,
    withoutAddress,
    failedShare,
    formula: `Recipients: customers with a user of ${asked(customers.affectedUsersQuery)} at ${untilAt}, at least ${customers.minimumFailedRequests}. Share: ${asked(customers.failedRequestsQuery)} / ${asked(customers.requestsQuery)} = ${failed ?? 'no answer'} / ${all ?? 'no answer'}.`,
  };
}

/** The first address of each customer, in order of customer; whoever unsubscribed with any address is left alone. */
function onePerCustomer(rows: readonly DirectoryRow[]) {
  const byCustomer = new Map<string, DirectoryRow[]>();
  for (const row of rows) byCustomer.set(row.customerId, [...(byCustomer.get(row.customerId) ?? []), row]);
  const recipients: { customerId: string; email: string }[] = [];
  let unsubscribed = 0;
  let withoutAddress = 0;
  for (const [customerId, own] of [...byCustomer].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const email = own.flatMap((row) => (row.email !== null && isAddress(row.email) ? row.email : [])).sort()[0];
    if (own.some((row) => row.unsubscribed)) unsubscribed += 1;
    else if (email === undefined) withoutAddress += 1;
    else recipients.push({ customerId, email });
  }
  return { recipients, unsubscribed, withoutAddress };
}

/** One address and nothing else: a directory must not be able to add recipients or headers. */
function isAddress(text: string): boolean {
  return text.length <= 254 && /^[^\s@,;<>"()[\]\\:]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/u.test(text);
}

type StoredMail = NonNullable<Awaited<ReturnType<CustomerLedger['mail']>>>;
interface Recipient {
  readonly customerId: string;
  readonly email: string;
}

async function approvedMail(ports: CustomerPorts, input: SendCustomerMailInput): Promise<StoredMail> {
  const mail = await ports.ledger.mail(input);
  if (mail === null)
    throw failure('NotFound', `There is no mail ${input.edition} of ${input.incidentId}. Prepare it first.`);
  if (mail.digest !== input.digest)
    throw failure('Conflict', 'The text has changed since it was approved, so it was not sent. Approve the new one.');
  return mail;
}

async function sendBatch(ports: CustomerPorts, input: SendCustomerMailInput): Promise<CustomerMailProgress> {
  const mail = await approvedMail(ports, input);
  const release = await ports.ledger.lock(input);
  if (release === null)
    throw failure('Unavailable', 'Another worker sends this mail at the moment.', { retryAfterSeconds: 5 });
  const channel = ports.openMail();
  try {
    const inDoubt = await ports.ledger.inDoubt(input);
    const limit = Math.max(0, input.customers.mailsPerBatch - inDoubt.length);
    const batch = new Batch(ports, input, mail, channel, [
      ...inDoubt,
      ...(await ports.ledger.waiting({ ...input, limit })),
    ]);
    await batch.run();
    const { sent, refused, bounced, waiting } = await ports.ledger.counts(input);
    return { sent, refused, bounced, left: waiting, inDoubt: inDoubt.length };
  } finally {
    channel.close();
    await release();
  }
}

/** A few lanes over one list; the ledger is written before and after each mail. */
class Batch {
  readonly #until = performance.now() + BATCH_MILLISECONDS;
  readonly #queue: Recipient[];
  #ended = 0;
  #putOff = 0;
  #away: Error | null = null;

  constructor(
    private readonly ports: CustomerPorts,
    private readonly input: SendCustomerMailInput,
    private readonly mail: StoredMail,
    private readonly channel: BulkMail,
    recipients: readonly Recipient[],
  ) {
    this.#queue = [...recipients];
  }

  /** Throws when the mail server is away and nothing at all could be sent. */
  async run(): Promise<void> {
    await Promise.all(Array.from({ length: LANES }, () => this.#lane()));
    if (this.#away !== null && this.#ended === 0) throw this.#away;
  }

  async #lane(): Promise<void> {
    while (this.#away === null && performance.now() < this.#until) {
      const recipient = this.#queue.shift();
      if (recipient === undefined) return;
      await this.#one(recipient);
    }
  }

  async #one(recipient: Recipient): Promise<void> {
    const { input, ports } = this;
    const mail = envelope(input, this.mail, recipient);
    const one = { incidentId: input.incidentId, edition: input.edition, customerId: recipient.customerId };
    const messageId = this.channel.messageId(mail.key, mail.from);
    const own = mail.bounceTo === input.customers.bounceTo ? null : mail.bounceTo;
    await ports.ledger.begin({ ...one, messageId, bounceTo: own, at: input.at });
    try {
      const { rejected } = await this.channel.send(mail);
      if (rejected.length > 0) await ports.ledger.refused({ ...one, words: 'The address was refused.', at: input.at });
      else await ports.ledger.sent({ ...one, at: input.at });
      this.#ended += 1;
      this.#putOff = 0;
    } catch (error) {
      await this.#failed(one, error as Error & { nonRetryable?: boolean | null });
    }
  }

  /** For good (an address that is none): recorded, and the next one is served. Else it waits for another batch. */
  async #failed(
    one: { readonly incidentId: string; readonly edition: string; readonly customerId: string },
    error: Error & { readonly nonRetryable?: boolean | null; readonly type?: string | null },
  ): Promise<void> {
    const words = clip(error.message, WORDS_CHARACTERS);
    if (error.nonRetryable === true && error.type === 'Invalid') {
      await this.ports.ledger.refused({ ...one, words, at: this.input.at });
      this.#ended += 1;
      return;
    }
    const tries = await this.ports.ledger.later({ ...one, words });
    this.#putOff += 1;
    if (error.nonRetryable === true || this.#putOff >= AWAY_AFTER) this.#away = error;
    else if (tries >= TRIES)
      await this.ports.ledger.refused({ ...one, words: `Given up: ${words}`, at: this.input.at });
  }
}

function envelope(input: SendCustomerMailInput, mail: StoredMail, { customerId, email }: Recipient) {
  const { customers, incidentId, edition } = input;
  const web = customers.unsubscribeUrl?.replaceAll('{customer}', encodeURIComponent(customerId)) ?? null;
  const ways = [
    ...(web === null ? [] : [`<${web}>`]),
    ...(customers.unsubscribeMail === null ? [] : [`<mailto:${customers.unsubscribeMail}?subject=unsubscribe>`]),
  ];
  const headers: Record<string, string> = {
    ...(ways.length === 0 ? {} : { 'List-Unsubscribe': ways.join(', ') }),
    ...(web === null ? {} : { 'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click' }),
  };
  const key = `${incidentId}/customers/${edition}/${customerId}`;
  return {
    key,
    from: customers.mailFrom,
    to: [email],
    subject: mail.subject,
    text: mail.text,
    html: mail.html,
    calendar: null,
    replyTo: customers.replyTo,
    bounceTo: customers.bounceTo?.replace(MARK, () => markOf(key)) ?? null,
    headers,
  };
}

/** Where the policy wants a mail's own mark in the envelope's sender (a variable envelope return path). */
const MARK = '{mail}';
const MARK_CHARACTERS = 20;

/** The same mail has the same mark, also when it goes again; nobody else can name it who does not know the key. */
function markOf(key: string): string {
  return createHash('sha256').update(`bounce of ${key}`).digest('hex').slice(0, MARK_CHARACTERS);
}
