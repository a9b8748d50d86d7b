import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createSmtp, type Smtp } from '../../../lab/simulation/systems/smtp.ts';
import { WireFaults } from '../../../lab/simulation/wire/faults.ts';
import { WireLedger } from '../../../lab/simulation/wire/ledger.ts';
import type { PrepareCustomerMailInput, SendCustomerMailInput } from '../../../src/activities/customers/api.ts';
import { parseCsv } from '../../../src/activities/customers/csv.ts';
import { loadPolicy } from '../../../src/config/policy.ts';
import { messageTemplatesFor } from '../../../src/domain/message-templates.ts';
import type { CustomersPolicy, Policy } from '../../../src/domain/policy.ts';
import { type TestPostgres, testPostgres } from '../../store/test-postgres.ts';
import { HOSTILE, HOSTILE_FACTS, RESOLVED } from '../../views/facts.ts';
import { openSender } from './sender.ts';

const AT = '2024-10-23T15:10:00.000Z';
let postgres: TestPostgres;
let policy: Policy;
let customers: CustomersPolicy;
let smtp: Smtp;
let faults: WireFaults;
let smtpPort: number;
let databaseUrl: string;
let folder: string;

beforeAll(async () => {
  postgres = await testPostgres();
  policy = await loadPolicy('policy/noa.yaml');
  customers = policy.customers as CustomersPolicy;
}, 60_000);
afterAll(() => postgres?.stop());
beforeEach(async () => {
  faults = new WireFaults();
  smtp = createSmtp({ clock: () => Date.parse(AT), faults, log: new WireLedger() });
  ({ port: smtpPort } = await smtp.listen());
  databaseUrl = await postgres.fresh();
  folder = await mkdtemp(join(tmpdir(), 'customers-'));
});
afterEach(async () => {
  await smtp.close();
  await rm(folder, { recursive: true, force: true });
});

const prepareInput = (changes: Partial<PrepareCustomerMailInput> = {}): PrepareCustomerMailInput => ({
  edition: 'resolved-0',
  kind: 'notification',
  facts: RESOLVED,
  texts: messageTemplatesFor(policy.communication, [{ medium: 'customers', what: 'notification' }]),
  customers,
  fromAt: '2024-10-23T14:30:00.000Z',
  untilAt: '2024-10-23T15:05:00.000Z',
  at: AT,
  ...changes,
});

const sendInput = (digest: string, changes: Partial<SendCustomerMailInput> = {}): SendCustomerMailInput => ({
  incidentId: RESOLVED.incidentId,
  edition: 'resolved-0',
  digest,
  customers,
  at: AT,
  ...changes,
});

async function directory(lines: readonly string[]): Promise<string> {
  const csv = join(folder, 'customers.csv');
  await writeFile(csv, ['customer_id,email,user_id,unsubscribed', ...lines].join('\n'));
  return csv;
}

const numbered = (count: number) =>
  Array.from({ length: count }, (_, index) => `c${String(index).padStart(5, '0')},c${index}@example.com,u${index},no`);
const allFailed = (count: number) => new Map(Array.from({ length: count }, (_, index) => [`u${index}`, 3] as const));

async function sender(csv: string | null, failures: ReadonlyMap<string, number>, directoryUrl: string | null = null) {
  return openSender({ databaseUrl, smtpPort, csv, directoryUrl, failures });
}

describe('mail to affected customers (R4.5)', () => {
  it('is the runbook’s text with figures of evidence, to affected customers only', async () => {
    const csv = await directory([
      'hit,hit@example.com,u1,no',
      'hit,second@example.com,u2,no',
      'spared,spared@example.com,u3,no',
      'quiet,quiet@example.com,u1,yes',
      'mute,,u1,no',
      'forged,"a@example.com,b@example.com",u1,no',
      'lucky,lucky@example.com,u9,no',
    ]);
    const { activities, store } = await sender(
      csv,
      new Map([
        ['u1', 20],
        ['u2', 4],
        ['u3', 0.2],
      ]),
    );
    const prepared = await activities.prepareCustomerMail(prepareInput());
    expect(prepared).toMatchObject({ customers: 1, users: 2, unsubscribed: 1, withoutAddress: 2, failedShare: 0.45 });
    expect(prepared.subject).toBe('Service Disruption Notification - October 23, 2024');
    expect(prepared.text).toContain('on October 23, 2024 from 14:30 to 15:05 UTC');
    expect(prepared.text).toContain('Approximately 45% of API requests failed during the 35-minute incident window.');
    expect(prepared.formula).toContain('[2100s]');

    const progress = await activities.sendCustomerMails(sendInput(prepared.digest));
    expect(progress).toEqual({ sent: 1, refused: 0, bounced: 0, left: 0, inDoubt: 0 });
    const [mail] = smtp.mails;
    expect(smtp.mails).toHaveLength(1);
    expect(mail?.to).toEqual(['hit@example.com']);
    expect(mail?.headers['list-unsubscribe']?.replace(/\s+/gu, ' ')).toBe(
      '<https://noaserver.com/notifications/unsubscribe?customer=hit>, <mailto:unsubscribe@noaserver.com?subject=unsubscribe>',
    );
    expect(mail?.headers['list-unsubscribe-post']).toBe('List-Unsubscribe=One-Click');
    expect(mail?.html).toContain('Dear NOA Server Customer');
    await store.close();
  });

  it('gives each mail an envelope’s sender of its own where policy wants it, by which it is found when it comes back', async () => {
    const { activities, store } = await sender(await directory(numbered(2)), allFailed(2));
    const { digest } = await activities.prepareCustomerMail(prepareInput());
    const own = { ...customers, bounceTo: 'Bounces+{mail}@noaserver.com' };
    await activities.sendCustomerMails(sendInput(digest, { customers: own }));
    const senders = smtp.mails.map(({ sender: from }) => from);
    expect(new Set(senders).size).toBe(2);
    for (const one of senders) expect(one).toMatch(/^Bounces\+[0-9a-f]{20}@noaserver\.com$/u);
    const [first = ''] = senders;
    const found = await store.customerMail.bounced({ by: { bounceTo: first.toLowerCase() }, words: 'gone', at: AT });
    expect(found).toMatchObject({ incidentId: RESOLVED.incidentId, before: 'sent' });
    expect(await store.customerMail.counts({ incidentId: RESOLVED.incidentId, edition: 'resolved-0' })).toMatchObject({
      sent: 1,
      bounced: 1,
    });
    await store.close();
  });

  it('says nothing of ours, whatever the evidence holds', async () => {
    const { activities, store } = await sender(await directory(numbered(1)), allFailed(1));
    const { text, subject } = await activities.prepareCustomerMail(
      prepareInput({ facts: { ...HOSTILE_FACTS, incidentId: RESOLVED.incidentId } }),
    );
    expect(`${subject}${text}`).not.toMatch(/evil|script|rm -rf|channel/u);
    expect(text).not.toContain(HOSTILE.slice(0, 10));
    await store.close();
  });

  it('sends each once when the worker is killed midway, and says what may have gone twice', async () => {
    const count = 300;
    const first = await sender(await directory(numbered(count)), allFailed(count));
    const { digest } = await first.activities.prepareCustomerMail(prepareInput());
    const script = join(import.meta.dirname, 'sender-process.ts');
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', script, databaseUrl, String(smtpPort), JSON.stringify(sendInput(digest))],
      { stdio: 'ignore' },
    );
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    await expect.poll(() => smtp.mails.length, { timeout: 30_000, interval: 2 }).toBeGreaterThan(40);
    child.kill('SIGKILL');
    await ended;
    expect(smtp.mails.length).toBeLessThan(count);

    let progress = { sent: 0, refused: 0, left: count, inDoubt: 0 };
    let inDoubt = 0;
    for (let batch = 0; batch < 5 && progress.left > 0; batch += 1) {
      progress = await first.activities.sendCustomerMails(sendInput(digest));
      inDoubt += progress.inDoubt;
    }
    expect(progress).toMatchObject({ sent: count, refused: 0, left: 0 });
    const ids = new Set(smtp.mails.map((mail) => mail.messageId));
    const addresses = new Set(smtp.mails.flatMap((mail) => mail.to));
    expect([ids.size, addresses.size]).toEqual([count, count]);
    // Each repeat has the Message-ID of its first copy, and there are no more than were handed over at the kill.
    expect(smtp.mails.length - count).toBeLessThanOrEqual(inDoubt);
    expect(inDoubt).toBeLessThanOrEqual(4);
    expect(await first.activities.sendCustomerMails(sendInput(digest))).toMatchObject({ sent: count, left: 0 });
    expect(smtp.mails.length - count).toBeLessThanOrEqual(inDoubt);
    await first.store.close();
  }, 60_000);

  it('records who could not be reached and serves the others', async () => {
    smtp.unknownMailboxes.add('c1@example.com');
    const { activities, store } = await sender(await directory(numbered(3)), allFailed(3));
    const { digest } = await activities.prepareCustomerMail(prepareInput());
    expect(await activities.sendCustomerMails(sendInput(digest))).toEqual({
      sent: 2,
      refused: 1,
      bounced: 0,
      left: 0,
      inDoubt: 0,
    });
    const which = { incidentId: RESOLVED.incidentId, edition: 'resolved-0', limit: 10 };
    expect(await store.customerMail.refusals(which)).toMatchObject([
      { customerId: 'c00001', words: expect.stringContaining('User unknown') },
    ]);
    await store.close();
  });

  it('waits for a mail server that is away instead of giving customers up', async () => {
    const { activities, store } = await sender(await directory(numbered(20)), allFailed(20));
    const { digest } = await activities.prepareCustomerMail(prepareInput());
    faults.set('smtp', { kind: 'error-503' });
    await expect(activities.sendCustomerMails(sendInput(digest))).rejects.toThrow('did not take the mail');
    faults.clear('smtp');
    expect(await activities.sendCustomerMails(sendInput(digest))).toMatchObject({ sent: 20, refused: 0, left: 0 });
    expect(smtp.mails).toHaveLength(20);
    await store.close();
  });

  it('sends only the text that was approved, a test of it to whoever asks, and lets one worker send at a time', async () => {
    const { activities, store } = await sender(await directory(numbered(2)), allFailed(2));
    const { digest } = await activities.prepareCustomerMail(prepareInput());
    await expect(activities.sendCustomerMails(sendInput('another'))).rejects.toThrow(
      'has changed since it was approved',
    );
    await activities.testCustomerMail({ ...sendInput(digest), to: 'alice@noaserver.com', key: 'k/test/1' });
    expect(smtp.mails.map(({ to, subject }) => [to, subject])).toEqual([
      [['alice@noaserver.com'], '[TEST] Service Disruption Notification - October 23, 2024'],
    ]);
    const release = await store.customerMail.lock({ incidentId: RESOLVED.incidentId, edition: 'resolved-0' });
    await expect(activities.sendCustomerMails(sendInput(digest))).rejects.toThrow('Another worker sends this mail');
    await release?.();
    expect(await activities.sendCustomerMails(sendInput(digest))).toMatchObject({ sent: 2 });
    await store.close();
  });

  it('asks the team’s own database for the customers behind the users', async () => {
    const directoryUrl = await postgres.fresh();
    const client = new pg.Client({ connectionString: directoryUrl });
    await client.connect();
    await client.query('CREATE TABLE customer_users (customer_id int, email text, user_id text, unsubscribed boolean)');
    await client.query(
      `INSERT INTO customer_users VALUES (1, 'one@example.com', 'u0', false), (2, 'two@example.com', 'u7', false)`,
    );
    await client.end();
    const { activities, store } = await sender(null, allFailed(3), directoryUrl);
    expect(await activities.prepareCustomerMail(prepareInput())).toMatchObject({ customers: 1, users: 3 });
    const wrong = { ...customers, directoryQuery: 'DELETE FROM customer_users WHERE user_id = ANY($1) RETURNING *' };
    await expect(activities.prepareCustomerMail(prepareInput({ customers: wrong }))).rejects.toThrow('read-only');
    await store.close();
  });

  it('says what is missing when nothing tells who the customers are', async () => {
    const { activities, store } = await sender(null, allFailed(1));
    await expect(activities.prepareCustomerMail(prepareInput())).rejects.toThrow(
      'Set CUSTOMERS_CSV or CUSTOMERS_DATABASE_URL',
    );
    const { activities: others, store: other } = await sender(
      await directory([]).then(async (csv) => {
        await writeFile(csv, 'id,mail\n1,a@example.com');
        return csv;
      }),
      allFailed(1),
    );
    await expect(others.prepareCustomerMail(prepareInput())).rejects.toThrow(
      'has no column customer_id, email, user_id',
    );
    await Promise.all([store.close(), other.close()]);
  });
});

describe('parseCsv', () => {
  it('reads quoted cells with commas, quotes and line breaks', () => {
    expect(parseCsv('\ufeffa,b\r\n"x, ""y""\nz",2\r\n\r\n')).toEqual([
      ['a', 'b'],
      ['x, "y"\nz', '2'],
    ]);
  });
});
