import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createGitHost, type GitHost } from '../../../lab/simulation/systems/git/git-host.ts';
import { createGitHub, type GitHub } from '../../../lab/simulation/systems/github/github.ts';
import { createChangeActivities, fixBranchName } from '../../../src/activities/changes/activities.ts';
import { createGitClient } from '../../../src/activities/git/client.ts';
import { createPullRequestClient } from '../../../src/activities/github/pull-requests.ts';
import { closing, thrown, vendorWorld } from '../vendor.ts';

const TOKEN = 'ghp_planted0secret0planted0secret0planted';
const NOW = '2024-10-23T15:30:00Z';
const MIGRATION = 'packages/database-optimizer/migrations/0002_index.sql';
const FIX = {
  incidentId: 'incident-20241023-1430',
  key: 'incident-20241023-1430/fix',
  prefix: 'fix/',
  about: 'Slow query',
  message: 'fix: add index to prevent connection pool exhaustion',
  files: [{ path: MIGRATION, text: 'CREATE INDEX CONCURRENTLY requests_status ON requests (status);\n' }],
  at: '2024-10-23T15:30:00.000Z',
};
const closed = closing();
afterEach(() => closed.all());

let world: ReturnType<typeof vendorWorld>;
let git: GitHost;
let github: GitHub;
let urls: { readonly git: string; readonly github: string };
beforeEach(async () => {
  world = vendorWorld(NOW);
  const changes = [
    { atMs: Date.parse('2024-10-23T14:05:00Z'), author: 'Bob', message: 'feature X', rollout: null, fails: false },
  ];
  git = createGitHost({ ...world.common, changes: () => changes, user: 'bot', token: TOKEN });
  closed.add(() => git.close());
  github = createGitHub({
    ...world.common,
    repository: 'acme/shop',
    token: TOKEN,
    git,
    collaborators: ['alice', 'bob'],
    teams: ['oncall-engineers'],
  });
  closed.add(() => github.close());
  urls = { git: (await git.listen()).url, github: (await github.listen()).url };
});

const texts = new Map([['addition', '### 2024-10-23: API High Error Rate\n\n- restart of noa-mcp helped\n']]);

/** What one worker has: two of them share nothing but the systems. */
const worker = () =>
  createChangeActivities({
    branches: createGitClient({
      url: urls.git,
      username: 'bot',
      token: TOKEN,
      timeoutMilliseconds: 20_000,
      committer: { name: 'Incident', email: 'i@example.com' },
    }),
    reviews: createPullRequestClient({
      apiUrl: urls.github,
      token: TOKEN,
      repository: 'acme/shop',
      timeoutMilliseconds: 10_000,
    }),
    texts: { get: async (digest) => texts.get(digest) ?? null },
    baseBranch: 'main',
  });

const TEXT = {
  title: 'Add the index',
  body: 'Expedited review: incident-20241023-1430',
  branch: 'fix/slow-query-incident-20241023-1430',
};

describe('a fix (R5.9)', () => {
  it('goes from branch to merged main', async () => {
    const { openFixBranch, openPullRequest, requestReviewers, readReviews, mergePullRequest } = worker();
    const branch = await openFixBranch(FIX);
    expect(branch).toMatchObject({ branch: TEXT.branch, alreadyThere: false });
    const pull = await openPullRequest(TEXT);
    expect(pull).toMatchObject({ number: 1, headSha: branch.sha, alreadyThere: false, open: true });
    await requestReviewers({ number: pull.number, reviewers: ['alice', 'team:oncall-engineers'] });
    await requestReviewers({ number: pull.number, reviewers: ['alice', 'team:oncall-engineers'] });
    expect([[...(github.pullRequests[0]?.reviewers ?? [])], [...(github.pullRequests[0]?.teams ?? [])]]).toEqual([
      ['alice'],
      ['oncall-engineers'],
    ]);
    expect(await readReviews({ number: 1 })).toEqual({
      state: 'open',
      headSha: branch.sha,
      approvedBy: [],
      changesRequestedBy: [],
    });
    github.review(1, { login: 'alice', state: 'CHANGES_REQUESTED', body: 'why?', atMs: 0 });
    github.review(1, { login: 'alice', state: 'COMMENTED', body: 'ah', atMs: 0 });
    expect(await readReviews({ number: 1 })).toMatchObject({ approvedBy: [], changesRequestedBy: ['alice'] });
    github.review(1, { login: 'alice', state: 'APPROVED', body: '', atMs: 0 });
    expect(await readReviews({ number: 1 })).toMatchObject({ approvedBy: ['alice'], changesRequestedBy: [] });
    const merged = await mergePullRequest({ number: 1, headSha: branch.sha });
    expect(merged.alreadyThere).toBe(false);
    expect(await git.file('main', MIGRATION)).toBe(FIX.files[0]?.text);
    expect(git.main().at(-1)).toMatchObject({ sha: merged.sha, message: 'Add the index (#1)' });
    expect(await mergePullRequest({ number: 1, headSha: branch.sha })).toEqual({ sha: merged.sha, alreadyThere: true });
    expect(await openPullRequest(TEXT)).toMatchObject({ number: 1, alreadyThere: true, open: false });
    expect(await readReviews({ number: 1 })).toMatchObject({ state: 'merged' });
  });

  it('is one fix when two workers race', async () => {
    const [a, b] = [worker(), worker()];
    await Promise.all([a.openFixBranch(FIX), b.openFixBranch(FIX)]);
    const pulls = await Promise.all([a.openPullRequest(TEXT), b.openPullRequest(TEXT)]);
    expect(pulls.map(({ number }) => number)).toEqual([1, 1]);
    expect(github.pullRequests).toHaveLength(1);
    const head = { number: 1, headSha: pulls[0]?.headSha ?? '' };
    const merges = await Promise.all([a, b].map(({ mergePullRequest }) => retried(() => mergePullRequest(head))));
    expect(merges[0]?.sha).toBe(merges[1]?.sha);
    expect(git.main().filter(({ message }) => message === 'Add the index (#1)')).toHaveLength(1);
  });

  it('is found again when the answer was lost', async () => {
    const { openFixBranch, openPullRequest, mergePullRequest } = worker();
    const { sha } = await openFixBranch(FIX);
    // The look-up is the first request, the write the second.
    await loseAnswerOf('POST', () => openPullRequest(TEXT));
    expect(await openPullRequest(TEXT)).toMatchObject({ number: 1, alreadyThere: true });
    expect(github.pullRequests).toHaveLength(1);
    await loseAnswerOf('PUT', () => mergePullRequest({ number: 1, headSha: sha }));
    expect(await mergePullRequest({ number: 1, headSha: sha })).toMatchObject({ alreadyThere: true });
    expect(git.main().filter(({ message }) => message === 'Add the index (#1)')).toHaveLength(1);
  });

  it('is not merged when its branch has moved since the review', async () => {
    const { openFixBranch, openPullRequest, mergePullRequest } = worker();
    const { sha } = await openFixBranch(FIX);
    await openPullRequest(TEXT);
    expect(
      await thrown(mergePullRequest({ number: 1, headSha: sha.replace(/^./, (digit) => (digit === '0' ? '1' : '0')) })),
    ).toMatchObject({
      type: 'Conflict',
      nonRetryable: true,
      message: expect.stringContaining('Head branch was modified'),
    });
    expect(github.pullRequests[0]?.state).toBe('open');
  });

  it('is approved only as it was reviewed', async () => {
    const { openFixBranch, openPullRequest, readReviews } = worker();
    const { branch } = await openFixBranch(FIX);
    await openPullRequest(TEXT);
    github.review(1, { login: 'alice', state: 'APPROVED', body: '', atMs: 0 });
    expect(await readReviews({ number: 1 })).toMatchObject({ approvedBy: ['alice'] });
    const committer = { name: 'Somebody', email: 's@example.com' };
    const other = createGitClient({
      url: urls.git,
      username: 'bot',
      token: TOKEN,
      timeoutMilliseconds: 20_000,
      committer,
    });
    const more = { path: MIGRATION, text: 'DROP TABLE requests;\n' };
    await other.pushOnto({ branch, files: [more], message: 'one more thing', key: 'x', at: FIX.at });
    expect(await readReviews({ number: 1 })).toMatchObject({ approvedBy: [], changesRequestedBy: [] });
  });

  it('says why GitHub refuses', async () => {
    const { openPullRequest, openFixBranch, requestReviewers } = worker();
    expect(await thrown(openPullRequest(TEXT))).toMatchObject({
      type: 'Invalid',
      message: 'GitHub refused: Validation Failed; head is invalid.',
    });
    await openFixBranch(FIX);
    await openPullRequest(TEXT);
    expect(await thrown(requestReviewers({ number: 1, reviewers: ['mallory'] }))).toMatchObject({
      type: 'Invalid',
      message: expect.stringContaining('not a collaborator'),
    });
    expect(await thrown(requestReviewers({ number: 99, reviewers: ['alice'] }))).toMatchObject({ type: 'NotFound' });
  });

  it('needs a repository', async () => {
    const bare = createChangeActivities({
      branches: null,
      reviews: null,
      texts: { get: async () => null },
      baseBranch: 'main',
    });
    expect(await thrown(bare.openFixBranch(FIX))).toMatchObject({
      type: 'Invalid',
      message: expect.stringContaining('GIT_REPOSITORY_URL'),
    });
    expect(await thrown(bare.openPullRequest(TEXT))).toMatchObject({
      message: expect.stringContaining('GITHUB_TOKEN'),
    });
  });
});

describe('a change of a runbook (R6.5)', () => {
  const FILE = 'docs/runbooks/TROUBLESHOOTING_DATABASE.md';
  const CHANGE = {
    incidentId: 'incident-20241023-1430',
    key: 'incident-20241023-1430/runbook',
    prefix: 'docs/',
    about: 'runbook TROUBLESHOOTING_DATABASE',
    message: 'docs: what incident-20241023-1430 taught',
    file: FILE,
    digest: 'addition',
    at: '2024-10-24T10:00:00.000Z',
  };
  const BRANCH = 'docs/runbook-troubleshooting-database-incident-20241023-1430';
  const OLD = '# Troubleshooting the database\n\n## Pool exhausted\n\nLook at pg_stat_activity.\n';

  async function withRunbook(text: string): Promise<void> {
    const committer = { name: 'Jane', email: 'jane@example.com' };
    const jane = createGitClient({
      url: urls.git,
      username: 'bot',
      token: TOKEN,
      timeoutMilliseconds: 20_000,
      committer,
    });
    git.main();
    await jane.pushOnto({ branch: 'main', files: [{ path: FILE, text }], message: 'docs', key: 'jane', at: CHANGE.at });
  }

  it('is a branch on which the runbook has the addition and nothing else has changed', async () => {
    await withRunbook(OLD);
    const { openRunbookBranch, openPullRequest, readReviews } = worker();
    const branch = await openRunbookBranch(CHANGE);
    expect(branch).toMatchObject({ branch: BRANCH, alreadyThere: false });
    const text = (await git.file(BRANCH, FILE)) ?? '';
    expect(text.startsWith(OLD.trimEnd())).toBe(true);
    expect(text).toContain('- restart of noa-mcp helped');
    expect(await git.file('main', FILE)).toBe(OLD);
    const pull = await openPullRequest({ branch: BRANCH, title: 'docs: what it taught', body: 'b' });
    expect(pull).toMatchObject({ number: 1, headSha: branch.sha });
    expect(await readReviews({ number: 1 })).toMatchObject({ state: 'open', headSha: branch.sha });
  });

  it('begins a runbook that is not there yet', async () => {
    const file = 'docs/runbooks/TROUBLESHOOTING_NETWORK.md';
    await worker().openRunbookBranch({ ...CHANGE, file });
    expect(await git.file(BRANCH, file)).toMatch(/^# Troubleshooting network\n\n## Learned from incidents\n\n/);
  });

  it('is one branch and one pull request when two workers race, and when the answers were lost', async () => {
    await withRunbook(OLD);
    const [a, b] = [worker(), worker()];
    const branches = await Promise.all([a.openRunbookBranch(CHANGE), b.openRunbookBranch(CHANGE)]);
    expect(new Set(branches.map(({ sha }) => sha)).size).toBe(1);
    const text = { branch: BRANCH, title: 'docs: what it taught', body: 'b' };
    await loseAnswerOf('POST', () => a.openPullRequest(text));
    expect(await b.openPullRequest(text)).toMatchObject({ number: 1, alreadyThere: true });
    expect(await a.openRunbookBranch(CHANGE)).toMatchObject({ sha: branches[0]?.sha, alreadyThere: true });
    expect(github.pullRequests).toHaveLength(1);
  });

  it('is not pushed without its text', async () => {
    expect(await thrown(worker().openRunbookBranch({ ...CHANGE, digest: 'gone' }))).toMatchObject({ type: 'NotFound' });
    expect(await git.file(BRANCH, FILE)).toBeNull();
  });
});

describe('the name of a branch', () => {
  it('is the same for the same words and incident, and always one that git takes', () => {
    expect(fixBranchName('fix/', 'slow query', 'incident-20241023-1430')).toBe('fix/slow-query-incident-20241023-1430');
    expect(fixBranchName('fix/', '../../É..lock~^:', 'x')).toBe('fix/e-lock-x');
    expect(fixBranchName('docs/', '!!!', 'incident-1')).toBe('docs/change-incident-1');
  });
});

/** As the server would: a failure that may be retried is. */
async function retried<T>(call: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call();
    } catch (error) {
      if ((error as { nonRetryable?: boolean }).nonRetryable !== false || attempt === 50) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** Lets the requests before the write through: the fault is set when the request before it has been answered. */
async function loseAnswerOf(method: 'POST' | 'PUT', call: () => Promise<unknown>): Promise<void> {
  const record = world.log.record.bind(world.log);
  world.log.record = (entry) => {
    record(entry);
    if (entry.system === 'github' && entry.method === 'GET')
      world.faults.set('github', { kind: 'lost-answer', times: 1 });
  };
  expect(await thrown(call())).toMatchObject({ type: 'Unavailable', nonRetryable: false });
  world.log.record = record;
  world.faults.clear('github');
  expect(world.log.entries('github').at(-1)).toMatchObject({ method, fault: 'lost-answer' });
}
