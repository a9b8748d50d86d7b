import { describe, expect, it } from 'vitest';
import type { FaultSpec } from '../../../simulation/faults/faults.ts';
import { allLogs, at, MINUTE, type Scene, scene } from './scene.ts';

const FAULTS: readonly (readonly [FaultSpec, number])[] = [
  [{ kind: 'bad-deploy', deployment: 'noa-mcp', change: 'feature X', slowQuery: true, memoryLeak: 90 }, 2.25],
  [{ kind: 'provider-outage', provider: 'claude', mode: 'errors', errorRate: 0.34, forMs: 7.4 * MINUTE }, 5.5],
  [{ kind: 'traffic-surge', factor: 3, source: 'customers', forMs: 10 * MINUTE }, 12.1],
];

function played(seed: number, stepMs: (count: number) => number): Scene {
  const made = scene('14:00', { seed });
  for (const [fault, minute] of FAULTS) made.world.addFault(fault, at('14:00') + Math.round(minute * MINUTE));
  const end = at('14:40');
  const act = at('14:20') + 2_000;
  let acted = false;
  for (let count = 0; made.world.nowMs < end; count++) {
    const next = Math.min(end, made.world.nowMs + stepMs(count));
    if (!acted && next >= act) {
      made.world.advanceTo(act);
      made.cluster.restart('noa-mcp', act);
      acted = true;
    }
    made.world.advanceTo(next);
  }
  return made;
}

function everything(made: Scene): string {
  const { world } = made;
  const series = world.series
    .select([], 0, world.nowMs)
    .map((one) => `${JSON.stringify(one.labels)} ${Array.from(one.values).join(' ')} ${Array.from(one.times).at(-1)}`);
  const counted = JSON.stringify(world.requests(at('14:00'), at('14:40')));
  return [...series, counted, JSON.stringify(world.tickets(0)), allLogs(made, 20)].join('\n');
}

describe('the world', () => {
  const reference = everything(played(7, () => 5_000));

  it.each([
    ['a minute', () => 60_000],
    ['everything at once', () => 3_600_000],
    ['odd instants', (count: number) => 137 + ((count * 7919) % 41_000)],
  ])('is the same when it is advanced by %s', (_name, stepMs) => {
    expect(everything(played(7, stepMs)) === reference).toBe(true);
  });

  it('is another one with another seed', () => {
    expect(everything(played(8, () => 60_000)) === reference).toBe(false);
  });

  it('is not changed by looking at it', () => {
    const { world, cluster } = scene('14:00');
    const other = scene('14:00');
    world.addFault({ kind: 'connection-leak' }, at('14:00'));
    other.world.addFault({ kind: 'connection-leak' }, at('14:00'));
    for (let minute = 1; minute <= 30; minute++) {
      world.advanceTo(at('14:00') + minute * MINUTE);
      world.database();
      world.series.select([{ name: '__name__', op: '=~', value: 'http.*' }], 0, world.nowMs);
      world.logs(cluster.pods()[0]?.name ?? '', 0, world.nowMs);
      world.admin(cluster.pods()[0]?.name ?? '');
    }
    other.world.advanceTo(at('14:30'));
    expect(everything({ world, cluster }) === everything(other)).toBe(true);
  });

  it('refuses to go back', () => {
    const { world } = scene('14:00');
    world.advanceTo(at('14:10'));
    expect(() => world.advanceTo(at('14:09'))).toThrow(/cannot go back to 2024-10-23T14:09:00/);
    expect(() => world.addFault({ kind: 'slow-query' }, at('14:05'))).toThrow(/cannot begin/);
  });

  it('has been healthy for two hours and keeps its series few', () => {
    const { world } = scene('14:00');
    const [hits] = world.series.select([{ name: '__name__', op: '=', value: 'cache_hits_total' }], 0, at('14:00'));
    expect(hits?.times[0]).toBe(at('12:00'));
    expect(hits?.times.length).toBe(481);
    const { total, failed } = world.requests(at('12:00'), at('14:00'));
    expect(total / 120).toBeGreaterThan(980);
    expect(total / 120).toBeLessThan(1020);
    expect(failed / total).toBeLessThan(0.005);
    expect(world.series.select([], at('13:55'), at('14:00')).length).toBeLessThan(2_000);
  });

  it('tells the next jump: a fault, a change of the cluster, an end', () => {
    const { world } = scene('14:00');
    expect(world.nextEventAtMs()).toBeNull();
    const id = world.addFault({ kind: 'noise', what: 'harmless-deploy', change: 'copy tweak' }, at('14:03'));
    expect(world.nextEventAtMs()).toBe(at('14:03'));
    world.advanceTo(at('14:03'));
    expect(world.nextEventAtMs()).toBe(at('14:03') + 20_000);
    world.advanceTo(at('14:10'));
    expect(world.nextEventAtMs()).toBeNull();
    world.endFault(id, at('14:12'));
    expect(world.nextEventAtMs()).toBe(at('14:12'));
  });
});
