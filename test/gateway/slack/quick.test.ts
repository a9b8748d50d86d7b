import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { QuickClient } from '../../../src/client/quick-actions.ts';
import type { Decision } from '../../../src/domain/decision.ts';
import type { QuickActionState } from '../../../src/domain/quick-action.ts';
import type { QuickActionInput, QuickCheckInput } from '../../../src/workflows/quick-action/api.ts';
import { type TestPostgres, testPostgres } from '../../store/test-postgres.ts';
import { PLAN } from '../../views/story.ts';
import { INCIDENT, type SlackRig, slackRig } from './slack-rig.ts';

let postgres: TestPostgres;
let rig: SlackRig;
let begun: QuickActionInput[];
let checks: QuickCheckInput[];
let said: Decision[];

beforeAll(async () => {
  postgres = await testPostgres();
});
beforeEach(async () => {
  rig = await slackRig(postgres);
  [begun, checks, said] = [[], [], []];
  Object.assign(rig.incident.client.quick, pretendQuick());
});
afterEach(() => rig.close());
afterAll(() => postgres.stop());

/** Quick actions without Temporal: previewed at once, done at the second look after a yes. */
function pretendQuick(): QuickClient {
  let looks = 0;
  const state = (stage: QuickActionState['stage'], words: string): QuickActionState => {
    const input = begun.at(-1) as QuickActionInput;
    const plan = { ...PLAN, command: 'kubectl rollout restart deployment/noa-mcp `id`' };
    const { id, action, target, by, because, incidentId, needs } = input;
    const common = { id, action, target, by, because, incidentId, needs, stage, plan, words };
    return { ...common, confirmedBy: null, confirmUntil: null, temporaryUntil: null, outcome: null };
  };
  const answered = async (decision: Decision, stage: QuickActionState['stage'], words: string) => {
    said.push(decision);
    return { ok: true as const, value: state(stage, words) };
  };
  return {
    check: async (input) => {
      checks.push(input);
      const item = { words: '3 of 6 pods <ready>', command: 'kubectl get pods', excerpt: 'a ``` b', abnormal: true };
      const gap = { probe: 'resources', source: 'prometheus', reason: 'timeout' };
      return { ok: true, value: { items: [item], gaps: [gap], collectedAt: rig.clock.now } as never };
    },
    begin: async (input) => {
      begun.push(input);
      return { ok: true, value: null };
    },
    state: async () => {
      looks += 1;
      const over = said.length > 0 && looks > 2;
      return {
        ok: true,
        value: over ? state('done', 'Restarted; 6 of 6 run.') : state('waiting', 'Restarts noa-mcp.'),
      };
    },
    confirm: (decision) => answered(decision, 'acting', 'Restarting.'),
    callOff: (decision) => answered(decision, 'called-off', 'Dropped.'),
    undo: (decision) => answered(decision, 'undone', 'Taken back.'),
  };
}

interface Answered {
  readonly blocks: readonly { readonly elements?: readonly { action_id: string; value: string }[] }[];
}

async function shown(user: string, text: string): Promise<readonly { action_id: string; value: string }[]> {
  const sent = await rig.slack.sendSlashCommand({ ...rig.to('commands', user), text, channel: INCIDENT });
  const found = await rig.until(() => rig.slack.responses.find(({ id }) => id === sent.responseId));
  return (found.body as Answered).blocks.flatMap(({ elements }) => elements ?? []);
}

describe('the quick reference in Slack (R8)', () => {
  it('looks, and says what it saw, with the command; nobody’s text becomes markup', async () => {
    const answer = await rig.type('alice', 'check pods', INCIDENT);
    expect(answer).toContain('3 of 6 pods &lt;ready&gt;');
    expect(answer).toContain('`kubectl get pods`');
    expect(answer.match(/```/g)).toHaveLength(2);
    expect(answer).toContain('resources is not known: timeout');
    expect(checks).toMatchObject([{ what: 'pods', incidentId: INCIDENT, by: { person: 'alice', via: 'slack' } }]);
    expect(await rig.type('grace', 'check pods')).toContain('for those who work on incidents');
    expect(checks).toHaveLength(1);
  });

  it('shows what would be done, does it after a press, once, and tells what came of it', async () => {
    const buttons = await shown('alice', 'do restart noa-mcp because stale connections');
    expect(buttons.map(({ action_id: id }) => id)).toEqual(['quick-confirm:0', 'quick-call-off:0']);
    expect(begun).toMatchObject([{ action: 'restart', because: 'stale connections', by: { via: 'slack' } }]);
    expect(said).toEqual([]);
    const [yes] = buttons;
    const press = () =>
      rig.slack.sendBlockAction({
        ...rig.to('interactions', 'alice'),
        actionId: yes?.action_id ?? '',
        value: yes?.value ?? '',
        channel: null,
        messageTs: '',
      });
    await Promise.all([press(), press()]);
    await rig.until(() => rig.slack.messages.some(({ text }) => text === 'Restarted; 6 of 6 run.'));
    expect(said[0]).toMatchObject({ name: 'approve', actor: { person: 'alice', via: 'slack' } });
    expect(said[0]?.signature).toBeTruthy();
    // Temporal takes two of the same id for one.
    expect(new Set(said.map(({ id }) => id)).size).toBe(1);
  }, 20_000);

  it('gives whoever asked for something dangerous no yes of their own, and says who may', async () => {
    const buttons = await shown('alice', 'do rollback noa-mcp because the deploy broke it');
    expect(buttons.map(({ action_id: id }) => id)).toEqual(['quick-call-off:0']);
    expect(await rig.type('alice', 'do rollback noa-mcp because x')).toContain('somebody else with the role approver');
  });

  it('says what is missing, and what there is', async () => {
    expect(await rig.type('alice', 'check')).toContain('pods, nodes, errors');
    expect(await rig.type('alice', 'do')).toContain('restart, rollback, scale');
    expect(await rig.type('alice', 'do restart noa-mcp')).toContain('must not be empty');
    expect(await rig.type('alice', 'do restart nothing because x')).toContain('There is no deployment nothing');
    expect(await rig.type('alice', 'do list')).toContain('Nothing was looked at or done');
    expect(begun).toEqual([]);
  });
});
