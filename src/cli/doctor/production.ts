import { away, fine, refused, type SystemFinding, unset } from '../../activities/finding.ts';
import type { Policy } from '../../domain/policy.ts';
import { ask, jsonOf } from './ask.ts';
import type { Settings } from './settings.ts';

export async function checkPrometheus(settings: Settings, policy: Policy | null): Promise<SystemFinding> {
  const system = 'Prometheus';
  const url = settings.get('PROMETHEUS_URL');
  if (url === null) return unset(system, 'PROMETHEUS_URL', 'severity cannot be measured');
  const base = url.replace(/\/+$/, '');
  const query = async (text: string) => ask(`${base}/api/v1/query?query=${encodeURIComponent(text)}`);
  try {
    const first = await query('vector(1)');
    if (first.status === 401 || first.status === 403)
      return refused(
        system,
        `${base} answers ${first.status}`,
        'Let the worker in: credentials for the proxy in front of Prometheus.',
      );
    if (jsonOf(first.text).status !== 'success')
      return away(
        system,
        `${base} answers ${first.status}, but not like Prometheus`,
        'Correct PROMETHEUS_URL: the address without /api/v1.',
      );
    const broken: string[] = [];
    for (const [name, text] of Object.entries(policy?.service.queries ?? {})) {
      const { status, text: answer } = await query(text);
      if (status !== 200) broken.push(`query ${name}: ${String(jsonOf(answer).error ?? `answer ${status}`)}`);
    }
    const missing = await missingRules(base, policy);
    if (broken.length > 0)
      return {
        ...fine(system, `${base}; ${broken.join('; ')}`),
        advice: 'Correct these queries in the policy (service.queries).',
      };
    if (missing.length > 0)
      return {
        ...fine(system, `${base}; it has no rule ${missing.join(', ')}`),
        advice: 'Load the alert rules of the policy (incident policy show alert-rules), or take them out of it.',
      };
    return fine(system, base);
  } catch (error) {
    return away(system, `${base}: ${(error as Error).message}`, 'Start Prometheus, or correct PROMETHEUS_URL.');
  }
}

/** Alerts that the policy counts on and Prometheus does not know; none when it does not list its rules. */
async function missingRules(base: string, policy: Policy | null): Promise<readonly string[]> {
  const { status, text } = await ask(`${base}/api/v1/rules?type=alert`);
  if (status !== 200 || policy === null) return [];
  return policy.alertRules.map(({ alert }) => alert).filter((alert) => !text.includes(JSON.stringify(alert)));
}

/** By what the evidence asks of it: the firing alerts, the silenced and inhibited ones among them (R2.8). */
export async function checkAlertmanager(settings: Settings): Promise<SystemFinding> {
  const system = 'Alertmanager';
  const url = settings.get('ALERTMANAGER_URL');
  if (url === null) return unset(system, 'ALERTMANAGER_URL', 'nobody is told which firing alerts are silenced');
  const base = url.replace(/\/+$/, '');
  const token = settings.get('ALERTMANAGER_API_TOKEN');
  try {
    const headers: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` };
    const { status, text } = await ask(`${base}/api/v2/alerts?silenced=true&inhibited=true`, { headers });
    if (status === 401 || status === 403)
      return refused(
        system,
        `${base} answers ${status}`,
        'Let the worker in: ALERTMANAGER_API_TOKEN is what the proxy in front of Alertmanager takes.',
      );
    if (status !== 200 || !text.trimStart().startsWith('['))
      return away(
        system,
        `${base} answers ${status}, but not like Alertmanager`,
        'Correct ALERTMANAGER_URL: the address without /api/v2.',
      );
    return fine(system, base);
  } catch (error) {
    return away(system, `${base}: ${(error as Error).message}`, 'Start Alertmanager, or correct ALERTMANAGER_URL.');
  }
}
