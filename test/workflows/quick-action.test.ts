import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadPolicy } from '../../src/config/policy.ts';
import { quickStateQuery } from '../../src/workflows/quick-action/api.ts';
import { playQuickAction, quickLook } from '../replay/quick-plays.ts';
import { type Engine, startEngine } from './engine.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
}, 60_000);
afterAll(() => engine?.stop());

const policy = await loadPolicy('policy/noa.yaml');

describe('the quick reference’s workflows (R8)', () => {
  it('one asks, another agrees, it is done once, read back, and taken back', async () => {
    const id = await playQuickAction(engine, policy);
    const state = await engine.client.workflow.getHandle(id).query(quickStateQuery);
    expect(state.stage).toBe('undone');
    expect(state.confirmedBy).toBe('bob');
    expect(state.outcome?.result).toBe('done');
  }, 60_000);

  it('one look ends with what was seen', async () => {
    const id = await quickLook(engine, policy);
    expect(await engine.client.workflow.getHandle(id).result()).toHaveProperty('items');
  }, 60_000);
});
