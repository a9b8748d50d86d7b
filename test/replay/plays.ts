import type { Policy } from '../../src/domain/policy.ts';
import {
  ACTION_ITEMS_WORKFLOW,
  type ActionItemsInput,
  actionItemsWorkflowId,
  endItemUpdate,
} from '../../src/workflows/action-items/api.ts';
import { INCIDENT_WORKFLOW, stateQuery } from '../../src/workflows/incident/api.ts';
import {
  approvePostMortemUpdate,
  editPostMortemUpdate,
  POST_MORTEM_WORKFLOW,
  type PostMortemInput,
  postMortemWorkflowId,
} from '../../src/workflows/post-mortem/api.ts';
import { USER_REPORT_WORKFLOW } from '../../src/workflows/user-report/api.ts';
import type { Engine } from '../workflows/engine.ts';
import { PretendWorld } from '../workflows/pretend-world.ts';
import { alert, beginIncident } from '../workflows/story.ts';
import { QUICK_PLAYS } from './quick-plays.ts';
import { verifyReport } from './user-report-play.ts';

/** What is played for one kept history (or several, one a run). */
export interface Play {
  readonly name: string;
  readonly about: string;
  readonly workflow: string;
  /** Played on a server that suggests continue-as-new after a few events. */
  readonly shortRuns: boolean;
  /** Answers the workflow's id. */
  run(engine: Engine, policy: Policy): Promise<string>;
}

type Story = Awaited<ReturnType<typeof beginIncident>>;

function ofIncident(
  name: string,
  about: string,
  play: (story: Story, policy: Policy) => Promise<unknown>,
  shortRuns = false,
): Play {
  return {
    name,
    about,
    workflow: INCIDENT_WORKFLOW,
    shortRuns,
    async run(engine, policy) {
      const story = await beginIncident(engine, policy);
      const { incidentId } = await story.state();
      await play(story, policy);
      return incidentId;
    },
  };
}

async function approve(story: Story, option: string | null): Promise<void> {
  const [question] = await story.questions();
  if (question === undefined) throw new Error('Nothing is asked at this point of the play; adapt the play.');
  await story.decide('alice', 'approve', { approvalId: question.approvalId, option });
}

/** R9 S1 from the alert to the end of the review. */
async function approved(story: Story, policy: Policy): Promise<void> {
  await story.pass(120);
  await story.decide('alice', 'acknowledge', {});
  await story.pass(45);
  await approve(story, null);
  await story.pass(policy.verification.holdMinutes * 60 + 60);
  await story.approveEverything('alice');
  await story.pass(120);
  await story.approveEverything('alice');
  await story.pass(72 * 3600);
  await story.result();
}

export const PLAYS: readonly Play[] = [
  ofIncident('r9-approved', 'R9 S1: people approve the rollback; to the end of the review', approved),
  ofIncident('r9-approved-short-runs', 'the same, continuing as new along the way', approved, true),
  ofIncident(
    'r9-restart-relapse',
    'R9 S0: people choose the restart, it comes back, the rollback cures it',
    async (story, policy) => {
      story.world.cure = 'restart';
      await story.pass(60);
      await story.decide('alice', 'acknowledge', {});
      await approve(story, 'restart');
      await story.pass(60);
      story.world.healthy = false;
      story.world.cure = 'rollback';
      await story.pass(policy.verification.holdMinutes * 60 + 30);
      await approve(story, null);
      await story.pass(60);
    },
  ),
  ofIncident('nobody-decides', 'reminders and no-news updates while nobody decides', async (story) => {
    await story.decideSoon('rob', 'acknowledge', {});
    await story.pass(25 * 60);
  }),
  ofIncident('nobody-acknowledges', 'R1.4, R0.8: the backup and the managers are paged, approvals escalate', (story) =>
    story.pass(40 * 60),
  ),
  ofIncident('severity-changes', 'R0.7: raised to P0 and back, handed over, snoozed', async (story) => {
    await story.decideSoon('alice', 'acknowledge', {});
    await story.decide('alice', 'set-severity', { to: 'P0', because: 'everybody is affected' });
    await story.pass(60);
    await story.decide('alice', 'update', { text: 'half of the users are back', expectedRecoveryAt: null });
    await story.decide('alice', 'set-severity', { to: 'P2', because: 'most are back' });
    await story.pass(30 * 60);
  }),
  ofIncident('chat-away', 'communication debt: chat refuses for ten minutes', async (story) => {
    story.world.refused.set('chat', 120);
    await story.pass(10 * 60);
    story.world.refused.clear();
    await story.pass(10 * 60);
  }),
  ofIncident('alerts-join', 'R1.9: more alerts join, clear, and it recovers by itself', async (story) => {
    await story.pass(20);
    await story.alerts([alert({ fingerprint: 'f2', name: 'DatabaseConnectionsHigh', service: 'database' })]);
    await story.pass(60);
    story.world.healthy = true;
    const endsAt = new Date(Date.parse(alert().startsAt) + 80_000).toISOString();
    await story.alerts([
      alert({ status: 'resolved', endsAt }),
      alert({ fingerprint: 'f2', status: 'resolved', endsAt }),
    ]);
    await story.pass(30 * 60);
  }),
  ofIncident('false-alarm', 'a person says that it is nothing', async (story) => {
    await story.pass(30);
    await story.decide('alice', 'false-alarm', { because: 'a load test' });
    await story.result();
  }),
  ofIncident('merged', 'it is another incident', async (story) => {
    await story.pass(30);
    await story.decide('alice', 'merge', { into: 'incident-20241023-1400' });
    await story.result();
  }),
  {
    name: 'action-items',
    about: 'R6.6: chased twice, one done, one dropped',
    workflow: ACTION_ITEMS_WORKFLOW,
    shortRuns: false,
    run: chase,
  },
  {
    name: 'user-report',
    about: 'R1.7: seen at the second look, declared, answered',
    workflow: USER_REPORT_WORKFLOW,
    shortRuns: false,
    run: verifyReport,
  },
  {
    name: 'post-mortem',
    about: 'R6.3, R6.4: edited by two people, chased once, approved, shared',
    workflow: POST_MORTEM_WORKFLOW,
    shortRuns: false,
    run: writeTogether,
  },
  ...QUICK_PLAYS,
];

async function writeTogether(engine: Engine, policy: Policy): Promise<string> {
  const story = await beginIncident(engine, policy);
  await story.pass(10);
  const { incidentId } = await story.state();
  const { facts, now } = await engine.client.workflow.getHandle(incidentId).query(stateQuery);
  const workflowId = postMortemWorkflowId(incidentId);
  const world = new PretendWorld();
  world.at = () => now;
  await engine.worker(workflowId, world.activities());
  const input: PostMortemInput = {
    facts,
    path: 'postmortems/x.md',
    digest: 'draft',
    communication: policy.communication,
    dueAt: new Date(Date.parse(now) + 3_600_000).toISOString(),
    anchorAt: now,
    speed: 1,
    carried: null,
  };
  const handle = await engine.client.workflow.start(POST_MORTEM_WORKFLOW, {
    workflowId,
    taskQueue: workflowId,
    args: [input],
  });
  const edit = { receivedAt: now };
  await handle.executeUpdate(editPostMortemUpdate, {
    args: [{ ...edit, digest: 'one', basedOn: 'draft', by: 'alice' }],
  });
  await engine.pass(workflowId, 7200);
  await handle.executeUpdate(editPostMortemUpdate, { args: [{ ...edit, digest: 'two', basedOn: 'one', by: 'rob' }] });
  await handle.executeUpdate(approvePostMortemUpdate, { args: [{ digest: 'two', by: 'alice', receivedAt: now }] });
  await handle.result();
  return workflowId;
}

async function chase(engine: Engine, policy: Policy): Promise<string> {
  const story = await beginIncident(engine, policy);
  await story.pass(10);
  const { incidentId } = await story.state();
  const { facts, now } = await engine.client.workflow.getHandle(incidentId).query(stateQuery);
  const workflowId = actionItemsWorkflowId(incidentId);
  const world = new PretendWorld();
  world.at = () => now;
  await engine.worker(workflowId, world.activities());
  const items = ['index', 'runbook'].map((id) => ({ id, what: `See to the ${id}.`, owner: 'alice', dueAt: now }));
  const { communication } = policy;
  const input: ActionItemsInput = {
    facts,
    items,
    leases: [],
    communication,
    anchorAt: now,
    speed: 1,
    carried: null,
  };
  const handle = await engine.client.workflow.start(ACTION_ITEMS_WORKFLOW, {
    workflowId,
    taskQueue: workflowId,
    args: [input],
  });
  await engine.pass(workflowId, 30 * 3600);
  const end = { because: 'it is deployed', by: 'alice', receivedAt: now };
  await handle.executeUpdate(endItemUpdate, { args: [{ ...end, id: 'index', how: 'done' as const }] });
  await engine.pass(workflowId, 24 * 3600);
  await handle.executeUpdate(endItemUpdate, { args: [{ ...end, id: 'runbook', how: 'dropped' as const }] });
  await handle.result();
  return workflowId;
}
