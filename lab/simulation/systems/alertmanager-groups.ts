import type { HeldAlert } from './alertmanager-payload.ts';
import { fingerprint, groupKey, isResolved } from './alertmanager-payload.ts';

export interface Grouping {
  readonly groupBy: readonly string[];
  readonly groupWaitSeconds: number;
  readonly groupIntervalSeconds: number;
  readonly repeatIntervalSeconds: number;
}

/** What was last told to one receiver about one group: Alertmanager's notification log. */
interface Notified {
  readonly atMs: number;
  readonly firing: ReadonlySet<string>;
  readonly resolved: ReadonlySet<string>;
}

export interface Group {
  readonly key: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly alerts: Map<string, HeldAlert>;
  readonly notified: Map<string, Notified>;
  nextFlushAtMs: number;
  hasFlushed: boolean;
}

/** A notification that Alertmanager decided to send, and what to remember once it has been accepted. */
export interface Due {
  readonly group: Group;
  readonly receiver: string;
  readonly alerts: readonly HeldAlert[];
  readonly notified: Notified;
}

/** Alertmanager's dispatcher and its deduplication, without timers: it says when it is due and what is due. */
export class AlertGroups {
  readonly #grouping: Grouping;
  readonly #groups = new Map<string, Group>();
  readonly #receivers: readonly { readonly name: string; readonly sendResolved: boolean }[];

  constructor(grouping: Grouping, receivers: readonly { readonly name: string; readonly sendResolved: boolean }[]) {
    this.#grouping = grouping;
    this.#receivers = receivers;
  }

  alerts(): HeldAlert[] {
    return [...this.#groups.values()].flatMap((group) => [...group.alerts.values()]);
  }

  nextFlushAtMs(): number | null {
    const instants = [...this.#groups.values()].map((group) => group.nextFlushAtMs);
    return instants.length === 0 ? null : Math.min(...instants);
  }

  insert(alert: HeldAlert, atMs: number): void {
    const { groupBy, groupWaitSeconds } = this.#grouping;
    const labels = Object.fromEntries(
      groupBy.filter((name) => name in alert.labels).map((name) => [name, alert.labels[name] as string]),
    );
    const key = groupKey(labels);
    let group = this.#groups.get(key);
    if (group === undefined) {
      // A resolution of something never heard of needs no group.
      if (isResolved(alert, atMs)) return;
      const nextFlushAtMs = atMs + groupWaitSeconds * 1000;
      group = { key, labels, alerts: new Map(), notified: new Map(), nextFlushAtMs, hasFlushed: false };
      this.#groups.set(key, group);
    }
    const id = fingerprint(alert.labels);
    const known = group.alerts.get(id);
    const startsAtMs =
      known !== undefined && !isResolved(known, atMs) ? Math.min(known.startsAtMs, alert.startsAtMs) : alert.startsAtMs;
    group.alerts.set(id, { ...alert, startsAtMs });
    // An alert that began more than one group_wait ago has waited enough.
    if (!group.hasFlushed && alert.startsAtMs + groupWaitSeconds * 1000 < atMs) group.nextFlushAtMs = atMs;
  }

  /** Notifications due at or before that instant, groups in order of their time; re-arms each group it touches. */
  due(atMs: number, isMuted: (alert: HeldAlert) => boolean): Due[] {
    const ready = [...this.#groups.values()]
      .filter((group) => group.nextFlushAtMs <= atMs)
      .sort((a, b) => a.nextFlushAtMs - b.nextFlushAtMs || (a.key < b.key ? -1 : 1));
    return ready.flatMap((group) => {
      group.hasFlushed = true;
      group.nextFlushAtMs = atMs + this.#grouping.groupIntervalSeconds * 1000;
      const alerts = [...group.alerts.values()].filter((alert) => !isMuted(alert));
      const due = this.#receivers
        .map((receiver) => this.#dueFor(group, receiver, alerts, atMs))
        .filter((one) => one !== null);
      if (due.length === 0) this.forgetResolved(group, atMs);
      return due;
    });
  }

  /** Lets what is due pass unsaid until the next interval. */
  skip(atMs: number): void {
    for (const group of this.#groups.values()) {
      if (group.nextFlushAtMs <= atMs) group.nextFlushAtMs = atMs + this.#grouping.groupIntervalSeconds * 1000;
    }
  }

  /** To be called once a receiver has accepted a notification. */
  accepted({ group, receiver, notified }: Due): void {
    group.notified.set(receiver, notified);
    const told = this.#receivers.every(({ name }) => group.notified.has(name));
    if (told) this.forgetResolved(group, notified.atMs);
  }

  // Resolved alerts that were told leave the group, unless they changed since; an empty group ends.
  forgetResolved(group: Group, notifiedAtMs: number): void {
    for (const [id, alert] of group.alerts) {
      if (isResolved(alert, notifiedAtMs) && alert.updatedAtMs <= notifiedAtMs) group.alerts.delete(id);
    }
    if (group.alerts.size === 0) this.#groups.delete(group.key);
  }

  #dueFor(
    group: Group,
    receiver: { readonly name: string; readonly sendResolved: boolean },
    alerts: readonly HeldAlert[],
    atMs: number,
  ): Due | null {
    const firing = alerts.filter((alert) => !isResolved(alert, atMs));
    const resolved = alerts.filter((alert) => isResolved(alert, atMs));
    const notified: Notified = { atMs, firing: ids(firing), resolved: ids(resolved) };
    if (!this.#needsUpdate(group.notified.get(receiver.name), notified, receiver.sendResolved)) return null;
    const sent = receiver.sendResolved ? [...firing, ...resolved] : firing;
    if (sent.length === 0) {
      group.notified.set(receiver.name, notified);
      return null;
    }
    return { group, receiver: receiver.name, alerts: sent, notified };
  }

  // DedupStage.needsUpdate of Alertmanager 0.25.
  #needsUpdate(last: Notified | undefined, now: Notified, sendResolved: boolean): boolean {
    if (last === undefined) return now.firing.size > 0;
    if (!isSubset(now.firing, last.firing)) return true;
    if (now.firing.size === 0) return last.firing.size > 0;
    if (sendResolved && !isSubset(now.resolved, last.resolved)) return true;
    return last.atMs < now.atMs - this.#grouping.repeatIntervalSeconds * 1000;
  }
}

function ids(alerts: readonly HeldAlert[]): ReadonlySet<string> {
  return new Set(alerts.map((alert) => fingerprint(alert.labels)));
}

function isSubset(inner: ReadonlySet<string>, outer: ReadonlySet<string>): boolean {
  return [...inner].every((id) => outer.has(id));
}
