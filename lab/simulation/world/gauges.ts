import type { Engine } from './engine.ts';
import type { Process } from './process.ts';
import { draw, drawNormal } from './random.ts';

export const NODE_CPU_CORES = 8;
export const NODE_MEMORY_MIB = 32_768;
const RESTING_MEMORY_MIB = 380;
const OTHER_MEMORY_MIB = 3200;

export function memoryMiB(engine: Engine, process: Process, count: number): number {
  const warm = RESTING_MEMORY_MIB + 12 * drawNormal(engine.seed, `memory/${process.name}`, count);
  return Math.min(process.memoryLimitMiB, warm + process.leakedMiB + process.requestsPerSecond * 1.5);
}

/** Cores in use by a process now. */
export function cpuCores(engine: Engine, process: Process): number {
  const utilisation = process.requestsPerSecond / engine.capacityPerSecond(process.deployment);
  return 0.04 + Math.min(1.2, utilisation) * 0.55;
}

export interface NodeFigures {
  readonly cpuCores: number;
  readonly memoryMiB: number;
  readonly diskUsedShare: number;
}

/** What a node uses: its service processes, and the ordinary rest. */
export function nodeFigures(engine: Engine, node: string, count: number): NodeFigures {
  const mine = [...engine.processes.values()].filter((process) => process.present && process.node === node);
  const busy = engine.conditions.busyNodes.get(node);
  const cores = mine.reduce(
    (sum, process) => sum + cpuCores(engine, process),
    0.9 + 0.3 * draw(engine.seed, `cpu/${node}`, count),
  );
  const memory = mine.reduce((sum, process) => sum + memoryMiB(engine, process, count), OTHER_MEMORY_MIB);
  return {
    cpuCores: busy === 'cpu' ? NODE_CPU_CORES * 0.98 : Math.min(NODE_CPU_CORES, cores),
    memoryMiB: busy === 'memory' ? NODE_MEMORY_MIB * 0.97 : memory,
    diskUsedShare: busy === 'disk' ? 0.94 : 0.41,
  };
}
