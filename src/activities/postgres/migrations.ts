import { failure } from '../failures.ts';
import { type PostgresOptions, probe } from './connection.ts';
import { type Carried, carryOutStatement, type ExplainedPlan, type IndexState, indexState, planOf } from './indexes.ts';
import { type MigrationStatement, whyNotOneSelect } from './migration-statement.ts';

export interface MigrationClient {
  state(statement: MigrationStatement): Promise<IndexState>;
  carryOut(statement: MigrationStatement): Promise<Carried>;
  /** `analyze` runs the statement, which must be a single SELECT: in staging only. */
  explain(statement: string, analyze: boolean): Promise<ExplainedPlan>;
}

/** An index on a large table takes its time; the activity beats meanwhile. */
const LONGEST_BUILD_MILLISECONDS = 2 * 3_600_000;
/** How long a build waits for transactions that began before it; nobody waits for the build meanwhile. */
const LOCK_MILLISECONDS = 10 * 60_000;

/** By a role that owns the tables. Each call is a session of its own: CONCURRENTLY runs in no transaction. */
export function createMigrationClient(options: PostgresOptions): MigrationClient {
  const session = {
    writes: true,
    statementTimeoutMilliseconds: LONGEST_BUILD_MILLISECONDS,
    lockTimeoutMilliseconds: LOCK_MILLISECONDS,
    deadlineMilliseconds: LONGEST_BUILD_MILLISECONDS,
  };
  return {
    state: (statement) => probe(options, (client) => indexState(client, statement)),
    carryOut: (statement) => probe(options, (client) => carryOutStatement(client, statement), session),
    async explain(statement, analyze) {
      const reason = await whyNotOneSelect(statement);
      if (reason !== null) throw failure('Invalid', `${reason} It is not explained.`);
      return probe(options, (client) => planOf(client, statement, analyze));
    },
  };
}
