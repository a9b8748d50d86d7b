import { CancellationScope, condition, isCancellation, sleep } from '@temporalio/workflow';
import { epochMs, type Instant } from '../../domain/instant.ts';
import type { AgendaEntry } from './api.ts';
import type { IncidentClock } from './clock.ts';

interface Wait extends AgendaEntry {
  due: boolean;
}

/**
 * All waits of an incident, by name and instant (ADR 0014). Only this file sleeps: one timer is armed, for the
 * earliest entry, and its summary names the promise it keeps. Entries due at the same instant end in order of name.
 */
export class Agenda {
  readonly #waits = new Set<Wait>();
  #armed: { readonly dueAt: Instant; readonly scope: CancellationScope } | null = null;

  constructor(
    private readonly clock: IncidentClock,
    private readonly stopped: () => boolean,
  ) {}

  /** Waits until `dueAt` or until `met()`; says which. An instant in the past is due at once. */
  async waitUntil(name: string, dueAt: Instant, met: () => boolean): Promise<'due' | 'met'> {
    if (met()) return 'met';
    if (epochMs(dueAt) <= epochMs(this.clock.now())) return 'due';
    const wait: Wait = { name, dueAt, due: false };
    this.#waits.add(wait);
    this.#arm();
    try {
      await condition(() => wait.due || met());
    } finally {
      this.#waits.delete(wait);
      this.#arm();
    }
    return met() ? 'met' : 'due';
  }

  /** Waits for something without a deadline. */
  async waitFor(met: () => boolean): Promise<void> {
    await condition(met);
  }

  entries(): readonly AgendaEntry[] {
    return this.#sorted().map(({ name, dueAt }) => ({ name, dueAt }));
  }

  #sorted(): Wait[] {
    return [...this.#waits].sort((a, b) => a.dueAt.localeCompare(b.dueAt) || a.name.localeCompare(b.name));
  }

  /** Keeps exactly one timer, for the earliest wait that is not due yet. */
  #arm(): void {
    const first = this.#sorted().find((wait) => !wait.due);
    if (first?.dueAt === this.#armed?.dueAt) return;
    this.#armed?.scope.cancel();
    this.#armed = null;
    if (first === undefined || this.stopped()) return;
    const scope = new CancellationScope({ cancellable: true });
    this.#armed = { dueAt: first.dueAt, scope };
    void scope.run(() => this.#sleepUntil(first)).catch(ignoreCancellation);
  }

  async #sleepUntil(first: Wait): Promise<void> {
    await sleep(this.clock.millisecondsUntil(first.dueAt), { summary: `next: ${first.name}` });
    this.#armed = null;
    this.clock.adopt(first.dueAt);
    const now = this.clock.now();
    for (const wait of this.#sorted()) if (epochMs(wait.dueAt) <= epochMs(now)) wait.due = true;
    this.#arm();
  }
}

function ignoreCancellation(error: unknown): void {
  if (!isCancellation(error)) throw error;
}
