import Fastify from 'fastify';
import { pino } from 'pino';
import { clockFromEnv } from '../config/clock.ts';
import { EnvironmentError, statusPageEnv } from '../config/env.ts';
import { loadPolicy } from '../config/policy.ts';
import { mountStatusPage } from '../console/status/mount.ts';
import { openStatusBoard } from '../store/store.ts';

/** The public status page as a process of its own: it stays up when gateway, console and Temporal do not. */
async function main(): Promise<void> {
  const env = statusPageEnv();
  const log = pino({ name: 'status-page', level: env.LOG_LEVEL });
  const policy = await loadPolicy(env.INCIDENT_POLICY);
  const store = openStatusBoard({ url: env.DATABASE_URL, onTrouble: (words) => log.warn(words) });
  const app = Fastify({ logger: false, forceCloseConnections: true });
  mountStatusPage(app, {
    board: store.board,
    product: () => policy.team.product,
    components: () => policy.communication.statusPageComponents,
    clock: clockFromEnv(),
    root: '',
    publicUrl: policy.communication.statusPageUrl,
    pageId: policy.team.name.toLowerCase().replace(/[^a-z0-9]+/g, '-'),
  });
  app.get('/livez', async () => ({ live: true }));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void app.close().then(() => store.close().then(() => process.exit(0))));
  }
  await app.listen({ host: env.HOST, port: env.PORT });
  log.info(`The status page is at http://${env.HOST}:${env.PORT}.`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof EnvironmentError ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
