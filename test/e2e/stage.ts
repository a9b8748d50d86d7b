import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { freePort } from '../../lab/embedded/ports.ts';
import { type EmbeddedPostgres, startPostgres } from '../../lab/embedded/postgres.ts';
import { type RunningProcess, spawnProcess } from '../../lab/embedded/processes.ts';
import { resolveTemporalBinary } from '../../lab/embedded/temporal-binary.ts';
import { startTemporalServer, type TemporalServer } from '../../lab/embedded/temporal-server.ts';
import { workflowBundle } from '../../lab/embedded/workflow-bundle.ts';
import type { Credentials } from '../../lab/simulation/credentials.ts';
import { type Production, startProduction } from '../../lab/simulation/production.ts';
import { builtCode } from '../../scripts/build.mjs';
import { checkPolicy } from '../../src/config/policy.ts';
import { applyOverrides, type PolicyOverrides } from '../../src/config/policy-overrides.ts';
import { readYaml } from '../../src/config/yaml-document.ts';
import type { DecisionBodies, DecisionName } from '../../src/domain/decision.ts';
import type { IncidentFacts } from '../../src/domain/incident-facts.ts';
import type { Policy } from '../../src/domain/policy.ts';
import type { TimelineEvent, TimelineKind } from '../../src/domain/timeline.ts';
import { pause, runningClock, TICK_MS } from './running-clock.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const CACHE = join(ROOT, '.cache');
// Keys are being exchanged: the gateway still signs with the old one, the worker was given the new one first.
const KEY = 'e2e-decision-signing-key';
const NEXT_KEY = 'e2e-decision-signing-key-of-tomorrow';
const ALERTMANAGER_TOKEN = 'e2e-alertmanager-token';
const RECEIVER = 'incidents';
const PEOPLE = ['alice', 'bob', 'carol', 'erin', 'grace'] as const;

export interface StageOptions {
  /** World time at which the play begins. */
  readonly startAt: string;
  /** Incident seconds per real second: the policy's minutes last seconds. */
  readonly speed: number;
  readonly policy?: PolicyOverrides;
  /** A real PostgreSQL stands behind the service too, with real connections and locks. */
  readonly live?: boolean;
  /** Keeps Temporal's workflows over a stop of the server; slower. */
  readonly durable?: boolean;
  /** Other credentials than the simulated systems have by themselves. */
  readonly credentials?: Partial<Credentials>;
  /** Variables of gateway and worker, over those that the stage gives them. */
  readonly env?: (given: Readonly<Record<string, string>>) => Readonly<Record<string, string>>;
}

export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

export type Stage = Awaited<ReturnType<typeof openStage>>;
export type Person = (typeof PEOPLE)[number];

/**
 * The whole product in real time: Temporal, PostgreSQL, gateway and worker as processes, and a simulated production
 * that is reached through sockets only. World, gateway and worker share one clock that runs `speed` times as fast.
 */
export async function openStage(options: StageOptions) {
  const folder = mkdtempSync(join(tmpdir(), 'e2e-'));
  const closers: (() => Promise<unknown>)[] = [async () => rmSync(folder, { recursive: true, force: true })];
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0).reverse()) await closer().catch(() => undefined);
  };
  try {
    const { policy, file: policyFile } = writePolicy(folder, options.policy ?? {});
    const [bundle, store, temporal] = await Promise.all([
      workflowBundle({ entry: join(ROOT, 'src/workflows/index.ts'), cacheDir: CACHE }),
      restartable<EmbeddedPostgres>(closers, (old) => postgresOf(folder, old)),
      restartable<TemporalServer>(closers, (old) => temporalOf(folder, options.durable === true, old)),
    ]);
    const production = await productionOf(policy, options, store.current());
    closers.push(() => production.stop());
    const port = await freePort();
    const gatewayUrl = `http://127.0.0.1:${port}`;
    production.setReceivers([
      { name: RECEIVER, url: `${gatewayUrl}/webhooks/alertmanager`, bearerToken: ALERTMANAGER_TOKEN },
    ]);
    const clock = runningClock(production, folder, options.speed);
    closers.push(() => clock.stop());
    const documentsDir = join(folder, 'documents');
    mkdirSync(documentsDir);
    const given = {
      ...production.endpoints,
      DATABASE_URL: store.current().url,
      TEMPORAL_ADDRESS: temporal.current().address,
      TEMPORAL_NAMESPACE: 'default',
      WORKFLOW_BUNDLE: bundle,
      INCIDENT_POLICY: policyFile,
      INCIDENT_CLOCK_FILE: clock.file,
      INCIDENT_SPEED: String(options.speed),
      INCIDENT_TOKENS_FILE: writeTokens(folder),
      DECISION_SIGNING_KEY: `${KEY},${NEXT_KEY}`,
      SLACK_SIGNING_SECRET: 'e2e-slack-signing-secret',
      ALERTMANAGER_TOKEN,
      DOCUMENTS_DIR: documentsDir,
      STATUSPAGE_REQUEST_INTERVAL_MS: '0',
      HOST: '127.0.0.1',
      PORT: String(port),
      LOG_LEVEL: 'info',
    };
    const env = { ...given, ...options.env?.(given) };
    const gateway = processOf(closers, 'gateway', 'gateway', env, folder, `${gatewayUrl}/readyz`);
    const worker = processOf(
      closers,
      'worker',
      'worker',
      { ...env, DECISION_SIGNING_KEY: env.DECISION_SIGNING_KEY.split(',').reverse().join(',') },
      folder,
      null,
    );
    await Promise.all([gateway.start(), worker.start()]);

    const ask = (path: string, init: RequestInit = {}, token = 'token-of-alice') =>
      fetch(`${gatewayUrl}${path}`, {
        ...init,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        signal: AbortSignal.timeout(15_000),
      });
    const timeline = async (id: string) => {
      const { events } = (await (await ask(`/api/incidents/${id}/timeline`)).json()) as {
        events: readonly TimelineEvent[];
      };
      return events;
    };
    return {
      policy,
      production,
      /** Where everything of this play is written, the processes' logs as `<name>.log` among it. */
      folder,
      env,
      gatewayUrl,
      documentsDir,
      gateway,
      worker,
      store,
      temporal,
      clock,
      alertmanagerToken: ALERTMANAGER_TOKEN,
      /** Posts as Alertmanager would. */
      async post(payload: unknown): Promise<Answer> {
        return answerOf(
          await ask('/webhooks/alertmanager', { method: 'POST', body: JSON.stringify(payload) }, ALERTMANAGER_TOKEN),
        );
      },
      async decide<N extends DecisionName>(
        who: Person,
        incidentId: string,
        name: N,
        body: Partial<DecisionBodies[N]>,
        id: string = randomUUID(),
      ): Promise<Answer> {
        const init = { method: 'POST', body: JSON.stringify({ id, name, body }) };
        return answerOf(await ask(`/api/incidents/${incidentId}/decisions`, init, `token-of-${who}`));
      },
      async incidentIds(): Promise<readonly string[]> {
        const { incidents } = (await (await ask('/api/incidents?state=all')).json()) as {
          incidents: readonly { incident: { id: string } }[];
        };
        return incidents.map(({ incident }) => incident.id);
      },
      async facts(id: string): Promise<IncidentFacts | null> {
        return ((await (await ask(`/api/incidents/${id}`)).json()) as { facts: IncidentFacts | null }).facts;
      },
      timeline,
      async events<K extends TimelineKind>(id: string, kind: K) {
        return (await timeline(id)).filter(
          (event): event is Extract<TimelineEvent, { kind: K }> => event.kind === kind,
        );
      },
      /** Polls until the answer is neither null nor false; says what was waited for, and the last lines, when it never is. */
      async until<T>(
        what: string,
        look: () => Promise<T | null | false> | T | null | false,
        withinMs = 40_000,
      ): Promise<T> {
        const deadline = performance.now() + withinMs;
        let trouble = '';
        while (performance.now() < deadline) {
          try {
            const found = await look();
            if (found !== null && found !== false) return found;
          } catch (error) {
            trouble = ` Last error: ${String(error)}.`;
          }
          await pause(TICK_MS);
        }
        throw new Error(
          `Not within ${withinMs / 1000} s: ${what}.${trouble}\n${gateway.lastLines()}\n${worker.lastLines()}`,
        );
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The policy of the product with the test's overrides, as a file. */
export function writePolicy(
  folder: string,
  overrides: PolicyOverrides,
): { readonly policy: Policy; readonly file: string } {
  const file = join(folder, 'policy.json');
  const { value } = readYaml(readFileSync(join(ROOT, 'policy/noa.yaml'), 'utf8'));
  const changed = applyOverrides(value, overrides);
  const text = JSON.stringify(changed.value);
  const { policy, problems } = checkPolicy(text, file);
  if (policy === null || changed.problems.length > 0) {
    throw new Error([...changed.problems, ...problems].map(({ message }) => message).join('\n'));
  }
  writeFileSync(file, text);
  return { policy, file };
}

export function writeTokens(folder: string): string {
  const file = join(folder, 'tokens.json');
  const digest = (token: string) => createHash('sha256').update(token).digest('hex');
  writeFileSync(file, JSON.stringify(Object.fromEntries(PEOPLE.map((id) => [id, digest(`token-of-${id}`)]))));
  return file;
}

function postgresOf(folder: string, old: EmbeddedPostgres | null): Promise<EmbeddedPostgres> {
  return startPostgres({
    dataDir: old?.dataDir ?? join(folder, 'postgres'),
    logFile: join(folder, 'postgres.log'),
    settings: { synchronous_commit: 'off', max_connections: 300 },
    ...(old === null ? {} : { port: old.port }),
  });
}

export async function temporalOf(
  folder: string,
  durable: boolean,
  old: TemporalServer | null,
): Promise<TemporalServer> {
  const { path } = await resolveTemporalBinary({ cacheDir: CACHE, log: () => {} });
  return startTemporalServer({
    binary: path,
    dbFile: durable ? join(folder, 'temporal.db') : null,
    uiPort: null,
    namespaces: ['default'],
    retentionDays: 90,
    searchAttributes: { Severity: 'Keyword', Phase: 'Keyword', Service: 'Keyword', Commander: 'Keyword' },
    virtualTime: false,
    logFile: join(folder, 'temporal.log'),
    ...(old === null ? {} : { port: Number(old.address.split(':').at(-1)) }),
  });
}

function productionOf(policy: Policy, options: StageOptions, store: EmbeddedPostgres): Promise<Production> {
  const components = policy.communication.statusPageComponents.map(({ id, name }) => ({ id, name }));
  return startProduction({
    seed: 1,
    startMs: Date.parse(options.startAt),
    mode: options.live === true ? 'live' : 'virtual',
    statusPage: { pageId: 'e2epage', components },
    rules: policy.alertRules,
    ...(options.credentials === undefined ? {} : { credentials: options.credentials }),
    receivers: [{ name: RECEIVER, url: 'http://127.0.0.1:9/', bearerToken: null }],
    ...(options.live === true ? { postgresAdminUrl: store.adminUrl } : {}),
  });
}

interface Stoppable {
  stop(): Promise<unknown>;
  kill(): Promise<unknown>;
}

async function restartable<S extends Stoppable>(
  closers: (() => Promise<unknown>)[],
  start: (old: S | null) => Promise<S>,
) {
  let server = await start(null);
  closers.push(() => server.kill());
  return {
    current: () => server,
    stop: () => server.stop(),
    async restart(): Promise<void> {
      server = await start(server);
    },
  };
}

export function processOf(
  closers: (() => Promise<unknown>)[],
  name: string,
  program: 'gateway' | 'worker',
  env: Record<string, string>,
  folder: string,
  readyUrl: string | null,
) {
  let running: RunningProcess | null = null;
  closers.push(async () => running?.kill());
  return {
    async start(): Promise<void> {
      running = await spawnProcess({
        name,
        command: process.execPath,
        args: [join(await builtCode(ROOT), `${program}.js`)],
        env,
        cwd: ROOT,
        logFile:
          process.env.E2E_LOGS === undefined ? join(folder, `${name}.log`) : join(process.env.E2E_LOGS, `${name}.log`),
        readyWhen: readyUrl === null ? { kind: 'line', pattern: /worker ready/ } : { kind: 'http', url: readyUrl },
        readyTimeoutMs: 90_000,
      });
    },
    /** SIGKILL. */
    async kill(): Promise<void> {
      await running?.kill();
    },
    stop: async () => running?.stop(),
    lines: () => running?.lastLines() ?? [],
    lastLines: () =>
      (running?.lastLines() ?? [])
        .slice(-8)
        .map((line) => `[${name}] ${line}`)
        .join('\n'),
  };
}

export async function answerOf(response: Response): Promise<Answer> {
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}
