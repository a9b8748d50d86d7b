import { higherOf, type Severity } from '../../../src/domain/severity.ts';
import { FAULT_DEFAULTS, type FaultSpec } from '../../simulation/faults/faults.ts';
import type { World } from '../../simulation/world/world.ts';

/**
 * The severity by the runbook's own table (R0.5, R0.6), worked out from the world's counters without any of the product's
 * queries. Two of them where a figure lies so near a boundary that both are right.
 */
export interface SeverityRange {
  readonly highest: Severity;
  readonly lowest: Severity;
  readonly words: string;
}

const MINUTE_MS = 60_000;
/** A figure this near to a boundary may be read on either side of it: windows and scrapes differ. */
const NEAR = 0.2;
/** As the default policy has it: how much of a provider's calls fail when it is "completely failing" (R0.6). */
const COMPLETELY = 0.9;

/** What the world shows at one instant. */
export interface Measured {
  readonly errorRatio: number;
  readonly p95Seconds: number;
  /** For each user who asked anything in five minutes, the share of it that failed. */
  readonly userFailures: readonly number[];
}

export function measure(world: World, atMs: number): Measured {
  const users = new Map<string, { all: number; failed: number }>();
  for (const { labels, added } of increases(world, 'http_requests_total', atMs, 5 * MINUTE_MS)) {
    const one = users.get(labels.user_id ?? '') ?? { all: 0, failed: 0 };
    users.set(labels.user_id ?? '', one);
    one.all += added;
    if (labels.status?.startsWith('5')) one.failed += added;
  }
  const minute = increases(world, 'http_requests_total', atMs, MINUTE_MS);
  const failed = minute.filter(({ labels }) => labels.status?.startsWith('5'));
  return {
    errorRatio: sum(failed) / Math.max(1, sum(minute)),
    p95Seconds: p95(increases(world, 'http_request_duration_seconds_bucket', atMs, MINUTE_MS)),
    userFailures: [...users.values()].filter(({ all }) => all > 0).map(({ all, failed: bad }) => bad / all),
  };
}

/** The runbook's answer to what was measured at the looks, what the alerts claim, and what the faults are by nature. */
export function severityTruth(
  looks: readonly Measured[],
  claims: readonly Severity[],
  faults: readonly FaultSpec[],
): SeverityRange {
  const known = [...claims, ...faults.flatMap(byNature)].reduce<Severity>(higherOf, 'P3');
  const by = (factor: number) => looks.map((look) => byTree(look, factor)).reduce<Severity>(higherOf, known);
  const worst = looks.reduce((most, look) => Math.max(most, look.errorRatio), 0);
  return { highest: by(1 + NEAR), lowest: by(1 - NEAR), words: `at most ${(100 * worst).toFixed(0)}% errors` };
}

/** R0.5, from its top to its bottom. */
function byTree({ errorRatio, p95Seconds, userFailures }: Measured, factor: number): Severity {
  const affected = userFailures.filter((share) => share * factor >= 0.5).length / Math.max(1, userFailures.length);
  if (errorRatio * factor >= 0.99 || affected > 0.5) return 'P0';
  if (affected > 0.25 || errorRatio * factor > 0.1 || p95Seconds * factor > 5) return 'P1';
  return errorRatio * factor >= 0.05 || p95Seconds * factor >= 2 || affected > 0.05 ? 'P2' : 'P3';
}

/** R0.6: the runbook's examples, whatever is measured. */
function byNature(fault: FaultSpec): readonly Severity[] {
  switch (fault.kind) {
    case 'security-breach':
    case 'postgres-down':
      return ['P0'];
    case 'data-corruption':
    case 'authentication-broken':
      return [fault.scope === 'partial' ? 'P1' : 'P0'];
    case 'infrastructure-down':
      return fault.scope === 'cluster' ? ['P0'] : [];
    case 'provider-outage': {
      const failing = fault.errorRate ?? FAULT_DEFAULTS.providerErrorRate[fault.mode ?? 'down'];
      return failing >= COMPLETELY ? ['P1'] : [];
    }
    default:
      return [];
  }
}

interface Increase {
  readonly labels: Readonly<Record<string, string>>;
  readonly added: number;
}

function increases(world: World, name: string, atMs: number, windowMs: number): readonly Increase[] {
  return world.series
    .select([{ name: '__name__', op: '=', value: name }], atMs - windowMs, atMs)
    .map(({ labels, values }) => {
      const added = Array.from(values).reduce((all, value, index) => {
        const before = values[index - 1];
        // A counter that fell began again from nothing.
        return before === undefined ? all : all + (value < before ? value : value - before);
      }, 0);
      return { labels, added };
    });
}

function sum(of: readonly Increase[]): number {
  return of.reduce((all, { added }) => all + added, 0);
}

/** Interpolated within its bucket; the last finite bound when it lies beyond. */
function p95(buckets: readonly Increase[]): number {
  const byBound = new Map<number, number>();
  for (const { labels, added } of buckets) {
    const bound = labels.le === '+Inf' ? Number.POSITIVE_INFINITY : Number(labels.le);
    byBound.set(bound, (byBound.get(bound) ?? 0) + added);
  }
  const bounds = [...byBound].sort(([a], [b]) => a - b);
  const wanted = 0.95 * (bounds.at(-1)?.[1] ?? 0);
  let [lower, below] = [0, 0];
  for (const [bound, count] of bounds) {
    if (count >= wanted) {
      if (!Number.isFinite(bound)) return lower;
      return count === below ? bound : lower + ((bound - lower) * (wanted - below)) / (count - below);
    }
    [lower, below] = [bound, count];
  }
  return lower;
}
