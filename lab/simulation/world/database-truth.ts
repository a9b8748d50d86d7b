import type { DatabaseTruth } from './api.ts';
import type { Engine } from './engine.ts';
import { draw } from './random.ts';

type Activity = DatabaseTruth['activity'][number];
type Statement = DatabaseTruth['statements'][number];

/** Ordinary statements of the service: share of its calls and mean milliseconds. */
const ORDINARY = [
  { query: 'SELECT id, plan, limits FROM api_keys WHERE key_hash = $1', share: 0.5, meanMs: 1.4 },
  {
    query: 'INSERT INTO requests (id, user_id, endpoint, status, created_at) VALUES ($1, $2, $3, $4, $5)',
    share: 0.25,
    meanMs: 3.1,
  },
  { query: 'UPDATE requests SET status = $1, finished_at = $2 WHERE id = $3', share: 0.2, meanMs: 2.6 },
  { query: 'SELECT * FROM requests WHERE user_id = $1 ORDER BY created_at DESC LIMIT $2', share: 0.04, meanMs: 11.8 },
  { query: 'SELECT state, payload FROM flows WHERE id = $1', share: 0.01, meanMs: 4.2 },
] as const;

/** The database as somebody who connects now sees it. */
export function databaseTruth(engine: Engine, nowMs: number): DatabaseTruth {
  const { pool, settings } = engine;
  const statements = statementRows(engine);
  if (!engine.databaseAnswers)
    return { answers: false, maxConnections: settings.database.pool, activity: [], statements };
  const activity: Activity[] = [];
  const add = (state: Activity['state'], query: string, ageMs: number, wait: string | null, by?: string) => {
    const slot = activity.length;
    activity.push({
      pid: 1100 + slot * 7 + Math.floor(7 * draw(engine.seed, 'pid', slot)),
      state,
      query,
      queryStartMs: Math.floor(nowMs - ageMs),
      applicationName: by ?? applicationOf(engine, slot),
      waitEventType: wait,
    });
  };
  for (const { load, held, seconds } of pool.slow) {
    for (let one = 0; one < Math.round(held); one++) {
      const age = seconds * 1000 * draw(engine.seed, 'age', one * 7919 + Math.floor(nowMs / 1000));
      const runners = engine.serving.filter((each) => load.runs(each.deployment, each.image, each.isCanary));
      add('active', load.statement, age, one % 3 === 0 ? 'IO' : null, runners[one % runners.length]?.deployment);
    }
  }
  const ordinary = Math.max(0, Math.round(pool.active) - activity.length);
  for (let one = 0; one < ordinary; one++) add('active', ORDINARY[one % ORDINARY.length]?.query ?? '', 2 + one, null);
  const leakers = leakersOf(engine);
  for (let one = 0; one < Math.round(pool.idleInTransaction); one++) {
    const by = leakers[Math.floor((one * leakers.length) / Math.round(pool.idleInTransaction))];
    add('idle in transaction', ORDINARY[1].query, 20_000 + 4_000 * one, 'Client', by);
  }
  for (let one = 0; one < Math.round(pool.idle); one++)
    add('idle', ORDINARY[one % 3]?.query ?? '', 300 + 900 * one, 'Client');
  return { answers: true, maxConnections: settings.database.pool, activity, statements };
}

/** Who holds the leaked connections, each as often as it holds one. */
function leakersOf(engine: Engine): readonly string[] {
  return engine.serving.flatMap((process) =>
    Array.from({ length: Math.round(process.leakedConnections) }, () => process.deployment),
  );
}

function statementRows(engine: Engine): readonly Statement[] {
  const ordinary = ORDINARY.map(({ query, share, meanMs }) => {
    const calls = Math.floor(engine.ordinaryDatabaseCalls * share);
    return { query, calls, totalExecMs: calls * meanMs, meanExecMs: meanMs };
  });
  const slow = [...engine.slowTotals].map(([query, { calls, seconds }]) => ({
    query,
    calls: Math.floor(calls),
    totalExecMs: seconds * 1000,
    meanExecMs: calls > 0 ? (seconds * 1000) / calls : 0,
  }));
  return [...slow.filter((one) => one.calls > 0), ...ordinary];
}

function applicationOf(engine: Engine, slot: number): string {
  const names = Object.keys(engine.settings.deployments);
  return names[slot % 5 === 4 ? 1 : 0] ?? names[0] ?? '';
}
