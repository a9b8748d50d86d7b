import type { FaultSpec } from '../../../simulation/faults/faults.ts';
import type { WorldOptions } from '../../../simulation/world/settings.ts';
import { createWorld } from '../../../simulation/world/simulated-world.ts';
import type { World } from '../../../simulation/world/world.ts';
import { FakeCluster } from './fake-cluster.ts';

export const MINUTE = 60_000;

/** An instant of the day of the runbook's own example. */
export function at(hourAndMinute: string): number {
  return Date.parse(`2024-10-23T${hourAndMinute}:00Z`);
}

export interface Scene {
  readonly world: World;
  readonly cluster: FakeCluster;
}

export function scene(
  start = '14:00',
  options: { readonly seed?: number; readonly settings?: WorldOptions } = {},
): Scene {
  const cluster = new FakeCluster(at(start));
  return {
    cluster,
    world: createWorld({ seed: options.seed ?? 1, startMs: at(start), settings: options.settings, cluster }),
  };
}

/** A scene in which one fault has lasted for some minutes. */
export function sceneWith(fault: FaultSpec, minutes: number): Scene {
  const made = scene('14:00');
  made.world.addFault(fault, at('14:00'));
  made.world.advanceTo(at('14:00') + minutes * MINUTE);
  return made;
}

/** Failed part of the requests of the last minute. */
export function failing(world: World): number {
  const { total, failed } = world.requests(world.nowMs - MINUTE, world.nowMs);
  return failed / total;
}

export function connections(world: World, state: string): number {
  return world.database().activity.filter((row) => row.state === state).length;
}

/** What all series of a name gained in the last minutes. */
export function gained(world: World, name: string, labels: Readonly<Record<string, string>>, minutes: number): number {
  const matchers = [{ name: '__name__', op: '=' as const, value: name }];
  const more = Object.entries(labels).map(([label, value]) => ({ name: label, op: '=~' as const, value }));
  const selected = world.series.select([...matchers, ...more], world.nowMs - minutes * MINUTE, world.nowMs);
  return selected.reduce((sum, { values }) => {
    let gain = 0;
    for (let index = 1; index < values.length; index++) {
      const step = (values[index] as number) - (values[index - 1] as number);
      gain += step < 0 ? (values[index] as number) : step;
    }
    return sum + gain;
  }, 0);
}

export function allLogs({ world, cluster }: Scene, minutes: number): string {
  const since = world.nowMs - minutes * MINUTE;
  return cluster
    .pods()
    .flatMap((pod) => world.logs(pod.name, since, world.nowMs))
    .map((one) => one.line)
    .join('\n');
}
