import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEmailClient } from '../../../src/activities/email/client.ts';
import type { IdempotencyLedger } from '../../../src/activities/once.ts';
import { createPagerDutyClient } from '../../../src/activities/pagerduty/client.ts';
import { createPublicationActivities } from '../../../src/activities/publication/activities.ts';
import type { Delivery, PublicationActivities, PublishInput } from '../../../src/activities/publication/api.ts';
import { createSlackClient } from '../../../src/activities/slack/client.ts';
import { createStatusPageClient } from '../../../src/activities/status-page/client.ts';
import { createTemplateRenderer } from '../../../src/config/liquid.ts';
import { COMMUNICATION, FACTS, HOSTILE_FACTS, RESOLVED } from '../../views/facts.ts';
import { type Mailbox, startMailbox } from '../email/mailbox.ts';
import { memoryLedger } from '../memory-ledger.ts';
import { startWorkspace, type Workspace } from '../slack/workspace.ts';
import { type FakeStatusPage, startStatusPage } from '../status-page/page.ts';
import { serve, type Wire, type WireAnswer } from './wire.ts';

let slack: Workspace;
let page: FakeStatusPage;
let mailbox: Mailbox;
let pager: Wire;
let pagerAnswer: WireAnswer;
let attempt: number;
let ledger: IdempotencyLedger;

beforeEach(async () => {
  [slack, page, mailbox] = await Promise.all([startWorkspace(), startStatusPage(), startMailbox()]);
  pagerAnswer = { status: 202, json: { status: 'success' } };
  pager = await serve(() => pagerAnswer);
  attempt = 1;
  ledger = memoryLedger();
  slack.addChannel('incidents', '');
});
afterEach(() => Promise.all([slack.wire.close(), page.wire.close(), pager.close(), mailbox.close()]));

function activities(
  changes: { ledger?: IdempotencyLedger; deadlineMilliseconds?: number } = {},
): PublicationActivities {
  return createPublicationActivities({
    chat: createSlackClient({ token: 'xoxb-t', apiUrl: `${slack.wire.url}/api/`, timeoutMilliseconds: 2000 }),
    statusPage: createStatusPageClient({
      apiUrl: page.wire.url,
      apiKey: 'page-key',
      pageId: 'p1',
      betweenRequestsMilliseconds: 0,
    }),
    mail: createEmailClient({ host: '127.0.0.1', port: mailbox.port, secure: false, auth: null }),
    paging: createPagerDutyClient({ eventsUrl: pager.url, routingKeys: { primary: 'k' } }),
    pageNotes: { note: async () => ({ already: false }) },
    render: createTemplateRenderer(),
    attempt: () => attempt,
    // Wide, so that a busy machine cannot fail a test; the tests about the deadline set a short one.
    deadlineMilliseconds: 6000,
    ledger,
    clock: () => FACTS.at,
    ...changes,
  });
}

const input = (...deliveries: Delivery[]): PublishInput => ({
  facts: FACTS,
  texts: COMMUNICATION,
  chatGroups: ['oncall-engineers'],
  deliveries,
});

const CHAT: Delivery = { medium: 'chat', key: 'i/initial/1', what: 'initial', channel: 'incidents', detail: null };
const STATUS: Delivery = { medium: 'status-page', key: 'i/status/1', what: 'investigating', ref: null, detail: null };
const MAIL: Delivery = {
  medium: 'mail',
  key: 'i/mail/1',
  what: 'escalation',
  to: ['em@example.com'],
  detail: 'Still open.',
};
const PAGE: Delivery = {
  medium: 'page',
  key: 'i/page/1',
  what: 'trigger',
  contact: 'oncall-primary',
  pagingService: 'primary',
  detail: null,
};
const OPEN: Delivery = {
  medium: 'chat',
  key: 'i/open',
  what: 'open-channel',
  channelName: 'incident-x',
  topic: 'P1',
  inviteChatIds: [],
  bookmarks: [],
};

const messages = () => slack.channels[0]?.messages ?? [];

describe('publish', () => {
  it('sends a whole round and gives a receipt each, in order', async () => {
    const receipts = await activities().publish(input(OPEN, CHAT, STATUS, MAIL, PAGE));
    expect(receipts.map(({ key, result, ref }) => [key, result, ref])).toEqual([
      ['i/open', 'delivered', slack.channels[1]?.id],
      ['i/initial/1', 'delivered', messages()[0]?.ts],
      ['i/status/1', 'delivered', 'inc1'],
      ['i/mail/1', 'delivered', mailbox.mails[0]?.messageId],
      ['i/page/1', 'delivered', 'incident-20241023-1430/oncall-primary'],
    ]);
    expect(receipts[0]).toMatchObject({ text: 'incident-x', channelName: 'incident-x' });
    expect(messages()[0]?.text).toContain('Teams Notified: <!subteam^S1> engineering-manager');
    expect(receipts[1]?.text).toBe(messages()[0]?.text);
  });

  it('lets one broken system cost its own receipt only', async () => {
    slack.fail('chat.postMessage', { status: 429, json: {}, headers: { 'retry-after': '20' } });
    page.fail({ status: 422, json: { error: 'name is too long' } });
    pagerAnswer = { status: 202, json: {}, lose: 'hang' };
    const receipts = await activities({ deadlineMilliseconds: 1500 }).publish(input(CHAT, STATUS, MAIL, PAGE));
    expect(receipts).toMatchObject([
      {
        key: 'i/initial/1',
        result: 'failed',
        permanent: false,
        retryAfterSeconds: 20,
        reason: 'Slack limits chat.postMessage for 20 s.',
      },
      { key: 'i/status/1', result: 'failed', permanent: true, retryAfterSeconds: null },
      { key: 'i/mail/1', result: 'delivered' },
      { key: 'i/page/1', result: 'failed', permanent: false, reason: expect.stringContaining('in time') },
    ]);
  });

  it('ends at the deadline although nobody answers', async () => {
    slack.fail('chat.postMessage', { status: 200, json: {}, lose: 'hang' });
    pagerAnswer = { status: 202, json: {}, lose: 'hang' };
    const before = performance.now();
    const later: Delivery = { ...CHAT, key: 'i/update/1', what: 'update' } as Delivery;
    const receipts = await activities({ deadlineMilliseconds: 300 }).publish(input(CHAT, later, PAGE));
    expect(receipts.map((receipt) => receipt.result)).toEqual(['failed', 'failed', 'failed']);
    expect(performance.now() - before).toBeLessThan(1500);
  });

  it('keeps the order of one channel', async () => {
    const second: Delivery = { medium: 'chat', key: 'i/note/1', what: 'note', channel: 'incidents', detail: 'second' };
    await activities().publish(input(CHAT, second));
    expect(messages().map((message) => message.text.slice(0, 6))).toEqual(['[INITI', 'second']);
  });

  it.each(['same worker', 'retried activity', 'another worker, marked again'])(
    'posts once when the answer was lost: %s',
    async (how) => {
      slack.fail('chat.postMessage', { status: 200, json: {}, lose: 'drop' });
      const first = activities();
      expect(await first.publish(input(CHAT))).toMatchObject([{ result: 'failed', permanent: false }]);
      if (how === 'retried activity') attempt = 2;
      const delivery = how.startsWith('another') ? { ...CHAT, again: true } : CHAT;
      const worker = how === 'same worker' ? first : activities();
      expect(await worker.publish(input(delivery))).toMatchObject([
        { result: 'already-delivered', ref: messages()[0]?.ts },
      ]);
      expect(messages()).toHaveLength(1);
    },
  );

  it('asks no history for a message that is sent for the first time', async () => {
    await activities().publish(input(CHAT));
    expect(slack.calls('conversations.history')).toHaveLength(0);
  });

  it('creates one status post when the answer was lost, and updates it with the next text', async () => {
    page.fail({ status: 201, json: {}, lose: 'drop' });
    const worker = activities();
    expect(await worker.publish(input(STATUS))).toMatchObject([{ result: 'failed', permanent: false }]);
    expect(await worker.publish(input(STATUS))).toMatchObject([{ result: 'already-delivered', ref: 'inc1' }]);
    await worker.publish(input({ ...STATUS, key: 'i/status/2', what: 'identified' } as Delivery));
    expect(page.incidents).toHaveLength(1);
    expect(page.posts).toHaveLength(2);
  });

  it('does not take the status page backwards by itself', async () => {
    const worker = activities();
    await worker.publish(input({ ...STATUS, what: 'monitoring' } as Delivery));
    const back = { ...STATUS, key: 'i/status/2', what: 'identified', ref: 'inc1' } as Delivery;
    expect(await worker.publish(input(back))).toMatchObject([
      { result: 'failed', permanent: true, reason: expect.stringContaining('"monitoring"') },
    ]);
    expect(await worker.publish(input({ ...back, detail: 'It is back.' } as Delivery))).toMatchObject([
      { result: 'delivered' },
    ]);
    expect(page.incidents[0]).toMatchObject({ status: 'identified', body: 'It is back.' });
  });

  it('sees that somebody changed the page by hand: never undoes it, and says what is shown (R4.4)', async () => {
    const worker = activities();
    await worker.publish(input(STATUS));
    const shown = page.incidents[0] as (typeof page.incidents)[number];
    shown.status = 'resolved';
    const next = { ...STATUS, key: 'i/status/2', what: 'identified', ref: 'inc1', expected: 'investigating' };
    expect(await worker.publish(input(next as Delivery))).toMatchObject([
      { result: 'failed', permanent: true, shownByHand: 'resolved' },
    ]);
    expect(shown.status).toBe('resolved');

    shown.status = 'identified';
    const forward = { ...next, key: 'i/status/3', what: 'monitoring' };
    expect(await worker.publish(input(forward as Delivery))).toMatchObject([
      { result: 'delivered', shownByHand: 'identified' },
    ]);
    const lost = { ...next, key: 'i/status/4', what: 'resolved', pendingKeys: ['i/status/3'] };
    expect((await worker.publish(input(lost as Delivery)))[0]).not.toHaveProperty('shownByHand');
  });

  it('reopens a resolved post when the incident is open again', async () => {
    const worker = activities();
    await worker.publish({ ...input({ ...STATUS, what: 'resolved' } as Delivery), facts: RESOLVED });
    const again = { ...STATUS, key: 'i/status/2', ref: 'inc1' } as Delivery;
    expect(await worker.publish({ ...input(again), facts: RESOLVED })).toMatchObject([
      { result: 'failed', permanent: true },
    ]);
    expect(await worker.publish(input(again))).toMatchObject([{ result: 'delivered' }]);
  });

  it('mails once: the ledger knows', async () => {
    await activities().publish(input(MAIL));
    attempt = 2;
    expect(await activities().publish(input(MAIL))).toMatchObject([{ result: 'already-delivered' }]);
    expect(mailbox.mails).toHaveLength(1);
  });

  it('does not call a sent mail failed because the ledger is down', async () => {
    const down = () => Promise.reject(new Error('down'));
    expect(await activities({ ledger: { ...ledger, begin: down, done: down } }).publish(input(MAIL))).toMatchObject([
      { result: 'delivered', reason: expect.stringContaining('ledger') },
    ]);
  });

  it('invites with a calendar object, and says what is missing for one', async () => {
    const invite: Delivery = {
      medium: 'mail',
      key: 'i/invite/1',
      what: 'invitation',
      to: ['jane@example.com'],
      detail: null,
      sequence: 1,
    };
    const review = { meetingMinutes: 60, agenda: [{ what: 'Timeline review', minutes: 10 }] };
    expect(await activities().publish({ ...input(invite), facts: RESOLVED, review })).toMatchObject([
      { result: 'delivered' },
    ]);
    expect(mailbox.mails[0]?.attachments.some((part) => part.content.toString().includes('SEQUENCE:1'))).toBe(true);
    expect(await activities().publish(input({ ...invite, key: 'i/invite/2' } as Delivery))).toMatchObject([
      { result: 'failed', permanent: true, reason: expect.stringContaining('plan the review') },
    ]);
  });

  it('turns a template that cannot be filled into one permanent failure', async () => {
    const texts = { ...COMMUNICATION, templates: { ...COMMUNICATION.templates, chatInitial: '{{ oops }}' } };
    expect(await activities().publish({ ...input(CHAT, PAGE), texts })).toMatchObject([
      { result: 'failed', permanent: true, reason: expect.stringContaining('oops') },
      { result: 'delivered' },
    ]);
  });

  it('acknowledges and resolves the page it triggered', async () => {
    const worker = activities();
    for (const what of ['trigger', 'acknowledge', 'resolve'] as const)
      await worker.publish(input({ ...PAGE, what, key: `i/page/${what}` } as Delivery));
    expect(new Set(pager.requests.map((request) => request.body.dedup_key)).size).toBe(1);
    expect(pager.requests.map((request) => request.body.event_action)).toEqual(['trigger', 'acknowledge', 'resolve']);
  });

  it('keeps receipts of hostile facts within a kilobyte', async () => {
    const receipts = await activities().publish({ ...input(CHAT, STATUS, MAIL, PAGE), facts: HOSTILE_FACTS });
    for (const receipt of receipts) {
      expect(receipt.result).toBe('delivered');
      expect(Buffer.byteLength(receipt.text)).toBeLessThanOrEqual(1024);
    }
    expect(messages()[0]?.text).not.toContain('<!channel>');
  });
});
