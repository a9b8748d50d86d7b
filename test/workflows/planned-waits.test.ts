import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadPolicy } from '../../src/config/policy.ts';
import type { Policy } from '../../src/domain/policy.ts';
import { type Engine, startEngine } from './engine.ts';
import { beginIncident } from './story.ts';

let engine: Engine;
let policy: Policy;
beforeAll(async () => {
  engine = await startEngine();
  policy = await loadPolicy('policy/noa.yaml');
});
afterAll(async () => engine?.stop());

const DAY_SECONDS = 24 * 3600;

/** Resolved on Wednesday, to be reviewed when the team meets. */
async function resolved(meetingAt: string) {
  const story = await beginIncident(engine, policy);
  story.world.meetingAt = meetingAt;
  await story.decideSoon('alice', 'acknowledge', {});
  story.world.healthy = true;
  await story.decideSoon('alice', 'resolve', { fix: 'rolled back' });
  await story.pass(60);
  return story;
}

describe('planned waits are no overruns (R6.8)', () => {
  it('a review that waits for a meeting after the holidays takes no longer than planned', async () => {
    const story = await resolved('2024-10-28T10:00:00.000Z');
    await story.pass(4 * DAY_SECONDS);
    expect((await story.state()).phase).toBe('review');
    expect((await story.events('phase-overrun')).filter(({ phase }) => phase === 'review')).toEqual([]);
    await story.pass(DAY_SECONDS);
    await story.result();
    expect(story.world.timeline().some((event) => event.kind === 'phase-overrun' && event.phase === 'review')).toBe(
      false,
    );
  });
});
