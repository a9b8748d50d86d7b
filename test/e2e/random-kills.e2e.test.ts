import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pause } from './running-clock.ts';
import { openStage, type Stage } from './stage.ts';
import { remediesSeen } from './watch-ledger.ts';

// Processes killed at moments nobody chose. Another sequence: KILL_SEED=7 npx vitest run test/e2e/random-kills
const SEED = Number(process.env.KILL_SEED ?? 1);
const KILLS = 6;

let stage: Stage;
beforeAll(async () => {
  stage = await openStage({
    startAt: '2026-03-04T09:00:00.000Z',
    speed: 20,
    policy: { 'evidence.probeDeadlineSeconds': 8, 'verification.holdMinutes': 2 },
  });
  const at = Date.parse('2026-03-04T09:10:00.000Z');
  stage.production.world.addFault(
    { kind: 'bad-deploy', deployment: 'noa-mcp', change: 'new parser', errorRate: 0.45 },
    at,
  );
  await stage.clock.jumpTo('2026-03-04T09:10:30.000Z');
  stage.clock.start();
}, 120_000);
afterAll(async () => stage?.close());

/** Numbers from 0 to 1, the same for the same seed. */
function draws(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Whoever is asked says yes, however often it has to be said until somebody is there to hear it. */
async function sayYes(id: string): Promise<void> {
  for (const { approvalId } of (await stage.facts(id))?.openQuestions ?? []) {
    await stage.decide('alice', id, 'approve', { approvalId, option: null }, `yes to ${approvalId}`);
  }
}

describe(`killed at random (seed ${SEED})`, () => {
  it('one incident, one page, one remedy, and everybody is told that it is over', async () => {
    const draw = draws(SEED);
    const killing = (async () => {
      for (let count = 0; count < KILLS; count += 1) {
        await pause(1_000 + draw() * 4_000);
        const victim = draw() < 0.7 ? stage.worker : stage.gateway;
        await victim.kill();
        await victim.start();
      }
    })();
    const id = await stage.until('an incident is open', async () => (await stage.incidentIds())[0] ?? false, 60_000);
    await stage.until(
      'it is acknowledged',
      async () => {
        await stage.decide('alice', id, 'acknowledge', {}, 'alice acknowledges');
        return (await stage.events(id, 'acknowledged')).length > 0;
      },
      60_000,
    );
    await stage.until(
      'it is resolved, and the public knows',
      async () => {
        await sayYes(id);
        return (
          (await stage.events(id, 'post-mortem-written')).length > 0 &&
          stage.production.statusPage.incidents[0]?.status === 'resolved'
        );
      },
      120_000,
    );
    await killing;

    const { production } = stage;
    expect(await stage.incidentIds()).toEqual([id]);
    expect(remediesSeen(production)).toEqual(['rollback noa-mcp']);
    expect(production.pagerDuty.pages.filter(({ paged }) => paged).map(({ service }) => service)).toEqual([
      'oncall-primary',
    ]);
    expect(production.slack.channels.filter(({ name }) => name.startsWith('incident-'))).toHaveLength(1);
    for (const tag of ['[INITIAL ALERT', '[RESOLVED']) {
      expect(
        production.slack.messages.filter(({ text }) => text.includes(tag)),
        tag,
      ).toHaveLength(1);
    }
    expect(production.statusPage.incidents).toHaveLength(1);
    const keys = (await stage.events(id, 'published')).map(({ message }) => message.key);
    expect(keys).toEqual([...new Set(keys)]);
    const timeline = await stage.timeline(id);
    expect(timeline.map(({ seq }) => seq)).toEqual(timeline.map((_, index) => index + 1));
  }, 300_000);
});
