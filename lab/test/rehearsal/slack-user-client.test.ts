import { describe, expect, it } from 'vitest';
import { GatewayClient } from '../../rehearsal/gateway-client.ts';
import type { PersonDecision } from '../../rehearsal/people.ts';
import { SlackUserClient, type SlackUserClientOptions } from '../../rehearsal/slack-user-client.ts';
import { WireFaults } from '../../simulation/wire/faults.ts';

const NOTE: PersonDecision = {
  id: 'd1',
  who: 'alice',
  via: 'slack',
  incidentId: 'incident-20260303-0900',
  name: 'note',
  body: { text: 'hello' },
};

/** Slack whose slash commands our gateway answers like that, and whether Slack itself is well. */
function doorTo(answer: { status: number | null; body: string }, faults = new WireFaults()) {
  let asked = 0;
  const sendSlashCommand = async () => {
    asked += 1;
    return { ...answer, responseId: 'r1', triggerId: 't1' };
  };
  const slack = { channels: [], messages: [], responses: [], views: [], sendSlashCommand } as unknown;
  const options = { faults, gatewayUrl: 'http://127.0.0.1:9', signingSecret: 's', chatIdOf: () => 'U1' };
  return {
    client: new SlackUserClient({ ...options, slack: slack as SlackUserClientOptions['slack'] }),
    asked: () => asked,
  };
}

describe('what our own gateway does not take from Slack', () => {
  it('is a refusal that the judge is told of, and no reason to take the command line', async () => {
    const { client } = doorTo({ status: 401, body: 'bad signature' });
    const gateway = new GatewayClient('http://127.0.0.1:9', new Map(), '', client);
    expect(await gateway.decide(NOTE)).toEqual({ accepted: false, words: client.refused[0] });
    expect(client.refused).toEqual(['a slash command for note of alice was refused with 401: bad signature']);
  });

  it.each([null, 503])(
    'is tried again in Slack while nobody is at home (%s)',
    async (status) => {
      const { client, asked } = doorTo({ status, body: '' });
      const gateway = new GatewayClient('http://127.0.0.1:9', new Map(), '', client);
      expect(await gateway.decide(NOTE)).toMatchObject({ accepted: false });
      expect(asked()).toBe(40);
      expect(client.refused).toEqual([]);
    },
    30_000,
  );

  it('sends people to the command line only when Slack itself is away', async () => {
    const faults = new WireFaults();
    faults.set('slack', { kind: 'down' });
    const { client, asked } = doorTo({ status: 200, body: '' }, faults);
    expect(await client.decide(NOTE)).toBeNull();
    expect(asked()).toBe(0);
    expect(client.refused).toEqual([]);
  });
});
