import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments, stringify } from 'yaml';
import { createKubernetesClient } from '../../src/activities/kubernetes/client.ts';
import { connectToKubernetes } from '../../src/activities/kubernetes/connection.ts';
import { neededRights, rightWords } from '../../src/activities/kubernetes/rights.ts';
import { loadPolicy } from '../../src/config/policy.ts';
import { examined } from '../cli/examined.ts';
import { NO_CLUSTER_BECAUSE } from '../kubernetes/cluster/binaries.ts';
import { type RealCluster, startRealCluster } from '../kubernetes/cluster/cluster.ts';

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

interface RoleObject {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly rules?: readonly Rule[];
}

const ROOT = resolve(import.meta.dirname, '../..');
const OBJECTS = parseAllDocuments(readFileSync(join(ROOT, 'deploy/kubernetes/rbac.yaml'), 'utf8')).map(
  (one) => one.toJS() as RoleObject,
);
const WORKER = 'system:serviceaccount:incident-runbook:worker';

const policy = () => loadPolicy(join(ROOT, 'policy/noa.yaml'));

function without(verb: string, resource: string): string {
  const changed = OBJECTS.map((object) => ({
    ...object,
    ...(object.rules === undefined
      ? {}
      : {
          rules: object.rules
            .flatMap((rule) =>
              rule.resources.map((one) => ({
                ...rule,
                resources: [one],
                verbs: one === resource ? rule.verbs.filter((each) => each !== verb) : rule.verbs,
              })),
            )
            .filter((rule) => rule.verbs.length > 0),
        }),
  }));
  return changed.map((one) => stringify(one)).join('---\n');
}

describe('the roles of deploy/kubernetes/rbac.yaml', () => {
  it('grant what doctor asks for and nothing more', async () => {
    const granted = OBJECTS.flatMap(({ kind, metadata, rules = [] }) =>
      rules.flatMap(({ apiGroups, resources, verbs }) =>
        resources.flatMap((resource) =>
          verbs.map((verb) => `${kind} ${metadata.name}: ${verb} ${apiGroups[0]}/${resource}`),
        ),
      ),
    );
    const asked = neededRights(await policy(), 'proxy').map(
      (right) =>
        `${right.everywhere ? 'ClusterRole' : 'Role'} ${right.role}: ${right.verb} ${right.group}/${rightWords(right).split(' ')[1]}`,
    );
    expect([...granted].sort()).toEqual([...new Set(asked)].sort());
  });
});

describe.skipIf(NO_CLUSTER_BECAUSE !== null)(
  `on a real API server under RBAC${NO_CLUSTER_BECAUSE === null ? '' : ` (${NO_CLUSTER_BECAUSE})`}`,
  () => {
    let cluster: RealCluster;
    beforeAll(async () => {
      cluster = await startRealCluster({ users: [{ name: WORKER, groups: ['system:serviceaccounts'] }] });
      await cluster.kubectl(['create', 'namespace', 'noa-server']);
    }, 35 * 60_000);
    afterAll(() => cluster?.stop());

    const doctor = async () => {
      const env = {
        KUBERNETES_API_URL: cluster.url,
        KUBERNETES_CA_FILE: cluster.caFile,
        KUBERNETES_API_TOKEN: cluster.tokens[WORKER] ?? '',
      };
      return (await examined(env, ['Kubernetes'], { policy: await policy() }))[0];
    };

    it('suffice: with them doctor finds nothing missing, without them everything', async () => {
      const before = await doctor();
      expect(before).toMatchObject({ authorised: 'no', words: expect.stringContaining('patch deployments') });
      await cluster.kubectl(['apply', '-f', join(ROOT, 'deploy/kubernetes/rbac.yaml')]);
      await expect.poll(doctor, { timeout: 20_000 }).toMatchObject({ authorised: 'yes', advice: null });
      const client = createKubernetesClient(
        connectToKubernetes({
          apiUrl: cluster.url,
          caFile: cluster.caFile,
          token: cluster.tokens[WORKER] ?? '',
          timeoutMilliseconds: 10_000,
        }),
      );
      expect(await client.pods('noa-server', null)).toEqual([]);
      expect(await client.nodes()).toHaveLength(3);
      await expect(client.pods('kube-system', null)).rejects.toMatchObject({ type: 'Unauthorised' });
    }, 60_000);

    it.each([
      [
        'patch',
        'deployments',
        'Add to Role incident-actor: { apiGroups: ["apps"], resources: ["deployments"], verbs: ["patch"] }.',
      ],
      ['get', 'pods/log', 'Add to Role incident-reader: { apiGroups: [""], resources: ["pods/log"], verbs: ["get"] }.'],
      [
        'create',
        'pods/eviction',
        'Add to Role incident-actor: { apiGroups: [""], resources: ["pods/eviction"], verbs: ["create"] }.',
      ],
      [
        'list',
        'nodes',
        'Add to ClusterRole incident-reader: { apiGroups: [""], resources: ["nodes"], verbs: ["list"] }.',
      ],
    ])(
      'without %s %s doctor names just that, and the rule that is missing',
      async (verb, resource, sentence) => {
        await cluster.apply(without(verb, resource));
        await expect.poll(doctor, { timeout: 20_000 }).toMatchObject({
          authorised: 'no',
          words: expect.stringContaining(`does not let us ${verb} ${resource}`),
          advice: expect.stringContaining(sentence),
        });
        const found = await doctor();
        expect(found?.advice?.match(/Add to/g)).toHaveLength(resource === 'nodes' ? 2 : 1);
      },
      60_000,
    );
  },
);
