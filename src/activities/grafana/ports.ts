import type { EnvOf } from '../system.ts';
import type { SystemPorts } from '../system-ports.ts';
import { createGrafanaClient, type GrafanaSettings } from './client.ts';
import type { grafana } from './settings.ts';

const TIMEOUT_MILLISECONDS = 5_000;

export function ports(env: EnvOf<typeof grafana>): SystemPorts {
  const settings = grafanaSettings(env);
  return settings === null ? {} : { grafana: createGrafanaClient(settings) };
}

/** Null: it is not configured. */
export function grafanaSettings(env: EnvOf<typeof grafana>): GrafanaSettings | null {
  const { GRAFANA_URL: url, GRAFANA_TOKEN: token } = env;
  return url === undefined || token === undefined ? null : { url, token, timeoutMilliseconds: TIMEOUT_MILLISECONDS };
}
