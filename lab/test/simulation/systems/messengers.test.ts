import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebClient } from '@slack/web-api';
import { createTransport } from 'nodemailer';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createPagerDuty } from '../../../simulation/systems/pagerduty.ts';
import { DEFAULT_PEOPLE } from '../../../simulation/systems/people.ts';
import { createSlack } from '../../../simulation/systems/slack/slack.ts';
import { createSmtp } from '../../../simulation/systems/smtp.ts';
import { createStatusPage, DEFAULT_STATUS_PAGE } from '../../../simulation/systems/status-page.ts';
import { WireFaults } from '../../../simulation/wire/faults.ts';
import { WireLedger } from '../../../simulation/wire/ledger.ts';

const NOW_MS = Date.parse('2026-03-03T09:00:00Z');
let faults: WireFaults;
let common: { clock: () => number; faults: WireFaults; log: WireLedger };
const stops: (() => Promise<void> | void)[] = [];

beforeEach(() => {
  faults = new WireFaults();
  common = { clock: () => NOW_MS, faults, log: new WireLedger() };
});

afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

interface Received {
  readonly headers: Record<string, unknown>;
  readonly body: string;
}

async function receiver(): Promise<{ url: string; received: Received[] }> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      received.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
      response.end('taken');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  stops.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/in`, received };
}

describe('Slack', () => {
  async function start() {
    const slack = createSlack({ ...common, people: DEFAULT_PEOPLE, botToken: 'xoxb-1' });
    const { url } = await slack.listen();
    stops.push(() => slack.close());
    const web = new WebClient('xoxb-1', {
      slackApiUrl: `${url}/api/`,
      retryConfig: { retries: 0 },
      rejectRateLimitedCalls: true,
    });
    return { slack, web, url };
  }

  it('opens a channel by its name rules, once', async () => {
    const { web, slack } = await start();
    const { channel } = await web.conversations.create({ name: 'incident-20260303-0900' });
    await expect(web.conversations.create({ name: 'incident-20260303-0900' })).rejects.toMatchObject({
      data: { error: 'name_taken' },
    });
    await expect(web.conversations.create({ name: 'incident-09:00' })).rejects.toMatchObject({
      data: { error: 'invalid_name_specials' },
    });
    await web.conversations.setTopic({ channel: channel?.id ?? '', topic: 'P1' });
    await web.conversations.invite({ channel: channel?.id ?? '', users: 'U0ALICE,U0BOB' });
    await web.bookmarks.add({
      channel_id: channel?.id ?? '',
      title: 'Overview',
      type: 'link',
      link: 'http://grafana/d/1',
    });
    expect(slack.channels.at(-1)).toMatchObject({ topic: 'P1', bookmarks: [{ title: 'Overview' }] });
    expect([...(slack.channels.at(-1)?.members ?? [])]).toEqual(['U0BOT01', 'U0ALICE', 'U0BOB']);
  });

  it('keeps messages with their metadata, and finds, changes and pins them', async () => {
    const { web, slack } = await start();
    const metadata = { event_type: 'incident_update', event_payload: { incident_id: 'INC-1', key: 'update-1' } };
    const blocks = [{ type: 'section' as const, text: { type: 'mrkdwn' as const, text: '*P1*' } }];
    const posted = await web.chat.postMessage({ channel: '#incidents', text: 'P1', blocks, metadata });
    const history = await web.conversations.history({ channel: posted.channel ?? '', include_all_metadata: true });
    expect(history.messages?.[0]).toMatchObject({ ts: posted.ts, metadata, blocks });
    await web.chat.update({ channel: posted.channel ?? '', ts: posted.ts ?? '', text: 'P2' });
    await web.pins.add({ channel: posted.channel ?? '', timestamp: posted.ts ?? '' });
    await web.chat.postMessage({ channel: 'incidents', text: 'in thread', thread_ts: posted.ts ?? '' });
    expect(
      (await web.conversations.replies({ channel: posted.channel ?? '', ts: posted.ts ?? '' })).messages?.map(
        (one) => one.text,
      ),
    ).toEqual(['P2', 'in thread']);
    expect((await web.users.lookupByEmail({ email: 'carol@noaserver.com' })).user?.id).toBe('U0CAROL');
    expect(slack.ledger.map((entry) => entry.method)).toEqual([
      'chat.postMessage',
      'chat.update',
      'pins.add',
      'chat.postMessage',
    ]);
  });

  it('refuses blocks over the limits and strangers, and limits when told to', async () => {
    const { web, url } = await start();
    const long = [{ type: 'section' as const, text: { type: 'mrkdwn' as const, text: 'x'.repeat(3001) } }];
    await expect(web.chat.postMessage({ channel: 'incidents', text: 'x', blocks: long })).rejects.toMatchObject({
      data: { error: 'invalid_blocks' },
    });
    const many = Array.from({ length: 51 }, () => ({ type: 'divider' as const }));
    await expect(web.chat.postMessage({ channel: 'incidents', text: 'x', blocks: many })).rejects.toMatchObject({
      data: { error: 'invalid_blocks' },
    });
    const stranger = new WebClient('xoxb-2', { slackApiUrl: `${url}/api/`, retryConfig: { retries: 0 } });
    await expect(stranger.auth.test()).rejects.toMatchObject({ data: { error: 'invalid_auth' } });
    faults.set('slack', { kind: 'rate-limited', retryAfterSeconds: 20, times: 1 });
    await expect(web.chat.postMessage({ channel: 'incidents', text: 'x' })).rejects.toMatchObject({ retryAfter: 20 });
  });

  it('sends signed commands and button presses, doubled when told to', async () => {
    const { slack, web } = await start();
    const { url, received } = await receiver();
    const posted = await web.chat.postMessage({ channel: 'incidents', text: 'decide' });
    const answer = await slack.sendSlashCommand({
      url,
      signingSecret: 's3cret',
      userId: 'U0ALICE',
      text: 'create "checkout is slow"',
    });
    expect(answer).toMatchObject({ status: 200, body: 'taken' });
    const { headers, body } = received[0] as Received;
    const expected = createHmac('sha256', 's3cret')
      .update(`v0:${String(headers['x-slack-request-timestamp'])}:${body}`)
      .digest('hex');
    expect(headers['x-slack-signature']).toBe(`v0=${expected}`);
    expect(new URLSearchParams(body).get('text')).toBe('create "checkout is slow"');
    faults.set('slack', { kind: 'duplicate-delivery', times: 1 });
    await slack.sendBlockAction({
      url,
      signingSecret: 's3cret',
      userId: 'U0ALICE',
      actionId: 'approve',
      value: 'plan-1',
      channel: 'incidents',
      messageTs: posted.ts ?? '',
    });
    expect(received).toHaveLength(3);
    const payload = JSON.parse(new URLSearchParams(received[2]?.body).get('payload') ?? '{}') as { actions: unknown[] };
    expect(payload).toMatchObject({
      type: 'block_actions',
      user: { id: 'U0ALICE' },
      message: { text: 'decide' },
      actions: [{ action_id: 'approve', value: 'plan-1' }],
    });
  });
});

describe('PagerDuty', () => {
  async function start() {
    const pagerDuty = createPagerDuty({ ...common, people: DEFAULT_PEOPLE, apiToken: 'token' });
    const { url } = await pagerDuty.listen();
    stops.push(() => pagerDuty.close());
    const enqueue = (body: unknown) => fetch(`${url}/v2/enqueue`, { method: 'POST', body: JSON.stringify(body) });
    const rest = (method: string, path: string, body?: unknown, from = 'alice@noaserver.com') =>
      fetch(`${url}${path}`, {
        method,
        headers: { authorization: 'Token token=token', from },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    return { pagerDuty, enqueue, rest };
  }
  const trigger = (routing_key: string | undefined) => ({
    routing_key,
    event_action: 'trigger',
    dedup_key: 'INC-1',
    payload: { summary: 'P1: errors', source: 'incidents', severity: 'critical' },
  });

  it('pages a person once for one dedup_key until it is resolved', async () => {
    const { pagerDuty, enqueue } = await start();
    const heard: string[] = [];
    pagerDuty.onPage((page) => heard.push(`${page.reaches} ${page.dedupKey}`));
    const key = pagerDuty.routingKeys['oncall-primary'];
    expect((await enqueue(trigger(key))).status).toBe(202);
    await enqueue(trigger(key));
    await enqueue({ routing_key: key, event_action: 'acknowledge', dedup_key: 'INC-1' });
    await enqueue({ routing_key: key, event_action: 'resolve', dedup_key: 'INC-1' });
    await enqueue(trigger(key));
    expect(heard).toEqual(['alice@noaserver.com INC-1', 'alice@noaserver.com INC-1']);
    expect(pagerDuty.pages.map((page) => [page.action, page.paged])).toEqual([
      ['trigger', true],
      ['trigger', false],
      ['acknowledge', false],
      ['resolve', false],
      ['trigger', true],
    ]);
    expect((await enqueue({ ...trigger('nonsense') })).status).toBe(400);
    expect((await enqueue({ ...trigger(key), payload: { source: 'x', severity: 'bad' } })).status).toBe(400);
  });

  it('takes notes from known users only', async () => {
    const { pagerDuty, enqueue, rest } = await start();
    await enqueue(trigger(pagerDuty.routingKeys['oncall-primary']));
    const { incidents } = (await (await rest('GET', '/incidents?incident_key=INC-1')).json()) as {
      incidents: { id: string }[];
    };
    const path = `/incidents/${incidents[0]?.id}/notes`;
    const body = { note: { content: 'looking' } };
    expect((await rest('POST', path, body, 'nobody@example.com')).status).toBe(400);
    expect((await rest('POST', path, body)).status).toBe(201);
    expect(pagerDuty.incidents[0]?.notes).toMatchObject([{ content: 'looking', by: 'alice@noaserver.com' }]);
  });

  it('sends signed webhooks of what people do', async () => {
    const { pagerDuty, enqueue } = await start();
    await enqueue(trigger(pagerDuty.routingKeys['oncall-primary']));
    const { url, received } = await receiver();
    const incidentId = pagerDuty.incidents[0]?.id ?? '';
    await pagerDuty.sendWebhook({
      type: 'incident.acknowledged',
      incidentId,
      agentEmail: 'alice@noaserver.com',
      url,
      secret: 'hook',
    });
    const { headers, body } = received[0] as Received;
    expect(headers['x-pagerduty-signature']).toBe(`v1=${createHmac('sha256', 'hook').update(body).digest('hex')}`);
    expect(JSON.parse(body)).toMatchObject({
      event: { event_type: 'incident.acknowledged', data: { id: incidentId, status: 'acknowledged' } },
    });
    expect(pagerDuty.incidents[0]?.status).toBe('acknowledged');
  });
});

describe('the status page', () => {
  it('publishes, keeps metadata, moves components and knows what is unresolved', async () => {
    const page = createStatusPage({ ...common, settings: DEFAULT_STATUS_PAGE, apiKey: 'key' });
    const { url } = await page.listen();
    stops.push(() => page.close());
    const call = async (method: string, path: string, body?: unknown, key = 'key') => {
      const headers = { authorization: `OAuth ${key}`, 'content-type': 'application/json' };
      const answer = await fetch(`${url}/v1/pages/${DEFAULT_STATUS_PAGE.pageId}${path}`, {
        method,
        headers,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return {
        status: answer.status,
        body: (await answer.json()) as { id: string; metadata?: unknown }[] & { id: string },
      };
    };
    const metadata = { noa: { incident_id: 'INC-1' } };
    const created = await call('POST', '/incidents', {
      incident: {
        name: 'Errors',
        status: 'investigating',
        impact_override: 'major',
        body: 'We look into it.',
        components: { api: 'partial_outage' },
        metadata,
      },
    });
    expect(created.status).toBe(201);
    expect((await call('GET', '/incidents/unresolved')).body).toMatchObject([{ id: created.body.id, metadata }]);
    expect((await call('PATCH', `/incidents/${created.body.id}`, { incident: { status: 'gone' } })).status).toBe(422);
    expect(
      (
        await call('PATCH', `/incidents/${created.body.id}`, {
          incident: { status: 'resolved', body: 'Done.', components: { api: 'operational' } },
        })
      ).status,
    ).toBe(200);
    expect((await call('GET', '/incidents/unresolved')).body).toEqual([]);
    expect((await call('GET', '/components', undefined, 'wrong')).status).toBe(401);
    expect(page.ledger.map((entry) => [entry.status, entry.atMs])).toEqual([
      ['investigating', NOW_MS],
      ['resolved', NOW_MS],
    ]);
  });
});

describe('mail', () => {
  async function start() {
    const smtp = createSmtp(common);
    const { port } = await smtp.listen();
    stops.push(() => smtp.close());
    const transport = createTransport({
      host: '127.0.0.1',
      port,
      secure: false,
      ignoreTLS: true,
      connectionTimeout: 500,
      greetingTimeout: 500,
      socketTimeout: 500,
    });
    const send = () =>
      transport.sendMail({
        messageId: '<INC-1.1@noaserver.com>',
        from: 'incidents@noaserver.com',
        to: 'carol@noaserver.com',
        subject: 'P1 opened',
        text: 'Hello',
        html: '<p>Hello</p>',
        icalEvent: { method: 'REQUEST', content: 'BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n' },
      });
    return { smtp, send };
  }

  it('is kept with its parts', async () => {
    const { smtp, send } = await start();
    await send();
    expect(smtp.mails).toMatchObject([
      {
        atMs: NOW_MS,
        messageId: '<INC-1.1@noaserver.com>',
        to: ['carol@noaserver.com'],
        subject: 'P1 opened',
        html: '<p>Hello</p>',
      },
    ]);
    expect(smtp.mails[0]?.ics).toContain('BEGIN:VCALENDAR');
  });

  it('takes no further one after so many, until what was to happen in between has happened', async () => {
    const { smtp, send } = await start();
    await send();
    const happened: number[] = [];
    smtp.haltAfter(2, async () => void happened.push(smtp.mails.length));
    await send();
    await send();
    expect([smtp.mails.length, happened.length]).toEqual([3, 0]);
    // Two at once, as over two connections: both wait for it, and it happens once.
    await Promise.all([send(), send()]);
    expect(happened).toEqual([3]);
    await send();
    expect([smtp.mails.length, happened.length]).toEqual([6, 1]);
  });

  it('fails as wires fail, and is there when only the answer was lost', async () => {
    const { smtp, send } = await start();
    for (const kind of ['down', 'refused', 'timeout', 'half-open'] as const) {
      faults.set('smtp', { kind, times: 1 });
      await expect(send(), kind).rejects.toThrow();
    }
    faults.set('smtp', { kind: 'error-500', times: 1 });
    await expect(send()).rejects.toMatchObject({ responseCode: 451 });
    expect(smtp.mails).toEqual([]);
    faults.set('smtp', { kind: 'lost-answer', times: 1 });
    await expect(send()).rejects.toThrow();
    expect(smtp.mails).toHaveLength(1);
  });
});
