import { expect, test } from 'vitest';
import { createFailoverActivities } from '../../../src/activities/failover/activities.ts';
import type { FailoverInput } from '../../../src/activities/failover/api.ts';
import type { DatabaseObjects, FailoverPorts, ReplicaFacts } from '../../../src/activities/failover/ports.ts';
import type { ServicePolicy } from '../../../src/domain/policy.ts';

const AT = '2026-03-03T09:00:00Z';
const SERVICE = {
  name: 'api',
  namespace: 'noa-server',
  database: {
    statefulSet: 'noa-postgres',
    pod: 'noa-postgres-0',
    replica: { statefulSet: 'noa-postgres', pod: 'noa-postgres-1', service: 'noa-postgres' },
  },
} as unknown as ServicePolicy;

const POD = { uid: 'pod', isReady: true, createdAt: AT, notReadySinceAt: null };
const OBJECTS: DatabaseObjects = {
  set: { uid: 'set', replicas: 2, firstOrdinal: 0 },
  primaryPod: POD,
  replicaPod: POD,
  service: { uid: 'service', pod: 'noa-postgres-0' },
  claimedBy: null,
};

function stage() {
  const state = { writtenBytes: 1_000, fenced: 0 };
  const replica: ReplicaFacts = {
    inRecovery: true,
    timeline: 1,
    receivedBytes: 1_000,
    replayedBytes: 1_000,
    lastReplayAt: null,
    isStreaming: true,
    at: AT,
  };
  const ports: FailoverPorts = {
    primary: {
      state: async () => ({ answers: true, acceptsWrites: true, writtenBytes: state.writtenBytes, error: null }),
    },
    replica: { state: async () => replica, promote: async () => 'promoted' },
    cluster: {
      read: async () => OBJECTS,
      async fence(_place, _fence, _plan, isRehearsal) {
        if (!isRehearsal) state.fenced += 1;
        return { kind: 'changed' };
      },
      point: async () => ({ kind: 'changed' }),
    },
  };
  return { state, failover: createFailoverActivities(ports) };
}

/** R3.1.5: what cannot be measured is not called nothing, neither when the plan is made nor when it is carried out. */
test('a replica that fell behind after the preview, by a time nobody can tell, is refused as the preview would', async () => {
  const { state, failover } = stage();
  const request = {
    action: 'failover-database' as const,
    target: { kind: 'StatefulSet', namespace: 'noa-server', name: 'noa-postgres' },
    parameters: {},
    because: 'the primary is ill',
  };
  const asked = {
    service: SERVICE,
    requests: [request],
    incidentId: 'incident-1',
    keyPrefix: 'incident-1',
    at: AT,
    maximumLagSeconds: 10,
    document: null,
  };
  const [preview] = await failover.previewDatabaseFailover(asked as never);
  if (preview?.kind !== 'plan') throw new Error(`no plan: ${JSON.stringify(preview)}`);
  state.writtenBytes += 1;
  const outcome = await failover.fenceOldPrimary({ plan: preview.plan, service: SERVICE } as FailoverInput);
  expect(outcome.result).toBe('refused');
  expect(outcome.readBack).toContain('an unknown amount of writes');
  expect(state.fenced).toBe(0);

  const [again] = await failover.previewDatabaseFailover(asked as never);
  expect(again).toMatchObject({ kind: 'impossible', reason: expect.stringContaining('an unknown amount of writes') });
});
