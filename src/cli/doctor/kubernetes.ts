import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { away, fine, refused, type SystemFinding, unset } from '../../activities/finding.ts';
import type { Policy } from '../../domain/policy.ts';
import { type Asking, ask, jsonOf } from './ask.ts';
import { type KubernetesRight, neededRights, rightWords } from './kubernetes-rights.ts';
import type { Settings } from './settings.ts';

/** The production that is looked at and acted on. */

const IN_CLUSTER = '/var/run/secrets/kubernetes.io/serviceaccount';
const ROLES = 'deploy/kubernetes/rbac.yaml has all of them: kubectl apply -f deploy/kubernetes/rbac.yaml.';

export async function checkKubernetes(settings: Settings, policy: Policy | null): Promise<SystemFinding> {
  const system = 'Kubernetes';
  const namespace = policy?.service.namespace ?? 'default';
  const url = settings.get('KUBERNETES_API_URL') ?? inClusterUrl(settings);
  const rights = neededRights(policy, settings.get('ADMIN_API_THROUGH') === 'exec' ? 'exec' : 'proxy');
  if (url !== null) return askApiServer(system, url, settings, namespace, rights);
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
  rights: readonly KubernetesRight[],
): Promise<SystemFinding> {
  const base = url.replace(/\/+$/, '');
  const token = settings.get('KUBERNETES_API_TOKEN') ?? fileText(`${IN_CLUSTER}/token`);
  const asking: Asking = {
    headers: { 'content-type': 'application/json', ...(token === null ? {} : { authorization: `Bearer ${token}` }) },
    ca: fileText(settings.get('KUBERNETES_CA_FILE') ?? `${IN_CLUSTER}/ca.crt`) ?? undefined,
  };
  try {
    const answers = await Promise.all(rights.map((right) => review(base, asking, namespace, right)));
    if (answers.includes('no reviews')) return checkByReading(system, base, asking, namespace);
    if (answers.includes('not let in'))
      return refused(system, `${base} does not accept the token`, 'Renew KUBERNETES_API_TOKEN.');
    const missing = rights.filter((_, index) => answers[index] === 'no');
    if (missing.length === 0) return fine(system, `${base}, namespace ${namespace}, all ${rights.length} rights`);
    return refused(
      system,
      `${base} does not let us ${missing.map((right) => `${rightWords(right)} (${right.purpose})`).join(', ')}${missing.every((right) => right.everywhere) ? '' : ` in ${namespace}`}`,
      `${missing.map(sentence).join(' ')} ${ROLES}`,
    );
  } catch (error) {
    return away(
      system,
      `${base}: ${(error as Error).message}`,
      'Correct KUBERNETES_API_URL, or let this machine reach the API server.',
    );
  }
}

async function review(
  base: string,
  asking: Asking,
  namespace: string,
  { verb, group, resource, subresource, everywhere }: KubernetesRight,
): Promise<'yes' | 'no' | 'not let in' | 'no reviews'> {
  const resourceAttributes = { ...(everywhere ? {} : { namespace }), verb, group, resource, subresource };
  const body = JSON.stringify({
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    spec: { resourceAttributes },
  });
  const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
  const answer = await ask(`${base}${path}`, { ...asking, method: 'POST', body });
  if (answer.status === 404) return 'no reviews';
  if (answer.status === 401 || answer.status === 403) return 'not let in';
  const status = jsonOf(answer.text).status as { readonly allowed?: boolean } | undefined;
  return status?.allowed === true ? 'yes' : 'no';
}

/** The rule that is missing, as it would stand in the role. */
function sentence(right: KubernetesRight): string {
  const { verb, group, resource, subresource, everywhere, role } = right;
  const name = subresource === '' ? resource : `${resource}/${subresource}`;
  return `Add to ${everywhere ? 'ClusterRole' : 'Role'} ${role}: { apiGroups: ["${group}"], resources: ["${name}"], verbs: ["${verb}"] }.`;
}

/** An API server without access reviews can still be asked for what is needed first. */
async function checkByReading(system: string, base: string, asking: Asking, namespace: string): Promise<SystemFinding> {
  const { status } = await ask(`${base}/api/v1/namespaces/${encodeURIComponent(namespace)}/pods?limit=1`, asking);
  if (status === 200) return fine(system, `${base}, namespace ${namespace}; it does not tell what else we may do`);
  return refused(system, `${base} answers ${status} when asked for the pods of ${namespace}`, ROLES);
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
      return refused(system, `KUBECONFIG does not let us patch deployments in ${namespace}`, ROLES);
    return away(
      system,
      `by KUBECONFIG: ${stderr.trim().split('\n').at(-1) ?? 'kubectl failed'}`,
      'Try it: kubectl get pods',
    );
  }
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
