import type { AlertRule } from './promql/alert-rules.ts';
import type { ClusterModel } from './world/api.ts';
import type { World } from './world/world.ts';

/** At the start every rule is evaluated this long, so that a rule that always fires is noticed. */
const WARM_UP_MS = 120_000;
/** Beyond the rules' own memory: effects of a change have arrived in the metrics by then. */
const SETTLING_MS = 30 * 60_000;
/** With a fault still lurking but nothing to be seen of it for long, rules are looked at this often. */
const LURKING_INTERVAL_MS = 60_000;

/**
 * When rules need not be evaluated. A world in which nothing has been wrong or changed for longer than any rule looks
 * back, and in which no rule was even pending, stays silent: evaluating a day of that would cost minutes. Where a fault
 * is still there without showing (a leak after a restart), rules are evaluated once a minute instead of every 15 s.
 */
export class EvaluationPace {
  readonly #memoryMs: number;
  readonly #startMs: number;
  #changedMs: number;
  #evaluatedMs: number;
  #marks = '';

  constructor(rules: readonly AlertRule[], startMs: number) {
    this.#memoryMs = Math.max(0, ...rules.map(memoryOf)) + SETTLING_MS;
    this.#startMs = startMs;
    this.#changedMs = Number.NEGATIVE_INFINITY;
    this.#evaluatedMs = startMs;
  }

  /** `activeAlerts` counts pending ones too; `writes` grows with everything clients did to the cluster and the service. */
  needed(
    atMs: number,
    now: {
      readonly world: World;
      readonly cluster: ClusterModel;
      readonly activeAlerts: number;
      readonly writes: number;
    },
  ): boolean {
    const needed = this.#isNeeded(atMs, now);
    if (needed) this.#evaluatedMs = atMs;
    return needed;
  }

  #isNeeded(
    atMs: number,
    {
      world,
      cluster,
      activeAlerts,
      writes,
    }: {
      readonly world: World;
      readonly cluster: ClusterModel;
      readonly activeAlerts: number;
      readonly writes: number;
    },
  ): boolean {
    const faults = world.truths();
    const marks = `${writes}/${faults.map((one) => `${one.id}${one.active}`).join()}/${cluster
      .deployments()
      .map((one) => `${one.current.revision}x${one.wantedReplicas}`)
      .join()}`;
    const restless = activeAlerts > 0 || cluster.nextChangeAtMs() !== null || cluster.pods().some((pod) => !pod.ready);
    if (restless || marks !== this.#marks) this.#changedMs = this.#marks === '' && !restless ? this.#changedMs : atMs;
    this.#marks = marks;
    if (atMs <= this.#startMs + WARM_UP_MS || atMs <= this.#changedMs + this.#memoryMs) return true;
    return faults.some((one) => one.active) && atMs >= this.#evaluatedMs + LURKING_INTERVAL_MS;
  }
}

/** How far back a rule can see: its longest ranges and offsets together, and its own `for`. */
function memoryOf(rule: AlertRule): number {
  let memoryMs = rule.forSeconds * 1000;
  for (const [, amount = '0', unit = 's'] of rule.expr.matchAll(/(\d+)(ms|[smhdwy])\b/g))
    memoryMs += Number(amount) * (UNIT_MS[unit] ?? 1000);
  return memoryMs;
}

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_536_000_000,
};
