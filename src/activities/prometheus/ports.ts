import type { EnvOf } from '../system.ts';
import type { SystemPorts } from '../system-ports.ts';
import { createPrometheusClient, type PrometheusOptions } from './client.ts';
import type { prometheus } from './settings.ts';

const TIMEOUT_MILLISECONDS = 5_000;

export function ports(env: EnvOf<typeof prometheus>): SystemPorts {
  const options = prometheusOptions(env);
  return options === null ? {} : { metrics: createPrometheusClient(options) };
}

/** Null: it is not configured. */
export function prometheusOptions({ PROMETHEUS_URL: baseUrl }: EnvOf<typeof prometheus>): PrometheusOptions | null {
  return baseUrl === undefined ? null : { baseUrl, timeoutMilliseconds: TIMEOUT_MILLISECONDS };
}
