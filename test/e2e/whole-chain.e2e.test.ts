import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../lab/embedded/ports.ts';
import { startPostgres } from '../../lab/embedded/postgres.ts';
import { spawnProcess } from '../../lab/embedded/processes.ts';
import { workflowBundle } from '../../lab/embedded/workflow-bundle.ts';
import { DEFAULT_CLUSTER } from '../../lab/simulation/systems/kubernetes/settings.ts';
import type { IncidentFacts } from '../../src/domain/incident-facts.ts';
import type { Policy } from '../../src/domain/policy.ts';
import type { TimelineEvent, TimelineKind } from '../../src/domain/timeline.ts';
import { type Mailbox, startMailbox } from '../activities/email/mailbox.ts';
import { seedCluster } from '../contract/kubernetes/seed-cluster.ts';
import { missingProgram, startServer } from '../contract/servers.ts';
import { NO_CLUSTER_BECAUSE } from '../kubernetes/cluster/binaries.ts';
import { type RealCluster, startRealCluster } from '../kubernetes/cluster/cluster.ts';
import { ALERTMANAGER, startAlertmanager } from './alertmanager.ts';
import { answerOf, processOf, temporalOf, writePolicy, writeTokens } from './stage.ts';
import { FAILS_ANNOTATION, startStandIn } from './stand-in.ts';

// One whole chain with nothing simulated but the application: metrics → the real Prometheus's rule → the real
// Alertmanager → the incident → its rollback on the real Kubernetes API → the metrics are well again. In real time, with the
// policy's windows shortened to seconds.
const ROOT = resolve(import.meta.dirname, '../..');
const PROMETHEUS = process.env.PROMETHEUS_BINARY ?? '/usr/bin/prometheus';
const TOKEN = 'whole-chain-alertmanager-token';
const WINDOW_SECONDS = 15;

const MISSING = [
  NO_CLUSTER_BECAUSE,
  existsSync(PROMETHEUS) ? null : 'prometheus is not installed',
  existsSync(ALERTMANAGER) ? null : 'prometheus-alertmanager is not installed',
  missingProgram('redis-server') === null ? null : 'redis-server is not installed',
].filter((one) => one !== null);

const closers: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const close of closers.splice(0).reverse()) await close().catch(() => undefined);
}, 60_000);

describe.skipIf(MISSING.length > 0)(`the whole chain${MISSING.length === 0 ? '' : ` (${MISSING.join('; ')})`}`, () => {
  let cluster: RealCluster;
  let mailbox: Mailbox;
  let gatewayUrl = '';
  let prometheusUrl = '';
  let policy: Policy;

  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'whole-chain-'));
    closers.push(async () => rmSync(folder, { recursive: true, force: true }));
    const logFile = join(folder, 'noa-mcp.log');
    writeFileSync(logFile, '');
    cluster = await startRealCluster();
    closers.push(() => cluster.stop());
    await seedCluster(cluster, logFile, { ...DEFAULT_CLUSTER, deployments: DEFAULT_CLUSTER.deployments.slice(0, 1) });
    const standIn = await startStandIn(cluster, logFile);
    closers.push(() => standIn.stop());
    const [port, promPort] = await Promise.all([freePort(), freePort()]);
    gatewayUrl = `http://127.0.0.1:${port}`;
    const written = hurriedPolicy(folder);
    policy = written.policy;
    const alertmanager = await startAlertmanager({
      folder: join(folder, 'alertmanager'),
      webhook: `${gatewayUrl}/webhooks/alertmanager`,
      token: TOKEN,
      groupBy: ['alertname', 'service'],
    });
    closers.push(() => alertmanager.kill());
    prometheusUrl = await startPrometheus(folder, promPort, standIn.port, alertmanager.url, policy);
    const [bundle, store, temporal, redis] = await Promise.all([
      workflowBundle({ entry: join(ROOT, 'src/workflows/index.ts'), cacheDir: join(ROOT, '.cache') }),
      startPostgres({
        dataDir: join(folder, 'postgres'),
        logFile: join(folder, 'postgres.log'),
        settings: { max_connections: 120 },
      }),
      temporalOf(folder, false, null),
      startServer('redis-server', (at, home) => [
        '--port',
        String(at),
        '--bind',
        '127.0.0.1',
        '--save',
        '',
        '--dir',
        home,
      ]),
    ]);
    closers.push(
      () => store.kill(),
      () => temporal.kill(),
      () => redis.stop(),
    );
    mailbox = await startMailbox();
    closers.push(() => mailbox.close());
    const documents = join(folder, 'documents');
    mkdirSync(documents);
    const nobody = 'http://127.0.0.1:9';
    const env = {
      DATABASE_URL: store.url,
      TEMPORAL_ADDRESS: temporal.address,
      TEMPORAL_NAMESPACE: 'default',
      WORKFLOW_BUNDLE: bundle,
      INCIDENT_POLICY: written.file,
      INCIDENT_TOKENS_FILE: writeTokens(folder),
      DECISION_SIGNING_KEY: 'whole-chain-decision-signing-key',
      ALERTMANAGER_TOKEN: TOKEN,
      KUBERNETES_API_URL: cluster.url,
      KUBERNETES_API_TOKEN: cluster.adminToken,
      KUBERNETES_CA_FILE: cluster.caFile,
      PROMETHEUS_URL: prometheusUrl,
      SERVICE_DATABASE_URL: await store.createDatabase('noa'),
      SERVICE_CACHE_URL: `redis://127.0.0.1:${redis.port}`,
      SERVICE_API_URL: `http://127.0.0.1:${standIn.port}`,
      SMTP_URL: `smtp://127.0.0.1:${mailbox.port}`,
      // Nothing of this test leaves the machine.
      ANTHROPIC_API_URL: nobody,
      ANTHROPIC_STATUS_URL: nobody,
      OPENAI_API_URL: nobody,
      OPENAI_STATUS_URL: nobody,
      DOCUMENTS_DIR: documents,
      HOST: '127.0.0.1',
      PORT: String(port),
      LOG_LEVEL: 'info',
    };
    await processOf(closers, 'gateway', 'gateway', env, folder, `${gatewayUrl}/readyz`).start();
    await processOf(closers, 'worker', 'worker', env, folder, null).start();
  }, 35 * 60_000);

  const ask = (path: string, init: RequestInit = {}) =>
    fetch(`${gatewayUrl}${path}`, {
      ...init,
      headers: { authorization: 'Bearer token-of-alice', 'content-type': 'application/json' },
      signal: AbortSignal.timeout(15_000),
    });
  const facts = async (id: string) =>
    ((await (await ask(`/api/incidents/${id}`)).json()) as { facts: IncidentFacts | null }).facts;
  const events = async <K extends TimelineKind>(id: string, kind: K) =>
    ((await (await ask(`/api/incidents/${id}/timeline`)).json()) as { events: readonly TimelineEvent[] }).events.filter(
      (event): event is Extract<TimelineEvent, { kind: K }> => event.kind === kind,
    );
  /** Answered at once, or kept until the worker, which shares two cores with a whole cluster, gets to it. */
  const decide = async (id: string, name: string, body: unknown): Promise<void> => {
    const init = { method: 'POST', body: JSON.stringify({ id: randomUUID(), name, body }) };
    const answer = await answerOf(await ask(`/api/incidents/${id}/decisions`, init));
    if (answer.body.accepted !== 'pending') expect(answer).toMatchObject({ status: 200 });
  };
  const until = async <T>(what: string, look: () => Promise<T | null | false | undefined>): Promise<T> => {
    const deadline = performance.now() + 180_000;
    while (performance.now() < deadline) {
      const found = await look().catch(() => null);
      if (found !== null && found !== false && found !== undefined) return found;
      await new Promise((done) => setTimeout(done, 500));
    }
    throw new Error(`It never came to this: ${what}`);
  };
  const errorRatio = async (): Promise<number | null> => {
    const query = new URLSearchParams({ query: policy.service.queries.errorRatio });
    const { data } = (await (await fetch(`${prometheusUrl}/api/v1/query?${query}`)).json()) as {
      data: { result: readonly { value: [number, string] }[] };
    };
    return data.result[0] === undefined ? null : Number(data.result[0].value[1]);
  };
  const imageNow = async () =>
    cluster.kubectl([
      'get',
      'deployment',
      'noa-mcp',
      '-n',
      'noa-server',
      '-o',
      'jsonpath={.spec.template.spec.containers[0].image}',
    ]);

  it('runs from a bad release to the metrics that are well again because of its rollback', async () => {
    await until('the application is well', async () => (await errorRatio()) === 0);
    const good = await imageNow();
    const patch = {
      metadata: { annotations: { 'kubernetes.io/change-cause': 'v2.0.0: feature X' } },
      spec: {
        template: {
          metadata: { annotations: { [FAILS_ANNOTATION]: '0.4' } },
          spec: { containers: [{ name: 'noa-mcp', image: 'registry.noaserver.com/noa-mcp:v2.0.0' }] },
        },
      },
    };
    await cluster.kubectl([
      'patch',
      'deployment',
      'noa-mcp',
      '-n',
      'noa-server',
      '--type=strategic',
      '-p',
      JSON.stringify(patch),
    ]);
    const id = await until('Prometheus and Alertmanager have opened an incident', async () => {
      const { incidents } = (await (await ask('/api/incidents?state=all')).json()) as {
        incidents: readonly { incident: { id: string } }[];
      };
      return incidents[0]?.incident.id;
    });
    await decide(id, 'acknowledge', {});
    await until('it is acknowledged', async () => (await events(id, 'acknowledged'))[0]);
    const question = await until('a rollback is proposed', async () =>
      (await facts(id))?.openQuestions.find(({ name }) => name === 'rollback'),
    );
    expect((await facts(id))?.causeWords).toContain('feature X');
    expect(await imageNow()).toContain('v2.0.0');
    await decide(id, 'approve', { approvalId: question.approvalId, option: 'rollback' });

    const [mitigated] = await until('it is mitigated', async () => {
      const found = await events(id, 'mitigated');
      return found.length > 0 ? found : null;
    });
    expect(mitigated).toMatchObject({ remedy: 'rollback' });
    const [carriedOut] = await events(id, 'remedy-carried-out');
    expect(carriedOut).toMatchObject({ action: 'rollback', outcome: { result: 'done' } });
    // Read back as anybody would: by kubectl, by PromQL, in the mailbox.
    expect(await imageNow()).toBe(good);
    const history = await cluster.kubectl(['rollout', 'history', 'deployment/noa-mcp', '-n', 'noa-server']);
    expect(history).toContain('v2.0.0: feature X');
    await until('the errors are gone', async () => ((await errorRatio()) ?? 1) < 0.01);
    expect(mailbox.mails.length).toBeGreaterThan(0);
    expect(mailbox.mails.some(({ subject }) => subject?.includes(id) || subject?.includes('API'))).toBe(true);
    const bundles = await events(id, 'evidence-collected');
    const said = JSON.stringify(bundles);
    expect(said).toContain('database-answers');
    expect(said).toContain('cache-answers');
  }, 300_000);
});

/** The policy's own queries and rules, with windows and holds of seconds. */
function hurriedPolicy(folder: string): { readonly policy: Policy; readonly file: string } {
  const written = writePolicy(folder, {
    'verification.withinMinutes': 2,
    'verification.holdMinutes': 1,
    'verification.pollSeconds': 1,
    'evidence.probeDeadlineSeconds': 8,
  });
  const file = written.file;
  writeFileSync(file, readFileSync(file, 'utf8').replaceAll(/\[(?:1m|5m|10m)\]/g, `[${WINDOW_SECONDS}s]`));
  return {
    file,
    policy: JSON.parse(
      JSON.stringify(written.policy).replaceAll(/\[(?:1m|5m|10m)\]/g, `[${WINDOW_SECONDS}s]`),
    ) as Policy,
  };
}

async function startPrometheus(
  folder: string,
  port: number,
  targetPort: number,
  alertmanagerUrl: string,
  policy: Policy,
): Promise<string> {
  const home = join(folder, 'prometheus');
  mkdirSync(home, { recursive: true });
  const rules = policy.alertRules
    .filter(({ alert }) => alert === 'APIErrorRateHigh')
    .map(({ alert, expr, labels, annotations }) => ({ alert, expr, for: '3s', labels, annotations }));
  writeFileSync(join(home, 'rules.yml'), JSON.stringify({ groups: [{ name: 'noa', interval: '1s', rules }] }));
  writeFileSync(
    join(home, 'prometheus.yml'),
    JSON.stringify({
      global: { scrape_interval: '1s', evaluation_interval: '1s' },
      rule_files: [join(home, 'rules.yml')],
      alerting: { alertmanagers: [{ static_configs: [{ targets: [new URL(alertmanagerUrl).host] }] }] },
      scrape_configs: [{ job_name: 'noa-mcp', static_configs: [{ targets: [`127.0.0.1:${targetPort}`] }] }],
    }),
  );
  const url = `http://127.0.0.1:${port}`;
  const running = await spawnProcess({
    name: 'prometheus',
    command: PROMETHEUS,
    args: [
      `--config.file=${join(home, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(home, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    logFile: join(folder, 'prometheus.log'),
    readyWhen: { kind: 'http', url: `${url}/-/ready` },
    readyTimeoutMs: 60_000,
  });
  closers.push(() => running.kill());
  return url;
}
