import { asked } from '../checking.ts';
import { type CheckContext, fine, jsonOf, refused, type SystemFinding, unset } from '../finding.ts';
import type { EnvOf } from '../system.ts';
import { connectToKubernetes, type KubernetesConnection, kubernetesOptions } from './connection.ts';
import { type KubernetesRight, neededRights, rightWords } from './rights.ts';
import { kubernetes } from './settings.ts';

const SYSTEM = kubernetes.name;
const ROLES = 'deploy/kubernetes/rbac.yaml has all of them: kubectl apply -f deploy/kubernetes/rbac.yaml.';

/** The production that is looked at and acted on: every right of rbac.yaml, asked for one by one. */
export async function check(env: EnvOf<typeof kubernetes>, { policy }: CheckContext): Promise<SystemFinding> {
  const options = kubernetesOptions(env);
  if (options.apiUrl === undefined && env.KUBECONFIG === undefined && process.env.KUBERNETES_SERVICE_HOST === undefined)
    return unset(
      SYSTEM,
      'KUBECONFIG, or KUBERNETES_API_URL and KUBERNETES_API_TOKEN',
      'pods cannot be looked at, nothing can be restarted or rolled back',
    );
  const connection = connectToKubernetes(options);
  const where = options.apiUrl ?? (env.KUBECONFIG === undefined ? 'this cluster' : 'by KUBECONFIG');
  const namespace = policy?.service.namespace ?? 'default';
  const rights = neededRights(policy, env.ADMIN_API_THROUGH);
  const look = async (base: string): Promise<SystemFinding> => {
    const answers = await Promise.all(rights.map((right) => review(connection, namespace, right)));
    if (answers.includes('no reviews')) return checkByReading(connection, base, namespace);
    if (answers.includes('not let in'))
      return refused(SYSTEM, `${base} does not accept the token`, 'Renew KUBERNETES_API_TOKEN.');
    const missing = rights.filter((_, index) => answers[index] === 'no');
    if (missing.length === 0) return fine(SYSTEM, `${base}, namespace ${namespace}, all ${rights.length} rights`);
    return refused(
      SYSTEM,
      `${base} does not let us ${missing.map((right) => `${rightWords(right)} (${right.purpose})`).join(', ')}${missing.every((right) => right.everywhere) ? '' : ` in ${namespace}`}`,
      `${missing.map(sentence).join(' ')} ${ROLES}`,
    );
  };
  return asked(
    SYSTEM,
    where,
    'KUBERNETES_API_URL',
    look,
    'Correct KUBERNETES_API_URL, or let this machine reach the API server.',
  );
}

async function review(
  connection: KubernetesConnection,
  namespace: string,
  { verb, group, resource, subresource, everywhere }: KubernetesRight,
): Promise<'yes' | 'no' | 'not let in' | 'no reviews'> {
  const resourceAttributes = { ...(everywhere ? {} : { namespace }), verb, group, resource, subresource };
  const body = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    spec: { resourceAttributes },
  };
  const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
  const answer = await connection.send({ method: 'POST', path, body });
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
async function checkByReading(
  connection: KubernetesConnection,
  base: string,
  namespace: string,
): Promise<SystemFinding> {
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods`;
  const { status } = await connection.send({ method: 'GET', path, query: { limit: 1 } });
  if (status === 200) return fine(SYSTEM, `${base}, namespace ${namespace}; it does not tell what else we may do`);
  return refused(SYSTEM, `${base} answers ${status} when asked for the pods of ${namespace}`, ROLES);
}
