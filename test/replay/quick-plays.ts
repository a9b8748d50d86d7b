import type { Decision } from '../../src/domain/decision.ts';
import type { Actor } from '../../src/domain/people.ts';
import type { Policy } from '../../src/domain/policy.ts';
import {
  confirmQuickUpdate,
  QUICK_ACTION_WORKFLOW,
  QUICK_CHECK_WORKFLOW,
  type QuickActionInput,
  type QuickCheckInput,
  quickStateQuery,
  undoQuickUpdate,
} from '../../src/workflows/quick-action/api.ts';
import type { Engine } from '../workflows/engine.ts';
import { PretendWorld } from '../workflows/pretend-world.ts';

const AT = '2024-10-23T14:30:00.000Z';
const ALICE: Actor = { person: 'alice', roles: ['responder', 'approver'], via: 'cli' };
const BOB: Actor = { ...ALICE, person: 'bob' };

/** R8: scaled by two people, taken back when it is over. */
export async function playQuickAction(engine: Engine, policy: Policy): Promise<string> {
  const workflowId = 'quick-play';
  const world = await serve(engine, workflowId);
  const input: QuickActionInput = {
    id: workflowId,
    action: 'scale',
    target: { kind: 'deployment', namespace: policy.service.namespace, name: 'noa-mcp' },
    parameters: { replicas: 6 },
    by: ALICE,
    because: 'traffic has doubled',
    incidentId: null,
    needs: { role: 'approver', secondPerson: true },
    confirmWithinMinutes: 15,
    rolloutTimeoutMinutes: 5,
    leaseMinutes: 60,
    service: policy.service,
    anchorAt: AT,
    speed: 1,
  };
  const handle = await engine.client.workflow.start(QUICK_ACTION_WORKFLOW, {
    workflowId,
    taskQueue: workflowId,
    args: [input],
  });
  await stage(engine, workflowId, 'waiting');
  const decided = { incidentId: workflowId, receivedAt: world.at(), signature: 'signed' };
  const yes: Decision<'approve'> = {
    ...decided,
    id: 'y',
    name: 'approve',
    actor: BOB,
    body: { approvalId: workflowId, option: null },
  };
  await handle.executeUpdate(confirmQuickUpdate, { args: [yes] });
  await stage(engine, workflowId, 'temporary');
  const back: Decision<'revert-lease'> = {
    ...decided,
    id: 'u',
    name: 'revert-lease',
    actor: ALICE,
    body: { leaseId: workflowId },
  };
  await handle.executeUpdate(undoQuickUpdate, { args: [back] });
  await handle.result();
  return workflowId;
}

/** R8: one look at the pods. */
export async function quickLook(engine: Engine, policy: Policy): Promise<string> {
  const workflowId = 'check-play';
  await serve(engine, workflowId);
  const input: QuickCheckInput = {
    id: workflowId,
    what: 'pods',
    probes: ['pods'],
    service: policy.service,
    evidence: policy.evidence,
    by: ALICE,
    incidentId: null,
    at: AT,
  };
  const options = { workflowId, taskQueue: workflowId, args: [input] as [QuickCheckInput] };
  await engine.client.workflow.execute(QUICK_CHECK_WORKFLOW, options);
  return workflowId;
}

export const QUICK_PLAYS = [
  {
    name: 'quick-action',
    about: 'R8: asked by one, agreed to by another, taken back',
    workflow: QUICK_ACTION_WORKFLOW,
    shortRuns: false,
    run: playQuickAction,
  },
  {
    name: 'quick-check',
    about: 'R8: one look at the pods',
    workflow: QUICK_CHECK_WORKFLOW,
    shortRuns: false,
    run: quickLook,
  },
] as const;

async function serve(engine: Engine, taskQueue: string): Promise<PretendWorld> {
  const world = new PretendWorld();
  world.at = () => AT;
  await engine.worker(taskQueue, world.activities());
  return world;
}

const LOOKS = 400;

async function stage(engine: Engine, workflowId: string, wanted: string): Promise<void> {
  for (let look = 0; look < LOOKS; look++) {
    const state = await engine.client.workflow.getHandle(workflowId).query(quickStateQuery);
    if (state.stage === wanted) return;
    await new Promise((done) => setTimeout(done, 25));
  }
  throw new Error(`The quick action never came to ${wanted}.`);
}
