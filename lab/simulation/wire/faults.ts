/** The faults of wires that drills name. Seconds are real ones, except for `lateSeconds`, which are world time. */
export type WireFault = WireFaultKind & {
  /** Only the next so many requests; without it the fault stays until it is cleared. */
  readonly times?: number;
};

type WireFaultKind =
  | { readonly kind: 'down' }
  | { readonly kind: 'refused' }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'half-open' }
  | { readonly kind: 'reset-mid-body' }
  | { readonly kind: 'rate-limited'; readonly retryAfterSeconds: number }
  | { readonly kind: 'error-500' }
  | { readonly kind: 'error-503' }
  | { readonly kind: 'slow'; readonly seconds: number }
  | { readonly kind: 'malformed' }
  | { readonly kind: 'unauthorised' }
  | { readonly kind: 'lost-answer' }
  | { readonly kind: 'duplicate-delivery' }
  | { readonly kind: 'reordered-delivery' }
  | { readonly kind: 'late-delivery'; readonly lateSeconds: number };

export type FaultName = WireFault['kind'];

/** Every published fault; a drill that names another is a mistake. */
export const FAULT_NAMES: readonly FaultName[] = [
  'down',
  'refused',
  'timeout',
  'half-open',
  'reset-mid-body',
  'rate-limited',
  'error-500',
  'error-503',
  'slow',
  'malformed',
  'unauthorised',
  'lost-answer',
  'duplicate-delivery',
  'reordered-delivery',
  'late-delivery',
];

/** Faults of what a system sends out; requests to it are not touched by them. */
export const DELIVERY_FAULTS: ReadonlySet<FaultName> = new Set([
  'duplicate-delivery',
  'reordered-delivery',
  'late-delivery',
]);

/** Faults that show before a request has been read. */
export const CONNECTION_FAULTS: ReadonlySet<FaultName> = new Set(['down', 'refused']);

interface ActiveFault {
  readonly fault: WireFault;
  left: number;
}

/** What is wrong with which system, right now. Systems that do not speak HTTP ask it themselves. */
export class WireFaults {
  readonly #bySystem = new Map<string, ActiveFault[]>();

  /** A second fault of the same kind replaces the first. */
  set(system: string, fault: WireFault): void {
    this.clear(system, fault.kind);
    const left = fault.times ?? Number.POSITIVE_INFINITY;
    if (left <= 0) return;
    this.#bySystem.set(system, [...this.#of(system), { fault, left }]);
  }

  /** Clears one kind, or everything of that system. */
  clear(system: string, fault?: FaultName | WireFault): void {
    const kind = typeof fault === 'string' ? fault : fault?.kind;
    const kept = kind === undefined ? [] : this.#of(system).filter((one) => one.fault.kind !== kind);
    if (kept.length === 0) this.#bySystem.delete(system);
    else this.#bySystem.set(system, kept);
  }

  clearAll(): void {
    this.#bySystem.clear();
  }

  /** Without counting anything as used. */
  active(system: string): readonly WireFault[] {
    return this.#of(system).map((one) => one.fault);
  }

  has(system: string, kind: FaultName): boolean {
    return this.#of(system).some((one) => one.fault.kind === kind);
  }

  /** The first fault (oldest first) that `applies` accepts, counted as used once; null when there is none. */
  take(system: string, applies: (fault: WireFault) => boolean): WireFault | null {
    const found = this.#of(system).find((one) => applies(one.fault));
    if (found === undefined) return null;
    found.left -= 1;
    if (found.left <= 0) this.clear(system, found.fault.kind);
    return found.fault;
  }

  #of(system: string): ActiveFault[] {
    return this.#bySystem.get(system) ?? [];
  }
}
