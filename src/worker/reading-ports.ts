import { createAlertmanagerClient } from '../activities/alertmanager/client.ts';
import type { CustomerMetrics } from '../activities/customers/ports.ts';
import type {
  AlertRoutingPort,
  CachePort,
  DatabasePort,
  MetricsPort,
  ProvidersPort,
  ServiceApiPort,
} from '../activities/evidence/ports.ts';
import type { FailoverPorts } from '../activities/failover/ports.ts';
import { failure } from '../activities/failures.ts';
import type { MetricsPort as ImpactMetricsPort } from '../activities/follow-up/ports.ts';
import { createHttpClient } from '../activities/http.ts';
import type { MigrationClients } from '../activities/postgres/activities.ts';
import { createPostgresClient } from '../activities/postgres/client.ts';
import { createMigrationClient } from '../activities/postgres/migrations.ts';
import { createPrimaryClient, createReplicaClient } from '../activities/postgres/replication.ts';
import { createPrometheusClient } from '../activities/prometheus/client.ts';
import { createProvidersClient } from '../activities/providers/client.ts';
import { createRedisClient } from '../activities/redis/client.ts';
import type { WorkerEnv } from '../config/env.ts';

const TIMEOUT_MILLISECONDS = 5_000;
const IMPACT_STEP_SECONDS = 60;

/** What the environment does not name is null: evidence then names the gap instead of guessing. */
export function metricsPort(env: WorkerEnv): MetricsPort | null {
  return env.PROMETHEUS_URL === undefined
    ? null
    : createPrometheusClient({ baseUrl: env.PROMETHEUS_URL, timeoutMilliseconds: TIMEOUT_MILLISECONDS });
}

/** It only adds to what Prometheus says, so it is not waited for longer than a question may take. */
export function alertRoutingPort(env: WorkerEnv): AlertRoutingPort | null {
  const { ALERTMANAGER_URL: baseUrl, ALERTMANAGER_API_TOKEN: bearerToken } = env;
  if (baseUrl === undefined) return null;
  const client = createAlertmanagerClient({
    baseUrl,
    ...(bearerToken === undefined ? {} : { bearerToken }),
    timeoutMilliseconds: ROUTING_TIMEOUT_MILLISECONDS,
  });
  return {
    alerts: async () =>
      (await client.alerts([])).map(({ labels, annotations, startsAt, heldBack }) => ({
        name: labels.alertname ?? 'an alert without a name',
        severity: labels.severity ?? null,
        startsAt,
        summary: annotations.summary ?? '',
        heldBack,
      })),
  };
}

const ROUTING_TIMEOUT_MILLISECONDS = 1_500;

export function impactMetrics(metrics: MetricsPort | null): ImpactMetricsPort {
  return {
    async valueAt(query, at) {
      const series = await metrics?.range({ query, fromAt: at, untilAt: at, stepSeconds: IMPACT_STEP_SECONDS });
      return series?.[0]?.points.at(-1)?.[1] ?? null;
    },
    async valuesBetween(query, fromAt, untilAt, stepSeconds) {
      const series = await metrics?.range({ query, fromAt, untilAt, stepSeconds });
      return (series?.[0]?.points ?? []).flatMap(([, value]) => (value === null ? [] : [value]));
    },
  };
}

/** Whom an incident hit is asked of the metrics; without them nobody is guessed. */
export function customerMetrics(metrics: MetricsPort | null): CustomerMetrics {
  const at = async (query: string, instant: string) => {
    if (metrics === null)
      throw failure('Invalid', 'No metrics are configured, so it is not known who was affected. Set PROMETHEUS_URL.');
    return metrics.range({ query, fromAt: instant, untilAt: instant, stepSeconds: IMPACT_STEP_SECONDS });
  };
  return {
    async valuesByLabel(query, label, instant) {
      const series = await at(query, instant);
      return new Map(
        series.flatMap(({ labels, points }) => {
          const value = points.at(-1)?.[1] ?? null;
          return labels[label] === undefined || value === null ? [] : [[labels[label], value] as const];
        }),
      );
    },
    valueAt: async (query, instant) => (await at(query, instant))[0]?.points.at(-1)?.[1] ?? null,
  };
}

export function databasePort(env: WorkerEnv): DatabasePort | null {
  return env.SERVICE_DATABASE_URL === undefined
    ? null
    : createPostgresClient({ connectionString: env.SERVICE_DATABASE_URL, timeoutMilliseconds: TIMEOUT_MILLISECONDS });
}

/** What is promoted, and what must not take writes any more before it is. */
export function failoverDatabases(env: WorkerEnv): Pick<FailoverPorts, 'primary' | 'replica'> {
  const [primary, replica] = [env.SERVICE_DATABASE_URL, env.SERVICE_DATABASE_REPLICA_URL];
  const options = (connectionString: string) => ({ connectionString, timeoutMilliseconds: TIMEOUT_MILLISECONDS });
  return {
    primary: primary === undefined ? null : createPrimaryClient(options(primary)),
    replica: replica === undefined ? null : createReplicaClient(options(replica)),
  };
}

/** Migrations are carried out by roles of their own: whoever only reads cannot. */
export function migrationClients(env: WorkerEnv): MigrationClients {
  const client = (connectionString: string | undefined) =>
    connectionString === undefined
      ? null
      : createMigrationClient({ connectionString, timeoutMilliseconds: TIMEOUT_MILLISECONDS });
  return { production: client(env.SERVICE_MIGRATION_URL), staging: client(env.STAGING_DATABASE_URL) };
}

export function cachePort(env: WorkerEnv): CachePort | null {
  return env.SERVICE_CACHE_URL === undefined
    ? null
    : createRedisClient({ url: env.SERVICE_CACHE_URL, timeoutMilliseconds: TIMEOUT_MILLISECONDS });
}

/** Providers by the names of the policy; which API each speaks follows from its name there. */
export function providersPort(env: WorkerEnv): ProvidersPort {
  const anthropic = {
    kind: 'anthropic',
    apiUrl: env.ANTHROPIC_API_URL,
    apiKey: env.ANTHROPIC_API_KEY ?? null,
    statusUrl: env.ANTHROPIC_STATUS_URL,
  } as const;
  const openai = {
    kind: 'openai',
    apiUrl: env.OPENAI_API_URL,
    apiKey: env.OPENAI_API_KEY ?? null,
    statusUrl: env.OPENAI_STATUS_URL,
  } as const;
  return createProvidersClient({
    endpoints: { claude: anthropic, anthropic, openai },
    timeoutMilliseconds: TIMEOUT_MILLISECONDS,
  });
}

export function serviceApiPort(env: WorkerEnv): ServiceApiPort | null {
  if (env.SERVICE_API_URL === undefined) return null;
  const baseUrl = env.SERVICE_API_URL;
  const http = createHttpClient({ name: 'The service', baseUrl, timeoutMilliseconds: TIMEOUT_MILLISECONDS });
  return {
    async check(path) {
      const url = `${baseUrl.replace(/\/$/, '')}${path}`;
      try {
        const answer = await http.send({ path });
        return { url, status: answer.status, ok: answer.status < 400, detail: answer.text.slice(0, 200) };
      } catch (error) {
        return { url, status: null, ok: false, detail: error instanceof Error ? error.message : String(error) };
      }
    },
  };
}
