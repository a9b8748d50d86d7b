import { randomUUID } from 'node:crypto';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  approvePostMortemUpdate,
  editPostMortemUpdate,
  machineWroteSignal,
  POST_MORTEM_WORKFLOW,
  type PostMortemInput,
  postMortemQuery,
  postMortemWorkflowId,
} from '../../src/workflows/post-mortem/api.ts';
import { COMMUNICATION, RESOLVED } from '../views/facts.ts';
import { type Engine, startEngine } from './engine.ts';
import { PretendWorld } from './pretend-world.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(async () => engine?.stop());

const START = Date.parse('2024-10-23T15:30:00.000Z');
const MEETING = '2024-10-24T10:00:00.000Z';

async function begin() {
  const world = new PretendWorld();
  const incidentId = `incident-20241023-${randomUUID()}`;
  const taskQueue = `post-mortem-${incidentId}`;
  const worker = await engine.worker(taskQueue, world.activities());
  const input: PostMortemInput = {
    facts: { ...RESOLVED, incidentId },
    path: 'postmortems/x.md',
    digest: 'draft',
    communication: COMMUNICATION,
    dueAt: MEETING,
    anchorAt: new Date(START).toISOString(),
    speed: 1,
    carried: null,
  };
  const workflowId = postMortemWorkflowId(incidentId);
  const handle = await engine.client.workflow.start(POST_MORTEM_WORKFLOW, { workflowId, taskQueue, args: [input] });
  let passedSeconds = 0;
  const at = () => new Date(START + passedSeconds * 1000).toISOString();
  world.at = at;
  return {
    world,
    worker,
    handle,
    edit: (digest: string, basedOn: string, by = 'jane') =>
      handle.executeUpdate(editPostMortemUpdate, { args: [{ digest, basedOn, by, receivedAt: at() }] }),
    approve: (digest: string, by = 'carol') =>
      handle.executeUpdate(approvePostMortemUpdate, { args: [{ digest, by, receivedAt: at() }] }),
    status: () => handle.query(postMortemQuery),
    async pass(seconds: number) {
      passedSeconds += seconds;
      await engine.pass(workflowId, seconds);
    },
    async end() {
      await handle.terminate().catch(() => undefined);
      await worker.stop();
    },
  };
}

function reasonOf(error: unknown): string {
  return error instanceof WorkflowUpdateFailedError ? (error.cause?.message ?? '') : String(error);
}

describe('the post-mortem (R6.3, R6.4)', () => {
  it('keeps every edit, publishes it, and refuses one that would undo somebody else’s words', async () => {
    const story = await begin();
    await story.edit('one', 'draft');
    const late = await story.edit('two', 'draft', 'bob').catch(reasonOf);
    expect(late).toMatch(/Somebody else has edited.*Read it again/s);
    await story.edit('one', 'draft');
    await story.pass(5);
    const status = await story.status();
    expect(status.versions.map(({ digest, by }) => [digest, by])).toEqual([
      ['draft', 'machine'],
      ['one', 'jane'],
    ]);
    expect(status.publishedDigest).toBe('one');
    await story.end();
  });

  it('is approved as it was read, tells engineering once, and ends', async () => {
    const story = await begin();
    await story.edit('one', 'draft');
    expect(await story.approve('draft').catch(reasonOf)).toMatch(/changed since you read it/);
    await story.approve('one');
    const status = await story.handle.result();
    expect(status).toMatchObject({ approved: { digest: 'one', by: 'carol' }, shared: true, publishedDigest: 'one' });
    expect(story.world.said('chat')).toEqual(['summary']);
    await story.worker.stop();
  });

  it('is chased from the meeting on, daily and then weekly, until somebody approves it', async () => {
    const story = await begin();
    await story.pass(18 * 3600);
    expect(story.world.said('chat')).toEqual([]);
    await story.pass(3600);
    expect(story.world.delivered.at(-1)).toMatchObject({ what: 'note', detail: expect.stringContaining('reminder 1') });
    await story.pass(24 * 3600);
    expect(story.world.said('chat')).toHaveLength(2);
    await story.pass(30 * 24 * 3600);
    expect(story.world.said('chat').length).toBeLessThan(12);
    await story.end();
  });

  it('tries again where documents live when they are away, and takes the machine’s newer text as a version', async () => {
    const story = await begin();
    story.world.refused.set('document', 60);
    await story.edit('one', 'draft');
    await story.pass(2 * 3600);
    expect((await story.status()).publishedDigest).toBe('draft');
    story.world.refused.delete('document');
    await story.pass(3600);
    expect((await story.status()).publishedDigest).toBe('one');
    await story.handle.signal(machineWroteSignal, { digest: 'again', at: '2024-10-23T18:40:00.000Z' });
    await story.pass(5);
    expect((await story.status()).versions.at(-1)).toMatchObject({ digest: 'again', by: 'machine' });
    await story.end();
  });
});
