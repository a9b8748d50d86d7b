import { crossings } from '../../domain/crossings.ts';
import { answerWords, isUnwell } from './answers.ts';
import type { MetricsPort } from './ports.ts';
import { count, firstOf, jsonBody, type Look, NotConfigured, type Probe, type ProbeTable, required } from './probe.ts';
import { query, rangeOf } from './queries.ts';
import { beganToRiseAt, CONNECTIONS_CLEARANCE } from './trend.ts';

type DatabaseProbe = 'database-answers' | 'database-connections' | 'slow-statements';

const SOURCE = 'PostgreSQL';
const DATABASE = 'The connection to the database';

/** Above this share of max_connections new connections are about to be refused. */
const NEARLY_FULL = 0.9;

const databaseAnswers: Probe = {
  source: SOURCE,
  async ask({ database }, look) {
    const answer = await required(database, DATABASE).answers();
    const words = answerWords('PostgreSQL', answer);
    return {
      command: psql(look, 'SELECT 1;'),
      words,
      abnormal: isUnwell(answer),
      excerpt: words,
      finding: { probe: 'database-answers', ...answer },
      ...jsonBody(answer),
    };
  },
};

const databaseConnections: Probe = {
  source: SOURCE,
  async ask({ database, metrics }, look) {
    const [activity, climb] = await Promise.all([required(database, DATABASE).activity(), climbOf(metrics, look)]);
    const { active, total, limit, longestActiveSeconds, waitingOnLocks, byState } = activity;
    const exhaustedAbove = look.service.database?.exhaustedAbove ?? limit * NEARLY_FULL;
    const exhausted = active > exhaustedAbove || total >= limit * NEARLY_FULL;
    const states = Object.entries(byState)
      .map(([state, number]) => `${number} ${state}`)
      .join(', ');
    const longest =
      longestActiveSeconds === null ? '' : ` The longest statement has run for ${longestActiveSeconds} s.`;
    const locks = waitingOnLocks === 0 ? '' : ` ${count(waitingOnLocks, 'connection')} waiting on locks.`;
    const words = `${exhausted ? 'The connections are exhausted' : 'Connections are within bounds'}: ${active} active of ${total} in use (${states}), exhausted above ${exhaustedAbove}, server limit ${limit}.${longest}${locks}`;
    return {
      command: psql(look, 'SELECT state, count(*) FROM pg_stat_activity GROUP BY state;'),
      words,
      abnormal: exhausted || waitingOnLocks > 0,
      excerpt: words,
      finding: { probe: 'database-connections', ...activity, ...climb },
      ...jsonBody(activity),
    };
  },
};

const slowStatements: Probe = {
  source: SOURCE,
  async ask({ database }, look) {
    const threshold = look.service.database?.slowStatementMilliseconds;
    if (threshold === undefined) throw new NotConfigured('Policy names no database.');
    const statements = firstOf(await required(database, DATABASE).slowStatements(threshold));
    const slow = statements.filter((statement) => statement.meanMilliseconds > threshold);
    const [slowest] = slow;
    const words =
      slowest === undefined
        ? `No statement takes more than ${threshold} ms on average.`
        : `${count(slow.length, 'statement')} above ${threshold} ms on average; slowest: ${slowest.meanMilliseconds} ms over ${slowest.calls} calls: ${slowest.query.slice(0, 200)}`;
    return {
      command: psql(
        look,
        'SELECT query, mean_exec_time, calls FROM pg_stat_statements ORDER BY mean_exec_time DESC LIMIT 10;',
      ),
      words,
      abnormal: slow.length > 0,
      excerpt: statements.map((one) => `${one.meanMilliseconds} ms × ${one.calls}: ${one.query}`).join('\n'),
      finding: { probe: 'slow-statements', statements },
      ...jsonBody(statements),
    };
  },
};

export const DATABASE_PROBES: ProbeTable<DatabaseProbe> = {
  'database-answers': databaseAnswers,
  'database-connections': databaseConnections,
  'slow-statements': slowStatements,
};

/** What the metrics say of the busy connections over time (R5.5): no turn at all also when nobody can say. */
async function climbOf(metrics: MetricsPort | null, look: Look) {
  const points = metrics === null ? [] : await rangeOf(metrics, look, 'databaseConnections').catch(() => []);
  const limit = look.service.database?.exhaustedAbove ?? null;
  return {
    roseAt: beganToRiseAt(points, CONNECTIONS_CLEARANCE),
    crossings: limit === null ? [] : crossings(points, limit),
    query: query(look, 'databaseConnections'),
  };
}

function psql({ service }: Look, sql: string): string {
  const database = service.database;
  if (database === null) return `psql -c "${sql}"`;
  return `kubectl exec ${database.pod} -n ${service.namespace} -- psql -d ${database.database} -c "${sql}"`;
}
