import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SocketMode } from '../../../lab/simulation/systems/slack/socket-mode.ts';
import { connectSocket, type SlackSocket } from '../../../src/gateway/slack/socket.ts';
import { type TestPostgres, testPostgres } from '../../store/test-postgres.ts';
import { INCIDENT, type SlackRig, slackRig } from './slack-rig.ts';

let postgres: TestPostgres;
let rig: SlackRig;
let socket: SlackSocket;
let slackSide: SocketMode;

beforeEach(async () => {
  postgres = await testPostgres();
  rig = await slackRig(postgres);
  slackSide = await rig.slack.socketMode();
  socket = connectSocket({ app: rig.app, appToken: 'xapp-1', apiUrl: `${rig.slackUrl}/api/` });
  await rig.until(() => slackSide.connections === 1);
});
afterEach(async () => {
  await socket.close();
  await rig.close();
  await postgres.stop();
});

const command = (text: string, trigger: string) => ({
  command: '/incident',
  text,
  user_id: 'U0ALICE',
  channel_id: '',
  channel_name: 'incidents',
  trigger_id: trigger,
  response_url: '',
});

describe('Socket Mode feeds the same handlers', () => {
  it('a command decides, a slip is answered at once, a doubled one is one decision', async () => {
    const slip = await slackSide.send('slash_commands', command('aprove', 't1'));
    expect(slip).toMatchObject({ acknowledged: true, payload: { text: expect.stringContaining('/incident approve') } });
    const answers = await Promise.all([1, 2].map(() => slackSide.send('slash_commands', command('ack', 't2'))));
    expect(answers.map(({ acknowledged }) => acknowledged)).toEqual([true, true]);
    await rig.until(() => rig.incident.decisions.length === 1);
    expect(rig.incident.decisions[0]).toMatchObject({ incidentId: INCIDENT, name: 'acknowledge' });
  });

  it('comes back after Slack has recycled the connection, and after Slack was away', async () => {
    rig.faults.set('slack', { kind: 'error-503', times: 1 });
    slackSide.recycle();
    await rig.until(() => slackSide.connections === 2);
    expect(await slackSide.send('slash_commands', command('ack', 't3'))).toMatchObject({ acknowledged: true });
    await rig.until(() => rig.incident.decisions.length === 1);
  });

  it('what cannot be read is acknowledged and left alone', async () => {
    expect(await slackSide.send('interactive', { type: 'block_actions' })).toMatchObject({ acknowledged: true });
    expect(
      await slackSide.send('events_api', {
        type: 'event_callback',
        event: { type: 'app_home_opened', user: 'U0ALICE', tab: 'home' },
      }),
    ).toMatchObject({ acknowledged: true });
    await rig.until(() => rig.slack.homes.get('U0ALICE'));
    expect(rig.incident.decisions).toEqual([]);
  });
});
