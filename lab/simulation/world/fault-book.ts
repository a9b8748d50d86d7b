import type { FaultKind, FaultSpec } from '../faults/faults.ts';
import { FAULT_KINDS, kindsOf, namesOf } from '../faults/faults.ts';
import { type StrayAlert, strayAlerts } from './alert-noise.ts';
import type { PlacedFault } from './conditions.ts';
import { beginFault, endFault, keepFault, type Stage } from './disturbances.ts';

/** What the explanation of an incident is judged against. */
export interface FaultTruth {
  readonly id: string;
  readonly kind: FaultKind;
  /** Kinds under which it is rightly explained too. */
  readonly kinds: readonly FaultKind[];
  readonly names: readonly string[];
  readonly startMs: number;
  readonly endMs: number | null;
  readonly active: boolean;
}

/** The faults of a world: which there are, and when each begins and ends. */
export class FaultBook {
  readonly all: PlacedFault[] = [];
  readonly #stage: Stage;
  readonly #onBegin: (fault: PlacedFault, atMs: number) => void;

  constructor(stage: Stage, onBegin: (fault: PlacedFault, atMs: number) => void) {
    this.#stage = stage;
    this.#onBegin = onBegin;
  }

  add(spec: FaultSpec, atMs: number): string {
    if (!FAULT_KINDS.includes(spec.kind)) {
      throw new Error(`This world does not play ${spec.kind}; it plays ${FAULT_KINDS.join(', ')}.`);
    }
    const id = `fault-${this.all.length + 1}`;
    const endMs = spec.forMs === undefined ? null : atMs + spec.forMs;
    this.all.push({
      id,
      spec,
      startMs: atMs,
      endMs,
      phase: 'waiting',
      image: null,
      digest: null,
      identity: null,
      nodes: [],
    });
    return id;
  }

  endAt(id: string, atMs: number): void {
    const fault = this.all.find((one) => one.id === id);
    if (fault === undefined) throw new Error(`There is no fault ${id} that could end.`);
    fault.endMs = atMs;
  }

  /** Begins and ends what is due, each at its own instant and in order; true when there was anything. */
  playUntil(ms: number): boolean {
    for (let played = false; ; played = true) {
      const due = this.#changes()
        .filter((one) => one.atMs <= ms)
        .sort((a, b) => a.atMs - b.atMs)[0];
      if (due === undefined) return played;
      this.#stage.cluster.advanceTo(due.atMs);
      if (due.fault.phase === 'waiting') {
        due.fault.phase = 'active';
        beginFault(due.fault, due.atMs, this.#stage);
        this.#onBegin(due.fault, due.atMs);
      } else {
        due.fault.phase = 'over';
        endFault(due.fault, due.atMs, this.#stage);
      }
    }
  }

  /** Lets lasting faults go on; true when one of them changed the cluster. */
  keep(atMs: number): boolean {
    const acted = this.all.filter((fault) => fault.phase === 'active' && keepFault(fault, atMs, this.#stage));
    return acted.length > 0;
  }

  /** Every instant at which one begins, ends or sends an alert. */
  instantsMs(): readonly number[] {
    const strays = this.all.flatMap((fault) => strayAlerts(fault).map((alert) => alert.atMs));
    return [...this.#changes().map((change) => change.atMs), ...strays];
  }

  strayAlerts(sinceMs: number, untilMs: number): readonly StrayAlert[] {
    const all = this.all.flatMap(strayAlerts).filter((alert) => alert.atMs >= sinceMs && alert.atMs <= untilMs);
    return all.sort((a, b) => a.atMs - b.atMs);
  }

  truths(): readonly FaultTruth[] {
    return this.all.map(({ id, spec, startMs, endMs, phase }) => ({
      id,
      kind: spec.kind,
      kinds: kindsOf(spec),
      names: namesOf(spec),
      startMs,
      endMs,
      active: phase === 'active',
    }));
  }

  #changes(): readonly { readonly fault: PlacedFault; readonly atMs: number }[] {
    return this.all.flatMap((fault) => {
      if (fault.phase === 'waiting') return [{ fault, atMs: fault.startMs }];
      return fault.phase === 'active' && fault.endMs !== null ? [{ fault, atMs: fault.endMs }] : [];
    });
  }
}
