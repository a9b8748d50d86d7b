import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { loadPolicy } from '../config/policy.ts';
import type { Policy } from '../domain/policy.ts';
import { claimPort } from '../embedded/ports.ts';
import type { EmbeddedPostgres } from '../embedded/postgres.ts';
import type { RunningProcess } from '../embedded/processes.ts';
import { registerNamespace, type TemporalServer } from '../embedded/temporal-server.ts';
import { type DemoCredentials, demoCommander, demoCredentials } from './credentials.ts';
import { type DemoClock, startDemoClock } from './demo-clock.ts';
import { realSystems } from './options.ts';
import { type Part, type PartOptions, type Runs, startPart } from './part.ts';
import {
  RETENTION_DAYS,
  SEARCH_ATTRIBUTES,
  type Simulation,
  startDatabase,
  startGateway,
  startSimulation,
  startTemporal,
  startWorker,
} from './parts.ts';
import { type Places, ROOT, writePrivately } from './places.ts';
import { writeDemoPolicy } from './policy-file.ts';
import type { Screen } from './screen.ts';
import { SIGN_IN_PATH, writeSignInCode } from './sign-in.ts';

/** Everything that `npm start` runs, running. */
export interface Demo {
  readonly url: string;
  readonly temporalUi: string | null;
  readonly documents: string;
  readonly speed: number;
  /** Whom the sign-in link signs in; null in front of a real production, where nobody is let in by a link. */
  readonly viewer: { readonly name: string; readonly token: string } | null;
  /** A fresh link that signs in once. */
  signInLink(): string | null;
  /** Where the simulated production is told what goes wrong; null when it is a real one. */
  controlUrl(): string | null;
  stop(): Promise<void>;
}

export interface DemoWish {
  readonly places: Places;
  readonly env: NodeJS.ProcessEnv;
  readonly speed: number | null;
  readonly screen: Screen;
  readonly interrupted: () => boolean;
  readonly gaveUp: (why: string) => void;
}

const GATEWAY_PORT = 8080;
const TEMPORAL_PORT = 7233;
const TEMPORAL_UI_PORT = 8233;
const POSTGRES_PORT = 15432;

/** Starts it all. Throws a sentence when a part cannot be had; whatever was started by then is stopped again. */
export async function createDemo(wish: DemoWish): Promise<Demo> {
  const parts: Part<Runs>[] = [];
  const stop = async (): Promise<void> => {
    // The last that was started is the first to go: no part ever loses what it stands on.
    for (const part of parts.splice(0).reverse()) {
      await part.stop().catch((error: Error) => wish.screen.say(`${part.name} did not stop well: ${error.message}`));
    }
  };
  try {
    return await build(wish, parts, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function build(wish: DemoWish, parts: Part<Runs>[], stop: () => Promise<void>): Promise<Demo> {
  const { places, env, screen } = wish;
  const real = realSystems(env);
  if (real.length > 0)
    screen.say(
      `${real.join(', ')} ${real.length === 1 ? 'is' : 'are'} set: this is a real production, nothing is simulated.`,
    );
  const port = await nextPort(screen, Number(env.PORT ?? '') || GATEWAY_PORT);
  const url = `http://127.0.0.1:${port}`;
  const source = resolve(ROOT, env.INCIDENT_POLICY || join(ROOT, 'policy/noa.yaml'));
  const { file: policyFile, policy } =
    real.length > 0
      ? { file: source, policy: await loadPolicy(source) }
      : await writeDemoPolicy(source, places.demo, url);
  const credentials = demoCredentials(places.demo, policy);
  const clock = real.length > 0 ? null : startDemoClock(places.demo, wish.speed);
  const start = starter(wish, parts);
  let worker: Part<RunningProcess> | null = null;
  const ground = await startGround(wish, start, real.length === 0);
  const simulation =
    clock === null
      ? null
      : await startProduction(
          wish,
          start,
          { ground, clock, policy, credentials, url },
          () => worker?.restart() ?? Promise.resolve(),
        );

  const shared = environment(wish, { policyFile, credentials, clock, ground });
  const documents = env.DOCUMENTS_DIR || places.documents;
  const workerEnv = (): Record<string, string> => ({
    ...shared,
    ...(simulation?.current().endpoints ?? {}),
    DOCUMENTS_DIR: documents,
  });
  const gatewayEnv = {
    ...shared,
    PORT: String(port),
    HOST: '127.0.0.1',
    ALERTMANAGER_TOKEN: env.ALERTMANAGER_TOKEN || credentials.alertmanagerToken,
    DEMO_SIGN_IN_FOLDER: places.signIn,
    ...(ground.temporalUi === null ? {} : { TEMPORAL_UI_URL: ground.temporalUi }),
  };
  rmSync(places.signIn, { recursive: true, force: true });
  const entry = real.length > 0 ? 'src/gateway/main.ts' : 'src/demo/gateway.ts';
  await start(
    'gateway',
    () => startGateway(places, entry, gatewayEnv, port),
    () => `${url} with the console`,
  );
  worker = await start(
    'worker',
    () => startWorker(places, workerEnv()),
    () => 'runs the incidents',
  );

  const commander = demoCommander(policy);
  const token = credentials.people[commander.id] ?? '';
  const demo: Demo = {
    url,
    temporalUi: ground.temporalUi,
    documents,
    speed: clock?.speed ?? 1,
    viewer: clock === null ? null : { name: commander.name, token },
    signInLink: () => (clock === null ? null : `${url}${SIGN_IN_PATH}?code=${writeSignInCode(places.signIn, token)}`),
    controlUrl: () => simulation?.current().controlUrl ?? null,
    async stop() {
      rmSync(places.stateFile, { force: true });
      rmSync(places.signIn, { recursive: true, force: true });
      await stop();
      clock?.stop();
    },
  };
  if (clock !== null) writeState(places, demo, token, credentials, { ...gatewayEnv, ...workerEnv() });
  return demo;
}

/** Starts a part with its line on the screen, unless somebody has asked to stop meanwhile. */
type Start = <R extends Runs>(
  name: string,
  start: () => Promise<R>,
  outcome: (running: R) => string,
  afterRestart?: () => Promise<void>,
) => Promise<Part<R>>;

function starter({ screen, interrupted, gaveUp }: DemoWish, parts: Part<Runs>[]): Start {
  return async <R extends Runs>(
    name: string,
    start: () => Promise<R>,
    outcome: (running: R) => string,
    afterRestart?: () => Promise<void>,
  ) => {
    const refuse = (): void => {
      if (interrupted()) throw new Error('Stopped while starting.');
    };
    refuse();
    const options: PartOptions<R> = {
      name,
      start,
      say: screen.say,
      gaveUp,
      ...(afterRestart === undefined ? {} : { afterRestart }),
    };
    const part = await screen.step(
      name,
      () => startPart(options),
      (started) => outcome(started.current()),
    );
    parts.push(part);
    refuse();
    return part;
  };
}

interface Ground {
  readonly temporalAddress: string;
  readonly temporalUi: string | null;
  readonly databaseUrl: string;
  /** Null when no PostgreSQL of the demo's own runs. */
  readonly postgresAdminUrl: string | null;
}

/** Temporal and PostgreSQL: the ones that the environment names, else our own. */
async function startGround({ places, env, screen }: DemoWish, start: Start, simulated: boolean): Promise<Ground> {
  let temporalAddress = env.TEMPORAL_ADDRESS || null;
  let temporalUi = env.TEMPORAL_UI_URL || null;
  if (temporalAddress === null) {
    const ports = { port: await nextPort(screen, TEMPORAL_PORT), uiPort: await nextPort(screen, TEMPORAL_UI_PORT) };
    const server = await start(
      'Temporal',
      (): Promise<TemporalServer> => startTemporal(places, ports, screen.say),
      ({ address, uiUrl }) => `${address}, web ${uiUrl}`,
    );
    temporalAddress = server.current().address;
    temporalUi = server.current().uiUrl;
  } else {
    await prepareGiven(temporalAddress, env, screen);
  }
  const given = env.DATABASE_URL || null;
  if (given !== null && !simulated) return { temporalAddress, temporalUi, databaseUrl: given, postgresAdminUrl: null };
  const port = await nextPort(screen, POSTGRES_PORT);
  const database = await start(
    'PostgreSQL',
    (): Promise<EmbeddedPostgres> => startDatabase(places, port, screen.say),
    ({ version }) => `127.0.0.1:${port}, version ${version}${given === null ? '' : ', for the simulated service only'}`,
  );
  const { url, adminUrl } = database.current();
  return { temporalAddress, temporalUi, databaseUrl: given ?? url, postgresAdminUrl: adminUrl };
}

/** A server of somebody else's: its namespace gets our search attributes where it lets us. */
async function prepareGiven(address: string, env: NodeJS.ProcessEnv, screen: Screen): Promise<void> {
  const namespace = env.TEMPORAL_NAMESPACE || 'default';
  try {
    await screen.step(
      'Temporal',
      () => registerNamespace(address, namespace, SEARCH_ATTRIBUTES, RETENTION_DAYS),
      () => `${address}, namespace ${namespace} (yours)`,
    );
  } catch (error) {
    const attributes = Object.entries(SEARCH_ATTRIBUTES).map(([name, kind]) => `${name} (${kind})`);
    screen.say(
      `The namespace ${namespace} at ${address} could not be prepared (${(error as Error).message}). It needs the search attributes ${attributes.join(', ')}.`,
    );
  }
}

interface Stage {
  readonly ground: Ground;
  readonly clock: DemoClock;
  readonly policy: Policy;
  readonly credentials: DemoCredentials;
  readonly url: string;
}

function startProduction(
  { places }: DemoWish,
  start: Start,
  stage: Stage,
  afterRestart: () => Promise<void>,
): Promise<Part<Simulation>> {
  const { ground, clock, policy, credentials, url } = stage;
  const begin = (): Promise<Simulation> =>
    startSimulation(places, {
      speed: clock.speed,
      nowMs: clock.nowMs(),
      policy,
      gatewayUrl: url,
      alertmanagerToken: credentials.alertmanagerToken,
      postgresAdminUrl: ground.postgresAdminUrl ?? '',
    });
  return start(
    'production',
    begin,
    ({ endpoints }) =>
      `simulated, ${new Set(Object.values(endpoints).flatMap((text) => (URL.canParse(text) ? [new URL(text).host] : []))).size} systems, time ×${clock.speed}`,
    afterRestart,
  );
}

function environment(
  { env }: DemoWish,
  about: {
    readonly policyFile: string;
    readonly credentials: DemoCredentials;
    readonly clock: DemoClock | null;
    readonly ground: Ground;
  },
): Record<string, string> {
  const { policyFile, credentials, clock, ground } = about;
  return {
    DATABASE_URL: ground.databaseUrl,
    TEMPORAL_ADDRESS: ground.temporalAddress,
    INCIDENT_POLICY: policyFile,
    DECISION_SIGNING_KEY: env.DECISION_SIGNING_KEY || credentials.decisionSigningKey,
    LOG_LEVEL: env.LOG_LEVEL || 'info',
    ...(clock === null
      ? {}
      : {
          INCIDENT_CLOCK_FILE: clock.file,
          INCIDENT_SPEED: String(clock.speed),
          INCIDENT_TOKENS_FILE: credentials.tokensFile,
        }),
  };
}

/** For the CLI beside the demo (cli/session.ts). */
function writeState(
  places: Places,
  demo: Demo,
  token: string,
  { people }: DemoCredentials,
  environmentOfBoth: Record<string, string>,
): void {
  const state = {
    url: demo.url,
    temporalUi: demo.temporalUi,
    token,
    people,
    speed: demo.speed,
    environment: environmentOfBoth,
  };
  writePrivately(places.stateFile, `${JSON.stringify(state, null, 2)}\n`);
}

async function nextPort(screen: Screen, preferred: number): Promise<number> {
  const { port, note } = await claimPort(preferred);
  if (note !== null) screen.say(note);
  return port;
}
