import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RemedyPlan } from '../../../src/domain/remedy.ts';
import { chatMessage } from '../../../src/views/chat.ts';
import { readChatValue } from '../../../src/views/chat-actions.ts';
import { type TestPostgres, testPostgres } from '../../store/test-postgres.ts';
import { PLAN } from '../../views/story.ts';
import { INCIDENT, type SlackRig, slackRig } from './slack-rig.ts';

let postgres: TestPostgres;
let rig: SlackRig;

beforeAll(async () => {
  postgres = await testPostgres();
});
beforeEach(async () => {
  rig = await slackRig(postgres);
});
afterEach(() => rig.close());
afterAll(() => postgres.stop());

describe('/incident', () => {
  it('opens an incident (R1.3), and a retry of Slack opens no second one', async () => {
    const answer = await rig.type('alice', 'create "Checkout is broken" --separate');
    expect(answer).toMatch(/^incident-20241023-1430-2 is open/);
    expect(
      (await rig.store.projection.list({ state: 'open', limit: 9 })).map(({ incident }) => incident.title),
    ).toContain('Checkout is broken');
    rig.faults.set('slack', { kind: 'duplicate-delivery', times: 1 });
    expect(await rig.type('alice', 'create "Login is broken" --separate')).toMatch(/-3 is open/);
    expect(await rig.store.projection.list({ state: 'open', limit: 9 })).toHaveLength(3);
  });

  it('decides, stamped with the time of receipt, by the person whose Slack id it is', async () => {
    expect(await rig.type('alice', 'ack')).toBe(`${INCIDENT}: Acknowledged: nobody else will be paged for this.`);
    const [decision] = rig.incident.decisions;
    expect(decision).toMatchObject({ name: 'acknowledge', incidentId: INCIDENT, receivedAt: rig.clock.now });
    expect(decision?.actor).toMatchObject({ person: 'alice', via: 'slack' });
    expect(decision?.signature).toMatch(/^[0-9a-f]{64}$/);
    expect(await rig.type('bob', 'ack')).toMatch(/alice had already acknowledged/);
  });

  it('says who may when somebody may not, and asks strangers to be added', async () => {
    expect(await rig.type('grace', 'resolve the cache was flushed')).toMatch(
      /takes one of these roles: commander.*These may: Alice Archer, Bob Baker, Carol Chen, Dave Diaz/s,
    );
    expect(await rig.type('nobody', 'ack')).toMatch(/Slack user U0NOBODY is not among the people/);
    expect(rig.incident.decisions).toEqual([]);
  });

  it('shows, lists and helps; strangers’ words call nobody', async () => {
    expect(await rig.type('grace', 'list')).toMatch(/incident-20241023-1430: API error rate/);
    expect(await rig.type('grace', 'show')).toMatch(/API error rate &lt;!channel&gt;/);
    expect(await rig.type('grace', 'help')).toMatch(/\/incident break-glass/);
    expect(await rig.type('grace', 'help hand-over')).toMatch(/hand-over \[incident\] &lt;person&gt;/);
    expect(await rig.type('grace', 'paper')).toBe('1. look');
    expect(await rig.type('grace', 'timeline')).toMatch(/Incident opened/);
    expect(await rig.type('alice', 'aprove')).toMatch(/Did you mean: \/incident approve/);
  });

  it('asks in a form for what is missing, and decides what the form says', async () => {
    const sent = await rig.slack.sendSlashCommand({ ...rig.to('commands', 'alice'), text: 'update' });
    const view = await rig.until(() => rig.slack.views.find(({ triggerId }) => triggerId === sent.triggerId));
    const { callback_id: callbackId, private_metadata: privateMetadata } = view.view as Record<string, string>;
    const submit = (text: string, expect = '') =>
      rig.slack.sendViewSubmission({
        ...rig.to('interactions', 'alice'),
        callbackId: callbackId ?? '',
        privateMetadata: privateMetadata ?? '',
        viewId: view.id,
        values: { text: { value: { value: text } }, expectedRecoveryAt: { value: { value: expect } } },
      });
    expect(JSON.parse((await submit('')).body)).toEqual({
      response_action: 'errors',
      errors: { text: 'This is needed.' },
    });
    expect(JSON.parse((await submit('back soon', 'noon')).body).errors).toHaveProperty('expectedRecoveryAt');
    expect((await submit('back soon', '15:00')).body).toBe('');
    await rig.until(() => rig.answersTo(sent.responseId)[0]?.includes('The update goes out now'));
    expect(rig.incident.decisions[0]).toMatchObject({
      name: 'update',
      body: { text: 'back soon', expectedRecoveryAt: '2024-10-23T15:00:00.000Z' },
    });
    await submit('back soon', '15:00');
    await submit('back soon', '15:00');
    expect(rig.incident.decisions).toHaveLength(1);
  });
});

describe('a question with buttons', () => {
  async function ask(): Promise<{ channel: string; ts: string; blocks: readonly unknown[] }> {
    const plan: RemedyPlan = { ...PLAN, action: 'rollback', preview: 'Rolls noa-mcp back.' };
    rig.incident.record({
      kind: 'approval-requested',
      approval: {
        id: 'r1.1',
        mode: 'ask',
        risk: 'high',
        approver: 'approver',
        why: 'The deploy is the cause.',
        options: [
          { name: 'rollback', plan, preview: plan.preview },
          { name: 'restart', plan: PLAN, preview: PLAN.preview },
        ],
        digest: 'd',
        requestedAt: rig.clock.now,
        remindAt: '2024-10-23T14:50:00.000Z',
        deadlineAt: '2024-10-23T15:00:00.000Z',
      },
    });
    const asked = await rig.incident.client.state(INCIDENT);
    if (!asked.ok) throw new Error(asked.words);
    const view = chatMessage('question', asked.value.facts, {
      texts: { templates: {}, consoleUrl: null } as never,
      render: (() => '') as never,
      detail: 'r1.1',
      groups: {},
      actionItems: null,
    });
    const posted = (await (
      await fetch(`${rig.slackUrl}/api/chat.postMessage`, {
        method: 'POST',
        headers: { authorization: 'Bearer xoxb-test', 'content-type': 'application/json' },
        body: JSON.stringify({
          channel: 'incidents',
          text: view.text,
          blocks: view.blocks,
          metadata: { event_type: 'x', event_payload: { key: 'k' } },
        }),
      })
    ).json()) as { ok: boolean; ts: string };
    expect(posted).toMatchObject({ ok: true });
    return { channel: 'incidents', ts: posted.ts, blocks: view.blocks };
  }
  const button = (blocks: readonly unknown[], starts: string): { action_id: string; value: string } => {
    const elements = (blocks as { type: string; elements?: { action_id: string; value: string }[] }[]).flatMap(
      (block) => (block.type === 'actions' ? (block.elements ?? []) : []),
    );
    const found = elements.find(({ action_id }) => action_id.startsWith(starts));
    if (found === undefined) throw new Error(`no ${starts} among ${elements.map(({ action_id }) => action_id)}`);
    return found;
  };
  const press = (
    who: string,
    question: { channel: string; ts: string; blocks: readonly unknown[] },
    starts: string,
  ) => {
    const { action_id: actionId, value } = button(question.blocks, starts);
    return rig.slack.sendBlockAction({
      ...rig.to('interactions', who),
      actionId,
      value,
      channel: question.channel,
      messageTs: question.ts,
    });
  };
  const told = (sent: { responseId: string }) => rig.until(() => rig.answersTo(sent.responseId)[0]);

  it('two people press approve at once: one decides, the other is told who did (R3.2.4)', async () => {
    const question = await ask();
    const sent = await Promise.all([press('alice', question, 'approve:0'), press('bob', question, 'approve:0')]);
    const answers = await Promise.all(sent.map(told));
    expect(answers.filter((words) => words.includes('Going ahead with rollback'))).toHaveLength(1);
    expect(answers.filter((words) => /r1.1 was already granted by (alice|bob)/.test(words))).toHaveLength(1);
    expect(rig.incident.timeline.filter(({ kind }) => kind === 'approval-granted')).toHaveLength(1);
  });

  it('a double click and a retry of Slack are one decision, and the buttons go', async () => {
    const question = await ask();
    rig.faults.set('slack', { kind: 'duplicate-delivery', times: 1 });
    const first = await press('alice', question, 'approve:1');
    const second = await press('alice', question, 'approve:1');
    expect(await told(first)).toMatch(/Going ahead with restart/);
    expect(await told(second)).toMatch(/Already taken|already granted/);
    expect(rig.incident.decisions).toHaveLength(1);
    const message = () => rig.slack.messages.find(({ ts }) => ts === question.ts);
    await rig.until(() => message()?.blocks.every((block) => (block as { type: string }).type !== 'actions'));
    expect(message()?.metadata).toMatchObject({ event_payload: { key: 'k' } });
  });

  it('the draft of a reminder is sent with one click, and once however often it is clicked (R4.2)', async () => {
    const asked = await rig.incident.client.state(INCIDENT);
    if (!asked.ok) throw new Error(asked.words);
    const view = chatMessage('reminder', asked.value.facts, {
      texts: { templates: {}, consoleUrl: null } as never,
      render: (() => '') as never,
      detail: 'we are looking at the database',
      groups: {},
      actionItems: null,
    });
    const reminder = { channel: 'incidents', ts: '1.000001', blocks: view.blocks };
    const answers = await Promise.all([
      told(await press('alice', reminder, 'update:0')),
      told(await press('alice', reminder, 'update:0')),
    ]);
    expect(answers.filter((words) => words.includes('The update goes out now')).length).toBeGreaterThan(0);
    const updates = rig.incident.timeline.filter(({ kind }) => kind === 'update-written');
    expect(updates).toMatchObject([{ text: 'we are looking at the database', by: { person: 'alice' } }]);
  });

  it('a stale button is answered, not obeyed', async () => {
    const question = await ask();
    rig.incident.record({ kind: 'approval-withdrawn', approvalId: 'r1.1', because: 'it recovered' });
    expect(await told(await press('alice', question, 'approve:0'))).toMatch(/r1.1 was already withdrawn/);
    expect(rig.incident.decisions).toEqual([]);
  });

  it('who may not approve learns who may; a value of another version does nothing', async () => {
    const question = await ask();
    expect(await told(await press('frank', question, 'approve:0'))).toMatch(
      /"approve" takes one of these roles.*These may: Alice Archer/s,
    );
    const old = await rig.slack.sendBlockAction({
      ...rig.to('interactions', 'alice'),
      actionId: 'approve:0',
      value: 'plan-1',
      channel: 'incidents',
      messageTs: question.ts,
    });
    expect(await told(old)).toMatch(/from an older version/);
    expect(rig.incident.decisions).toEqual([]);
  });

  it('reject asks why in a form', async () => {
    const question = await ask();
    const sent = await press('alice', question, 'reject');
    const view = await rig.until(() => rig.slack.views.find(({ triggerId }) => triggerId === sent.triggerId));
    const { callback_id: callbackId = '', private_metadata: privateMetadata = '' } = view.view as Record<
      string,
      string
    >;
    await rig.slack.sendViewSubmission({
      ...rig.to('interactions', 'alice'),
      callbackId,
      privateMetadata,
      viewId: view.id,
      values: { because: { value: { value: 'the deploy is innocent' } } },
    });
    expect(await told(sent)).toMatch(/Rejected/);
    expect(rig.incident.decisions[0]).toMatchObject({
      name: 'reject',
      body: { approvalId: 'r1.1', because: 'the deploy is innocent' },
    });
  });

  it('Temporal away: it is kept, said so, and taken when it is back, as said then', async () => {
    const question = await ask();
    rig.incident.self.away = true;
    const sent = await press('alice', question, 'approve:0');
    expect(sent.status).toBe(200);
    expect(await told(sent)).toMatch(/^Queued: approve in incident-20241023-1430\. Temporal does not answer/);
    const saidAt = rig.clock.now;
    rig.clock.now = '2024-10-23T14:33:00.000Z';
    rig.incident.self.away = false;
    await rig.until(() => rig.answersTo(sent.responseId)[1]?.includes('Going ahead with rollback'));
    expect(rig.incident.decisions[0]?.receivedAt).toBe(saidAt);
    expect(await rig.store.chatRequests.pending()).toBe(0);
  });

  it('what stays away for half an hour is given up, and said so', async () => {
    const question = await ask();
    rig.incident.self.away = true;
    const sent = await press('alice', question, 'approve:0');
    await told(sent);
    rig.clock.now = '2024-10-23T15:01:00.000Z';
    // The response_url has expired by then: the answer comes as a message only alice sees.
    await rig.until(() =>
      rig.slack.messages.find(({ onlyFor, text }) => onlyFor === 'U0ALICE' && text.startsWith('Not taken: approve')),
    );
    expect(await rig.store.chatRequests.pending()).toBe(0);
  });

  it('fifty presses at once are all acknowledged, and one decides', async () => {
    const question = await ask();
    const sent = await Promise.all(
      Array.from({ length: 50 }, (_, i) => press(i % 2 === 0 ? 'alice' : 'bob', question, 'approve:0')),
    );
    expect(sent.map(({ status }) => status)).toEqual(Array(50).fill(200));
    await rig.until(() => sent.every(({ responseId }) => rig.answersTo(responseId).length > 0));
    expect(rig.incident.timeline.filter(({ kind }) => kind === 'approval-granted')).toHaveLength(1);
  });

  it('App Home shows what waits for me, and its buttons decide', async () => {
    await ask();
    const asked = await rig.incident.client.state(INCIDENT);
    if (!asked.ok) throw new Error('away');
    await rig.store.projection.append(INCIDENT, rig.incident.timeline, asked.value.facts);
    await rig.slack.sendHomeOpened(rig.to('events', 'alice'));
    const home = (await rig.until(() => rig.slack.homes.get('U0ALICE'))) as { blocks: unknown[] };
    const { action_id: actionId, value } = button(home.blocks, 'approve:0');
    expect(readChatValue(value)).toMatchObject({
      incidentId: INCIDENT,
      given: { approvalId: 'r1.1', option: 'rollback' },
    });
    await rig.slack.sendBlockAction({
      ...rig.to('interactions', 'alice'),
      actionId,
      value,
      channel: null,
      messageTs: '',
    });
    await rig.until(() => rig.incident.decisions.length === 1);
    await rig.slack.sendHomeOpened(rig.to('events', 'grace'));
    const others = (await rig.until(() => rig.slack.homes.get('U0GRACE'))) as { blocks: unknown[] };
    expect(() => button(others.blocks, 'approve:0')).toThrow();
  });
});

describe('a gateway that dies after it has acknowledged', () => {
  it('leaves nothing behind: the next one carries it out', async () => {
    const url = await postgres.fresh();
    await rig.close();
    rig = await slackRig(postgres, url);
    await rig.store.chatRequests.keep({
      id: 'form:V9',
      at: rig.clock.now,
      request: {
        kind: 'submission',
        to: { user: 'U0ALICE', channel: null, responseUrl: null },
        decisionId: 'slack:x',
        incidentId: INCIDENT,
        name: 'acknowledge',
        body: {},
        message: null,
        said: 'acknowledge',
      },
    });
    await rig.store.chatRequests.putBack('form:V9', 0);
    await rig.until(() => rig.incident.decisions.length === 1);
  });

  it('with the store away it says that nothing was taken', async () => {
    await rig.store.close();
    const sent = await rig.slack.sendSlashCommand({ ...rig.to('commands', 'alice'), text: 'ack' });
    expect(sent.status).toBe(200);
    expect(await rig.until(() => rig.answersTo(sent.responseId)[0])).toMatch(/was not taken: \/incident ack/);
    rig = await slackRig(postgres);
  });
});
