import { answered, asked, isRefusal } from '../checking.ts';
import { DEADLINE_MS, fine, refused, type SystemFinding, unreachable, unset } from '../finding.ts';
import type { EnvOf } from '../system.ts';
import { createAlertmanagerClient } from './client.ts';
import { alertmanagerOptions } from './ports.ts';
import { alertmanager } from './settings.ts';

const SYSTEM = alertmanager.name;

/** By what the evidence asks of it: the firing alerts, the silenced and inhibited ones among them (R2.8). */
export async function check(env: EnvOf<typeof alertmanager>): Promise<SystemFinding> {
  const options = alertmanagerOptions(env);
  if (options === null) return unset(SYSTEM, 'ALERTMANAGER_URL', 'nobody is told which firing alerts are silenced');
  const client = createAlertmanagerClient({ ...options, timeoutMilliseconds: DEADLINE_MS });
  const look = async (base: string): Promise<SystemFinding> => {
    const answer = await answered(() => client.alerts([]));
    if (isRefusal(answer))
      return refused(
        SYSTEM,
        `${base} answers ${answer.status}`,
        'Let the worker in: ALERTMANAGER_API_TOKEN is what the proxy in front of Alertmanager takes.',
      );
    if (answer.value === null)
      return unreachable(
        SYSTEM,
        `${base} answers ${answer.status}, but not like Alertmanager`,
        'Correct ALERTMANAGER_URL: the address without /api/v2.',
      );
    return fine(SYSTEM, base);
  };
  return asked(SYSTEM, options.baseUrl, 'ALERTMANAGER_URL', look, 'Start Alertmanager, or correct ALERTMANAGER_URL.');
}
