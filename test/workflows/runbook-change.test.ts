import { randomUUID } from 'node:crypto';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createGitHost } from '../../lab/simulation/systems/git/git-host.ts';
import { createGitHub } from '../../lab/simulation/systems/github/github.ts';
import { createChangeActivities } from '../../src/activities/changes/activities.ts';
import { createGitClient } from '../../src/activities/git/client.ts';
import { createPullRequestClient } from '../../src/activities/github/pull-requests.ts';
import type { RunbooksPolicy } from '../../src/domain/review-policy.ts';
import {
  approvePostMortemUpdate,
  editPostMortemUpdate,
  editRunbookChangeUpdate,
  machineWroteSignal,
  POST_MORTEM_WORKFLOW,
  type PostMortemInput,
  postMortemQuery,
  postMortemWorkflowId,
  proposeRunbookChangeUpdate,
  withholdRunbookChangeUpdate,
} from '../../src/workflows/post-mortem/api.ts';
import { vendorWorld } from '../contract/vendor.ts';
import { COMMUNICATION, RESOLVED } from '../views/facts.ts';
import { type Engine, startEngine } from './engine.ts';
import { PretendWorld } from './pretend-world.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(async () => engine?.stop());

const START = Date.parse('2024-10-24T10:00:00.000Z');
const FILE = 'docs/runbooks/TROUBLESHOOTING_DATABASE.md';
const RUNBOOKS: RunbooksPolicy = {
  proposeWhen: 'approved',
  openAfterMinutes: 60,
  branchPrefix: 'docs/',
  reviewers: ['team:oncall-engineers'],
  files: [{ file: FILE, causes: ['slow-query', 'connection-leak', 'bad-deploy'] }],
  otherwise: null,
};

const FEATURE = { atMs: START - 3_600_000, author: 'Bob', message: 'feature X', rollout: null, fails: false };

async function begin(
  runbooks: RunbooksPolicy | null = RUNBOOKS,
  more: (world: PretendWorld) => Record<string, (input: never) => Promise<unknown>> = () => ({}),
  incidentId = `incident-20241023-${randomUUID()}`,
) {
  const world = new PretendWorld();
  const taskQueue = `runbook-${incidentId}-${randomUUID()}`;
  const worker = await engine.worker(taskQueue, { ...world.activities(), ...more(world) });
  const input: PostMortemInput = {
    facts: { ...RESOLVED, incidentId },
    path: 'postmortems/x.md',
    digest: 'draft',
    communication: COMMUNICATION,
    dueAt: '2024-10-25T10:00:00.000Z',
    runbooks,
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
    handle,
    incidentId,
    cameBack: (digest: string) => handle.signal(machineWroteSignal, { digest, at: at(), again: true }),
    status: () => handle.query(postMortemQuery),
    edit: (digest: string, basedOn: string) =>
      handle.executeUpdate(editPostMortemUpdate, { args: [{ digest, basedOn, by: 'jane', receivedAt: at() }] }),
    approve: (digest = 'draft') =>
      handle.executeUpdate(approvePostMortemUpdate, { args: [{ digest, by: 'carol', receivedAt: at() }] }),
    editChange: (digest: string, basedOn: string) =>
      handle.executeUpdate(editRunbookChangeUpdate, { args: [{ digest, basedOn, by: 'jane', receivedAt: at() }] }),
    withhold: (because: string) =>
      handle.executeUpdate(withholdRunbookChangeUpdate, { args: [{ because, by: 'carol', receivedAt: at() }] }),
    propose: (digest: string) =>
      handle.executeUpdate(proposeRunbookChangeUpdate, { args: [{ digest, by: 'carol', receivedAt: at() }] }),
    runbook: async () => (await handle.query(postMortemQuery)).runbook ?? null,
    notes: () => world.delivered.flatMap((one) => ('detail' in one ? [one.detail ?? ''] : [])),
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

/** A repository and GitHub as they answer on the wire, and the activities that speak to them. */
async function gitHub() {
  const token = 'ghp_planted0secret0planted0secret0planted';
  const { common } = vendorWorld('2024-10-24T10:00:00Z');
  const git = createGitHost({ ...common, changes: () => [FEATURE], user: 'bot', token });
  const github = createGitHub({
    ...common,
    repository: 'acme/shop',
    token,
    git,
    collaborators: [],
    teams: ['oncall-engineers'],
  });
  const urls = { git: (await git.listen()).url, github: (await github.listen()).url };
  const committer = { name: 'Incident', email: 'i@example.com' };
  const changes = createChangeActivities({
    branches: createGitClient({ url: urls.git, username: 'bot', token, timeoutMilliseconds: 20_000, committer }),
    reviews: createPullRequestClient({
      apiUrl: urls.github,
      token,
      repository: 'acme/shop',
      timeoutMilliseconds: 10_000,
    }),
    texts: { get: async (digest) => TAUGHT[digest] ?? null },
    baseBranch: 'main',
  });
  const close = async () => {
    await github.close();
    await git.close();
  };
  return { github, git, changes, close };
}

const TAUGHT: Readonly<Record<string, string>> = {
  'addition of draft': '### What it taught\n',
  'addition of more': '### And more\n',
};

function stampedBy(world: PretendWorld, activities: object) {
  const works = Object.entries(activities) as [string, (input: never) => Promise<unknown>][];
  return Object.fromEntries(
    works.map(([name, work]) => [name, async (input: never) => ({ at: world.at(), value: await work(input) })]),
  );
}

const reasonOf = (error: unknown) =>
  error instanceof WorkflowUpdateFailedError ? (error.cause?.message ?? '') : String(error);

describe('what a post-mortem gives back to the runbook (R6.5)', () => {
  it('is drafted once it is approved, shown to people, and proposed when they had their time', async () => {
    const story = await begin();
    await story.pass(60);
    expect(await story.runbook()).toBeNull();
    await story.approve();
    await story.pass(60);
    expect(await story.runbook()).toMatchObject({ stage: 'drafted', file: FILE, digest: 'addition of draft' });
    expect(story.notes().at(-1)).toMatch(
      /drafted as a change of docs.*unless somebody withholds it.*incident runbook-change/,
    );
    expect(story.world.calls).not.toContain('openRunbookBranch');
    await story.pass(3600);
    const status = await story.handle.result();
    expect(status.runbook).toMatchObject({ stage: 'proposed', link: 'https://git.example/7', told: true });
    expect(status.runbook?.words).toMatch(
      /#7 is open and it holds this text; team:oncall-engineers asked for a review/,
    );
    expect(story.notes().at(-1)).toContain('https://git.example/7');
    expect(story.world.runbookChanges.map(({ stage }) => stage)).toEqual(['drafted', 'proposed']);
    await story.end();
  });

  it('carries the words of whoever edited it, refuses to undo somebody else’s, and goes out at once when told to', async () => {
    const story = await begin();
    await story.approve();
    await story.pass(60);
    await story.editChange('better', 'addition of draft');
    expect(await story.editChange('other', 'addition of draft').catch(reasonOf)).toMatch(/Somebody else has changed/);
    expect(await story.propose('addition of draft').catch(reasonOf)).toMatch(/changed since you read it/);
    await story.propose('better');
    const status = await story.handle.result();
    expect(status.runbook).toMatchObject({ stage: 'proposed', digest: 'better', by: 'carol' });
    await story.end();
  });

  it('is not proposed when somebody withholds it, and says who and why', async () => {
    const story = await begin();
    await story.approve();
    await story.pass(60);
    expect(await story.withhold(' ').catch(reasonOf)).toMatch(/Say why/);
    await story.withhold('the old text says it already');
    const status = await story.handle.result();
    expect(status.runbook).toMatchObject({ stage: 'withheld', by: 'carol', words: 'the old text says it already' });
    expect(story.world.calls).not.toContain('openRunbookBranch');
    expect(story.world.runbookChanges.at(-1)).toMatchObject({ stage: 'withheld', by: 'carol' });
    await story.end();
  });

  it('comes as soon as somebody wrote the lessons where policy says so, and not without them', async () => {
    const when = { ...RUNBOOKS, proposeWhen: 'lessons-written' as const };
    const story = await begin(when);
    await story.edit('no lessons yet', 'draft');
    await story.pass(60);
    expect(await story.runbook()).toBeNull();
    story.world.withLessons.add('with lessons');
    await story.edit('with lessons', 'no lessons yet');
    await story.pass(60);
    expect(await story.runbook()).toMatchObject({ stage: 'drafted', digest: 'addition of with lessons' });
    await story.end();
    const without = await begin(when);
    await without.approve();
    expect((await without.handle.result()).runbook ?? null).toBeNull();
    await without.end();
  });

  it('is left to people where policy names no runbook, or none for this cause', async () => {
    for (const policy of [null, { ...RUNBOOKS, files: [], otherwise: null }]) {
      const story = await begin(policy);
      await story.approve();
      expect((await story.handle.result()).runbook ?? null).toBeNull();
      await story.end();
    }
  });

  it('is tried again while the repository is away, and people are told when it can never work', async () => {
    const story = await begin();
    story.world.gitRefuses = 'Unavailable';
    await story.approve();
    await story.pass(4 * 3600);
    expect(await story.runbook()).toMatchObject({ stage: 'drafted' });
    story.world.gitRefuses = null;
    await story.pass(2 * 3600);
    expect((await story.handle.result()).runbook).toMatchObject({ stage: 'proposed' });
    await story.end();
    const hopeless = await begin();
    hopeless.world.gitRefuses = 'Invalid';
    await hopeless.approve();
    await hopeless.pass(2 * 3600);
    expect((await hopeless.handle.result()).runbook).toMatchObject({ stage: 'failed' });
    expect(hopeless.notes().at(-1)).toMatch(/could not be proposed: the repository is away/);
    await hopeless.end();
  });

  it('is asked again when the incident came back: another text takes the place of the first, the same text is none', async () => {
    const { github, git, changes, close } = await gitHub();
    const answers = (before?: { digest: string; link: string | null }) => (world: PretendWorld) => ({
      ...stampedBy(world, changes),
      draftRunbookChange: async ({ postMortemDigest }: { postMortemDigest: string }) => ({
        at: world.at(),
        value: { digest: `addition of ${postMortemDigest}`, ...(before === undefined ? {} : { before }) },
      }),
    });
    const first = await begin(RUNBOOKS, answers());
    await first.approve();
    await first.pass(2 * 3600);
    const proposed = (await first.handle.result()).runbook;
    await first.end();
    const before = { digest: proposed?.digest ?? '', link: proposed?.link ?? null };

    const second = await begin(RUNBOOKS, answers(before), first.incidentId);
    await second.edit('more', 'draft');
    await second.approve('more');
    await second.pass(2 * 3600);
    expect((await second.handle.result()).runbook).toMatchObject({ stage: 'proposed', digest: 'addition of more' });
    await second.end();
    expect(github.pullRequests).toHaveLength(2);
    const [one, two] = github.pullRequests;
    expect(two?.head).not.toBe(one?.head);
    expect(two?.body).toContain(`It takes the place of ${before.link}`);
    expect(await git.file(two?.head ?? '', FILE)).toContain('### And more');

    const third = await begin(RUNBOOKS, answers({ digest: 'addition of draft', link: 'x' }), first.incidentId);
    await third.approve();
    expect((await third.handle.result()).runbook ?? null).toBeNull();
    await third.end();
    expect(github.pullRequests).toHaveLength(2);
    await close();
  });

  it('and its post-mortem are read anew when the incident comes back while it waits, but nobody’s own words are lost', async () => {
    const story = await begin();
    await story.approve();
    await story.pass(60);
    expect(await story.runbook()).toMatchObject({ stage: 'drafted', digest: 'addition of draft' });
    await story.cameBack('anew');
    await story.pass(2 * 3600);
    expect(await story.status()).toMatchObject({ approved: null, shared: false });
    expect(story.world.calls).not.toContain('openRunbookBranch');
    await story.approve('anew');
    await story.pass(60);
    expect(await story.runbook()).toMatchObject({ stage: 'drafted', digest: 'addition of anew' });
    // Engineering reads of the second approved text too: each has a key of its own.
    const summaries = story.world.delivered.filter(({ what }) => what === 'summary').map(({ key }) => key);
    expect(new Set(summaries).size).toBe(2);
    await story.editChange('in jane’s words', 'addition of anew');
    await story.cameBack('once more');
    await story.pass(60);
    expect(await story.runbook()).toMatchObject({ stage: 'edited', digest: 'in jane’s words' });
    await story.end();
  });

  it('is one pull request on GitHub although the answers to the push and to the opening were lost', async () => {
    const { github, git, changes, close } = await gitHub();
    const lost = new Set(['openRunbookBranch', 'openPullRequest', 'requestReviewers']);
    const story = await begin(RUNBOOKS, (world) =>
      Object.fromEntries(
        Object.entries(changes).map(([name, work]) => [
          name,
          async (input: never) => {
            const value = await work(input);
            // What was done is done; whoever asked never heard of it.
            if (lost.delete(name)) throw new Error('the worker was killed');
            return { at: world.at(), value };
          },
        ]),
      ),
    );
    await story.approve();
    await story.pass(2 * 3600);
    const status = await story.handle.result();
    expect(status.runbook).toMatchObject({ stage: 'proposed', words: expect.stringContaining('it holds this text') });
    expect(lost.size).toBe(0);
    expect(github.pullRequests).toHaveLength(1);
    expect(github.pullRequests[0]).toMatchObject({ number: 1, state: 'open' });
    expect([...(github.pullRequests[0]?.teams ?? [])]).toEqual(['oncall-engineers']);
    const branch = github.pullRequests[0]?.head ?? '';
    expect(branch).toMatch(/^docs\/runbook-troubleshooting-database-incident-20241023-/);
    expect(await git.file(branch, FILE)).toContain('### What it taught');
    await story.end();
    await close();
  });
});
