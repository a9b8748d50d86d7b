import { resolve } from 'node:path';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadPolicy } from '../../src/config/policy.ts';
import { emptyTurnsInARow } from '../replay/empty-turns.ts';
import { type Engine, startEngine } from './engine.ts';
import { beginIncident } from './story.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(async () => engine?.stop());

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

describe('a decision that is the first thing a new worker hears of an incident', () => {
  it('is taken, and the incident replays afterwards: no two turns in a row without a command', async () => {
    const policy = await loadPolicy(resolve(import.meta.dirname, '../../policy/noa.yaml'));
    // How its last turns fell is chance: several incidents, so that some end with turns in which nothing was to do.
    for (let count = 0; count < 4; count += 1) {
      const story = await beginIncident(engine, policy);
      while (!(await story.questions()).some(({ name }) => name === 'rollback')) await pause(50);
      await pause(500);
      await story.approveBetweenWorkers('rollback');
      while (!(await story.kinds()).includes('remedy-carried-out')) await pause(50);
      const history = await story.history();
      expect(emptyTurnsInARow(history)).toEqual([]);
      const sinks = { projection: { project: { fn: () => {}, callDuringReplay: false } } };
      await Worker.runReplayHistory({ workflowBundle: { codePath: engine.bundle }, sinks }, history);
    }
  }, 240_000);
});
