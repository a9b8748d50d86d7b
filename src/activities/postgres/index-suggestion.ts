import type { Node, SelectStmt } from 'libpg-query';
import { parsed } from './migration-statement.ts';

const MOST_COLUMNS = 3;
const LONGEST_NAME = 63;
const RANGES: ReadonlySet<string> = new Set(['<', '<=', '>', '>=']);

/**
 * The index that a slow SELECT of one table lacks (R5.6): columns compared with `=` first, then those of a range or of
 * the order. Null when its conditions do not say; a person then writes the migration.
 */
export async function suggestIndex(statement: string): Promise<string | null> {
  const statements = await parsed(statement);
  const node = typeof statements === 'string' ? undefined : statements[0]?.stmt;
  if (node === undefined || !('SelectStmt' in node)) return null;
  const { fromClause = [], whereClause, sortClause = [] } = node.SelectStmt;
  const [from] = fromClause;
  if (fromClause.length !== 1 || from === undefined || !('RangeVar' in from) || whereClause === undefined) return null;
  const conditions = conditionsOf(whereClause);
  if (conditions === null) return null;
  const equal = conditions.flatMap(({ column, operator }) => (operator === '=' ? [column] : []));
  const ranged = conditions.flatMap(({ column, operator }) => (RANGES.has(operator) ? [column] : []));
  const columns = [...new Set([...equal, ...ranged.slice(0, 1), ...ordered(sortClause)])].slice(0, MOST_COLUMNS);
  const table = from.RangeVar.relname;
  if (columns.length === 0 || table === undefined) return null;
  const name = `${table}_${columns.join('_')}_idx`.slice(0, LONGEST_NAME);
  const on = [from.RangeVar.schemaname, table]
    .filter((part) => part !== undefined)
    .map(quoted)
    .join('.');
  return `CREATE INDEX CONCURRENTLY ${quoted(name)} ON ${on} (${columns.map(quoted).join(', ')});`;
}

interface Condition {
  readonly column: string;
  readonly operator: string;
}

/** What all must hold; null when alternatives are among them, which one index does not serve. */
function conditionsOf(node: Node): readonly Condition[] | null {
  if ('BoolExpr' in node) {
    if (node.BoolExpr.boolop !== 'AND_EXPR') return null;
    const parts = (node.BoolExpr.args ?? []).map(conditionsOf);
    return parts.some((part) => part === null) ? null : parts.flatMap((part) => part ?? []);
  }
  if (!('A_Expr' in node)) return [];
  const { lexpr, name = [], kind } = node.A_Expr;
  const column = columnOf(lexpr);
  const [operator] = name.flatMap((one) => ('String' in one ? [one.String.sval ?? ''] : []));
  return column === null || operator === undefined || (kind !== 'AEXPR_OP' && kind !== 'AEXPR_IN')
    ? []
    : [{ column, operator }];
}

function ordered(sort: NonNullable<SelectStmt['sortClause']>): readonly string[] {
  return sort.flatMap((one) => {
    const column = 'SortBy' in one ? columnOf(one.SortBy.node) : null;
    return column === null ? [] : [column];
  });
}

function columnOf(node: Node | undefined): string | null {
  if (node === undefined || !('ColumnRef' in node)) return null;
  const last = node.ColumnRef.fields?.at(-1);
  return last !== undefined && 'String' in last ? (last.String.sval ?? null) : null;
}

function quoted(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}
