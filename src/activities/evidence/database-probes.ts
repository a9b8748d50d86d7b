import type { Instant } from '../../domain/instant.ts';
import { answerWords, isUnwell } from './answers.ts';
import type { MetricsPort } from './ports.ts';
import { count, firstOf, jsonBody, type Look, NoAnswer, needed, type Probe, type ProbeTable } from './probe.ts';
import { rangeOf } from './queries.ts';
import { beganToRiseAt } from './trend.ts';

type DatabaseProbe = 'database-answers' | 'database-connections' | 'slow-statements';

const SOURCE = 'PostgreSQL';
const DATABASE = 'The connection to the database';

/** A few connections more than ever before are no climb yet. */
const CONNECTIONS_CLEARANCE = 3;
/** Above this share of max_connections new connections are about to be refused. */
const NEARLY_FULL = 0.9;

const databaseAnswers: Probe = {
  source: SOURCE,
  async ask({ database }, look) {
    const answer = await needed(database, DATABASE).answers();
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
    const [activity, climb] = await Promise.all([needed(database, DATABASE).activity(), climbOf(metrics, look)]);
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
      finding: { probe: 'database-connections', ...activity, roseAt: climb },
      ...jsonBody(activity),
    };
  },
};

const slowStatements: Probe = {
  source: SOURCE,
  async ask({ database }, look) {
    const threshold = look.service.database?.slowStatementMilliseconds;
    if (threshold === undefined) throw new NoAnswer('Policy names no database.');
    const statements = firstOf(await needed(database, DATABASE).slowStatements(threshold));
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

/** What the metrics say of the busy connections: when they began to climb (R5.5); null also when nobody can say. */
async function climbOf(metrics: MetricsPort | null, look: Look): Promise<Instant | null> {
  if (metrics === null) return null;
  const points = await rangeOf(metrics, look, 'databaseConnections').catch(() => []);
  return beganToRiseAt(points, CONNECTIONS_CLEARANCE);
}

function psql({ service }: Look, sql: string): string {
  const database = service.database;
  if (database === null) return `psql -c "${sql}"`;
  return `kubectl exec ${database.pod} -n ${service.namespace} -- psql -d ${database.database} -c "${sql}"`;
}
