import { describe, expect, it } from 'vitest';
import { type ConductorOptions, conduct, type Participant, type Stage } from '../../rehearsal/conductor.ts';
import type { WorkflowTracker } from '../../rehearsal/workflow-tracker.ts';

const NOBODY: Participant = { nextActAtMs: () => null, act: async () => false };

/** A tracker whose workflows do something at fixed instants; it notes where it was let run to. */
function trackerWith(events: number[], log: string[]): WorkflowTracker {
  let atMs = 0;
  return {
    settle: async () => undefined,
    expectNews: () => undefined,
    nextEventAtMs: () => events.find((ms) => ms > atMs) ?? null,
    forward: async (toMs: number, who: 'due' | 'all') => {
      const due = events.some((ms) => ms > atMs && ms <= toMs);
      if (toMs <= atMs || (who === 'due' && !due)) return;
      atMs = toMs;
      log.push(`workflows ${toMs}`);
    },
  } as unknown as WorkflowTracker;
}

/** A world that has something to tell at fixed instants, one thing at each unless an instant is given twice. */
function stageWith(news: readonly number[], log: string[]): Stage {
  let atMs = 0;
  const untold = [...news];
  return {
    nowMs: () => atMs,
    advance: async (toMs) => {
      if (toMs < atMs) throw new Error('the world refuses to go backwards');
      atMs = Math.min(toMs, untold[0] ?? toMs);
      log.push(`world ${atMs}`);
      return atMs;
    },
    hasNews: () => untold[0] === atMs,
    async tellNext() {
      if (untold[0] !== atMs) return null;
      log.push(`told ${untold.shift()}`);
      return true;
    },
  };
}

function play(changes: Partial<ConductorOptions> & Pick<ConductorOptions, 'stage' | 'tracker'>, log: string[]) {
  return conduct({
    people: NOBODY,
    wires: NOBODY,
    setClock: (ms) => log.push(`clock ${ms}`),
    endsAtMs: 100,
    isDone: () => false,
    stopped: () => false,
    ...changes,
  });
}

describe('the conductor', () => {
  it('goes from event to event, the world first, then the clock, then the workflows', async () => {
    const log: string[] = [];
    await play({ stage: stageWith([], log), tracker: trackerWith([30], log) }, log);
    expect(log).toEqual(['clock 0', 'world 30', 'clock 30', 'workflows 30', 'world 100', 'clock 100']);
  });

  it('tells the news of an instant one by one, when every workflow has come there and has done what was due', async () => {
    const log: string[] = [];
    const tracker = trackerWith([17], log);
    await play({ stage: stageWith([10, 17, 17], log), tracker }, log);
    expect(log.slice(1, -2)).toEqual([
      'world 10',
      'clock 10',
      'workflows 10',
      'told 10',
      'world 17',
      'clock 17',
      'workflows 17',
      'told 17',
      'told 17',
    ]);
  });

  it('lets no workflow pass the instant at which the world has news before the event it was heading for', async () => {
    const log: string[] = [];
    await play({ stage: stageWith([17], log), tracker: trackerWith([50], log) }, log);
    expect(log.filter((line) => line.startsWith('workflows'))).toEqual(['workflows 17', 'workflows 50']);
  });

  it('stops where a person acts, and lets what comes of it settle before anything else happens', async () => {
    const log: string[] = [];
    let acted = false;
    const people: Participant = {
      nextActAtMs: () => (acted ? null : 25),
      act: async (nowMs) => {
        if (acted || nowMs < 25) return false;
        acted = true;
        log.push(`person ${nowMs}`);
        return true;
      },
    };
    await play({ stage: stageWith([], log), tracker: trackerWith([40], log), people }, log);
    // Whoever is told something by a person is told it at that instant.
    expect(log.indexOf('person 25')).toBe(log.indexOf('workflows 25') + 1);
    expect(log).toContain('workflows 40');
  });

  it('ends as soon as what is played for is reached', async () => {
    const log: string[] = [];
    const played = await play(
      { stage: stageWith([10, 20, 30], log), tracker: trackerWith([], log), isDone: (nowMs) => nowMs >= 20 },
      log,
    );
    expect(played).toMatchObject({ endedAtMs: 20, reached: true });
    expect(await play({ stage: stageWith([], log), tracker: trackerWith([], log) }, log)).toMatchObject({
      endedAtMs: 100,
      reached: false,
    });
  });

  it('names the instant when people and incidents react to each other without end', async () => {
    const log: string[] = [];
    const people: Participant = { nextActAtMs: () => 0, act: async () => true };
    await expect(play({ stage: stageWith([], log), tracker: trackerWith([], log), people }, log)).rejects.toThrow(
      'without end',
    );
  });
});
