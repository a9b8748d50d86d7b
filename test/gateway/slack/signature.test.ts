import { createHmac } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type TestPostgres, testPostgres } from '../../store/test-postgres.ts';
import { SIGNING, type SlackRig, slackRig } from './slack-rig.ts';

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

const signed = (body: string, atSeconds: number, secret = SIGNING) => ({
  'content-type': 'application/x-www-form-urlencoded',
  'x-slack-request-timestamp': String(atSeconds),
  'x-slack-signature': `v0=${createHmac('sha256', secret).update(`v0:${atSeconds}:${body}`).digest('hex')}`,
});
const COMMAND = new URLSearchParams({
  command: '/incident',
  text: 'list',
  user_id: 'U0ALICE',
  channel_id: 'C1',
  channel_name: 'x',
  trigger_id: 't',
  response_url: '',
}).toString();

describe('the signature', () => {
  const post = (body: string, headers: Record<string, string>) =>
    fetch(`${rig.url}/slack/commands`, { method: 'POST', body, headers });
  const now = () => Math.floor(Date.parse(rig.clock.now) / 1000);

  it('is needed, over the raw body, by one of the secrets, at most five minutes off either way', async () => {
    expect((await post(COMMAND, signed(COMMAND, now()))).status).toBe(200);
    expect((await post(COMMAND, signed(COMMAND, now(), 'of-yesterday'))).status).toBe(200);
    expect((await post(COMMAND, signed(COMMAND, now(), 'of-nobody'))).status).toBe(401);
    expect((await post(`${COMMAND}&x=1`, signed(COMMAND, now()))).status).toBe(401);
    expect((await post(COMMAND, signed(COMMAND, now() - 299))).status).toBe(200);
    expect((await post(COMMAND, signed(COMMAND, now() - 302))).status).toBe(401);
    expect((await post(COMMAND, signed(COMMAND, now() + 302))).status).toBe(401);
    expect((await post(COMMAND, { 'content-type': 'application/x-www-form-urlencoded' })).status).toBe(401);
    expect((await post(COMMAND, { ...signed(COMMAND, now()), 'x-slack-signature': 'v0=abc' })).status).toBe(401);
  });

  it('passes what is not understood as 422, never 500', async () => {
    for (const body of [
      'payload=%7B%7D',
      'payload=nonsense',
      'payload=[]',
      '',
      'payload=%7B%22type%22%3A%22block_actions%22%7D',
    ]) {
      const answer = await fetch(`${rig.url}/slack/interactions`, {
        method: 'POST',
        body,
        headers: signed(body, now()),
      });
      expect([400, 422], body).toContain(answer.status);
    }
    const other = 'payload=%7B%22type%22%3A%22view_closed%22%7D';
    expect(
      (await fetch(`${rig.url}/slack/interactions`, { method: 'POST', body: other, headers: signed(other, now()) }))
        .status,
    ).toBe(200);
  });

  it('answers the challenge of Slack', async () => {
    const answer = await rig.slack.sendUrlVerification({
      url: `${rig.url}/slack/events`,
      signingSecret: SIGNING,
      challenge: 'abc',
    });
    expect(JSON.parse(answer.body)).toEqual({ challenge: 'abc' });
  });
});
