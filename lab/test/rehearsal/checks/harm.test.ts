import { describe, expect, it } from 'vitest';
import { harmCheck, weighedActions } from '../../../rehearsal/checks/harm.ts';
import { parseDrill } from '../../../rehearsal/drill-file.ts';
import type { DrillRun } from '../../../rehearsal/play-drill.ts';
import type { RecordedChange } from '../../../simulation/journal.ts';
import { createKubernetes } from '../../../simulation/systems/kubernetes/kubernetes.ts';
import { clusterFor } from '../../../simulation/systems/kubernetes/settings.ts';
import type { AcceptedWrite } from '../../../simulation/systems/kubernetes/writes.ts';
import { answerOfPod } from '../../../simulation/systems/service-api.ts';
import { WireFaults } from '../../../simulation/wire/faults.ts';
import { WireLedger } from '../../../simulation/wire/ledger.ts';
import { completeSettings } from '../../../simulation/world/settings.ts';
import { createWorld } from '../../../simulation/world/simulated-world.ts';
import type { World } from '../../../simulation/world/world.ts';
import { at, incident, played, START_MS, type Told } from './played.ts';

const ILL = 'faults:\n  - { at: 5m, kind: provider-outage, provider: claude, mode: errors, errorRate: 0.34 }\n';
const WELL = '';
const WORLD = 'world: { users: 5 }\n';

/** A world on its cluster to which things are done as the API server and the pods' admin API do them. */
class Stage {
  readonly journal: RecordedChange[] = [];
  readonly #world: World;
  readonly #kubernetes;

  constructor(private readonly drill: string) {
    const { seed, faults, world } = parseDrill(
      `drill: one\nversion: 1\nstart: 2026-03-03T09:00:00Z\n${drill}`,
      'a.yaml',
    );
    this.#kubernetes = createKubernetes({
      clock: () => this.#world.nowMs,
      faults: new WireFaults(),
      log: new WireLedger(),
      settings: clusterFor(completeSettings(world).deployments),
      seed,
      startMs: START_MS,
      token: '',
      done: (one) => void this.journal.push(one),
    });
    this.#world = createWorld({ seed, startMs: START_MS, settings: world, cluster: this.#kubernetes.cluster });
    for (const { spec, atMs } of faults) this.#world.addFault(spec, START_MS + atMs);
  }

  write(minute: number, method: string, kind: 'Deployment' | 'Pod', name: string, path: string, body: unknown): void {
    this.#world.advanceTo(at(minute));
    const resource = kind === 'Pod' ? 'pods' : 'deployments';
    const target = { kind, resource, group: kind === 'Pod' ? '' : 'apps', namespace: 'noa-server', name };
    const rawBody = Buffer.from(JSON.stringify(body));
    const request = {
      method,
      path,
      params: {},
      query: new URLSearchParams(),
      headers: { 'content-type': 'application/merge-patch+json' },
      rawBody,
      atMs: at(minute),
      json: () => JSON.parse(rawBody.toString()),
      form: () => new URLSearchParams(),
    };
    this.#kubernetes.again({ target, request } as AcceptedWrite);
  }

  scale(minute: number, replicas: number): void {
    this.write(minute, 'PATCH', 'Deployment', 'noa-mcp', '/scale', { spec: { replicas } });
  }

  /** Tells every pod of the service to open its breaker, or to send the calls elsewhere. */
  tell(minute: number, path: string, body: unknown): void {
    this.#world.advanceTo(at(minute));
    for (const pod of this.#kubernetes.cluster.pods().filter(({ owner }) => owner === 'noa-mcp')) {
      const request = { method: 'POST', path, rawBody: Buffer.from(JSON.stringify(body)), atMs: at(minute) };
      const service = { world: this.#world, providers: ['claude', 'openai'] };
      answerOfPod(service, pod.name, request, (act) => this.journal.push({ kind: 'admin', act }));
    }
  }

  ended(told: readonly Told[] = []): DrillRun {
    this.#world.advanceTo(at(70));
    const acts = this.journal.map(({ act }) => act);
    return played({
      drill: this.drill,
      incidents: [incident('a', ...told)],
      systems: {
        world: this.#world,
        journal: this.journal,
        kubernetes: { actions: acts.filter((act) => 'verb' in act), adminActions: acts.filter((act) => 'pod' in act) },
      },
      endedAtMinutes: 70,
    });
  }
}

/** A remedy that was asked about, with the machine's proposal first, chosen by somebody, and done. */
function asked(minute: number, action: string, name: string, options: readonly string[]): readonly Told[] {
  const plan = { key: `a/${action}`, action, target: { kind: 'deployment', name }, parameters: {} };
  const approval = { id: 'r1.1', options: options.map((option) => ({ name: option, plan })) };
  const granted = { approvalId: 'r1.1', option: action, how: 'approved', by: { person: 'alice', via: 'slack' } };
  return [
    [minute, { kind: 'approval-requested', approval } as never],
    [minute, { kind: 'approval-granted', ...granted } as never],
    [minute, { kind: 'remedy-intended', plan, approvalId: 'r1.1' } as never],
    [
      minute,
      { kind: 'remedy-carried-out', key: plan.key, action, outcome: { result: 'done', readBack: 'read' } } as never,
    ],
  ];
}

describe('a harmful action', () => {
  it('is one without which fewer requests fail in the next 30 minutes: here one pod for the work of three', () => {
    const stage = new Stage(`${WORLD}${WELL}`);
    stage.scale(20, 1);
    const drillRun = stage.ended(asked(20, 'revert-scale', 'noa-mcp', ['revert-scale']));
    const [weighed] = weighedActions(drillRun);
    expect(weighed).toMatchObject({ action: 'revert-scale', target: 'noa-mcp', wantedBy: 'machine', harmful: true });
    expect(weighed?.failedWith).toBeGreaterThan(1_000);
    expect(weighed?.failedWithout).toBeLessThan(200);
    expect(harmCheck(drillRun)).toMatchObject({ passed: false });
  });

  it('is told and does not fail when people chose it against the proposal', () => {
    const stage = new Stage(`${WORLD}${WELL}`);
    stage.scale(20, 1);
    const drillRun = stage.ended(asked(20, 'revert-scale', 'noa-mcp', ['rollback', 'revert-scale']));
    expect(weighedActions(drillRun)).toMatchObject([{ wantedBy: 'people', harmful: true }]);
    expect(harmCheck(drillRun)).toMatchObject({ passed: true });
  });

  it('is an open breaker with nowhere to go while two calls of three still succeed, and no failover is', () => {
    const breaker = new Stage(`${WORLD}${ILL}`);
    breaker.tell(20, '/api/v1/admin/circuit-breaker/claude/open', {});
    expect(weighedActions(breaker.ended())).toMatchObject([{ action: 'open-breaker', harmful: true, key: null }]);
    const failover = new Stage(`${WORLD}${ILL}`);
    failover.tell(20, '/api/v1/admin/providers/failover', { primary: 'claude', fallback: 'openai' });
    const [weighed] = weighedActions(failover.ended());
    expect(weighed).toMatchObject({ action: 'provider-failover', harmful: false });
    expect(weighed?.failedWith).toBeLessThan((weighed?.failedWithout ?? 0) / 2);
  });

  it('did its harm only until it was taken back', () => {
    const left = new Stage(`${WORLD}${WELL}`);
    left.scale(20, 1);
    const [whole] = weighedActions(left.ended(asked(20, 'revert-scale', 'noa-mcp', ['revert-scale'])));
    const stage = new Stage(`${WORLD}${WELL}`);
    stage.scale(20, 1);
    stage.scale(21, 3);
    const target = { kind: 'deployment', name: 'noa-mcp' };
    const back = { key: 'a/2/scale/noa-mcp', action: 'scale', target, parameters: {} };
    const outcome = { result: 'done', readBack: 'read' };
    const [down, up] = weighedActions(
      stage.ended([
        ...asked(20, 'revert-scale', 'noa-mcp', ['revert-scale']),
        [21, { kind: 'remedy-intended', plan: back, approvalId: null, takesBack: 'a/revert-scale' } as never],
        [21, { kind: 'remedy-carried-out', key: back.key, action: 'scale', outcome } as never],
      ]),
    );
    expect(down?.failedWith).toBeLessThan((whole?.failedWith ?? 0) / 5);
    expect(up).toMatchObject({ action: 'scale', harmful: false });
  });

  it('is weighed by itself: what was done before stands in both worlds, what comes later in neither', () => {
    const stage = new Stage(`${WORLD}${ILL}`);
    stage.tell(20, '/api/v1/admin/providers/failover', { primary: 'claude', fallback: 'openai' });
    stage.scale(30, 1);
    stage.scale(31, 3);
    const [failover, down, up] = weighedActions(stage.ended());
    expect([failover, down, up].map((one) => one?.harmful)).toEqual([false, true, false]);
    expect(down?.failedWithout).toBeLessThan(200);
    expect(up?.failedWithout).toBeGreaterThan(1_000);
  });

  it('cannot be judged in a world that is not the counterfactual of the one that was played', () => {
    const stage = new Stage(`${WORLD}${ILL}`);
    stage.scale(20, 1);
    const drillRun = stage.ended();
    const other = { ...drillRun, drill: { ...drillRun.drill, faults: [] } };
    expect(() => weighedActions(other)).toThrow(/cannot be judged/);
  });
});
