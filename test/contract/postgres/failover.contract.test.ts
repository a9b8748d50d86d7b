import { expect } from 'vitest';
import { createKubernetes, type Kubernetes } from '../../../lab/simulation/systems/kubernetes/kubernetes.ts';
import { DEFAULT_CLUSTER } from '../../../lab/simulation/systems/kubernetes/settings.ts';
import { createVirtualPostgres } from '../../../lab/simulation/systems/postgres/virtual-postgres.ts';
import { WireFaults } from '../../../lab/simulation/wire/faults.ts';
import { WireLedger } from '../../../lab/simulation/wire/ledger.ts';
import { createWorld } from '../../../lab/simulation/world/simulated-world.ts';
import { StillWorld } from '../../../lab/test/simulation/systems/still-world.ts';
import { createFailoverActivities } from '../../../src/activities/failover/activities.ts';
import type { FailoverInput } from '../../../src/activities/failover/api.ts';
import type { FailoverPorts } from '../../../src/activities/failover/ports.ts';
import { createKubernetesClient } from '../../../src/activities/kubernetes/client.ts';
import { connectToKubernetes } from '../../../src/activities/kubernetes/connection.ts';
import { createDatabaseCluster } from '../../../src/activities/kubernetes/database-place.ts';
import { createPrimaryClient, createReplicaClient } from '../../../src/activities/postgres/replication.ts';
import { planDigest } from '../../../src/activities/remedy-plan.ts';
import type { ServicePolicy } from '../../../src/domain/policy.ts';
import type { RemedyPlan } from '../../../src/domain/remedy.ts';
import { contract, type Part } from '../suite.ts';
import { MISSING_POSTGRES, once, rows, startRealPair } from './real-pair.ts';

/** A database with its replica, and a cluster that runs them. The real one ends when its pod does. */
interface Stage {
  readonly kubernetes: Kubernetes;
  readonly ports: FailoverPorts;
  readonly primaryUrl: string;
  readonly replicaUrl: string;
  readonly postgresFaults: WireFaults | null;
  readonly lost: Losing;
  /** The kubelet's part: what was deleted has ended. */
  settle(): void;
  /** Writes what the replica does not have yet, and for so long. */
  fallBehind(seconds: number): Promise<void>;
  catchUp(): Promise<void>;
  at(): string;
  stop(): Promise<void>;
}

const START_MS = Date.parse('2026-03-03T09:00:00Z');
const NAMESPACE = 'noa-server';
const TOKEN = 'cluster-token';
const SERVICE = {
  name: 'api',
  namespace: NAMESPACE,
  database: {
    statefulSet: 'noa-postgres',
    pod: 'noa-postgres-0',
    replica: { statefulSet: 'noa-postgres', pod: 'noa-postgres-1', service: 'noa-postgres' },
  },
} as unknown as ServicePolicy;

/** The answer of the next write is to be lost on the wire, after the work was done. */
interface Losing {
  next: boolean;
}

async function clusterPort(kubernetes: Kubernetes, faults: WireFaults, lost: Losing) {
  const { url } = await kubernetes.listen();
  const connection = connectToKubernetes({ apiUrl: url, token: TOKEN, timeoutMilliseconds: 3_000 });
  return createDatabaseCluster(
    createKubernetesClient({
      ...connection,
      send(call) {
        if (lost.next && call.method === 'PATCH') {
          lost.next = false;
          faults.set('kubernetes', { kind: 'lost-answer', times: 1 });
        }
        return connection.send(call);
      },
    }),
  );
}

const simulator: Part<Stage> = {
  name: 'simulator',
  missing: null,
  async start() {
    const faults = new WireFaults();
    const kubernetesFaults = new WireFaults();
    const lost: Losing = { next: false };
    const log = new WireLedger();
    let nowMs = START_MS;
    const clock = () => nowMs;
    const common = { settings: DEFAULT_CLUSTER, seed: 7, startMs: START_MS, token: TOKEN };
    const kubernetes = createKubernetes({ clock, faults: kubernetesFaults, log, ...common });
    const world = createWorld({ seed: 7, startMs: START_MS, cluster: kubernetes.cluster });
    kubernetes.connect({ world, providers: [] });
    const replica = { truth: () => world.replica(), promote: () => world.promoteReplica() };
    const postgres = await createVirtualPostgres({ clock, faults, log, truth: () => world.database(), replica });
    const [{ url: primaryUrl }, { url: replicaUrl }] = [await postgres.listen(), await postgres.listenReplica()];
    let lagging = '';
    const advance = (seconds: number) => {
      nowMs += seconds * 1000;
      world.advanceTo(nowMs);
    };
    return {
      kubernetes,
      primaryUrl,
      replicaUrl,
      postgresFaults: faults,
      lost,
      ports: {
        primary: createPrimaryClient({ connectionString: primaryUrl, timeoutMilliseconds: 3_000 }),
        replica: createReplicaClient({ connectionString: replicaUrl, timeoutMilliseconds: 3_000 }),
        cluster: await clusterPort(kubernetes, kubernetesFaults, lost),
      },
      settle: () => advance(5),
      async fallBehind(seconds) {
        lagging = world.addFault({ kind: 'replica-lag', seconds }, nowMs);
        advance(5);
      },
      async catchUp() {
        world.endFault(lagging);
        advance(5);
      },
      at: () => new Date(nowMs).toISOString(),
      async stop() {
        await Promise.all([kubernetes.close(), postgres.close()]);
      },
    };
  },
  stop: (stage) => stage.stop(),
};

const real: Part<Stage> = {
  name: 'real',
  missing: MISSING_POSTGRES,
  async start() {
    const pair = await startRealPair();
    const faults = new WireFaults();
    const world = new StillWorld(Date.now());
    const lost: Losing = { next: false };
    const common = { settings: DEFAULT_CLUSTER, seed: 7, startMs: Date.now(), token: TOKEN };
    const kubernetes = createKubernetes({ clock: () => Date.now(), faults, log: new WireLedger(), ...common });
    kubernetes.connect({ world, providers: [] });
    await once(pair.primaryUrl, 'CREATE TABLE kept (id int)');
    return {
      kubernetes,
      primaryUrl: pair.primaryUrl,
      replicaUrl: pair.replicaUrl,
      postgresFaults: null,
      lost,
      ports: {
        primary: createPrimaryClient({ connectionString: pair.primaryUrl, timeoutMilliseconds: 5_000 }),
        replica: createReplicaClient({ connectionString: pair.replicaUrl, timeoutMilliseconds: 5_000 }),
        cluster: await clusterPort(kubernetes, faults, lost),
      },
      settle() {
        const stays = kubernetes.cluster.pods().some((pod) => pod.name === 'noa-postgres-0');
        if (!stays) pair.stopPrimary();
      },
      async fallBehind(seconds) {
        await once(pair.primaryUrl, 'INSERT INTO kept VALUES (0)');
        await replayed(pair.replicaUrl, 1);
        await pair.cutReplicaOff(true);
        await until(async () => !(await isStreaming(pair.replicaUrl)));
        await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
        await once(pair.primaryUrl, 'INSERT INTO kept VALUES (1)');
      },
      async catchUp() {
        await pair.cutReplicaOff(false);
        await replayed(pair.replicaUrl, 2);
        await until(() => isStreaming(pair.replicaUrl));
      },
      at: () => new Date().toISOString(),
      async stop() {
        await kubernetes.close();
        pair.stop();
      },
    };
  },
  stop: (stage) => stage.stop(),
};

async function isStreaming(url: string): Promise<boolean> {
  return (await rows(url, "SELECT 1 FROM pg_stat_wal_receiver WHERE status = 'streaming'")).length > 0;
}

async function replayed(url: string, count: number): Promise<void> {
  await until(async () => (await rows(url, 'SELECT id FROM kept')).length >= count);
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('it did not come to hold within ten seconds');
}

async function preview(stage: Stage, maximumLagSeconds = 30, ports = stage.ports) {
  const [answer] = await createFailoverActivities(ports).previewDatabaseFailover({
    incidentId: 'incident-a',
    keyPrefix: 'incident-a/r1.1',
    at: stage.at(),
    requests: [
      {
        action: 'failover-database',
        target: { kind: 'database', namespace: NAMESPACE, name: 'noa-postgres' },
        parameters: {},
      },
    ],
    service: SERVICE,
    maximumLagSeconds,
    document: 'docs/runbooks/DATABASE_MAINTENANCE.md',
  });
  return answer;
}

async function planOf(stage: Stage): Promise<RemedyPlan> {
  const answer = await preview(stage);
  if (answer?.kind !== 'plan') throw new Error(`no plan: ${JSON.stringify(answer)}`);
  return answer.plan;
}

/** `pg_promote` does its work and its answer is lost on the wire. */
async function promoteUnheard(stage: Stage, faults: WireFaults): Promise<void> {
  const replica = stage.ports.replica;
  if (replica === null) throw new Error('the stage has a replica');
  const deaf = createFailoverActivities({
    ...stage.ports,
    replica: {
      state: () => replica.state(),
      promote(waitSeconds) {
        faults.set('postgres', { kind: 'lost-answer', times: 1 });
        return replica.promote(waitSeconds);
      },
    },
  });
  await expect(deaf.promoteReplica(input(plan))).rejects.toMatchObject({ type: 'Unavailable' });
}

let plan: RemedyPlan;
const input = (one: RemedyPlan): FailoverInput => ({ plan: one, service: SERVICE });

/** The cases are one story: what each leaves is where the next begins. */
contract<Stage>(
  'database failover (R3.1.5)',
  [simulator, real],
  [
    {
      name: 'is refused while the replica is behind the limit, and the loss is said',
      async run(stage) {
        await stage.fallBehind(3);
        expect(await preview(stage, 1)).toMatchObject({
          kind: 'impossible',
          reason: expect.stringMatching(/would lose up to \d+ s of writes .*policy allows 1 s/),
        });
        await stage.catchUp();
      },
    },
    {
      name: 'is refused without a replica',
      async run(stage) {
        const gone = createReplicaClient({
          connectionString: 'postgres://x:planted-pw@127.0.0.1:1/x',
          timeoutMilliseconds: 1_000,
        });
        const answer = await preview(stage, 30, { ...stage.ports, replica: gone });
        expect(answer).toMatchObject({
          kind: 'impossible',
          reason: expect.stringMatching(/missing or does not answer: .*ECONNREFUSED/),
        });
        expect(JSON.stringify(answer)).not.toContain('planted-pw');
        expect(await preview(stage, 30, { ...stage.ports, replica: null })).toMatchObject({
          kind: 'impossible',
          reason: expect.stringContaining('SERVICE_DATABASE_REPLICA_URL'),
        });
      },
    },
    {
      name: 'states replica, lag and loss before anybody approves, and writes nothing',
      async run(stage) {
        plan = await planOf(stage);
        expect(plan.preview).toMatch(/noa-postgres-1 \(streaming, timeline 1\)\. At most \d+ s of writes are lost/);
        expect(plan.preview).toContain('DATABASE_MAINTENANCE.md');
        expect(plan.command).toContain('pg_promote');
        expect(plan.parameters).toMatchObject({ replica: 'noa-postgres-1', maximumLagSeconds: 30 });
        expect(stage.kubernetes.actions.filter(({ dryRun }) => !dryRun)).toEqual([]);
        expect((await stage.ports.replica?.state())?.inRecovery).toBe(true);
      },
    },
    {
      name: 'is carried out only as it was approved',
      async run(stage) {
        const activities = createFailoverActivities(stage.ports);
        const forged = { ...plan, parameters: { ...plan.parameters, maximumLagSeconds: 9_000 } };
        await expect(activities.fenceOldPrimary(input(forged))).rejects.toMatchObject({ type: 'Invalid' });
        expect(planDigest(plan)).toBe(plan.digest);
      },
    },
    {
      name: 'does not promote while the old primary could still take writes',
      async run(stage) {
        await once(stage.primaryUrl, 'CREATE TABLE before_failover (id int)');
        await once(stage.primaryUrl, 'INSERT INTO before_failover VALUES (42)');
        const answer = await createFailoverActivities(stage.ports).promoteReplica(input(plan));
        expect(answer).toMatchObject({ result: 'refused', readBack: expect.stringContaining('is not fenced') });
        expect((await stage.ports.replica?.state())?.inRecovery).toBe(true);
      },
    },
    {
      name: 'fences the old primary once, though the answer is lost and two workers race (ADR 0010)',
      async run(stage) {
        const activities = createFailoverActivities(stage.ports);
        stage.lost.next = true;
        await expect(activities.fenceOldPrimary(input(plan))).rejects.toMatchObject({ type: 'Unavailable' });
        const answers = await Promise.all([
          activities.fenceOldPrimary(input(plan)),
          createFailoverActivities(stage.ports).fenceOldPrimary(input(plan)),
        ]);
        expect(answers.map(({ result }) => result)).toEqual(['already-done', 'already-done']);
        const fences = stage.kubernetes.actions.filter(({ effects }) => effects.some(({ kind }) => kind === 'fence'));
        expect(fences).toHaveLength(1);
      },
    },
    {
      name: 'proves that the old primary takes no writes',
      async run(stage) {
        stage.settle();
        const answer = await createFailoverActivities(stage.ports).awaitOldPrimaryFenced({
          ...input(plan),
          pollSeconds: 5,
        });
        expect(answer).toMatchObject({
          result: 'done',
          readBack: expect.stringContaining('nothing at its address takes writes'),
        });
        await expect(once(stage.primaryUrl, 'CREATE TABLE after_fence (id int)')).rejects.toThrow();
      },
    },
    {
      name: 'promotes once, though the answer is lost and two workers race, and reads a new timeline back',
      async run(stage) {
        const activities = createFailoverActivities(stage.ports);
        if (stage.postgresFaults !== null) await promoteUnheard(stage, stage.postgresFaults);
        const answers = await Promise.all([
          activities.promoteReplica(input(plan)),
          createFailoverActivities(stage.ports).promoteReplica(input(plan)),
        ]);
        expect(answers.every(({ result }) => result === 'done' || result === 'already-done')).toBe(true);
        expect(await stage.ports.replica?.state()).toMatchObject({ inRecovery: false, timeline: 2 });
        expect(await activities.promoteReplica(input(plan))).toMatchObject({
          result: 'already-done',
          readBack: expect.stringContaining('on timeline 2 (before: 1)'),
        });
        expect(await activities.readDatabaseFailover(input(plan))).toMatchObject({
          isFenced: true,
          isPromoted: true,
          isPointed: false,
        });
      },
    },
    {
      name: 'points the application at the new primary, though the answer is lost, and reads everything back',
      async run(stage) {
        const activities = createFailoverActivities(stage.ports);
        stage.lost.next = true;
        await expect(activities.pointApplicationAtReplica(input(plan))).rejects.toMatchObject({ type: 'Unavailable' });
        expect(await activities.readDatabaseFailover(input(plan))).toMatchObject({ isPointed: true });
        const answer = await activities.pointApplicationAtReplica(input(plan));
        expect(answer).toMatchObject({
          result: 'already-done',
          observed: { primary: 'noa-postgres-1', pointedAt: 'noa-postgres-1' },
        });
        expect(answer.readBack).toMatch(/noa-postgres-0 is fenced, noa-postgres-1 is the primary on timeline 2/);
      },
    },
    {
      name: 'keeps what was written before, and takes writes again',
      async run(stage) {
        expect(await rows(stage.replicaUrl, 'SELECT id FROM before_failover')).toEqual([{ id: 42 }]);
        await once(stage.replicaUrl, 'CREATE TABLE after_failover (id int)');
      },
    },
    {
      name: 'is not planned again: the replica is none any more',
      async run(stage) {
        expect(await preview(stage)).toMatchObject({
          kind: 'impossible',
          reason: expect.stringMatching(/not a replica any more/),
        });
      },
    },
  ],
);
