import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { loadPolicy } from '../../src/config/policy.ts';
import type { Policy } from '../../src/domain/policy.ts';
import type { RunningProcess } from '../embedded/processes.ts';
import { type DemoCredentials, demoCommander, demoCredentials } from './credentials.ts';
import { type DemoClock, startDemoClock } from './demo-clock.ts';
import { type Ground, nextPort, startGround, together } from './ground.ts';
import { realSystems } from './options.ts';
import type { Part, Runs } from './part.ts';
import { type Simulation, startGateway, startSimulation, startWorker } from './parts.ts';
import { type Places, ROOT, writePrivately } from './places.ts';
import { writeDemoPolicy } from './policy-file.ts';
import type { Screen } from './screen.ts';
import { letsInByLink, SIGN_IN_PATH, writeSignInCode } from './sign-in.ts';
import { type Start, starter } from './starter.ts';

/** Everything that `npm start` runs, running. */
export interface Demo {
  readonly url: string;
  readonly temporalUi: string | null;
  readonly documents: string;
  readonly speed: number;
  /** Whom the sign-in link signs in; null in front of a real production, where nobody is let in by a link. */
  readonly viewer: { readonly name: string; readonly token: string } | null;
  /** A fresh link that signs in once; null where there is none, and people sign in by token. */
  signInLink(): string | null;
  /** Where the simulated production is told what goes wrong; null when it is a real one. */
  controlUrl(): string | null;
  stop(): Promise<void>;
}

export interface DemoOptions {
  readonly places: Places;
  readonly env: NodeJS.ProcessEnv;
  readonly speed: number | null;
  readonly screen: Screen;
  readonly interrupted: () => boolean;
  readonly gaveUp: (why: string) => void;
}

const GATEWAY_PORT = 8080;

/** Starts it all. Throws a sentence when a part cannot be had; whatever was started by then is stopped again. */
export async function createDemo(options: DemoOptions): Promise<Demo> {
  const parts: Part<Runs>[] = [];
  const stop = async (): Promise<void> => {
    // The last that was started is the first to go: no part ever loses what it stands on.
    for (const part of parts.splice(0).reverse()) {
      await part.stop().catch((error: Error) => options.screen.say(`${part.name} did not stop well: ${error.message}`));
    }
  };
  try {
    return await build(options, parts, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function build(options: DemoOptions, parts: Part<Runs>[], stop: () => Promise<void>): Promise<Demo> {
  const { places, env, screen } = options;
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
  const clock = real.length > 0 ? null : startDemoClock(places.demo, options.speed);
  const start = starter(options, parts);
  let worker: Part<RunningProcess> | null = null;
  const ground = await startGround(options, start, real.length === 0);
  const simulation =
    clock === null
      ? null
      : await startProduction(
          options,
          start,
          { ground, clock, policy, credentials, url },
          () => worker?.restart() ?? Promise.resolve(),
        );

  const shared = environment(options, { policyFile, credentials, clock, ground });
  const documents = env.DOCUMENTS_DIR || places.documents;
  const workerEnv = (): Record<string, string> => ({
    ...shared,
    ...(simulation?.current().endpoints ?? {}),
    DOCUMENTS_DIR: documents,
  });
  const linked = clock !== null && letsInByLink(env);
  const gatewayEnv = {
    ...shared,
    PORT: String(port),
    HOST: env.HOST || '127.0.0.1',
    ...(env.ALERTMANAGER_TOKEN_FILE
      ? {}
      : { ALERTMANAGER_TOKEN: env.ALERTMANAGER_TOKEN || credentials.alertmanagerToken }),
    ...(linked ? { DEMO_SIGN_IN_FOLDER: places.signIn } : {}),
    DEMO_CONTROL_FILE: places.controlFile,
    ...(ground.temporalUi === null ? {} : { TEMPORAL_UI_URL: ground.temporalUi }),
  };
  rmSync(places.signIn, { recursive: true, force: true });
  const entry = real.length > 0 ? null : 'lab/demo/gateway.ts';
  [, worker] = await together(
    start(
      'gateway',
      () => startGateway(places, entry, gatewayEnv, port),
      () => `${url} with the console`,
    ),
    start(
      'worker',
      () => startWorker(places, workerEnv()),
      () => 'runs the incidents',
    ),
  );

  const commander = demoCommander(policy);
  const token = credentials.people[commander.id] ?? '';
  const demo: Demo = {
    url,
    temporalUi: ground.temporalUi,
    documents,
    speed: clock?.speed ?? 1,
    viewer: clock === null ? null : { name: commander.name, token },
    signInLink: () => (!linked ? null : `${url}${SIGN_IN_PATH}?code=${writeSignInCode(places.signIn, token)}`),
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

interface Stage {
  readonly ground: Ground;
  readonly clock: DemoClock;
  readonly policy: Policy;
  readonly credentials: DemoCredentials;
  readonly url: string;
}

function startProduction(
  { places }: DemoOptions,
  start: Start,
  stage: Stage,
  afterRestart: () => Promise<void>,
): Promise<Part<Simulation>> {
  const { ground, clock, policy, credentials, url } = stage;
  const begin = (): Promise<Simulation> =>
    startSimulation(places, {
      speed: clock.speed,
      nowMs: clock.nowMs(),
      clockFile: clock.file,
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
  { env }: DemoOptions,
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
    DATABASE_URL_FILE: '',
    TEMPORAL_ADDRESS: ground.temporalAddress,
    TEMPORAL_NAMESPACE: ground.temporalNamespace,
    INCIDENT_POLICY: policyFile,
    ...(env.DECISION_SIGNING_KEY_FILE
      ? {}
      : { DECISION_SIGNING_KEY: env.DECISION_SIGNING_KEY || credentials.decisionSigningKey }),
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
