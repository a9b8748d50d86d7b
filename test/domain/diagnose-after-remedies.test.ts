import { describe, expect, it } from 'vitest';
import { APPLICATION, actions, diagnose, FEATURE_X, first, POOL_EXHAUSTED } from './diagnosing.ts';
import {
  bundle,
  configChanged,
  connections,
  errors,
  HEALTHY,
  logs,
  providers,
  revision,
  rollouts,
  scene,
  statements,
} from './diagnosis-scene.ts';

describe('explain after remedies', () => {
  it('keeps blaming the deploy after a restart, which is no deploy (R9-S0)', () => {
    const restarted = rollouts({
      name: 'noa-mcp',
      current: revision(8, 'feature X: pending requests', 20, 'app:7'),
      previous: revision(7, 'feature X: pending requests', -15),
    });
    const best = first(
      [
        scene(FEATURE_X, ...POOL_EXHAUSTED),
        bundle([errors(0.4), connections(97, 2), statements({ calls: 2500 }), restarted], 36),
      ],
      {
        remediesTried: [{ action: 'restart', target: APPLICATION, helped: true }],
      },
    );
    expect(best.cause).toBe('slow-query');
    expect(actions(best)).toEqual(['rollback', 'migrate', 'restart']);
    expect(best.suggests[0]?.parameters).toMatchObject({ badRevision: 7, revision: 6 });
  });

  it('is surer of a cause whose cure helped and does not suggest the cure again', () => {
    const undone = rollouts({
      name: 'noa-mcp',
      current: revision(8, 'weekly release', 20, 'app:6'),
      previous: revision(7, 'feature X: pending requests', -15),
    });
    const before = first(scene(FEATURE_X, ...POOL_EXHAUSTED));
    const after = first([scene(FEATURE_X, ...POOL_EXHAUSTED), bundle([...HEALTHY, errors(0.001, null), undone], 25)], {
      remediesTried: [{ action: 'rollback', target: APPLICATION, helped: true }],
    });
    expect(after.cause).toBe('slow-query');
    expect(after.names).toContain('feature X: pending requests');
    expect(after.confidence).toBeGreaterThanOrEqual(before.confidence);
    expect(actions(after)).not.toContain('rollback');
  });

  it('reads sweeps by their time, not by their order', () => {
    const sweeps = [scene(FEATURE_X, ...POOL_EXHAUSTED), bundle([...HEALTHY, errors(0.3)], 40)];
    expect(diagnose([...sweeps].reverse())).toEqual(diagnose(sweeps));
  });

  it('turns to the next explanation when the cure did not help', () => {
    const evidence = scene(
      errors(0.3),
      FEATURE_X,
      logs(['exception', 40, 'TypeError: x', -10]),
      configChanged('noa-config', -8),
    );
    expect(first(evidence).cause).toBe('bad-deploy');
    const next = first(evidence, { remediesTried: [{ action: 'rollback', target: APPLICATION, helped: false }] });
    expect(next.cause).toBe('config-change');
  });

  it('turns to a new fault when the old one is over and the symptoms go on', () => {
    const later = bundle(
      [...HEALTHY.filter((one) => one.probe !== 'provider-traffic'), errors(0.3), ...providers(0.9, 0)],
      40,
    );
    expect(first([scene(...POOL_EXHAUSTED), later]).cause).toBe('provider-outage');
  });
});
