import type { Instant } from '../domain/instant.ts';
import { type MeasureName, measuresOf } from '../domain/measures.ts';
import type { Severity } from '../domain/severity.ts';
import { type Comparable, SIMILAR_ENOUGH, type Similarity, similarity } from '../domain/similarity.ts';
import type { TimelineEvent } from '../domain/timeline.ts';
import type { Database, Queries } from './database.ts';

export type StatisticsBy = 'severity' | 'service' | 'cause' | 'month';
export const STATISTICS_BY: readonly StatisticsBy[] = ['severity', 'service', 'cause', 'month'];

/** A length over many incidents. Medians, not means: durations of incidents are skewed. */
export interface LengthStatistics {
  readonly recorded: number;
  readonly pending: number;
  readonly notApplicable: number;
  readonly invalid: number;
  readonly medianSeconds: number | null;
  readonly p90Seconds: number | null;
}

export interface GroupStatistics {
  readonly group: string;
  readonly incidents: number;
  readonly lengths: Readonly<Record<MeasureName, LengthStatistics>>;
  readonly promises: { readonly kept: number; readonly late: number; readonly missed: number };
  readonly relapses: number;
}

export interface Statistics {
  readonly by: StatisticsBy;
  readonly total: GroupStatistics | null;
  readonly groups: readonly GroupStatistics[];
}

export interface SimilarIncident extends Similarity {
  readonly incidentId: string;
  readonly title: string;
  readonly severity: Severity;
  readonly openedAt: Instant;
  readonly resolvedAt: Instant | null;
  readonly causeWords: string | null;
  readonly fix: string | null;
  readonly resolveSeconds: number | null;
}

/** Figures over the incidents that are over (R6.7), and which of them were like one that is not. */
export interface Measures {
  /** False alarms and merged incidents are left out: nothing was mitigated there. */
  statistics(filter: { readonly by: StatisticsBy; readonly since: Instant | null }): Promise<Statistics>;
  /** The most similar first, at most `limit`; empty for an incident that is not known. */
  similar(incidentId: string, limit: number): Promise<readonly SimilarIncident[]>;
}

/** So many past incidents are compared at most, the newest of those that have anything in common. */
const CANDIDATES = 500;

export function createMeasures(database: Database): Measures {
  return {
    statistics: (filter) => statistics(database, filter),
    similar: (incidentId, limit) => similar(database, incidentId, limit),
  };
}

/** Computes one incident's row again from its stored timeline, in the transaction that changed it. */
export async function measureIncident(queries: Queries, incidentId: string): Promise<void> {
  const measures = measuresOf(await timelineOf(queries, incidentId));
  if (measures === null) return;
  const { acknowledge, mitigate, resolve } = measures.lengths;
  const values = [
    incidentId,
    measures.title,
    measures.service,
    measures.severity,
    measures.openedAt,
    measures.resolvedAt,
    measures.closedAs,
    measures.cause,
    measures.causeNames,
    measures.causeWords,
    measures.alertNames,
    measures.fix,
    ...[acknowledge, mitigate, resolve].flatMap((one) => [one.status, 'seconds' in one ? one.seconds : null]),
    measures.promises.kept,
    measures.promises.late,
    measures.promises.missed,
    measures.relapses,
  ];
  const places = values.map((_value, index) => `$${index + 1}`).join(', ');
  await queries.rows(
    `INSERT INTO incident_measure (${COLUMNS.join(', ')}) VALUES (${places})
     ON CONFLICT (incident_id) DO UPDATE SET ${COLUMNS.slice(1)
       .map((column) => `${column} = excluded.${column}`)
       .join(', ')}`,
    values,
  );
}

const COLUMNS = [
  'incident_id',
  'title',
  'service',
  'severity',
  'opened_at',
  'resolved_at',
  'closed_as',
  'cause',
  'cause_names',
  'cause_words',
  'alert_names',
  'fix',
  'acknowledge_status',
  'acknowledge_seconds',
  'mitigate_status',
  'mitigate_seconds',
  'resolve_status',
  'resolve_seconds',
  'promises_kept',
  'promises_late',
  'promises_missed',
  'relapses',
] as const;

async function timelineOf({ rows }: Queries, incidentId: string): Promise<readonly TimelineEvent[]> {
  // Whole evidence is the larger part of a timeline and says nothing here.
  const found = await rows<{ event: TimelineEvent }>(
    `SELECT event FROM timeline_event WHERE incident_id = $1 AND kind NOT IN ('evidence-collected', 'step-finished')
     ORDER BY seq`,
    [incidentId],
  );
  return found.map(({ event }) => event);
}

const GROUPS: Readonly<Record<StatisticsBy, string>> = {
  severity: 'severity',
  service: 'service',
  cause: `coalesce(cause, 'not known')`,
  month: `to_char(opened_at AT TIME ZONE 'UTC', 'YYYY-MM')`,
};

type StatisticsRow = Readonly<Record<string, unknown>> & { readonly group: string; readonly whole: number };

async function statistics(
  { rows }: Queries,
  { by, since }: { readonly by: StatisticsBy; readonly since: Instant | null },
): Promise<Statistics> {
  const length = (name: MeasureName): string =>
    `${['recorded', 'pending', 'not-applicable', 'invalid']
      .map((status) => `count(*) FILTER (WHERE ${name}_status = '${status}') AS "${name} ${status}"`)
      .join(', ')},
     percentile_cont(0.5) WITHIN GROUP (ORDER BY ${name}_seconds) AS "${name} median",
     percentile_cont(0.9) WITHIN GROUP (ORDER BY ${name}_seconds) AS "${name} p90"`;
  const found = await rows<StatisticsRow>(
    `SELECT ${GROUPS[by]} AS "group", grouping(${GROUPS[by]}) AS whole, count(*) AS incidents,
       ${length('acknowledge')}, ${length('mitigate')}, ${length('resolve')},
       sum(promises_kept) AS kept, sum(promises_late) AS late, sum(promises_missed) AS missed, sum(relapses) AS relapses
     FROM incident_measure
     WHERE ($1::timestamptz IS NULL OR opened_at >= $1) AND coalesce(closed_as, 'resolved') = 'resolved'
     GROUP BY GROUPING SETS ((${GROUPS[by]}), ()) ORDER BY 1`,
    [since],
  );
  const groups = found.filter((row) => row.whole === 0).map(groupOf);
  const whole = found.find((row) => row.whole === 1);
  return { by, total: whole === undefined || groups.length === 0 ? null : groupOf({ ...whole, group: 'all' }), groups };
}

function groupOf(row: StatisticsRow): GroupStatistics {
  const number = (name: string): number => Number(row[name] ?? 0);
  const orNull = (name: string): number | null => (row[name] == null ? null : Number(row[name]));
  const length = (name: MeasureName): LengthStatistics => ({
    recorded: number(`${name} recorded`),
    pending: number(`${name} pending`),
    notApplicable: number(`${name} not-applicable`),
    invalid: number(`${name} invalid`),
    medianSeconds: orNull(`${name} median`),
    p90Seconds: orNull(`${name} p90`),
  });
  return {
    group: row.group,
    incidents: number('incidents'),
    lengths: { acknowledge: length('acknowledge'), mitigate: length('mitigate'), resolve: length('resolve') },
    promises: { kept: number('kept'), late: number('late'), missed: number('missed') },
    relapses: number('relapses'),
  };
}

type PastRow = Comparable & Omit<SimilarIncident, keyof Similarity>;

async function similar({ rows }: Queries, incidentId: string, limit: number): Promise<readonly SimilarIncident[]> {
  const now = await comparableOf({ rows }, incidentId);
  if (now === null) return [];
  const past = await rows<PastRow>(
    `SELECT incident_id AS "incidentId", title, service, severity, opened_at AS "openedAt", resolved_at AS "resolvedAt",
       cause, cause_names AS "causeNames", alert_names AS "alertNames", cause_words AS "causeWords", fix,
       resolve_seconds AS "resolveSeconds"
     FROM incident_measure
     WHERE incident_id <> $1 AND coalesce(closed_as, 'resolved') = 'resolved' AND resolved_at IS NOT NULL
       AND (cause = $2 OR cause_names && $3::text[] OR alert_names && $4::text[])
     ORDER BY opened_at DESC LIMIT $5`,
    [incidentId, now.cause, now.causeNames, now.alertNames, CANDIDATES],
  );
  return past
    .map(({ service, cause, causeNames, alertNames, ...shown }) => ({
      ...shown,
      ...similarity(now, { title: shown.title, service, cause, causeNames, alertNames }),
    }))
    .filter(({ score }) => score >= SIMILAR_ENOUGH)
    .sort((a, b) => b.score - a.score || b.openedAt.localeCompare(a.openedAt))
    .slice(0, limit);
}

/** From what it has shown so far; before it has shown anything, from the alert that opened it. */
async function comparableOf(queries: Queries, incidentId: string): Promise<Comparable | null> {
  const measures = measuresOf(await timelineOf(queries, incidentId));
  if (measures !== null) return measures;
  const [entry] = await queries.rows<{ title: string; service: string; name: string }>(
    `SELECT title, service, first_alert ->> 'name' AS name FROM incident WHERE id = $1`,
    [incidentId],
  );
  if (entry === undefined) return null;
  return { title: entry.title, service: entry.service, cause: null, causeNames: [], alertNames: [entry.name] };
}
