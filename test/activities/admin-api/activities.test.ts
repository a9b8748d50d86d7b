import { beforeEach, describe, expect, it } from 'vitest';
import { createProviderActivities } from '../../../src/activities/admin-api/activities.ts';
import { type AdminPods, createAdminClient } from '../../../src/activities/admin-api/client.ts';
import type { ServicePolicy } from '../../../src/domain/policy.ts';
import type { RemedyPlan, RemedyRequest } from '../../../src/domain/remedy.ts';

const service = {
  name: 'shop',
  namespace: 'shop',
  application: { deployment: 'web', selector: 'app=web', container: 'main' },
  providers: [
    { name: 'claude', fallback: 'openai' },
    { name: 'openai', fallback: null },
  ],
  adminApi: {
    port: 8001,
    breakerPath: '/admin/circuit-breaker/{provider}/{state}',
    failoverPath: '/admin/failover',
    providersPath: '/providers',
  },
} as unknown as ServicePolicy;

/** Three pods with a breaker each; `trouble` says what happens to a POST. */
let pods: Map<string, { breaker: string; failover: string | null }>;
let trouble: Map<string, 'refuse' | 'lose-answer'>;
let posts: string[];
beforeEach(() => {
  pods = new Map(['web-1', 'web-2', 'web-3'].map((name) => [name, { breaker: 'closed', failover: null }]));
  trouble = new Map();
  posts = [];
});

const answer = (status: number, body: unknown) => ({ status, headers: new Headers(), text: JSON.stringify(body) });
const gateway: AdminPods = {
  runningPods: async () => [...pods.keys()],
  async call(_namespace, pod, _port, { method, path, body }) {
    const state = pods.get(pod);
    if (state === undefined) throw new Error('no such pod');
    if (method === 'GET')
      return answer(200, {
        providers: [
          { name: 'claude', circuitBreaker: state.breaker, failover: state.failover },
          { name: 'openai', circuitBreaker: 'closed', failover: null },
        ],
      });
    posts.push(`${pod} ${path}`);
    if (trouble.get(pod) === 'refuse') return answer(500, { error: 'not now' });
    if (path.startsWith('/admin/circuit-breaker/claude/')) state.breaker = path.endsWith('/open') ? 'open' : 'closed';
    if (path === '/admin/failover') state.failover = (body as { fallback: string | null }).fallback;
    if (trouble.get(pod) === 'lose-answer') throw new Error('socket hang up');
    return answer(200, {});
  },
};
const activities = createProviderActivities(createAdminClient(gateway));

const request = (action: RemedyRequest['action'], parameters: RemedyRequest['parameters'] = {}): RemedyRequest => ({
  action,
  target: { kind: 'provider', namespace: 'shop', name: 'claude' },
  parameters,
});
const previewOf = async (one: RemedyRequest) =>
  (
    await activities.previewProviderRemedies({
      incidentId: 'incident-a',
      keyPrefix: 'incident-a/s1',
      requests: [one],
      at: '2024-10-23T14:45:00.000Z',
      service,
    })
  )[0];
async function planOf(one: RemedyRequest): Promise<RemedyPlan> {
  const preview = await previewOf(one);
  if (preview?.kind !== 'plan') throw new Error(preview?.reason);
  return preview.plan;
}

describe('the circuit breaker (R3.2.3)', () => {
  it('is opened on every pod, once, and read back', async () => {
    const plan = await planOf(request('open-breaker'));
    expect(plan).toMatchObject({ temporary: true, before: { 'web-1': 'closed' }, parameters: { state: 'open' } });
    expect(plan.command).toContain('curl -X POST http://localhost:8001/admin/circuit-breaker/claude/open');
    expect(await activities.openCircuitBreaker({ plan, service })).toMatchObject({
      result: 'done',
      observed: { 'web-1': 'open', 'web-2': 'open', 'web-3': 'open' },
    });
    expect(await activities.openCircuitBreaker({ plan, service })).toMatchObject({ result: 'already-done' });
    expect(posts).toHaveLength(3);
  });

  it('is judged by what the pods say, not by lost answers', async () => {
    const plan = await planOf(request('open-breaker'));
    trouble.set('web-2', 'lose-answer');
    expect(await activities.openCircuitBreaker({ plan, service })).toMatchObject({ result: 'done' });
  });

  it('is open everywhere when two workers race, and says the same to both', async () => {
    const plan = await planOf(request('open-breaker'));
    const both = await Promise.all([1, 2].map(() => activities.openCircuitBreaker({ plan, service })));
    expect(both.map(({ result }) => result)).toEqual(['done', 'done']);
    expect([...pods.values()].map(({ breaker }) => breaker)).toEqual(['open', 'open', 'open']);
    // The second time over there is nothing left to do, whoever asks.
    const before = posts.length;
    expect(await activities.openCircuitBreaker({ plan, service })).toMatchObject({ result: 'already-done' });
    expect(posts).toHaveLength(before);
  });

  it('names the pods it was not opened on', async () => {
    const plan = await planOf(request('open-breaker'));
    trouble.set('web-2', 'refuse');
    const outcome = await activities.openCircuitBreaker({ plan, service });
    expect(outcome).toMatchObject({
      result: 'unknown',
      readBack: expect.stringMatching(/holds on web-1, web-3, but not on web-2 .*not now/),
    });
    trouble.clear();
    expect(await activities.openCircuitBreaker({ plan, service })).toMatchObject({ result: 'done' });
    expect(posts.filter((post) => post.startsWith('web-1'))).toHaveLength(1);
  });

  it('is closed again by its revert', async () => {
    await activities.openCircuitBreaker({ plan: await planOf(request('open-breaker')), service });
    const back = await planOf(request('open-breaker', { 'web-1': 'closed', revert: 1 }));
    expect(back).toMatchObject({ temporary: false, parameters: { state: 'closed', revert: 1 } });
    expect(await activities.openCircuitBreaker({ plan: back, service })).toMatchObject({
      result: 'done',
      observed: { 'web-3': 'closed' },
    });
  });

  it('says why it cannot be planned', async () => {
    for (const state of pods.values()) state.breaker = 'open';
    expect(await previewOf(request('open-breaker'))).toMatchObject({
      kind: 'impossible',
      reason: expect.stringContaining('already holds'),
    });
    pods.clear();
    expect(await previewOf(request('open-breaker'))).toMatchObject({
      kind: 'impossible',
      reason: expect.stringContaining('No pod'),
    });
  });

  it('refuses a plan that was altered', async () => {
    const plan = await planOf(request('open-breaker'));
    await expect(
      activities.openCircuitBreaker({ plan: { ...plan, parameters: { state: 'closed' } }, service }),
    ).rejects.toMatchObject({ type: 'Invalid' });
  });
});

describe('failover (R3.5.2)', () => {
  it('goes to the fallback of policy, and back', async () => {
    const plan = await planOf(request('provider-failover'));
    expect(plan.parameters).toEqual({ fallback: 'openai' });
    expect(await activities.failOverProvider({ plan, service })).toMatchObject({
      result: 'done',
      observed: { 'web-1': 'openai' },
    });
    const back = await planOf(request('provider-failover', { revert: 1 }));
    expect(await activities.failOverProvider({ plan: back, service })).toMatchObject({
      result: 'done',
      observed: { 'web-1': 'none' },
    });
  });
});
