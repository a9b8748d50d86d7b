import type { Client } from 'pg';
import { codeOf } from './connection.ts';
import type { MigrationStatement } from './migration-statement.ts';

/** `invalid`: a build that failed left it; it costs every write and serves no read. */
export type IndexState = 'absent' | 'building' | 'invalid' | 'valid';

/** What became of a statement that was to be carried out. */
export type Carried = 'done' | 'was-done' | 'somebody-is-at-it';

export async function indexState(client: Client, { schema, index }: MigrationStatement): Promise<IndexState> {
  const found = await client.query<{ valid: boolean; builds: number }>(STATE_SQL, [schema, index]);
  const [row] = found.rows;
  if (row === undefined) return 'absent';
  if (row.valid) return 'valid';
  return Number(row.builds) > 0 ? 'building' : 'invalid';
}

const STATE_SQL = `SELECT i.indisvalid AS valid,
  (SELECT count(*)::int FROM pg_stat_progress_create_index p WHERE p.relid = i.indrelid) AS builds
FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relname = $2 AND CASE WHEN $1::text IS NULL THEN pg_table_is_visible(c.oid) ELSE n.nspname = $1 END`;

const IS_THERE = '42P07';
const IS_NOT_THERE = '42704';

/**
 * Looks first, so that it can be called again after any end: what is there is not made twice, and what a failed build
 * left is dropped before (ADR 0010). The lock is only tried: a session that waited for it would hold a snapshot, and
 * the build of the other one waits for every snapshot.
 */
export async function carryOutStatement(client: Client, statement: MigrationStatement): Promise<Carried> {
  const lock = await client.query<{ got: boolean }>('SELECT pg_try_advisory_lock(hashtext($1)) AS got', [
    `migration of ${statement.schema ?? ''}.${statement.index}`,
  ]);
  if (lock.rows[0]?.got !== true) return 'somebody-is-at-it';
  const before = await indexState(client, statement);
  if (before === 'building') return 'somebody-is-at-it';
  if (isDone(statement, before)) return 'was-done';
  try {
    if (statement.kind === 'create-index' && before === 'invalid')
      await client.query(`DROP INDEX CONCURRENTLY IF EXISTS ${nameOf(client, statement)}`);
    await client.query(statement.sql);
    return 'done';
  } catch (error) {
    if ([IS_THERE, IS_NOT_THERE].includes(codeOf(error)) && isDone(statement, await indexState(client, statement)))
      return 'was-done';
    throw error;
  }
}

export function isDone({ kind }: MigrationStatement, state: IndexState): boolean {
  return kind === 'create-index' ? state === 'valid' : state === 'absent';
}

/** Whether the plan of a statement uses an index; placeholders stand for anything, so its general plan is asked for. */
export async function planOf(client: Client, statement: string, analyze: boolean): Promise<ExplainedPlan> {
  const placeholders = Math.max(0, ...[...statement.matchAll(/\$(\d+)/g)].map((match) => Number(match[1])));
  if (placeholders === 0) {
    const { rows } = await client.query<{ 'QUERY PLAN': readonly RawPlan[] }>(
      `EXPLAIN (${analyze ? 'ANALYZE, ' : ''}FORMAT JSON) ${statement}`,
    );
    return planFrom(rows[0]?.['QUERY PLAN']);
  }
  const values = Array.from({ length: placeholders }, () => 'NULL').join(', ');
  await client.query('SET plan_cache_mode = force_generic_plan');
  await client.query(`PREPARE explained AS ${statement}`);
  const { rows } = await client.query<{ 'QUERY PLAN': readonly RawPlan[] }>(
    `EXPLAIN (FORMAT JSON) EXECUTE explained(${values})`,
  );
  await client.query('DEALLOCATE explained');
  return planFrom(rows[0]?.['QUERY PLAN']);
}

export interface ExplainedPlan {
  readonly indexes: readonly string[];
  readonly scannedTables: readonly string[];
  /** The planner's own estimate, without a unit. */
  readonly cost: number;
  /** Null when it was only planned. */
  readonly milliseconds: number | null;
}

interface RawPlan {
  readonly Plan: PlanNode;
  readonly 'Execution Time'?: number;
}

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Index Name'?: string;
  readonly 'Relation Name'?: string;
  readonly 'Total Cost': number;
  readonly Plans?: readonly PlanNode[];
}

function planFrom(raw: readonly RawPlan[] | undefined): ExplainedPlan {
  const [root] = raw ?? [];
  if (root === undefined) throw new Error('EXPLAIN answered with nothing');
  const nodes = nodesOf(root.Plan);
  return {
    indexes: nodes.flatMap((node) => node['Index Name'] ?? []),
    scannedTables: nodes.flatMap((node) => (node['Node Type'] === 'Seq Scan' ? (node['Relation Name'] ?? []) : [])),
    cost: root.Plan['Total Cost'],
    milliseconds: root['Execution Time'] ?? null,
  };
}

function nodesOf(node: PlanNode): readonly PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(nodesOf)];
}

function nameOf(client: Client, { schema, index }: MigrationStatement): string {
  return [schema, index]
    .filter((part) => part !== null)
    .map((part) => client.escapeIdentifier(part))
    .join('.');
}
