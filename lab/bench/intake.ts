import pg from 'pg';
import { openStage, type Stage } from '../../test/e2e/stage.ts';
import { print, quantile } from './figures.ts';

// npx tsx lab/bench/intake.ts [alerts] [at once]: how long a sender waits for its 2xx (which means: stored and correlated),
// beside a bare INSERT of the same bytes into the same PostgreSQL from here. In turn, so that both meet the same machine.
// The worker is stopped once the incident is open: otherwise the figures say how busy it keeps the machine.

const MILLISECONDS_A_SECOND = 1000;
const WARM_UP = 40;

async function main(alerts: number, atOnce: number): Promise<void> {
  const stage = await openStage({ startAt: new Date().toISOString(), speed: 1 });
  const client = new pg.Client({ connectionString: stage.store.current().url });
  const intake: number[] = [];
  const inserts: number[] = [];
  try {
    await client.connect();
    await client.query('CREATE TABLE bench_alert (id bigserial PRIMARY KEY, body jsonb NOT NULL)');
    await post(stage, 'the first opens the incident');
    const [id = ''] = await stage.incidentIds();
    await stage.until('the incident runs', async () => (await stage.events(id, 'channel-opened')).length > 0);
    await stage.worker.stop();
    for (let count = 0; count < WARM_UP; count += 1) await post(stage, `warm-up-${count}`);
    const startedMs = performance.now();
    for (let sent = 0; sent < alerts; sent += atOnce) {
      const names = Array.from({ length: atOnce }, (_, index) => `alert-${sent + index}`);
      const answered = await Promise.all(names.map((name) => timed(() => post(stage, name))));
      intake.push(...answered);
      for (const name of names) {
        const body = JSON.stringify(payload(stage, name));
        inserts.push(await timed(() => client.query('INSERT INTO bench_alert (body) VALUES ($1)', [body])));
      }
    }
    const seconds = (performance.now() - startedMs) / MILLISECONDS_A_SECOND;
    print([['milliseconds', 'p50', 'p99'], row(`alert → 2xx, ${atOnce} at once`, intake), row('bare INSERT', inserts)]);
    print([
      ['ratio', quantile(intake, 0.5) / quantile(inserts, 0.5), quantile(intake, 0.99) / quantile(inserts, 0.99)],
    ]);
    process.stdout.write(`\n${intake.length} alerts in ${seconds.toFixed(1)} s.\n`);
  } finally {
    await client.end();
    await stage.close();
  }
}

function row(name: string, samples: readonly number[]): [string, number, number] {
  return [name, quantile(samples, 0.5), quantile(samples, 0.99)];
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await work();
  return performance.now() - startedMs;
}

async function post(stage: Stage, fingerprint: string): Promise<void> {
  const { status, body } = await stage.post(payload(stage, fingerprint));
  if (status !== 202) throw new Error(`The gateway answers ${status}: ${JSON.stringify(body)}`);
}

function payload(stage: Stage, fingerprint: string): object {
  const labels = { alertname: 'APIErrorRateHigh', service: 'api', severity: 'P1', instance: fingerprint };
  const startsAt = new Date(stage.production.world.nowMs).toISOString();
  const alert = {
    status: 'firing',
    labels,
    annotations: { summary: 'bench' },
    startsAt,
    endsAt: '0001-01-01T00:00:00Z',
    fingerprint,
  };
  const common = {
    groupLabels: {},
    commonLabels: {},
    commonAnnotations: {},
    externalURL: 'http://alertmanager.example',
  };
  return {
    version: '4',
    groupKey: 'bench',
    truncatedAlerts: 0,
    status: 'firing',
    receiver: 'incidents',
    ...common,
    alerts: [alert],
  };
}

await main(Number(process.argv[2] ?? 400), Number(process.argv[3] ?? 1));
process.exit();
