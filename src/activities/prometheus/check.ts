import type { Policy } from '../../domain/policy.ts';
import { asked, isRefusal } from '../checking.ts';
import { type CheckContext, fine, jsonOf, refused, type SystemFinding, unreachable, unset } from '../finding.ts';
import type { HttpClient } from '../http.ts';
import type { EnvOf } from '../system.ts';
import { prometheusHttp } from './client.ts';
import { prometheusOptions } from './ports.ts';
import { prometheus } from './settings.ts';

const SYSTEM = prometheus.name;

export async function check(env: EnvOf<typeof prometheus>, { policy }: CheckContext): Promise<SystemFinding> {
  const options = prometheusOptions(env);
  if (options === null) return unset(SYSTEM, 'PROMETHEUS_URL', 'severity cannot be measured');
  const http = prometheusHttp(options);
  const query = (text: string) => http.send({ method: 'POST', path: '/api/v1/query', form: { query: text } });
  const look = async (base: string): Promise<SystemFinding> => {
    const first = await query('vector(1)');
    if (isRefusal(first))
      return refused(
        SYSTEM,
        `${base} answers ${first.status}`,
        'Let the worker in: credentials for the proxy in front of Prometheus.',
      );
    if (jsonOf(first.text).status !== 'success')
      return unreachable(
        SYSTEM,
        `${base} answers ${first.status}, but not like Prometheus`,
        'Correct PROMETHEUS_URL: the address without /api/v1.',
      );
    const broken: string[] = [];
    for (const [name, text] of Object.entries(policy?.service.queries ?? {})) {
      const { status, text: answer } = await query(text);
      if (status !== 200) broken.push(`query ${name}: ${String(jsonOf(answer).error ?? `answer ${status}`)}`);
    }
    const missing = await missingRules(http, policy);
    if (broken.length > 0)
      return {
        ...fine(SYSTEM, `${base}; ${broken.join('; ')}`),
        advice: 'Correct these queries in the policy (service.queries).',
      };
    if (missing.length > 0)
      return {
        ...fine(SYSTEM, `${base}; it has no rule ${missing.join(', ')}`),
        advice: 'Load the alert rules of the policy (incident policy show alert-rules), or take them out of it.',
      };
    return fine(SYSTEM, base);
  };
  return asked(SYSTEM, options.baseUrl, 'PROMETHEUS_URL', look, 'Start Prometheus, or correct PROMETHEUS_URL.');
}

/** Alerts that the policy counts on and Prometheus does not know; none when it does not list its rules. */
async function missingRules(http: HttpClient, policy: Policy | null): Promise<readonly string[]> {
  const { status, text } = await http.send({ path: '/api/v1/rules', query: { type: 'alert' } });
  if (status !== 200 || policy === null) return [];
  return policy.alertRules.map(({ alert }) => alert).filter((alert) => !text.includes(JSON.stringify(alert)));
}
