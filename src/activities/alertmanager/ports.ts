import type { EnvOf } from '../system.ts';
import type { SystemPorts } from '../system-ports.ts';
import { type AlertmanagerOptions, createAlertmanagerClient } from './client.ts';
import type { alertmanager } from './settings.ts';

/** It only adds to what Prometheus says, so it is not waited for longer than a question may take. */
const TIMEOUT_MILLISECONDS = 1_500;

type Env = Pick<EnvOf<typeof alertmanager>, 'ALERTMANAGER_URL' | 'ALERTMANAGER_API_TOKEN'>;

export function ports(env: Env): SystemPorts {
  const options = alertmanagerOptions(env);
  if (options === null) return {};
  const client = createAlertmanagerClient(options);
  return {
    alertRouting: {
      alerts: async () =>
        (await client.alerts([])).map(({ labels, annotations, startsAt, heldBack }) => ({
          name: labels.alertname ?? 'an alert without a name',
          severity: labels.severity ?? null,
          startsAt,
          summary: annotations.summary ?? '',
          heldBack,
        })),
    },
  };
}

/** Null: it is not configured. */
export function alertmanagerOptions({
  ALERTMANAGER_URL: baseUrl,
  ALERTMANAGER_API_TOKEN: bearerToken,
}: Env): AlertmanagerOptions | null {
  if (baseUrl === undefined) return null;
  return {
    baseUrl,
    ...(bearerToken === undefined ? {} : { bearerToken }),
    timeoutMilliseconds: TIMEOUT_MILLISECONDS,
  };
}
