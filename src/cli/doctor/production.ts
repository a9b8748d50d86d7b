import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Policy } from '../../domain/policy.ts';
import { type Asking, ask, jsonOf } from './ask.ts';
import { away, fine, refused, type SystemFinding, unset } from './finding.ts';
import type { Settings } from './settings.ts';

/** The production that is looked at and acted on: Kubernetes and Prometheus. */

const IN_CLUSTER = '/var/run/secrets/kubernetes.io/serviceaccount';
const NEEDED = [
  { verb: 'list', group: '', resource: 'pods', subresource: '' },
  { verb: 'get', group: '', resource: 'pods', subresource: 'log' },
  { verb: 'patch', group: 'apps', resource: 'deployments', subresource: '' },
] as const;
const RIGHTS = 'Give its role list pods, get pods/log and patch deployments in the namespace.';

export async function checkKubernetes(settings: Settings, policy: Policy | null): Promise<SystemFinding> {
  const system = 'Kubernetes';
  const namespace = policy?.service.namespace ?? 'default';
  const url = settings.get('KUBERNETES_API_URL') ?? inClusterUrl(settings);
  if (url !== null) return askApiServer(system, url, settings, namespace);
  if (settings.get('KUBECONFIG') === null)
    return unset(
      system,
      'KUBECONFIG, or KUBERNETES_API_URL and KUBERNETES_API_TOKEN',
      'pods cannot be looked at, nothing can be restarted or rolled back',
    );
  return askThroughKubectl(system, namespace);
}

async function askApiServer(
  system: string,
  url: string,
  settings: Settings,
  namespace: string,
): Promise<SystemFinding> {
  const base = url.replace(/\/+$/, '');
  const token = settings.get('KUBERNETES_API_TOKEN') ?? fileText(`${IN_CLUSTER}/token`);
  const asking: Asking = {
    headers: { 'content-type': 'application/json', ...(token === null ? {} : { authorization: `Bearer ${token}` }) },
    ca: fileText(`${IN_CLUSTER}/ca.crt`) ?? undefined,
  };
  try {
    const missing: string[] = [];
    for (const { verb, group, resource, subresource } of NEEDED) {
      const body = JSON.stringify({
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        spec: { resourceAttributes: { namespace, verb, group, resource, subresource } },
      });
      const answer = await ask(`${base}/apis/authorization.k8s.io/v1/selfsubjectaccessreviews`, {
        ...asking,
        method: 'POST',
        body,
      });
      if (answer.status === 404) return checkByReading(system, base, asking, namespace);
      if (answer.status === 401 || answer.status === 403)
        return refused(
          system,
          `${base} answers ${answer.status}: the token is not accepted`,
          'Renew KUBERNETES_API_TOKEN.',
        );
      const status = jsonOf(answer.text).status as { readonly allowed?: boolean } | undefined;
      if (status?.allowed !== true) missing.push(`${verb} ${resource}${subresource === '' ? '' : `/${subresource}`}`);
    }
    if (missing.length === 0) return fine(system, `${base}, namespace ${namespace}`);
    return refused(system, `${base} does not let us ${missing.join(', ')} in ${namespace}`, RIGHTS);
  } catch (error) {
    return away(
      system,
      `${base}: ${(error as Error).message}`,
      'Correct KUBERNETES_API_URL, or let this machine reach the API server.',
    );
  }
}

/** An API server without access reviews can still be asked for what is needed first. */
async function checkByReading(system: string, base: string, asking: Asking, namespace: string): Promise<SystemFinding> {
  const { status } = await ask(`${base}/api/v1/namespaces/${encodeURIComponent(namespace)}/pods?limit=1`, asking);
  if (status === 200) return fine(system, `${base}, namespace ${namespace}; it does not tell what else we may do`);
  return refused(system, `${base} answers ${status} when asked for the pods of ${namespace}`, RIGHTS);
}

/** A kubeconfig may sign in by certificate or by a program of its own; kubectl knows all of these. */
async function askThroughKubectl(system: string, namespace: string): Promise<SystemFinding> {
  try {
    await promisify(execFile)(
      'kubectl',
      ['auth', 'can-i', 'patch', 'deployments', '--namespace', namespace, '--request-timeout=5s'],
      { timeout: 10_000 },
    );
    return fine(system, `by KUBECONFIG, namespace ${namespace}`);
  } catch (error) {
    const { code, stdout = '', stderr = '' } = error as { code?: string | number; stdout?: string; stderr?: string };
    if (code === 'ENOENT') {
      return {
        ...fine(system, 'KUBECONFIG is set, but there is no kubectl here to try it'),
        reachable: 'unknown',
        authorised: 'unknown',
        advice: 'Install kubectl, or set KUBERNETES_API_URL and KUBERNETES_API_TOKEN.',
      };
    }
    if (stdout.trim() === 'no')
      return refused(system, `KUBECONFIG does not let us patch deployments in ${namespace}`, RIGHTS);
    return away(
      system,
      `by KUBECONFIG: ${stderr.trim().split('\n').at(-1) ?? 'kubectl failed'}`,
      'Try it: kubectl get pods',
    );
  }
}

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

function inClusterUrl(settings: Settings): string | null {
  const host = settings.get('KUBERNETES_SERVICE_HOST');
  return host === null
    ? null
    : `https://${host.includes(':') ? `[${host}]` : host}:${settings.get('KUBERNETES_SERVICE_PORT') ?? '443'}`;
}

function fileText(file: string): string | null {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return null;
  }
}
