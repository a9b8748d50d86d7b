import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CLAIM_ANNOTATION, MARKER_ANNOTATION } from '../../../src/activities/kubernetes/marks.ts';
import { planDigest } from '../../../src/activities/remedy-plan.ts';
import type { Wire } from '../wire.ts';
import { type FakeCluster, status } from './fake-cluster.ts';
import { APPS, AT, activitiesOf, furnished, NS, planFor, pod, preview, request, WEB } from './production.ts';

let cluster: FakeCluster;
let wire: Wire;
beforeEach(async () => {
  cluster = furnished();
  wire = await cluster.open();
});
afterEach(() => wire.close());

const web = () =>
  cluster.objects.get(WEB) as unknown as {
    metadata: { uid: string; annotations: Record<string, string> };
    spec: {
      replicas: number;
      paused?: boolean;
      template: { metadata: { labels: unknown }; spec: { containers: { image: string }[]; futureField: unknown } };
    };
  };
const whyNot = async (one: ReturnType<typeof request>) => {
  const [answer] = await activitiesOf(wire.url).previewClusterRemedies(preview([one]));
  return answer?.kind === 'impossible' ? answer.reason : null;
};

describe('previewing (R3.6)', () => {
  it('names the newest revision that differs, which a mere restart does not (R3.2.4)', async () => {
    const plan = await planFor(wire.url, request('rollback', 'deployment', 'web'));
    expect(plan.parameters).toEqual({ revision: 1 });
    expect(plan.preconditions).toMatchObject({
      uid: 'uid-web',
      replicaSetUid: 'uid-rs-1',
      revision: '3',
      claimFor: 'incident-a',
    });
    expect(plan.before).toEqual({ revision: 3, image: 'web:2' });
    expect(plan.command).toBe('kubectl rollout undo deployment/web -n shop --to-revision=1');
    expect(plan.preview).toContain('3 pods are replaced');
    expect(plan.digest).toBe(planDigest(plan));
    expect(cluster.writes).toEqual([]);
  });

  it('says why there can be no plan', async () => {
    web().spec.paused = true;
    expect(await whyNot(request('rollback', 'deployment', 'web'))).toMatch(/paused/);
    web().spec.paused = false;
    expect(await whyNot(request('scale', 'deployment', 'web', { replicas: 2 }))).toMatch(
      /scaling down to 2 .* refused/,
    );
    expect(await whyNot(request('scale', 'deployment', 'web', { replicas: 3 }))).toMatch(/3 replicas already/);
    expect(await whyNot(request('restart', 'deployment', 'nowhere'))).toMatch(/no deployment nowhere/);
    expect(await whyNot(request('delete-pod', 'pod', 'gone-0'))).toMatch(/no pod gone-0/);
    cluster.objects.delete(`${APPS}/replicasets/web-1`);
    expect(await whyNot(request('rollback', 'deployment', 'web'))).toMatch(/no earlier revision that differs/);
  });

  it('shows what the API server objects to in its dry run', async () => {
    cluster.fault = (request) =>
      request.url.searchParams.has('dryRun') ? status(403, 'deployments "web" is forbidden by policy') : 'pass';
    expect(await whyNot(request('restart', 'deployment', 'web'))).toMatch(/forbidden by policy/);
  });

  it('leaves the replica count to an autoscaler that owns it', async () => {
    cluster.put('/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers/web-hpa', {
      kind: 'HPA',
      metadata: { name: 'web-hpa', uid: 'h', resourceVersion: '1', annotations: {} },
      spec: { scaleTargetRef: { kind: 'Deployment', name: 'web' } },
    });
    expect(await whyNot(request('scale', 'deployment', 'web', { replicas: 6 }))).toMatch(/autoscaler web-hpa/);
  });

  it('refuses names that are no names before they reach a path', async () => {
    await expect(
      activitiesOf(wire.url).previewClusterRemedies(preview([request('restart', 'deployment', '../secrets/x')])),
    ).rejects.toMatchObject({ type: 'Invalid' });
  });
});

describe('rolling back (R3.2.4)', () => {
  it('restores the old template whole, marks it and reads it back', async () => {
    const plan = await planFor(wire.url, request('rollback', 'deployment', 'web'));
    const outcome = await activitiesOf(wire.url).rollBackDeployment(plan);
    expect(outcome).toMatchObject({ result: 'done', observed: { image: 'web:1', replicas: 3 } });
    expect(web().spec.template.metadata.labels).toEqual({ app: 'web' });
    expect(web().spec.template.spec.futureField).toEqual({ kept: true });
    expect(web().metadata.annotations).toMatchObject({
      [MARKER_ANNOTATION]: plan.key,
      'kubernetes.io/change-cause': 'calm',
      'deployment.kubernetes.io/revision': '3',
    });
    expect(web().metadata.annotations[CLAIM_ANNOTATION]).toBe('incident-a;2024-10-23T15:15:00.000Z');
  });

  it('happens once when the first answer is lost and the call is retried', async () => {
    const plan = await planFor(wire.url, request('rollback', 'deployment', 'web'));
    cluster.fault = (request) => (request.method === 'PATCH' ? 'lose-answer' : 'pass');
    await expect(activitiesOf(wire.url).rollBackDeployment(plan)).rejects.toMatchObject({
      type: 'Unavailable',
      nonRetryable: false,
    });
    cluster.fault = () => 'pass';
    expect(await activitiesOf(wire.url).rollBackDeployment(plan)).toMatchObject({ result: 'already-done' });
    expect(cluster.writes).toEqual([`PATCH ${WEB}`]);
  });

  it('happens once when two workers race', async () => {
    const plan = await planFor(wire.url, request('rollback', 'deployment', 'web'));
    const outcomes = await Promise.all([
      activitiesOf(wire.url).rollBackDeployment(plan),
      activitiesOf(wire.url).rollBackDeployment(plan),
    ]);
    expect(outcomes.map((one) => one.result).sort()).toEqual(['already-done', 'done']);
    expect(cluster.writes).toHaveLength(1);
  });

  it('does nothing to a deployment that was made anew, or moved on', async () => {
    const plan = await planFor(wire.url, request('rollback', 'deployment', 'web'));
    web().metadata.uid = 'uid-other';
    expect(await activitiesOf(wire.url).rollBackDeployment(plan)).toMatchObject({ result: 'changed-underneath' });
    web().metadata.uid = 'uid-web';
    web().metadata.annotations['deployment.kubernetes.io/revision'] = '4';
    expect(await activitiesOf(wire.url).rollBackDeployment(plan)).toMatchObject({
      result: 'changed-underneath',
      readBack: expect.stringMatching(/revision 4 now/),
    });
    expect(cluster.writes).toEqual([]);
  });

  it('reads again when only the version moved, and gives up with words when it never stands still', async () => {
    const plan = await planFor(wire.url, request('restart', 'deployment', 'web'));
    let moves = 2;
    cluster.fault = (request) => {
      if (request.method === 'PATCH' && moves > 0) {
        moves -= 1;
        cluster.touch(cluster.objects.get(WEB) as never);
      }
      return 'pass';
    };
    expect(await activitiesOf(wire.url).restartDeployment(plan)).toMatchObject({ result: 'done' });
    expect(cluster.writes).toHaveLength(1);
    const next = await planFor(wire.url, request('scale', 'deployment', 'web', { replicas: 6 }), {
      keyPrefix: 'incident-a/step-2',
    });
    moves = 100;
    expect(await activitiesOf(wire.url).scaleDeployment(next)).toMatchObject({
      result: 'changed-underneath',
      readBack: expect.stringMatching(/nothing of ours was written/),
    });
    expect(cluster.writes).toHaveLength(1);
  });

  it('is refused while another incident holds the claim, and only so long', async () => {
    const plan = await planFor(wire.url, request('rollback', 'deployment', 'web'));
    web().metadata.annotations[CLAIM_ANNOTATION] = 'incident-b;2024-10-23T14:50:00.000Z';
    expect(await activitiesOf(wire.url).rollBackDeployment(plan)).toMatchObject({
      result: 'refused',
      readBack: expect.stringContaining('incident-b'),
    });
    expect(await whyNot(request('restart', 'deployment', 'web'))).toContain('incident-b');
    web().metadata.annotations[CLAIM_ANNOTATION] = `incident-b;${AT}`;
    expect(await activitiesOf(wire.url).rollBackDeployment(plan)).toMatchObject({ result: 'done' });
  });

  it('refuses a plan that is not the approved one', async () => {
    const plan = await planFor(wire.url, request('rollback', 'deployment', 'web'));
    await expect(
      activitiesOf(wire.url).rollBackDeployment({ ...plan, parameters: { revision: 2 } }),
    ).rejects.toMatchObject({ type: 'Invalid', nonRetryable: true });
    await expect(activitiesOf(wire.url).restartDeployment(plan)).rejects.toMatchObject({ type: 'Invalid' });
  });

  it('calls a change that does not stay unknown, for a person', async () => {
    const plan = await planFor(wire.url, request('scale', 'deployment', 'web', { replicas: 6 }));
    cluster.onRead = (path) => {
      if (path === WEB && cluster.writes.length > 0) web().spec.replicas = 3;
    };
    expect(await activitiesOf(wire.url).scaleDeployment(plan)).toMatchObject({
      result: 'unknown',
      readBack: expect.stringMatching(/something else writes/),
    });
  });
});

describe('restarting, scaling, deleting', () => {
  it('restarts a StatefulSet as of the plan, the same however often it is called', async () => {
    const plan = await planFor(wire.url, request('restart', 'statefulset', 'db'));
    expect(plan.parameters).toEqual({ restartedAt: AT });
    expect(await activitiesOf(wire.url).restartDeployment(plan)).toMatchObject({
      result: 'done',
      observed: { restartedAt: AT },
    });
    expect(await activitiesOf(wire.url).restartDeployment(plan)).toMatchObject({ result: 'already-done' });
    expect(cluster.writes).toEqual([`PATCH ${APPS}/statefulsets/db`]);
  });

  it('scales to an absolute count, remembers the one before and goes back to it', async () => {
    const plan = await planFor(wire.url, request('scale', 'deployment', 'web', { replicas: 6 }));
    expect(plan).toMatchObject({ before: { replicas: 3, scaledTo: 6 }, temporary: true });
    expect(await activitiesOf(wire.url).scaleDeployment(plan)).toMatchObject({
      result: 'done',
      observed: { replicas: 6 },
    });
    expect(await whyNot(request('scale', 'deployment', 'web', { replicas: 3, scaledTo: 5, revert: 1 }))).toMatch(
      /somebody else decided/,
    );
    const back = await planFor(
      wire.url,
      request('scale', 'deployment', 'web', { replicas: 3, scaledTo: 6, revert: 1 }),
      {
        keyPrefix: 'incident-a/step-9',
      },
    );
    expect(back).toMatchObject({ parameters: { replicas: 3, revert: 1 }, temporary: false });
    web().spec.replicas = 8;
    expect(await activitiesOf(wire.url).scaleDeployment(back)).toMatchObject({ result: 'changed-underneath' });
    web().spec.replicas = 6;
    expect(await activitiesOf(wire.url).scaleDeployment(back)).toMatchObject({
      result: 'done',
      observed: { replicas: 3 },
    });
  });

  it('deletes exactly the planned pod, never its replacement', async () => {
    const plan = await planFor(wire.url, request('delete-pod', 'pod', 'db-0'));
    cluster.fault = (request) => (request.method === 'DELETE' ? 'lose-answer' : 'pass');
    await expect(activitiesOf(wire.url).deletePod(plan)).rejects.toMatchObject({ type: 'Unavailable' });
    cluster.fault = () => 'pass';
    cluster.put(`${NS}/pods/db-0`, pod('db-0', 'uid-db-0-new', { kind: 'StatefulSet', name: 'db', uid: 'uid-db' }));
    expect(await activitiesOf(wire.url).deletePod(plan)).toMatchObject({
      result: 'already-done',
      observed: { uid: 'uid-db-0-new' },
    });
    expect(cluster.writes.filter((write) => write.startsWith('DELETE'))).toHaveLength(1);
  });

  it('says so when the planned pod had been replaced before we came', async () => {
    const plan = await planFor(wire.url, request('delete-pod', 'pod', 'web-1'));
    cluster.put(
      `${NS}/pods/web-1`,
      pod('web-1', 'uid-web-1-new', { kind: 'ReplicaSet', name: 'web-3', uid: 'uid-rs-3' }),
    );
    expect(await activitiesOf(wire.url).deletePod(plan)).toMatchObject({ result: 'changed-underneath' });
    expect(cluster.writes.some((write) => write.startsWith('DELETE'))).toBe(false);
  });
});

describe('trouble on the wire', () => {
  it('waits as long as a 429 asks', async () => {
    const plan = await planFor(wire.url, request('restart', 'deployment', 'web'));
    cluster.fault = (request) =>
      request.method === 'PATCH' ? { ...status(429, 'too many requests'), headers: { 'retry-after': '7' } } : 'pass';
    await expect(activitiesOf(wire.url).restartDeployment(plan)).rejects.toMatchObject({
      type: 'RateLimited',
      nextRetryDelay: 7000,
    });
  });

  it('gives a half-open connection up at the deadline', async () => {
    cluster.fault = () => 'silence';
    await expect(
      activitiesOf(wire.url, 150).previewClusterRemedies(preview([request('restart', 'deployment', 'web')])),
    ).rejects.toMatchObject({ type: 'Unavailable', message: expect.stringMatching(/did not answer within 0.15 s/) });
  });

  it('sends the token, and never says it', async () => {
    await planFor(wire.url, request('restart', 'deployment', 'web'));
    expect(wire.requests[0]?.headers.authorization).toBe('Bearer secret-token');
    cluster.fault = () => status(401, 'bad Bearer secret-token');
    await expect(
      activitiesOf(wire.url).previewClusterRemedies(preview([request('restart', 'deployment', 'web')])),
    ).rejects.toMatchObject({ type: 'Unauthorised', message: expect.not.stringContaining('secret-token') });
  });
});

describe('awaiting the rollout', () => {
  it('says how far it is, then that it is complete', async () => {
    const plan = await planFor(wire.url, request('restart', 'deployment', 'web'));
    await activitiesOf(wire.url).restartDeployment(plan);
    const live = cluster.objects.get(WEB) as unknown as {
      metadata: { generation: number };
      status: Record<string, unknown>;
    };
    const wait = () => activitiesOf(wire.url).awaitRollout({ plan, pollSeconds: 5 });
    await expect(wait()).rejects.toMatchObject({
      type: 'NotYet',
      nextRetryDelay: 5000,
      message: expect.stringContaining('has not seen the change'),
    });
    live.status = {
      observedGeneration: live.metadata.generation,
      replicas: 4,
      updatedReplicas: 2,
      readyReplicas: 3,
      availableReplicas: 3,
      conditions: [],
    };
    await expect(wait()).rejects.toMatchObject({
      type: 'NotYet',
      message: expect.stringContaining('2 of 3 pods replaced'),
    });
    live.status = { ...live.status, replicas: 3, updatedReplicas: 3, availableReplicas: 3 };
    expect(await wait()).toMatchObject({ complete: true, failed: false });
    live.status = {
      ...live.status,
      updatedReplicas: 1,
      conditions: [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', message: 'stuck' }],
    };
    expect(await wait()).toMatchObject({ complete: false, failed: true, words: expect.stringContaining('stuck') });
  });

  it('waits for the new pod of a StatefulSet to be ready', async () => {
    const plan = await planFor(wire.url, request('delete-pod', 'pod', 'db-0'));
    await activitiesOf(wire.url).deletePod(plan);
    const wait = () => activitiesOf(wire.url).awaitRollout({ plan, pollSeconds: 5 });
    await expect(wait()).rejects.toMatchObject({ message: expect.stringContaining('not back yet') });
    cluster.put(
      `${NS}/pods/db-0`,
      pod('db-0', 'uid-new', { kind: 'StatefulSet', name: 'db', uid: 'uid-db' }, { conditions: [] }),
    );
    await expect(wait()).rejects.toMatchObject({ message: expect.stringContaining('not ready yet') });
    cluster.put(`${NS}/pods/db-0`, pod('db-0', 'uid-new', { kind: 'StatefulSet', name: 'db', uid: 'uid-db' }));
    expect(await wait()).toMatchObject({ complete: true });
  });
});
