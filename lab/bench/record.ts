import { connectDatabase } from '../../src/store/database.ts';
import { createMeasures, STATISTICS_BY } from '../../src/store/measures.ts';
import { openStore } from '../../src/store/store.ts';
import { testPostgres } from '../../test/store/test-postgres.ts';
import { quantile } from './figures.ts';

/**
 * Figures over many closed incidents, beside a bare count of the same rows in the same database: how much the question
 * costs more than looking at all of them. `npx tsx lab/bench/record.ts [incidents] [rounds]`
 */
const incidents = Number(process.argv[2] ?? 10_000);
const rounds = Number(process.argv[3] ?? 20);

const postgres = await testPostgres();
const url = await postgres.fresh();
const store = await openStore({ url });
const database = connectDatabase({ url });
await database.rows(
  `INSERT INTO incident_measure
   SELECT 'incident-' || n, 'API errors ' || n, (ARRAY['api','mail','search','pay'])[1 + n % 4], 'P' || n % 4,
     timestamptz '2024-01-01' + n * interval '1 hour', timestamptz '2024-01-01' + n * interval '1 hour' + interval '30 min',
     'resolved', (ARRAY['slow-query','bad-deploy','provider-outage','memory-leak',NULL])[1 + n % 5], ARRAY['noa-mcp', 'change ' || n % 97],
     'It was that.', ARRAY[(ARRAY['APIErrorRateHigh','DatabaseDown','RedisDown'])[1 + n % 3]], 'rollback',
     'recorded', 60 + n % 300, 'recorded', 300 + n % 3000, 'recorded', 900 + n % 9000, 4, n % 2, 0, n % 7 / 6
   FROM generate_series(1, $1::integer) AS n`,
  [incidents],
);
await database.rows('ANALYZE incident_measure');
const measures = createMeasures(database);

const times = async (work: () => Promise<unknown>): Promise<number> => {
  const taken: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const began = performance.now();
    await work();
    taken.push(performance.now() - began);
  }
  return quantile(taken, 0.5);
};

const bare = await times(() => database.rows('SELECT count(*), sum(resolve_seconds) FROM incident_measure'));
console.log(`${incidents} incidents, median of ${rounds}; a bare count and sum: ${bare.toFixed(1)} ms`);
for (const by of STATISTICS_BY) {
  const taken = await times(() => measures.statistics({ by, since: null }));
  console.log(`stats by ${by.padEnd(8)} ${taken.toFixed(1)} ms, ${(taken / bare).toFixed(1)} times that`);
}
const similar = await times(() => measures.similar('incident-77', 5));
console.log(`similar           ${similar.toFixed(1)} ms, ${(similar / bare).toFixed(1)} times that`);
await database.close();
await store.close();
await postgres.stop();
