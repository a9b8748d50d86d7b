import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sealPlan } from '../../../src/activities/remedy-plan.ts';
import { NAMESPACE, openSimulated, request, requestBack, type Simulated } from './simulated-rig.ts';

let rig: Simulated;
beforeEach(async () => {
  rig = await openSimulated();
});
afterEach(() => rig.kubernetes.close());

const RATE_LIMIT = request('rate-limit', 'manifest', 'k8s/overlays/prod/rate-limit-strict.yaml');
const ingress = { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', namespace: NAMESPACE, name: 'noa-server' };
const limitNow = async () =>
  (await rig.client.workload({ kind: 'deployment', namespace: NAMESPACE, name: 'noa-mcp' }))?.spec.template.spec
    .containers[0]?.resources as { limits: { memory: string } };

describe('a raised memory limit (R3.4.3)', () => {
  const raise = request('memory-limit', 'deployment', 'noa-mcp', { memory: '2Gi' });

  it('is one JSON patch by the container’s name, awaited, and goes back to the value of before', async () => {
    const plan = await rig.planFor(raise);
    expect(plan).toMatchObject({
      temporary: true,
      before: { container: 'noa-mcp', memory: '1Gi', setTo: '2Gi' },
      preview: expect.stringContaining('from 1Gi to 2Gi'),
      command: expect.stringContaining('"op":"test","path":"/spec/template/spec/containers/0/name","value":"noa-mcp"'),
    });
    expect(await rig.activities.raiseMemoryLimit(plan)).toMatchObject({ result: 'done' });
    expect((await limitNow()).limits.memory).toBe('2Gi');
    rig.advance(600);
    expect(await rig.activities.awaitRollout({ plan, pollSeconds: 5 })).toMatchObject({ complete: true });
    const back = await rig.planFor(requestBack(plan), 'incident-a/revert');
    expect(back.temporary).toBe(false);
    expect(await rig.activities.raiseMemoryLimit(back)).toMatchObject({ result: 'done' });
    expect((await limitNow()).limits.memory).toBe('1Gi');
  });

  it('is left alone by its way back when somebody else has decided since', async () => {
    const plan = await rig.planFor(raise);
    await rig.activities.raiseMemoryLimit(plan);
    const other = await rig.planFor(
      request('memory-limit', 'deployment', 'noa-mcp', { memory: '3Gi' }),
      'incident-a/2',
    );
    await rig.activities.raiseMemoryLimit(other);
    expect(await rig.whyNot(requestBack(plan), 'incident-a/revert')).toContain('somebody else decided since');
  });

  it('is never lowered, guessed, or set on a container that is not there', async () => {
    expect(await rig.whyNot(request('memory-limit', 'deployment', 'noa-mcp', { memory: '512Mi' }))).toContain(
      'no more',
    );
    expect(await rig.whyNot(request('memory-limit', 'deployment', 'noa-mcp'))).toContain('was not said');
    expect(
      await rig.whyNot(request('memory-limit', 'deployment', 'noa-mcp', { memory: '2Gi', container: 'sidecar' })),
    ).toBe('noa-mcp has no container sidecar; it has noa-mcp.');
  });

  it('happens once though the answer is lost', async () => {
    const plan = await rig.planFor(raise);
    rig.faults.set('kubernetes', { kind: 'lost-answer', times: 9 });
    await expect(rig.activities.raiseMemoryLimit(plan)).rejects.toMatchObject({ type: 'Unavailable' });
    rig.faults.clearAll();
    await rig.activities.raiseMemoryLimit(plan);
    expect(await rig.activities.raiseMemoryLimit(plan)).toMatchObject({ result: 'already-done' });
    expect(rig.effects().filter((kind) => kind === 'resources')).toHaveLength(1);
  });
});

describe('the strict rate limit (R3.3.5)', () => {
  it('is applied under our field manager, and removed again with nothing left of it', async () => {
    const before = await rig.client.object(ingress);
    const plan = await rig.planFor(RATE_LIMIT);
    expect(plan).toMatchObject({
      temporary: true,
      preview: expect.stringContaining('global-rate-limit: nothing → 1100'),
    });
    expect(await rig.activities.limitRequests(plan)).toMatchObject({ result: 'done' });
    expect(rig.kubernetes.cluster.rateLimitPerMinute?.()).toBe(1100);
    expect(await rig.activities.limitRequests(plan)).toMatchObject({ result: 'already-done' });
    const live = (await rig.client.object(ingress)) as { metadata: { managedFields?: { manager: string }[] } };
    expect(live.metadata.managedFields?.map(({ manager }) => manager)).toContain('incident-runbook');
    const back = await rig.planFor(requestBack(plan), 'incident-a/revert');
    expect(await rig.activities.limitRequests(back)).toMatchObject({ result: 'done' });
    expect(rig.kubernetes.cluster.rateLimitPerMinute?.()).toBeNull();
    const after = await rig.client.object(ingress);
    expect(after?.spec).toEqual(before?.spec);
    expect(Object.keys(after?.metadata.annotations ?? {}).filter((name) => name.includes('nginx'))).toEqual([]);
    expect(rig.effects().filter((kind) => kind === 'rate-limit')).toHaveLength(2);
  });

  it('is not taken back over somebody’s own change', async () => {
    const plan = await rig.planFor(RATE_LIMIT);
    await rig.activities.limitRequests(plan);
    await rig.annotatedBySomebody(`/apis/networking.k8s.io/v1/namespaces/${NAMESPACE}/ingresses/noa-server`, {
      'nginx.ingress.kubernetes.io/global-rate-limit': '900',
    });
    expect(await rig.whyNot(requestBack(plan), 'incident-a/revert')).toContain('left alone');
  });

  it('happens once though each answer is lost, and says what is missing without manifests', async () => {
    const plan = await rig.planFor(RATE_LIMIT);
    rig.faults.set('kubernetes', { kind: 'lost-answer', times: 9 });
    await expect(rig.activities.limitRequests(plan)).rejects.toMatchObject({ type: 'Unavailable' });
    rig.faults.clearAll();
    await rig.activities.limitRequests(plan);
    expect(rig.effects().filter((kind) => kind === 'rate-limit')).toHaveLength(1);
    await expect(rig.preview(request('rate-limit', 'manifest', 'k8s/missing.yaml'))).rejects.toMatchObject({
      type: 'Invalid',
      message: expect.stringContaining('There is no k8s/missing.yaml'),
    });
    await expect(rig.preview(request('rate-limit', 'manifest', '../production.ts'))).rejects.toMatchObject({
      message: expect.stringContaining('leads out of the folder'),
    });
  });
});

describe('pods replaced one after another (R3.4.4)', () => {
  const replace = request('replace-pods', 'deployment', 'noa-mcp');
  const readyPods = () => rig.kubernetes.cluster.deployment('noa-mcp')?.pods.filter((pod) => pod.ready).length;

  it('are named by uid when proposed; the next one goes only when the others are ready', async () => {
    const old = (await rig.client.pods(NAMESPACE, 'app=noa-mcp')).map((pod) => pod.metadata.uid);
    const plan = await rig.planFor(replace);
    expect(await rig.activities.replaceNextPod(plan)).toMatchObject({
      result: 'done',
      observed: { left: 2, total: 3 },
    });
    // Again at once, as a retry would: nothing more is evicted while a pod is missing.
    expect(await rig.activities.replaceNextPod(plan)).toMatchObject({ observed: { left: 2 } });
    expect(rig.effects().filter((kind) => kind === 'evict-pod')).toHaveLength(1);
    await expect(rig.activities.awaitRollout({ plan, pollSeconds: 5 })).rejects.toMatchObject({ type: 'NotYet' });
    for (let calls = 0, left: unknown = 2; left !== 0 && calls < 5; calls += 1) {
      rig.advance(60);
      expect(readyPods()).toBe(3);
      expect(await rig.activities.awaitRollout({ plan, pollSeconds: 5 })).toMatchObject({ complete: true });
      left = (await rig.activities.replaceNextPod(plan)).observed.left;
    }
    rig.advance(60);
    const now = (await rig.client.pods(NAMESPACE, 'app=noa-mcp')).map((pod) => pod.metadata.uid);
    expect(now.filter((uid) => old.includes(uid))).toEqual([]);
    expect(rig.effects().filter((kind) => kind === 'evict-pod')).toHaveLength(3);
    expect(await rig.activities.replaceNextPod(plan)).toMatchObject({ result: 'already-done', observed: { left: 0 } });
    // To whoever begins only now they had gone by other hands: it has done nothing, and does not say so.
    const { digest: _, ...body } = plan;
    const other = sealPlan({ ...body, key: `${plan.key}/other` });
    expect(await rig.activities.replaceNextPod(other)).toMatchObject({
      result: 'already-done',
      readBack: expect.stringContaining('had gone already'),
    });
    expect(rig.effects().filter((kind) => kind === 'evict-pod')).toHaveLength(3);
  });

  it('are those of one node where that is asked, and it is said whether the node still takes pods', async () => {
    const node = (await rig.client.pods(NAMESPACE, 'app=noa-mcp'))[0]?.spec.nodeName ?? '';
    const away = request('replace-pods', 'deployment', 'noa-mcp', { awayFromNode: node });
    expect((await rig.planFor(away)).preview).toContain(`${node} still takes new pods: cordon it first`);
    rig.kubernetes.cluster.setNode(node, { ready: true, pressure: 'memory' }, rig.world.nowMs);
    const plan = await rig.planFor(away);
    expect(plan.preview).toContain('so they come back elsewhere');
    await rig.activities.replaceNextPod(plan);
    rig.advance(60);
    expect((await rig.client.pods(NAMESPACE, 'app=noa-mcp')).map((pod) => pod.spec.nodeName)).not.toContain(node);
    expect(await rig.whyNot(request('replace-pods', 'deployment', 'noa-mcp', { awayFromNode: 'node-z' }))).toBe(
      'noa-mcp has no pod on node node-z to replace.',
    );
  });
});

describe('a configuration put back (R2.11)', () => {
  const restore = request('restore-config', 'configmap', 'noa-mcp-config');

  it('says what was last applied again, once, though the answer is lost', async () => {
    expect(await rig.whyNot(restore)).toContain('there is no edit to take back');
    const good = rig.kubernetes.cluster.configMapDigest?.('noa-mcp-config');
    rig.kubernetes.cluster.changeConfigMap('noa-mcp-config', rig.world.nowMs);
    const plan = await rig.planFor(restore);
    expect(plan.preview).toBe(
      'Puts ConfigMap noa-mcp-config back to what was last applied (revision), undoing the change by kubectl-edit. Whoever mounts it sees it within a minute.',
    );
    rig.faults.set('kubernetes', { kind: 'lost-answer', times: 9 });
    await expect(rig.activities.restoreConfig(plan)).rejects.toMatchObject({ type: 'Unavailable' });
    rig.faults.clearAll();
    const outcome = await rig.activities.restoreConfig(plan);
    expect(['done', 'already-done']).toContain(outcome.result);
    expect(await rig.activities.restoreConfig(plan)).toMatchObject({ result: 'already-done' });
    expect(rig.kubernetes.cluster.configMapDigest?.('noa-mcp-config')).toBe(good);
    expect(rig.effects()).toEqual(['restore-config']);
    expect(await rig.activities.awaitRollout({ plan, pollSeconds: 5 })).toMatchObject({ complete: true });
  });

  it('is not written over a change that came after the plan', async () => {
    rig.kubernetes.cluster.changeConfigMap('noa-mcp-config', rig.world.nowMs);
    const plan = await rig.planFor(restore);
    rig.kubernetes.cluster.changeConfigMap('noa-mcp-config', rig.world.nowMs);
    expect(await rig.activities.restoreConfig(plan)).toMatchObject({ result: 'changed-underneath' });
    expect(rig.effects()).toEqual([]);
  });
});

describe('canary and promotion (R5.10, R5.12)', () => {
  it('makes the canary and deletes it again', async () => {
    const plan = await rig.planFor(request('canary', 'manifest', 'k8s/overlays/prod-canary'));
    // R5.11: only what is temporary has a way back, and a canary that nobody takes back goes on failing.
    expect(plan.temporary).toBe(true);
    expect(plan.preview).toContain('creates Deployment noa-mcp-canary');
    expect(await rig.activities.applyCanary(plan)).toMatchObject({ result: 'done' });
    await expect(rig.activities.awaitRollout({ plan, pollSeconds: 5 })).rejects.toMatchObject({ type: 'NotYet' });
    rig.advance(60);
    expect(await rig.activities.awaitRollout({ plan, pollSeconds: 5 })).toMatchObject({ complete: true });
    expect(rig.kubernetes.cluster.deployment('noa-mcp-canary')?.current.image).toContain('v1.9.1');
    const back = await rig.planFor(requestBack(plan), 'incident-a/revert');
    expect(back.preview).toContain('deletes Deployment noa-mcp-canary');
    expect(back.command).toBe('kubectl delete deployment/noa-mcp-canary -n noa-server');
    expect(await rig.activities.applyCanary(back)).toMatchObject({ result: 'done' });
    expect(rig.kubernetes.cluster.deployment('noa-mcp-canary')).toBeNull();
    expect(await rig.activities.applyCanary(back)).toMatchObject({ result: 'already-done' });
  });

  it('promotes the overlay of production, tells what changes, and can go back', async () => {
    const plan = await rig.planFor(request('promote', 'manifest', 'k8s/overlays/prod'));
    expect(plan.preview).toContain('v1.9.0 → registry.noaserver.com/noa-mcp:v1.9.1');
    expect(await rig.activities.promoteRelease(plan)).toMatchObject({ result: 'done' });
    rig.advance(600);
    expect(await rig.activities.awaitRollout({ plan, pollSeconds: 5 })).toMatchObject({ complete: true });
    expect(rig.kubernetes.cluster.deployment('noa-mcp')?.current).toMatchObject({
      image: 'registry.noaserver.com/noa-mcp:v1.9.1',
      changeCause: 'v1.9.1: permanent fix',
    });
    await rig.activities.promoteRelease(await rig.planFor(requestBack(plan), 'incident-a/revert'));
    expect(rig.kubernetes.cluster.deployment('noa-mcp')?.current.image).toContain('v1.9.0');
  });
});

describe('one writer for each resource', () => {
  it('lets one of two incidents in when both act at once, each from a worker of its own', async () => {
    const one = await rig.planFor(
      request('memory-limit', 'deployment', 'noa-mcp', { memory: '2Gi' }),
      'incident-a/1',
      'incident-a',
    );
    const two = await rig.planFor(
      request('memory-limit', 'deployment', 'noa-mcp', { memory: '3Gi' }),
      'incident-b/1',
      'incident-b',
    );
    const [first, second] = [rig.activities, rig.otherWorker()];
    const results = await Promise.all([first.raiseMemoryLimit(one), second.raiseMemoryLimit(two)]);
    expect(results.map(({ result }) => result).sort()).toEqual(['done', 'refused']);
    expect(results.find(({ result }) => result === 'refused')?.readBack).toMatch(
      /Another incident has noa-mcp: incident-[ab] is working/,
    );
    expect(rig.effects().filter((kind) => kind === 'resources')).toHaveLength(1);
  });

  it('holds for applied manifests too, and for two workers with the same plan', async () => {
    const one = await rig.planFor(RATE_LIMIT, 'incident-a/1', 'incident-a');
    const two = await rig.planFor(RATE_LIMIT, 'incident-b/1', 'incident-b');
    const other = rig.otherWorker();
    const results = await Promise.all([rig.activities.limitRequests(one), other.limitRequests(two)]);
    expect(results.filter(({ result }) => result === 'done')).toHaveLength(1);
    expect(rig.effects().filter((kind) => kind === 'rate-limit')).toHaveLength(1);
    const winner = results[0]?.result === 'done' ? one : two;
    const again = await Promise.all([rig.activities.limitRequests(winner), other.limitRequests(winner)]);
    expect(again.map(({ result }) => result)).toEqual(['already-done', 'already-done']);
  });
});
