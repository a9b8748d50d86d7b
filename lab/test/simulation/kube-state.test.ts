import { afterEach, describe, expect, it } from 'vitest';
import type { FaultSpec } from '../../simulation/faults/faults.ts';
import { createKubernetes } from '../../simulation/systems/kubernetes/kubernetes.ts';
import { DEFAULT_CLUSTER } from '../../simulation/systems/kubernetes/settings.ts';
import { WireFaults } from '../../simulation/wire/faults.ts';
import { WireLedger } from '../../simulation/wire/ledger.ts';
import { createWorld } from '../../simulation/world/simulated-world.ts';
import type { World } from '../../simulation/world/world.ts';

const START_MS = Date.parse('2026-03-03T09:00:00Z');
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** A world on the simulated cluster in which one fault has lasted for some minutes. */
function worldWith(fault: FaultSpec, minutes: number): World {
  const common = { clock: () => START_MS, faults: new WireFaults(), log: new WireLedger() };
  const kubernetes = createKubernetes({ ...common, settings: DEFAULT_CLUSTER, seed: 1, startMs: START_MS, token: 't' });
  closing.push(() => kubernetes.close());
  const world = createWorld({ seed: 1, startMs: START_MS, settings: { users: 5 }, cluster: kubernetes.cluster });
  world.addFault(fault, START_MS);
  world.advanceTo(START_MS + minutes * 60_000);
  return world;
}

/** The newest value of each series of that name, by one of its labels. */
function latest(world: World, name: string, label: string): Readonly<Record<string, number>> {
  const found = world.series.select([{ name: '__name__', op: '=', value: name }], world.nowMs - 60_000, world.nowMs);
  return Object.fromEntries(
    found.map((one) => [one.labels[label] ?? '', one.values[one.values.length - 1] ?? Number.NaN]),
  );
}

describe('the cluster as kube-state-metrics exports it', () => {
  it('tells of containers that wait, by pod and reason', () => {
    const world = worldWith({ kind: 'pods-stuck', deployment: 'noa-mcp', reason: 'ImagePullBackOff' }, 3);
    expect(latest(world, 'kube_pod_container_status_waiting_reason', 'reason')).toEqual({ ImagePullBackOff: 1 });
  });

  it('counts restarts and names what a container was killed for', () => {
    const world = worldWith({ kind: 'memory-leak', deployment: 'noa-mcp', mibPerMinute: 200 }, 12);
    expect(
      Math.max(...Object.values(latest(world, 'kube_pod_container_status_restarts_total', 'pod'))),
    ).toBeGreaterThan(0);
    expect(Object.keys(latest(world, 'kube_pod_container_status_last_terminated_reason', 'reason'))).toContain(
      'OOMKilled',
    );
  });

  it('shows a node that is gone as not ready, and a zone as several', () => {
    const ready = (world: World) =>
      world.series
        .select([{ name: '__name__', op: '=', value: 'kube_node_status_condition' }], world.nowMs - 30_000, world.nowMs)
        .filter((one) => one.labels.condition === 'Ready' && one.values[one.values.length - 1] === 0)
        .map((one) => one.labels.node);
    expect(ready(worldWith({ kind: 'node-down', node: 'node-b' }, 3))).toEqual(['node-b']);
    expect(ready(worldWith({ kind: 'infrastructure-down', scope: 'zone' }, 3))).toEqual(['node-a', 'node-b']);
  });

  it('has a condition for memory and none for a busy processor', () => {
    const pressed = (resource: 'cpu' | 'memory') =>
      latest(
        worldWith({ kind: 'node-pressure', node: 'node-a', resource }, 3),
        'kube_node_status_condition',
        'condition',
      ).MemoryPressure;
    const series = worldWith({ kind: 'node-pressure', node: 'node-a', resource: 'memory' }, 3).series;
    expect(pressed('cpu')).toBe(0);
    const memory = series
      .select([{ name: '__name__', op: '=', value: 'kube_node_status_condition' }], 0, Number.MAX_SAFE_INTEGER)
      .find((one) => one.labels.condition === 'MemoryPressure' && one.labels.node === 'node-a');
    expect(memory?.values[memory.values.length - 1]).toBe(1);
  });

  it('lets the replica disappear from the metrics when it is missing', () => {
    const world = worldWith({ kind: 'replica-missing' }, 10);
    const seen = world.series.select(
      [{ name: '__name__', op: '=', value: 'pg_stat_replication_pg_wal_lsn_diff' }],
      world.nowMs - 60_000,
      world.nowMs,
    );
    expect(seen).toEqual([]);
    expect(
      latest(worldWith({ kind: 'replica-lag', seconds: 240 }, 3), 'pg_replication_lag_seconds', 'instance'),
    ).toEqual({ 'noa-postgres-1': 240 });
  });
});
