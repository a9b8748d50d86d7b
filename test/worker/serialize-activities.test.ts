import type { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import type { ActivityExecuteInput } from '@temporalio/worker';
import { afterEach, describe, expect, it } from 'vitest';
import { type ActivityGate, openActivityGate } from '../../lab/rehearsal/activity-gate.ts';
import { failure, notYet } from '../../src/activities/failures.ts';
import { SerializeActivities } from '../../src/worker/serialize-activities.ts';
import { StretchedWaits } from '../../src/worker/stretched-waits.ts';

let activityGate: ActivityGate | null = null;
afterEach(async () => {
  await activityGate?.close();
  activityGate = null;
});

const INPUT: ActivityExecuteInput = { args: [], headers: {} };

/** Begins an activity of that number; `log` says when its work was really done. */
function begin(gate: ActivityGate, activityId: string, log: string[]) {
  const environment = new MockActivityEnvironment({
    activityId,
    workflowExecution: { workflowId: 'incident-1', runId: 'run-1' },
  });
  const work = async () => {
    log.push(activityId);
    return `answer ${activityId}`;
  };
  const answer: Promise<unknown> = environment.run(() => new SerializeActivities(gate.url).execute(INPUT, work));
  return { environment, answer, turn: `run-1/${activityId}/1` };
}

async function untilWaiting(gate: ActivityGate, turn: string): Promise<void> {
  while (!gate.isWaiting(turn)) await gate.stirred(50);
}

describe('activities of a rehearsal', () => {
  it('wait for their turn, and do their work in the order in which they are let through', async () => {
    activityGate = await openActivityGate();
    const log: string[] = [];
    const first = begin(activityGate, '1', log);
    const second = begin(activityGate, '2', log);
    await Promise.all([untilWaiting(activityGate, first.turn), untilWaiting(activityGate, second.turn)]);
    expect(log).toEqual([]);
    activityGate.pass(second.turn);
    expect(await second.answer).toBe('answer 2');
    activityGate.pass(first.turn);
    expect(await first.answer).toBe('answer 1');
    expect(log).toEqual(['2', '1']);
  });

  it('give their place up when they are cancelled', async () => {
    activityGate = await openActivityGate();
    const log: string[] = [];
    const { environment, answer, turn } = begin(activityGate, '1', log);
    await untilWaiting(activityGate, turn);
    environment.cancel();
    await expect(answer).rejects.toThrow();
    while (activityGate.isWaiting(turn)) await activityGate.stirred(50);
    expect(log).toEqual([]);
  });
});

describe('a wait that a system asks for', () => {
  const attempt = (speed: number, failed: Error) =>
    new MockActivityEnvironment()
      .run(() =>
        new StretchedWaits(speed).execute(INPUT, async () => {
          throw failed;
        }),
      )
      .then(
        () => undefined,
        (error: ApplicationFailure) => error.nextRetryDelay,
      );

  it('is counted in incident time, however slowly that passes', async () => {
    const limited = failure('RateLimited', 'Prometheus answered 429', { retryAfterSeconds: 30 });
    expect(await attempt(0.001, limited)).toBe(30_000_000);
    expect(await attempt(0.001, notYet('waiting', 5_000))).toBe(5_000_000);
  });
});
