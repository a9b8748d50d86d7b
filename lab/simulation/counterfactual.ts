import type { FaultSpec } from './faults/faults.ts';
import type { RecordedChange } from './journal.ts';
import { createKubernetes } from './systems/kubernetes/kubernetes.ts';
import { type ClusterSettings, clusterFor } from './systems/kubernetes/settings.ts';
import { WireFaults } from './wire/faults.ts';
import { WireLedger } from './wire/ledger.ts';
import { completeSettings, type WorldOptions } from './world/settings.ts';
import { createWorld } from './world/simulated-world.ts';

/** As the production that it is a counterfactual of was started. Instants are epoch milliseconds. */
export interface CounterfactualOptions {
  readonly seed: number;
  readonly startMs: number;
  readonly world?: WorldOptions;
  readonly cluster?: ClusterSettings;
  readonly faults: readonly { readonly atMs: number; readonly spec: FaultSpec }[];
}

/**
 * The world and the cluster of a production once more, without anything that listens: what would have become of it had
 * something been done otherwise. The same seed, faults and changes give the same figures to the last digit.
 */
export class Counterfactual {
  readonly #kubernetes: ReturnType<typeof createKubernetes>;
  readonly #world: ReturnType<typeof createWorld>;

  constructor({ seed, startMs, world, cluster, faults }: CounterfactualOptions) {
    const clock = (): number => this.#world.nowMs;
    this.#kubernetes = createKubernetes({
      clock,
      faults: new WireFaults(),
      log: new WireLedger(),
      settings: cluster ?? clusterFor(completeSettings(world ?? {}).deployments),
      seed,
      startMs,
      token: '',
    });
    this.#world = createWorld({
      seed,
      startMs,
      settings: world ?? {},
      cluster: this.#kubernetes.cluster,
      watched: false,
    });
    for (const { spec, atMs } of faults) this.#world.addFault(spec, atMs);
  }

  /** Does it again at its own instant. False when that cannot be done here, where something before it is missing. */
  redo(done: RecordedChange): boolean {
    this.#world.advanceTo(done.act.atMs);
    try {
      this.#again(done);
      return true;
    } catch {
      return false;
    }
  }

  /** All requests and those that fail within that time, if nobody does anything more. */
  requests(fromMs: number, untilMs: number): { readonly total: number; readonly failed: number } {
    if (untilMs > this.#world.nowMs) this.#world.advanceTo(untilMs);
    return this.#world.requests(fromMs, untilMs);
  }

  #again(done: RecordedChange): void {
    switch (done.kind) {
      case 'write':
        this.#kubernetes.again(done.write);
        break;
      case 'admin': {
        const { pod, change } = done.act;
        if (change.kind === 'breaker') this.#world.setBreaker(pod, change.provider, change.open);
        else this.#world.setFailover(pod, change.primary, change.fallback);
        break;
      }
      case 'promotion':
        this.#world.promoteReplica();
    }
  }
}
