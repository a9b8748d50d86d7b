import type { LogPattern } from '../evidence.ts';
import { measured } from '../findings.ts';
import { type Instant, secondsBetween } from '../instant.ts';
import type { DeployBefore, Found, Reading } from './reading.ts';

/** What several rules ask of the same evidence; each answer is null or empty when the evidence is not there. */

export interface PoolSignal {
  readonly id: string;
  readonly freshness: number;
  readonly active: number;
  readonly total: number;
  readonly limit: number;
  readonly waitingOnLocks: number;
  readonly longestActiveSeconds: number;
  readonly idle: number;
  readonly full: boolean;
  /** Since when there are more and more busy ones; null when there are not. */
  readonly climbedAt: Instant | null;
}

export function pool(reading: Reading): PoolSignal | null {
  const found = reading.found('database-connections');
  const database = reading.policy.service.database;
  if (found === null || database === null) return null;
  const { active, total, limit, waitingOnLocks, longestActiveSeconds, byState } = found.finding;
  const idle =
    (byState.idle ?? 0) + (byState['idle in transaction'] ?? 0) + (byState['idle in transaction (aborted)'] ?? 0);
  const nearLimit = Math.min(limit, database.poolLimit) * (database.exhaustedAbove / database.poolLimit);
  const full = active > database.exhaustedAbove || total > nearLimit;
  return {
    id: found.id,
    freshness: found.freshness,
    active,
    total,
    limit,
    waitingOnLocks,
    longestActiveSeconds: longestActiveSeconds ?? 0,
    idle,
    full,
    climbedAt: found.finding.roseAt ?? null,
  };
}

export interface SlowStatement {
  readonly id: string;
  readonly freshness: number;
  readonly query: string;
  readonly table: string | null;
  readonly calls: number;
  readonly meanMilliseconds: number;
  /** Of all time that the listed statements took. */
  readonly shareOfTime: number;
}

/** The statement over the policy's limit that takes most of the database's time. */
export function slowStatement(reading: Reading): SlowStatement | null {
  const found = reading.found('slow-statements');
  const limit = reading.policy.service.database?.slowStatementMilliseconds;
  if (found === null || limit === undefined) return null;
  const { statements } = found.finding;
  const all = statements.reduce((sum, statement) => sum + statement.totalMilliseconds, 0);
  const slow = statements
    .filter((statement) => statement.meanMilliseconds >= limit && !isHousekeeping(statement.query))
    .sort((a, b) => b.totalMilliseconds - a.totalMilliseconds || a.query.localeCompare(b.query))[0];
  if (slow === undefined) return null;
  return {
    id: found.id,
    freshness: found.freshness,
    query: slow.query,
    table: tableOf(slow.query),
    calls: slow.calls,
    meanMilliseconds: slow.meanMilliseconds,
    shareOfTime: all > 0 ? slow.totalMilliseconds / all : 0,
  };
}

/** Slow by nature and by night: no cause of an incident by itself. */
function isHousekeeping(query: string): boolean {
  return /^\s*(autovacuum|vacuum|analyze|copy|create\s+index|reindex|refresh|begin|commit)\b|pg_sleep|pg_dump|pg_stat_/i.test(
    query,
  );
}

export function tableOf(query: string): string | null {
  const match = /\b(?:from|into|update|join)\s+(?:only\s+)?("?[\w.]+"?)/i.exec(query);
  return match?.[1]?.replaceAll('"', '') ?? null;
}

/**
 * For how many minutes a statement has been running, by how fast its count grows between two sweeps; null when one
 * sweep is all there is. A statement much older than a deploy was not brought by it.
 */
export function statementAgeMinutes(reading: Reading, query: string): number | null {
  const seen = reading.input.bundles.flatMap((bundle) =>
    bundle.items.flatMap((item) => {
      if (item.finding.probe !== 'slow-statements') return [];
      const statement = item.finding.statements.find((candidate) => candidate.query === query);
      return statement === undefined ? [] : [{ at: item.collectedAt, calls: statement.calls }];
    }),
  );
  const first = seen[0];
  const last = seen.at(-1);
  if (first === undefined || last === undefined) return null;
  const minutesBetween = secondsBetween(first.at, last.at) / 60;
  const grown = last.calls - first.calls;
  return minutesBetween >= 1 && grown > 0 ? first.calls / (grown / minutesBetween) : null;
}

export function surge(
  reading: Reading,
): { readonly id: string; readonly freshness: number; readonly ratio: number } | null {
  const found = reading.found('request-rate');
  const ratio = measured(found?.finding.ratio);
  return found === null || ratio === null ? null : { id: found.id, freshness: found.freshness, ratio };
}

/** Latest deploy of a deployment within the time in which a deploy is suspected (R2.2). */
export function recentDeploy(reading: Reading, deployment: string): DeployBefore | null {
  const recent = reading.deploysBefore.filter(
    (deploy) => deploy.deployment === deployment && isRecent(reading, deploy),
  );
  return recent[0] ?? null;
}

export function isRecent(reading: Reading, deploy: DeployBefore): boolean {
  return deploy.minutesBefore <= reading.policy.diagnosis.recentDeployMinutes;
}

/** What a change says about itself and what fails have a word in common: "pending requests" and table requests. */
export function sharesWord(change: string | null, others: readonly (string | null)[]): string | null {
  const words = new Set(wordsOf(change ?? ''));
  return others.flatMap((other) => wordsOf(other ?? '')).find((word) => words.has(word)) ?? null;
}

const COMMON_WORDS = new Set([
  'feature',
  'release',
  'deploy',
  'deployment',
  'version',
  'update',
  'change',
  'error',
  'errors',
  'with',
  'from',
  'into',
  'that',
  'this',
  'select',
  'where',
  'order',
  'insert',
  'values',
  'count',
  'public',
  'http',
  'https',
  'status',
  'tweak',
  'copy',
  'text',
  'null',
  'undefined',
  'cannot',
  'read',
  'properties',
  'typeerror',
]);

function wordsOf(text: string): readonly string[] {
  return (text.toLowerCase().match(/[a-z]{4,}/g) ?? [])
    .map((word) => word.replace(/s$/, ''))
    .filter((word) => !COMMON_WORDS.has(word) && !COMMON_WORDS.has(`${word}s`));
}

/** Log lines that name somebody, e.g. a provider. */
export function naming(patterns: readonly LogPattern[], name: RegExp): readonly LogPattern[] {
  return patterns.filter((pattern) => name.test(pattern.pattern) || name.test(pattern.example));
}

export function total(patterns: readonly LogPattern[]): number {
  return patterns.reduce((sum, pattern) => sum + pattern.count, 0);
}

/** Pods of a deployment or StatefulSet; `app` is the label, pod names begin with their owner's. */
export function podsOf(found: Found<'pods'> | null, owner: string): Found<'pods'>['finding']['pods'] {
  return (
    found?.finding.pods.filter((pod) => pod.app === owner || pod.name === owner || pod.name.startsWith(`${owner}-`)) ??
    []
  );
}

/** A firing alert that names one of these in its labels: somebody else measured the same. */
export function alertNaming(reading: Reading, labels: readonly string[], named: (value: string) => boolean) {
  return (
    reading.input.alerts.find(
      (alert) => alert.status === 'firing' && labels.some((label) => named(alert.labels[label] ?? '')),
    ) ?? null
  );
}

/** Failing requests a minute by the workload that serves them, where an endpoint fails more than it may. */
export function failing(reading: Reading): {
  readonly byWorkload: ReadonlyMap<string, number>;
  readonly evidenceId: string;
} {
  const found = reading.found('endpoints');
  const byWorkload = new Map<string, number>();
  for (const { servedBy, errorRatio, perMinute } of found?.finding.endpoints ?? []) {
    const ratio = measured(errorRatio) ?? 0;
    if (servedBy == null || ratio < reading.policy.classification.errorRatioP2From) continue;
    byWorkload.set(servedBy, (byWorkload.get(servedBy) ?? 0) + ratio * (measured(perMinute) ?? 0));
  }
  return { byWorkload, evidenceId: found?.id ?? '' };
}

/** Nodes that are gone; what stood on them is not ready for that reason. */
export function deadNodes(reading: Reading): ReadonlySet<string> {
  const nodes = reading.found('nodes')?.finding.nodes ?? [];
  return new Set(nodes.filter((node) => !node.ready).map((node) => node.name));
}

/** Whether a change came within minutes of the instant at which something began to climb. */
export function beganWith(deploy: DeployBefore, climbedAt: string): boolean {
  const minutes = secondsBetween(deploy.revision.rolledOutAt, climbedAt) / 60;
  return minutes >= -CLIMB_EARLY_MINUTES && minutes <= CLIMB_LATE_MINUTES;
}

/** A climb is dated by following it back, which is right to some minutes only. */
const CLIMB_EARLY_MINUTES = 3;
const CLIMB_LATE_MINUTES = 13;
