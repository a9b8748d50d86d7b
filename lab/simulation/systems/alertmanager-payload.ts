import { goTime } from '../promql/literals.ts';

/** An alert as Alertmanager holds it. `endsAtMs` is null while nobody has said that it ended. */
export interface HeldAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAtMs: number;
  readonly endsAtMs: number | null;
  readonly updatedAtMs: number;
  readonly generatorUrl: string;
}

/** Alertmanager's webhook body, version 4, with the fields that 0.25 sends. */
export interface WebhookPayload {
  readonly receiver: string;
  readonly status: 'firing' | 'resolved';
  readonly alerts: readonly {
    readonly status: 'firing' | 'resolved';
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
    readonly startsAt: string;
    readonly endsAt: string;
    readonly generatorURL: string;
    readonly fingerprint: string;
  }[];
  readonly groupLabels: Readonly<Record<string, string>>;
  readonly commonLabels: Readonly<Record<string, string>>;
  readonly commonAnnotations: Readonly<Record<string, string>>;
  readonly externalURL: string;
  readonly version: '4';
  readonly groupKey: string;
  readonly truncatedAlerts: number;
}

/** Go's zero time: what an alert that has not ended says about its end. */
export const ZERO_TIME = '0001-01-01T00:00:00Z';

const FNV_OFFSET = 0xcbf29ce484222325n;
const FNV_PRIME = 0x100000001b3n;
const MASK = 0xffffffffffffffffn;

/** FNV-1a over sorted names and values, each followed by 0xff, as prometheus/common's model.Fingerprint. 16 hex digits. */
export function fingerprint(labels: Readonly<Record<string, string>>): string {
  let hash = FNV_OFFSET;
  const mix = (byte: number) => {
    hash = ((hash ^ BigInt(byte)) * FNV_PRIME) & MASK;
  };
  for (const [name, value] of sortedEntries(labels)) {
    for (const part of [name, value]) {
      for (const byte of Buffer.from(part, 'utf8')) mix(byte);
      mix(255);
    }
  }
  return hash.toString(16).padStart(16, '0');
}

/** `{}:{alertname="X"}`: the default route and the group's own labels. */
export function groupKey(groupLabels: Readonly<Record<string, string>>): string {
  const pairs = sortedEntries(groupLabels).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return `{}:{${pairs.join(', ')}}`;
}

export function isResolved(alert: HeldAlert, atMs: number): boolean {
  return alert.endsAtMs !== null && alert.endsAtMs <= atMs;
}

export function webhookPayload(
  receiver: string,
  groupLabels: Readonly<Record<string, string>>,
  alerts: readonly HeldAlert[],
  externalUrl: string,
  atMs: number,
): WebhookPayload {
  const written = [...alerts].sort(compareAlerts).map((alert) => {
    const resolved = isResolved(alert, atMs);
    return {
      status: resolved ? ('resolved' as const) : ('firing' as const),
      labels: sorted(alert.labels),
      annotations: sorted(alert.annotations),
      startsAt: goTime(alert.startsAtMs),
      endsAt: resolved && alert.endsAtMs !== null ? goTime(alert.endsAtMs) : ZERO_TIME,
      generatorURL: alert.generatorUrl,
      fingerprint: fingerprint(alert.labels),
    };
  });
  return {
    receiver,
    status: written.some((alert) => alert.status === 'firing') ? 'firing' : 'resolved',
    alerts: written,
    groupLabels: sorted(groupLabels),
    commonLabels: common(alerts.map((alert) => alert.labels)),
    commonAnnotations: common(alerts.map((alert) => alert.annotations)),
    externalURL: externalUrl,
    version: '4',
    groupKey: groupKey(groupLabels),
    truncatedAlerts: 0,
  };
}

function common(sets: readonly Readonly<Record<string, string>>[]): Record<string, string> {
  const first = sets[0] ?? {};
  return Object.fromEntries(sortedEntries(first).filter(([name, value]) => sets.every((set) => set[name] === value)));
}

// types.AlertSlice: by job, then instance, then the label sets themselves (fewer labels first).
function compareAlerts(a: HeldAlert, b: HeldAlert): number {
  for (const name of ['job', 'instance']) {
    const [left, right] = [a.labels[name], b.labels[name]];
    if (left === right) continue;
    if (left === undefined) return 1;
    if (right === undefined) return -1;
    return left < right ? -1 : 1;
  }
  const [left, right] = [sortedEntries(a.labels), sortedEntries(b.labels)];
  if (left.length !== right.length) return left.length - right.length;
  const names = [...new Set([...left, ...right].map(([name]) => name))].sort();
  for (const name of names) {
    const [mine, theirs] = [a.labels[name], b.labels[name]];
    if (mine === theirs) continue;
    if (mine === undefined) return -1;
    if (theirs === undefined) return 1;
    return mine < theirs ? -1 : 1;
  }
  return 0;
}

function sorted(labels: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(sortedEntries(labels));
}

function sortedEntries(labels: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}
