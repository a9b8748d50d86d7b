import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SlackUserClient } from '../../lab/rehearsal/slack-user-client.ts';
import type { SlackMessage } from '../../lab/simulation/systems/slack/workspace.ts';
import { readChatValue } from '../../src/views/chat-actions.ts';
import { openStage, type Stage } from './stage.ts';

// An incident that is led from Slack alone (R1.3, issue 7): opened by a slash command, acknowledged by a button, approved
// by two people at once, updated in a form. Nothing but signed payloads of the simulated Slack reaches the product.
const SIGNING = 'e2e-slack-signing-secret';
const HURRIED = { 'evidence.probeDeadlineSeconds': 8, 'verification.holdMinutes': 2 };

let stage: Stage;
let client: SlackUserClient;
beforeAll(async () => {
  // A queue of its own: what the gateway sends there is done only by workers that poll the same.
  stage = await openStage({
    startAt: '2024-10-23T14:00:00.000Z',
    speed: 20,
    policy: HURRIED,
    env: () => ({ TEMPORAL_TASK_QUEUE: 'queue-of-this-installation' }),
  });
  const { production, clock } = stage;
  production.world.addFault(
    { kind: 'bad-deploy', deployment: 'noa-mcp', change: 'feature X', slowQuery: true },
    Date.parse('2024-10-23T14:15:00.000Z'),
  );
  client = new SlackUserClient({
    slack: production.slack,
    faults: production.wires,
    gatewayUrl: stage.gatewayUrl,
    signingSecret: SIGNING,
    chatIdOf: (person) => stage.policy.people.find(({ id }) => id === person)?.chatId ?? null,
  });
  await clock.jumpTo('2024-10-23T14:30:30.000Z');
  clock.start();
}, 90_000);
afterAll(async () => stage?.close());

interface Pressable {
  readonly message: SlackMessage;
  readonly actionId: string;
  readonly value: string;
}

/** A button as it stands in a message of ours. */
function button(starts: string, given: Readonly<Record<string, unknown>>): Pressable | null {
  for (const message of stage.production.slack.messages) {
    for (const block of message.blocks as { elements?: { action_id?: string; value?: string }[] }[]) {
      for (const { action_id: actionId = '', value = '' } of block.elements ?? []) {
        const read = readChatValue(value)?.given ?? {};
        if (actionId.startsWith(starts) && Object.entries(given).every(([key, wanted]) => read[key] === wanted))
          return { message, actionId, value };
      }
    }
  }
  return null;
}

function press(chatId: string, { message, actionId, value }: Pressable) {
  return stage.production.slack.sendBlockAction({
    url: `${stage.gatewayUrl}/slack/interactions`,
    signingSecret: SIGNING,
    userId: chatId,
    actionId,
    value,
    channel: message.channel,
    messageTs: message.ts,
  });
}

const told = (responseId: string) =>
  stage.until('an answer in Slack', () => {
    const found = stage.production.slack.responses.find(({ id }) => id === responseId);
    return found === undefined ? false : (found.body as { text: string }).text;
  });

describe('an incident that is led from Slack', () => {
  let id = '';

  it('is opened by /incident create, and its channel pins one summary with buttons', async () => {
    const { slack } = stage.production;
    const sent = await slack.sendSlashCommand({
      url: `${stage.gatewayUrl}/slack/commands`,
      signingSecret: SIGNING,
      userId: 'U0ALICE',
      text: 'create “API errors since the deploy” --severity P1',
    });
    expect(await told(sent.responseId)).toMatch(/^incident-20241023-14\d\d is open/);
    [id = ''] = await stage.incidentIds();
    const pinned = await stage.until('a pinned summary', () => {
      const channel = slack.channels.find(({ name }) => name === id);
      return channel?.pins.length === 1 ? channel.pins[0] : false;
    });
    expect(slack.messages.find(({ ts }) => ts === pinned)?.text).toContain('API errors since the deploy');
  }, 60_000);

  it('is acknowledged by the button of its first message; somebody without the role is told who may', async () => {
    const acknowledge = await stage.until('a button', () => button('acknowledge', {}) ?? false);
    expect(await told((await press('U0GRACE', acknowledge)).responseId)).toMatch(
      /takes one of these roles.*These may: Alice Archer/s,
    );
    expect(await told((await press('U0ALICE', acknowledge)).responseId)).toContain('nobody else will be paged');
    const [event] = await stage.events(id, 'acknowledged');
    expect(event?.by).toMatchObject({ person: 'alice', via: 'slack' });
  }, 60_000);

  it('two people approve at once: one remedy; the stale button is answered, not obeyed', async () => {
    const approve = await stage.until(
      'a rollback is proposed',
      () => button('approve', { option: 'rollback' }) ?? false,
    );
    const answers = await Promise.all([press('U0ALICE', approve), press('U0BOB', approve)]);
    const words = await Promise.all(answers.map(({ responseId }) => told(responseId)));
    expect(words.filter((one) => one.includes('Going ahead with rollback'))).toHaveLength(1);
    expect(words.filter((one) => one.includes('already granted by'))).toHaveLength(1);
    expect(await told((await press('U0CAROL', approve)).responseId)).toMatch(/already granted by/);
    await stage.until('the rollback', async () => (await stage.events(id, 'remedy-carried-out'))[0] ?? false);
    expect(await stage.events(id, 'remedy-intended')).toHaveLength(1);
  }, 60_000);

  it('is updated in a form, and the pinned summary is edited in place', async () => {
    const reply = await client.decide({
      id: 'u',
      who: 'alice',
      via: 'slack',
      incidentId: id,
      name: 'update',
      body: { text: 'Rolled back; watching.', expectedRecoveryAt: null },
    });
    expect(reply).toMatchObject({ accepted: true });
    await stage.until(
      'the update is on the timeline',
      async () => (await stage.events(id, 'update-written'))[0] ?? false,
    );
    const { slack } = stage.production;
    expect(slack.views.length).toBeGreaterThan(0);
    const channel = slack.channels.find(({ name }) => name === id);
    expect(channel?.pins).toHaveLength(1);
    await stage.until('an edit', () => slack.messages.find(({ ts }) => ts === channel?.pins[0])?.edited === true);
  }, 60_000);

  it('is resolved when the recovery is confirmed', async () => {
    const resolve = await stage.until(
      'resolve is proposed',
      () => button('approve', { option: 'resolve' }) ?? false,
      60_000,
    );
    expect(await told((await press('U0ALICE', resolve)).responseId)).toContain('Going ahead with resolve');
    await stage.until('resolved', async () => (await stage.events(id, 'resolved'))[0] ?? false);
  }, 90_000);
});

describe('the quick reference (R8)', () => {
  const ask = async (who: string, path: string, body: unknown) => {
    const response = await fetch(`${stage.gatewayUrl}${path}`, {
      method: body === null ? 'GET' : 'POST',
      headers: { authorization: `Bearer token-of-${who}`, 'content-type': 'application/json', 'x-incident-via': 'cli' },
      ...(body === null ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, json: (await response.json()) as Record<string, unknown> };
  };

  it('checks with words, command and excerpt; who only looks on may not', async () => {
    expect((await ask('grace', '/api/checks', { what: 'pods' })).status).toBe(403);
    const { json } = await ask('alice', '/api/checks', { what: 'pods' });
    const [pods] = json.items as { words: string; command: string; excerpt: string }[];
    expect(pods?.command).toMatch(/^kubectl get pods/);
    expect(pods?.words).toMatch(/pods?/);
    expect((await ask('alice', '/api/checks', { what: 'everything' })).json.error).toMatch(
      /must be one of pods, nodes/,
    );
  }, 60_000);

  it('does nothing before a yes, does it once, and writes it down', async () => {
    const before = stage.production.kubernetes.actions.filter(({ effects }) =>
      effects.some(({ kind }) => kind === 'restart'),
    ).length;
    const restarts = () =>
      stage.production.kubernetes.actions.filter(
        ({ dryRun, effects }) => !dryRun && effects.some(({ kind }) => kind === 'restart'),
      ).length - before;
    const { status, json } = await ask('alice', '/api/quick-actions', {
      id: 'q1',
      action: 'restart',
      target: 'noa-mcp',
      because: 'stale connections',
    });
    expect([status, json.stage, json.id]).toEqual([202, 'waiting', 'quick-q1']);
    expect(String((json.plan as { command: string }).command)).toMatch(/^kubectl .*rollout restart/);
    expect(restarts()).toBe(0);
    const needsSecond = (json.needs as { secondPerson: boolean }).secondPerson;
    if (needsSecond)
      expect((await ask('alice', '/api/quick-actions/quick-q1/answer', { id: 'y0', name: 'confirm' })).status).toBe(
        403,
      );
    const who = needsSecond ? 'bob' : 'alice';
    const yes = await Promise.all(
      ['y1', 'y2'].map((yesId) => ask(who, '/api/quick-actions/quick-q1/answer', { id: yesId, name: 'confirm' })),
    );
    expect(yes.map((answer) => answer.status).sort()).toEqual([200, 409]);
    await stage.until(
      'it is done',
      async () => (await ask('alice', '/api/quick-actions/quick-q1', null)).json.stage === 'done',
    );
    expect(restarts()).toBe(1);
    // It is said first, then written down, and then told to the incident.
    const [id = ''] = await stage.incidentIds();
    await stage.until('the incident has heard of it', async () =>
      (await stage.events(id, 'noted')).some(({ text }) => text.startsWith('do restart noa-mcp (quick-q1): done')),
    );
    const audit = (await ask('grace', '/api/audit', null)).json.audit as {
      what: string;
      person: string;
      words: string;
    }[];
    expect(audit.map(({ what }) => what)).toContain('check pods');
    expect(audit.filter(({ what, words }) => what === 'do restart noa-mcp' && words.startsWith('done:'))).toHaveLength(
      1,
    );
  }, 90_000);

  it('what nobody may is refused before anything is begun', async () => {
    expect((await ask('grace', '/api/quick-actions', { action: 'restart', because: 'x' })).status).toBe(403);
    expect(
      (await ask('alice', '/api/quick-actions', { action: 'restart', target: 'nothing', because: 'x' })).json.error,
    ).toMatch(/no deployment nothing: noa-mcp/);
    expect((await ask('alice', '/api/quick-actions', { action: 'rm', because: 'x' })).json.error).toMatch(
      /must be one of restart, rollback/,
    );
  });
});
