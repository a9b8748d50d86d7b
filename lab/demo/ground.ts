import { readFileSync } from 'node:fs';
import { claimPort } from '../embedded/ports.ts';
import type { EmbeddedPostgres } from '../embedded/postgres.ts';
import { registerNamespace, type TemporalServer } from '../embedded/temporal-server.ts';
import { RETENTION_DAYS, SEARCH_ATTRIBUTES, startDatabase, startTemporal } from './parts.ts';
import type { Places } from './places.ts';
import type { Screen } from './screen.ts';
import type { Start } from './starter.ts';

const TEMPORAL_PORT = 7233;
const TEMPORAL_UI_PORT = 8233;
const POSTGRES_PORT = 15432;

export interface GroundOptions {
  readonly places: Places;
  readonly env: NodeJS.ProcessEnv;
  readonly screen: Screen;
}

export interface Ground {
  readonly temporalAddress: string;
  readonly temporalNamespace: string;
  readonly temporalUi: string | null;
  readonly databaseUrl: string;
  /** Null when no PostgreSQL of the demo's own runs. */
  readonly postgresAdminUrl: string | null;
}

/** Temporal and PostgreSQL: the ones that the environment names, else our own. */
export async function startGround(options: GroundOptions, start: Start, simulated: boolean): Promise<Ground> {
  const [temporal, database] = await together(
    startTemporalOrTakeGiven(options, start),
    startDatabaseOrTakeGiven(options, start, simulated),
  );
  return { ...temporal, ...database };
}

async function startTemporalOrTakeGiven(
  { places, env, screen }: GroundOptions,
  start: Start,
): Promise<Pick<Ground, 'temporalAddress' | 'temporalNamespace' | 'temporalUi'>> {
  const given = env.TEMPORAL_ADDRESS || null;
  if (given === null) {
    const ports = { port: await nextPort(screen, TEMPORAL_PORT), uiPort: await nextPort(screen, TEMPORAL_UI_PORT) };
    const server = await start(
      'Temporal',
      (): Promise<TemporalServer> => startTemporal(places, ports, screen.say),
      ({ address, uiUrl }) => `${address}, web ${uiUrl}`,
    );
    const { address, uiUrl } = server.current();
    return { temporalAddress: address, temporalNamespace: 'default', temporalUi: uiUrl };
  }
  const temporalNamespace = env.TEMPORAL_NAMESPACE || 'default';
  await prepareGiven(given, temporalNamespace, screen);
  return { temporalAddress: given, temporalNamespace, temporalUi: env.TEMPORAL_UI_URL || null };
}

async function startDatabaseOrTakeGiven(
  { places, env, screen }: GroundOptions,
  start: Start,
  simulated: boolean,
): Promise<Pick<Ground, 'databaseUrl' | 'postgresAdminUrl'>> {
  const given = env.DATABASE_URL || (env.DATABASE_URL_FILE ? readFileSync(env.DATABASE_URL_FILE, 'utf8').trim() : null);
  if (given !== null && !simulated) return { databaseUrl: given, postgresAdminUrl: null };
  const port = await nextPort(screen, POSTGRES_PORT);
  const database = await start(
    'PostgreSQL',
    (): Promise<EmbeddedPostgres> => startDatabase(places, port, screen.say),
    ({ version }) => `127.0.0.1:${port}, version ${version}${given === null ? '' : ', for the simulated service only'}`,
  );
  const { url, adminUrl } = database.current();
  return { databaseUrl: given ?? url, postgresAdminUrl: adminUrl };
}

/** A server of somebody else's: its namespace gets our search attributes where it lets us. */
async function prepareGiven(address: string, namespace: string, screen: Screen): Promise<void> {
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

export async function nextPort(screen: Screen, preferred: number): Promise<number> {
  const { port, note } = await claimPort(preferred);
  if (note !== null) screen.say(note);
  return port;
}

/** Two starts at once; both have ended, well or not, before a failure of one is thrown. */
export async function together<A, B>(a: Promise<A>, b: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([a, b]);
  return Promise.all([a, b]);
}
