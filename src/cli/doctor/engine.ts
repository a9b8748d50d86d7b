import { fine, jsonOf, reasonOf, refused, type SystemFinding, unreachable, unset } from '../../activities/finding.ts';
import type { Io } from '../io.ts';
import { openSession } from '../session.ts';
import { ask } from './ask.ts';
import type { Settings } from './settings.ts';

/** The product's own parts: gateway, Temporal, store, policy. */

export async function checkGateway(io: Io, url: string | undefined): Promise<SystemFinding> {
  const system = 'gateway';
  const { gateway } = openSession(io, { url });
  const start = 'Start it (`npm start` for a demo), or set INCIDENT_URL to where it is.';
  try {
    const ready = await ask(`${gateway.url}/readyz`);
    const told = jsonOf(ready.text);
    if (ready.status !== 200)
      return {
        ...fine(system, `${gateway.url} is not ready; its store says: ${String(told.store)}`),
        advice: 'Check DATABASE_URL of the gateway, and that PostgreSQL runs.',
      };
    const me = await gateway.impatient().json<{ name: string; roles: readonly string[] }>({ path: '/api/me' });
    const trouble = told.temporal === 'ok' ? null : `Temporal is away for the gateway: ${String(told.temporal)}`;
    return {
      ...fine(
        system,
        `${gateway.url}; you are ${me.name} (${me.roles.join(', ') || 'no role'})${trouble === null ? '' : `. ${trouble}`}`,
      ),
      advice: trouble === null ? null : 'Check TEMPORAL_ADDRESS of the gateway; alerts are kept meanwhile.',
    };
  } catch (error) {
    const { exit = 'unavailable', message } = error as { exit?: string; message: string };
    return exit === 'auth'
      ? refused(system, `${gateway.url}: ${message}`, 'Put your API token into INCIDENT_TOKEN.')
      : unreachable(system, `${gateway.url}: ${message}`, start);
  }
}

export async function checkTemporal(settings: Settings): Promise<SystemFinding> {
  const system = 'Temporal';
  const address = settings.get('TEMPORAL_ADDRESS');
  if (address === null)
    return unset(
      system,
      'TEMPORAL_ADDRESS (and TEMPORAL_NAMESPACE)',
      'the engine’s usual address localhost:7233 would be used',
    );
  const namespace = settings.get('TEMPORAL_NAMESPACE') ?? 'default';
  const { createIncidentClient } = await import('../../client/incident-client.ts');
  const client = createIncidentClient({ connection: { address }, namespace });
  try {
    const trouble = await client.trouble();
    if (trouble !== null)
      return unreachable(
        system,
        `${address}: ${trouble}`,
        'Start Temporal, or correct TEMPORAL_ADDRESS, TEMPORAL_TLS and TEMPORAL_API_KEY.',
      );
    const listed = await client.list({ limit: 1 });
    if (!listed.ok)
      return refused(
        system,
        `${address} answers, but namespace "${namespace}" does not: ${listed.words}`,
        'Create the namespace (temporal operator namespace create), or correct TEMPORAL_NAMESPACE and the API key.',
      );
    return fine(system, `${address}, namespace ${namespace}`);
  } finally {
    await client.close();
  }
}

/** A PostgreSQL: the store, or the watched service's database, each with what we need of it. */
export async function checkPostgres(
  system: string,
  variable: string,
  settings: Settings,
  needs: readonly { readonly query: string; readonly advice: string }[],
): Promise<SystemFinding> {
  const connectionString = settings.get(variable);
  if (connectionString === null) return unset(system, variable, 'nothing is asked there');
  const { default: pg } = await import('pg');
  const client = new pg.Client({
    connectionString,
    connectionTimeoutMillis: 5_000,
    query_timeout: 5_000,
    application_name: 'incident-doctor',
  });
  client.on('error', () => {});
  try {
    await client.connect();
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    const words = `${hostOf(connectionString)}: ${reasonOf(error)}`;
    // 28xxx: wrong password or no entry in pg_hba.conf; 3D000: no such database.
    if (code.startsWith('28'))
      return refused(system, words, `Correct user and password in ${variable}, or pg_hba.conf there.`);
    if (code === '3D000') return refused(system, words, `Create the database, or correct its name in ${variable}.`);
    return unreachable(system, words, `Start PostgreSQL, or correct host and port in ${variable}.`);
  }
  try {
    for (const { query, advice } of needs) {
      try {
        await client.query(query);
      } catch (error) {
        return refused(system, `${hostOf(connectionString)} answers, but "${query}" fails: ${reasonOf(error)}`, advice);
      }
    }
    return fine(system, hostOf(connectionString));
  } finally {
    await client.end().catch(() => {});
  }
}

export async function checkPolicyFor(
  io: Io,
  settings: Settings,
): Promise<{ readonly finding: SystemFinding; readonly policy: import('../../domain/policy.ts').Policy | null }> {
  const { checkPolicy, PolicyError, problemLine, readPolicyFile } = await import('../../config/policy.ts');
  const { policyFileOf } = await import('../commands/policy.ts');
  const file = policyFileOf(io, settings.get('INCIDENT_POLICY'));
  try {
    const { policy, problems } = checkPolicy(await readPolicyFile(file), file);
    const [worst] = problems.filter(({ level }) => level === 'error');
    if (worst === undefined) return { finding: fine('policy', file), policy };
    return { finding: refused('policy', problemLine(worst), `See all of it: incident policy check ${file}`), policy };
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    return { finding: unreachable('policy', error.message, 'Correct INCIDENT_POLICY.'), policy: null };
  }
}

function hostOf(connectionString: string): string {
  if (!URL.canParse(connectionString)) return 'the address';
  const { host, pathname, username } = new URL(connectionString);
  return `${username === '' ? '' : `${decodeURIComponent(username)}@`}${host}${pathname}`;
}
