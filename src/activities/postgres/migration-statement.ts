import { hasSqlDetails, type Node, parse, type RawStmt } from 'libpg-query';
import type { MigrationKind } from '../../domain/resolution-policy.ts';

/** A migration that was read and may be carried out. */
export interface MigrationStatement {
  readonly kind: MigrationKind;
  /** Null: the first schema of the search path. */
  readonly schema: string | null;
  readonly index: string;
  /** Null when an index is dropped: PostgreSQL knows whose it is. */
  readonly table: string | null;
  readonly sql: string;
}

const LONGEST_SQL = 10_000;

/**
 * Reads a migration with PostgreSQL's own parser (R5.6): exactly one statement of a kind that policy allows, made so
 * that it holds nobody up. Answers a sentence that says what is wrong instead.
 */
export async function readStatement(
  sql: string,
  allowed: readonly MigrationKind[],
): Promise<MigrationStatement | string> {
  if (sql.length > LONGEST_SQL) return `The migration is longer than ${LONGEST_SQL} characters.`;
  const statements = await parsed(sql);
  if (typeof statements === 'string') return statements;
  if (statements.length !== 1)
    return `A migration is one statement, and this has ${statements.length}: CONCURRENTLY cannot run in a transaction with others. Write one file for each.`;
  const read = readOne(statements[0]?.stmt, sql.trim());
  if (typeof read === 'string' || allowed.includes(read.kind)) return read;
  return `Policy does not allow ${read.kind} as a migration (resolution.allowedMigrations: ${allowed.join(', ')}).`;
}

/** Whether it only reads, so that EXPLAIN ANALYZE, which runs it, changes nothing; a sentence when it does not. */
export async function whyNotOneSelect(sql: string): Promise<string | null> {
  const statements = await parsed(sql);
  if (typeof statements === 'string') return statements;
  const statement = statements[0]?.stmt;
  if (statements.length !== 1 || statement === undefined || !('SelectStmt' in statement))
    return 'Only a single SELECT can be explained.';
  const select = statement.SelectStmt;
  if (select.intoClause !== undefined || select.lockingClause !== undefined) return 'It writes or locks rows.';
  const writes = select.withClause?.ctes?.some((cte) => !isSelect(cte)) ?? false;
  return writes ? 'It writes in its WITH.' : null;
}

/** The statement's tree; a sentence when PostgreSQL would not take it. */
export async function parsed(sql: string): Promise<readonly RawStmt[] | string> {
  try {
    return (await parse(sql)).stmts ?? [];
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    const at = hasSqlDetails(error) ? (error.sqlDetails?.cursorPosition ?? null) : null;
    const line = at === null ? '' : ` in line ${sql.slice(0, at).split('\n').length}`;
    return `PostgreSQL does not understand it${line}: ${words}.`;
  }
}

function readOne(node: Node | undefined, sql: string): MigrationStatement | string {
  if (node !== undefined && 'IndexStmt' in node) {
    const { idxname, relation, concurrent } = node.IndexStmt;
    if (concurrent !== true)
      return 'CREATE INDEX without CONCURRENTLY locks the table against writes while it is built. Write CREATE INDEX CONCURRENTLY.';
    if (idxname === undefined || relation?.relname === undefined)
      return 'The index has no name, so it could not be found again. Write CREATE INDEX CONCURRENTLY name ON table (…).';
    return { kind: 'create-index', schema: relation.schemaname ?? null, index: idxname, table: relation.relname, sql };
  }
  if (node !== undefined && 'DropStmt' in node && node.DropStmt.removeType === 'OBJECT_INDEX') {
    const { concurrent, objects = [] } = node.DropStmt;
    if (concurrent !== true) return 'DROP INDEX without CONCURRENTLY locks the table. Write DROP INDEX CONCURRENTLY.';
    const names = namesOf(objects[0]);
    if (objects.length !== 1 || names.length === 0) return 'One index is dropped at a time.';
    return { kind: 'drop-index', schema: names.at(-2) ?? null, index: names.at(-1) ?? '', table: null, sql };
  }
  const what = node === undefined ? 'Nothing' : (Object.keys(node)[0] ?? 'This').replace(/Stmt$/, '');
  return `${what} is no kind of migration that can be carried out and read back; CREATE INDEX CONCURRENTLY and DROP INDEX CONCURRENTLY are.`;
}

function namesOf(node: Node | undefined): readonly string[] {
  if (node === undefined || !('List' in node)) return [];
  return (node.List.items ?? []).flatMap((item) => ('String' in item ? [item.String.sval ?? ''] : []));
}

function isSelect(cte: Node): boolean {
  if (!('CommonTableExpr' in cte)) return false;
  const { ctequery } = cte.CommonTableExpr;
  return ctequery !== undefined && 'SelectStmt' in ctequery;
}
