import type { Client } from 'pg';
import { metBy } from '../failures.ts';
import { DEADLINE_MS, fine, reasonOf, refused, type SystemFinding, unreachable, unset } from '../finding.ts';
import type { EnvOf } from '../system.ts';
import { codeOf, probe } from './connection.ts';
import type { serviceDatabases } from './settings.ts';

/** One thing that an incident needs of a database: a query that answers one row with `has`, and what gives it. */
interface Need {
  readonly name: string;
  readonly query: string;
  readonly advice: string;
}

const STATISTICS: Need = {
  name: 'pg_stat_statements',
  query: "SELECT EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'pg_stat_statements') AS has",
  advice: 'CREATE EXTENSION pg_stat_statements; (and shared_preload_libraries = pg_stat_statements)',
};
const MONITOR: Need = {
  name: 'pg_monitor',
  query: "SELECT pg_has_role(current_user, 'pg_monitor', 'USAGE') AS has",
  advice: 'GRANT pg_monitor TO {role};',
};
/** Before 16 a place is left only by limiting the others; superusers have their own. */
const RESERVED: Need = {
  name: 'a connection that is left when the pool is exhausted',
  query: `SELECT CASE WHEN current_setting('server_version_num')::int >= 160000
    THEN EXISTS (SELECT 1 FROM pg_roles r WHERE r.rolname = 'pg_use_reserved_connections'
           AND pg_has_role(current_user, r.oid, 'USAGE')) AND current_setting('reserved_connections', true)::int > 0
    ELSE NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolcanlogin AND NOT rolsuper AND rolname <> current_user
           AND (rolconnlimit < 0 OR rolconnlimit >= current_setting('max_connections')::int
                - current_setting('superuser_reserved_connections')::int)) END AS has`,
  advice:
    'PostgreSQL 16 and later: GRANT pg_use_reserved_connections TO {role}; and reserved_connections above 0. Before: ALTER ROLE of the application CONNECTION LIMIT below max_connections.',
};
const PROMOTE: Need = {
  name: 'EXECUTE on pg_promote',
  query: "SELECT has_function_privilege('pg_catalog.pg_promote(boolean, integer)', 'EXECUTE') AS has",
  advice: 'GRANT EXECUTE ON FUNCTION pg_promote(boolean, integer) TO {role}; (on the primary)',
};
const IN_RECOVERY: Need = {
  name: 'a replica at this address',
  query: 'SELECT pg_is_in_recovery() AS has',
  advice: 'SERVICE_DATABASE_REPLICA_URL names a primary. Give the address of the streaming replica.',
};
/** Whoever owns no table can index none. */
const OWNS: Need = {
  name: 'ownership of the tables',
  query: `SELECT EXISTS (SELECT 1 FROM pg_class WHERE relkind IN ('r', 'p') AND pg_has_role(current_user, relowner, 'USAGE')
    AND relnamespace NOT IN (SELECT oid FROM pg_namespace WHERE nspname LIKE 'pg\\_%' OR nspname = 'information_schema')) AS has`,
  advice: 'GRANT the role that owns the tables TO {role};',
};

const DATABASES: readonly {
  readonly system: string;
  readonly variable: keyof (typeof serviceDatabases)['settings'];
  readonly without: string;
  readonly needs: readonly Need[];
}[] = [
  {
    system: 'service database',
    variable: 'SERVICE_DATABASE_URL',
    without: 'connections and slow statements cannot be looked at',
    needs: [MONITOR, STATISTICS, RESERVED],
  },
  {
    system: 'service replica',
    variable: 'SERVICE_DATABASE_REPLICA_URL',
    without: 'a failover of the database is left to people',
    needs: [IN_RECOVERY, MONITOR, PROMOTE],
  },
  {
    system: 'migrations',
    variable: 'SERVICE_MIGRATION_URL',
    without: 'migrations are left to people',
    needs: [OWNS],
  },
  {
    system: 'staging database',
    variable: 'STAGING_DATABASE_URL',
    without: 'migrations cannot be tried before production',
    needs: [OWNS],
  },
];

/** The databases of the watched service; deploy/sql/grants.sql gives each what is asked for here. */
export async function check(env: EnvOf<typeof serviceDatabases>): Promise<readonly SystemFinding[]> {
  return Promise.all(DATABASES.map((one) => checkOne(one, env[one.variable])));
}

async function checkOne(
  { system, variable, without, needs }: (typeof DATABASES)[number],
  connectionString: string | undefined,
): Promise<SystemFinding> {
  if (connectionString === undefined) return unset(system, variable, without);
  const where = placeOf(connectionString);
  try {
    const options = { connectionString, timeoutMilliseconds: DEADLINE_MS };
    const missing = await probe(options, (client) => missingOf(client, needs));
    if (missing.length === 0) return fine(system, where);
    const advice = missing.map((need) => need.advice.replaceAll('{role}', roleOf(connectionString))).join(' ');
    return refused(system, `${where} lacks ${missing.map(({ name }) => name).join(', ')}`, advice);
  } catch (error) {
    const code = codeOf(metBy(error)?.error);
    const words = `${where}: ${reasonOf(error)}`;
    // 28xxx: wrong password or no entry in pg_hba.conf; 3D000: no such database.
    if (code.startsWith('28'))
      return refused(system, words, `Correct user and password in ${variable}, or pg_hba.conf there.`);
    if (code === '3D000') return refused(system, words, `Create the database, or correct its name in ${variable}.`);
    return unreachable(system, words, `Start PostgreSQL, or correct host and port in ${variable}.`);
  }
}

async function missingOf(client: Client, needs: readonly Need[]): Promise<readonly Need[]> {
  const missing: Need[] = [];
  for (const need of needs) {
    const has = await client.query<{ has: boolean }>(need.query).then(
      ({ rows }) => rows[0]?.has === true,
      (error: NodeJS.ErrnoException) => {
        // 42501: we may not even ask, which is the same as not having it.
        if (error.code === '42501') return false;
        throw error;
      },
    );
    if (!has) missing.push(need);
  }
  return missing;
}

function roleOf(connectionString: string): string {
  return URL.canParse(connectionString) ? decodeURIComponent(new URL(connectionString).username) : 'this role';
}

function placeOf(connectionString: string): string {
  if (!URL.canParse(connectionString)) return 'the address';
  const { host, pathname } = new URL(connectionString);
  return `${roleOf(connectionString)}@${host}${pathname}`;
}
