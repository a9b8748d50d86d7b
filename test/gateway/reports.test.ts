import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { isSignedByJira, readJira } from '../../src/activities/jira/webhook.ts';
import { readSlackMessage } from '../../src/activities/slack/message-event.ts';
import { readZendesk, zendeskSignatureProblem } from '../../src/activities/zendesk/webhook.ts';
import { loadPolicy } from '../../src/config/policy.ts';

const NOW = '2026-03-03T09:00:00.000Z';
const { reports } = await loadPolicy('policy/noa.yaml');

/** The sample of Zendesk's reference of event webhooks, shortened to what carries meaning. */
const TICKET = {
  account_id: 22129848,
  detail: {
    actor_id: '8447388090494',
    description: 'Nothing works since ten minutes',
    id: '5158',
    requester_id: '8447388090494',
    status: 'OPEN',
    subject: 'API is down',
    tags: ['possible_incident'],
    type: 'TASK',
  },
  event: {},
  subject: 'zen:ticket:5158',
  type: 'zen:event-type:ticket.created',
};

describe('Zendesk as a source of reports (R1.7)', () => {
  it('a signature is over timestamp and body, by the secret of today or of tomorrow', () => {
    const bytes = Buffer.from(JSON.stringify(TICKET));
    const timestamp = '2026-03-03T08:59:58Z';
    const signature = createHmac('sha256', 'tomorrow').update(timestamp).update(bytes).digest('base64');
    const check = (body: Buffer, at: string, secrets = ['today', 'tomorrow']) =>
      zendeskSignatureProblem({ timestamp: at, signature }, body, secrets, NOW);
    expect(check(bytes, timestamp)).toBeNull();
    expect(check(Buffer.from('{}'), timestamp)).toContain('does not fit');
    expect(check(bytes, '2026-03-03T08:59:59Z')).toContain('does not fit');
    expect(check(bytes, timestamp, ['today'])).toContain('does not fit');
    expect(
      zendeskSignatureProblem({ timestamp: undefined, signature: undefined }, bytes, ['today'], NOW),
    ).not.toBeNull();
    const late = zendeskSignatureProblem({ timestamp, signature }, bytes, ['tomorrow'], '2026-03-03T12:00:00.000Z');
    expect(late).toContain('too long ago');
  });

  it('only a created ticket with a tag of the policy is a report, and never one of ours', () => {
    expect(readZendesk(TICKET, reports, NOW)).toMatchObject({
      id: 'zendesk:5158',
      through: 'zendesk',
      text: 'API is down',
      ref: '5158',
    });
    const tagged = (tags: readonly string[]) =>
      readZendesk({ ...TICKET, detail: { ...TICKET.detail, tags } }, reports, NOW);
    expect(tagged(['billing'])).toMatchObject({ because: expect.stringContaining('possible_incident') });
    expect(tagged(['possible_incident', 'incident_runbook'])).toMatchObject({
      because: 'This product made the ticket itself.',
    });
    expect(readZendesk({ ...TICKET, type: 'zen:event-type:ticket.status_changed' }, reports, NOW)).toHaveProperty(
      'because',
    );
    expect(() => readZendesk({ hello: 1 }, reports, NOW)).toThrow('not an event webhook of Zendesk');
  });
});

describe('Jira as a source of reports (R1.7)', () => {
  const issue = (labels: readonly string[]) => ({
    timestamp: 1,
    webhookEvent: 'jira:issue_created',
    issue: { id: '1', key: 'NOA-7', fields: { summary: 'Logins\nfail', labels, reporter: { displayName: 'Rita' } } },
  });

  it('knows its signature: the example of the documentation of webhooks', () => {
    // developer.atlassian.com/cloud/jira/platform/webhooks: secret and payload with the signature they give.
    const signature = 'sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9';
    const secret = "It's a Secret to Everybody";
    expect(isSignedByJira(signature, Buffer.from('Hello World!'), ['other', secret])).toBe(true);
    expect(isSignedByJira(signature, Buffer.from('Hello World?'), [secret])).toBe(false);
    expect(isSignedByJira(undefined, Buffer.from(''), [secret])).toBe(false);
    expect(isSignedByJira('sha256=abc', Buffer.from(''), [secret])).toBe(false);
  });

  it('only a created issue with a label of the policy is a report, and never one of ours', () => {
    expect(readJira(issue(['possible-incident']), reports, NOW)).toMatchObject({
      id: 'jira:NOA-7',
      text: 'Logins fail',
      reporter: 'Rita',
    });
    expect(readJira(issue([]), reports, NOW)).toHaveProperty('because');
    expect(readJira(issue(['possible-incident', 'incident-runbook']), reports, NOW)).toHaveProperty('because');
    expect(readJira({ webhookEvent: 'jira:issue_deleted' }, reports, NOW)).toHaveProperty('because');
    expect(() => readJira([], reports, NOW)).toThrow('not a webhook of Jira');
  });
});

describe('Slack messages as a source of reports (R1.7)', () => {
  const message = { type: 'message', user: 'U1', text: 'all <@U0BOT> is down', channel: 'C1', ts: '1.2' };

  it('listens in the channels of the policy, and everywhere to its own name', () => {
    expect(readSlackMessage(message, 'support', reports, NOW)).toMatchObject({
      id: 'slack:C1:1.2',
      text: 'all is down',
      channel: 'C1',
      ref: '1.2',
    });
    expect(readSlackMessage(message, 'lunch', reports, NOW)).toHaveProperty('because');
    const mention = readSlackMessage({ ...message, type: 'app_mention' }, null, reports, NOW);
    // A mention in such a channel arrives as both events: one report.
    expect(mention).toMatchObject({ id: 'slack:C1:1.2' });
  });

  it.each([
    ['a machine', { bot_id: 'B1' }],
    ['an edit', { subtype: 'message_changed' }],
    ['a join', { subtype: 'channel_join' }],
    ['an answer in a thread', { thread_ts: '1.1' }],
    ['nobody', { user: undefined }],
  ])('%s reports nothing', (_who, change) => {
    expect(readSlackMessage({ ...message, ...change }, 'support', reports, NOW)).toHaveProperty('because');
  });
});
