import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DEFAULT_PEOPLE } from '../../../lab/simulation/systems/people.ts';
import { createSlack, type Slack } from '../../../lab/simulation/systems/slack/slack.ts';
import { WireFaults } from '../../../lab/simulation/wire/faults.ts';
import { WireLedger } from '../../../lab/simulation/wire/ledger.ts';
import { createPublicationActivities } from '../../../src/activities/publication/activities.ts';
import type { Delivery, PublishInput } from '../../../src/activities/publication/api.ts';
import { createSlackClient } from '../../../src/activities/slack/client.ts';
import { FACTS } from '../../views/facts.ts';
import { memoryLedger } from '../memory-ledger.ts';

let slack: Slack;
let publish: (ref: string | null, changes?: object) => Promise<string | null>;

beforeEach(async () => {
  slack = createSlack({
    clock: () => Date.parse(FACTS.at),
    faults: new WireFaults(),
    log: new WireLedger(),
    people: DEFAULT_PEOPLE,
    botToken: 'xoxb',
  });
  const { url } = await slack.listen();
  const chat = createSlackClient({ token: 'xoxb', apiUrl: `${url}/api/` });
  const never = { find: fail, create: fail, update: fail, send: fail, page: fail } as never;
  const activities = createPublicationActivities({
    chat,
    statusPage: never,
    mail: never,
    paging: never,
    render: () => '',
    ledger: memoryLedger(),
    clock: () => FACTS.at,
    attempt: () => 1,
  } as never);
  publish = async (ref, changes = {}) => {
    const delivery: Delivery = { medium: 'chat', what: 'pinned', channel: 'incidents', key: 'i/pinned', ref };
    const input = {
      facts: { ...FACTS, ...changes },
      texts: {},
      chatGroups: [],
      deliveries: [delivery],
    } as unknown as PublishInput;
    const [receipt] = await activities.publish(input);
    return receipt?.ref ?? null;
  };
});
afterEach(() => slack.close());

async function fail(): Promise<never> {
  throw new Error('not asked here');
}

describe('the pinned summary of an incident channel', () => {
  it('is posted and pinned once, then edited in place, with buttons', async () => {
    const ref = await publish(null);
    expect(ref).not.toBeNull();
    expect(await publish(ref, { commander: 'Bob Baker', severity: 'P0' })).toBe(ref);
    expect(slack.messages).toHaveLength(1);
    const [message] = slack.messages;
    expect(message?.edited).toBe(true);
    expect(message?.text).toMatch(/^P0 · API High Error Rate\n.*Commander\*: Bob Baker/s);
    expect(slack.channels.find(({ name }) => name === 'incidents')?.pins).toEqual([ref]);
    expect(JSON.stringify(message?.blocks)).toContain('"hand-over:');
    expect(message?.text).toMatch(/UTC \(<!date\^\d+\^\{time\}\|/);
  });

  it('is found again when nobody knows that it was posted: its first answer was lost', async () => {
    const first = await publish(null);
    expect(await publish(null)).toBe(first);
    expect(slack.messages).toHaveLength(1);
  });
});
