import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createGitHost, type GitHost } from '../../../lab/simulation/systems/git/git-host.ts';
import { createGitHub } from '../../../lab/simulation/systems/github/github.ts';
import { GITHUB_RULES } from '../../../lab/simulation/systems/github/rules.ts';
import type { Change } from '../../../lab/simulation/world/changes.ts';
import { createGitHubClient } from '../../../src/activities/github/client.ts';
import { openWire } from '../../activities/wire.ts';
import { closing, thrown, vendorWorld } from '../vendor.ts';

const NOW = '2024-10-23T14:40:00Z';
const TOKEN = 'ghp_planted0secret0planted0secret0planted';
const WINDOW = { fromAt: '2024-10-23T12:40:00.000Z', untilAt: '2024-10-23T14:40:00.000Z' };
const closed = closing();
afterEach(() => closed.all());

function changed(at: string, message: string, fails = false): Change {
  return { atMs: Date.parse(at), author: 'Bob Baker', message, rollout: null, fails };
}

let world: ReturnType<typeof vendorWorld>;
let changes: Change[];
let git: GitHost;
let url: string;
beforeEach(async () => {
  world = vendorWorld(NOW);
  changes = [
    changed('2024-10-23T09:00:00Z', 'docs: long ago'),
    changed('2024-10-23T13:00:00Z', 'test: broken', true),
    changed('2024-10-23T14:05:00Z', 'release of feature X\n\nwith a body'),
  ];
  git = createGitHost({ ...world.common, changes: () => changes, user: 'x', token: TOKEN });
  closed.add(() => git.close());
  const github = createGitHub({
    ...world.common,
    repository: 'acme/shop',
    token: TOKEN,
    git,
    collaborators: [],
    teams: [],
  });
  ({ url } = await github.listen());
  closed.add(() => github.close());
});

const client = (
  more: {
    readonly token?: string;
    readonly apiUrl?: string;
    readonly repository?: string;
    readonly timeoutMilliseconds?: number;
  } = {},
) => createGitHubClient({ apiUrl: url, token: TOKEN, repository: 'acme/shop', timeoutMilliseconds: 10_000, ...more });

describe('commits (R2.12, R5.3)', () => {
  it('are those of the window, newest first, by the ids that git gives them', async () => {
    const { found, complete } = await client().commits(WINDOW);
    expect(complete).toBe(true);
    expect(found.map(({ message }) => message)).toEqual(['release of feature X', 'test: broken']);
    expect(found[0]).toEqual({
      sha: git.head('main'),
      committedAt: '2024-10-23T14:05:00.000Z',
      author: 'Bob Baker',
      message: 'release of feature X',
      link: `https://github.com/acme/shop/commit/${git.head('main')}`,
    });
  });

  it('come from several pages, and the last page is the last', async () => {
    changes = Array.from({ length: 250 }, (_, index) => changed('2024-10-23T13:00:00Z', `change ${index}`));
    const { found, complete } = await client().commits(WINDOW);
    expect([found.length, complete]).toEqual([251, true]);
    expect(world.log.entries('github').map(({ status }) => status)).toEqual([200, 200, 200]);
  });

  it('say when there are more than are read', async () => {
    changes = Array.from({ length: 320 }, (_, index) => changed('2024-10-23T13:00:00Z', `change ${index}`));
    const { found, complete } = await client().commits(WINDOW);
    expect([found.length, complete]).toEqual([300, false]);
  });

  it('stop when a page lies past the end, whatever the Link header says', async () => {
    const wire = await openWire(() => ({ headers: { link: '<http://127.0.0.1:9/next>; rel="next"' }, body: [] }));
    closed.add(() => wire.close());
    expect(await client({ apiUrl: wire.url }).commits(WINDOW)).toEqual({ found: [], complete: true });
    expect(wire.requests).toHaveLength(1);
  });
});

describe('runs of GitHub Actions (R2.13)', () => {
  it('tell results, and which still run', async () => {
    changes.push(changed('2024-10-23T14:39:00Z', 'fix: something'));
    const { found } = await client().runs(WINDOW);
    expect(found.map(({ result, changes: [change] }) => [change, result])).toEqual([
      ['fix: something', 'running'],
      ['release of feature X', 'succeeded'],
      ['test: broken', 'failed'],
    ]);
    expect(found[0]?.finishedAt).toBeNull();
    expect(found[1]).toMatchObject({ system: 'GitHub Actions', name: 'CI', startedAt: '2024-10-23T14:05:20.000Z' });
  });
});

describe('GitHub refuses', () => {
  it('a wrong token, without our showing it', async () => {
    const error = await thrown(client({ token: 'ghp_wrong0planted0wrong0planted0wrong0' }).commits(WINDOW));
    expect(error).toMatchObject({ type: 'Unauthorised', message: 'GitHub answered 401: Bad credentials' });
    expect(JSON.stringify(error) + error.stack).not.toContain('planted');
  });

  it('what the token may not do', async () => {
    const github = createGitHub({
      ...world.common,
      repository: 'acme/shop',
      token: TOKEN,
      git,
      collaborators: [],
      teams: [],
      rights: { push: false, actions: false, pulls: false },
    });
    const { url: apiUrl } = await github.listen();
    closed.add(() => github.close());
    expect(await thrown(client({ apiUrl }).runs(WINDOW))).toMatchObject({
      type: 'Unauthorised',
      message: expect.stringContaining('not accessible by personal access token'),
    });
  });

  it('a repository that is not there', async () => {
    expect(await thrown(client({ repository: 'acme/other' }).commits(WINDOW))).toMatchObject({ type: 'NotFound' });
  });

  it('with words and statuses of its documentation', async () => {
    for (const rule of Object.values(GITHUB_RULES)) {
      expect(rule.source).toMatch(/^https:\/\/docs\.github\.com\//);
      expect(rule.readOn).toMatch(/^\d{4}-\d\d-\d\d$/);
    }
    const bare = await fetch(`${url}/repos/acme/shop/commits`, {
      headers: { authorization: `Bearer ${TOKEN}`, 'x-github-api-version': '1999-01-01' },
    });
    expect([bare.status, await bare.json()]).toEqual([
      400,
      expect.objectContaining({ message: 'Unsupported API version' }),
    ]);
    const bad = await fetch(`${url}/repos/acme/shop/commits?since=yesterday`, {
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    expect(bad.status).toBe(422);
  });
});

describe('GitHub in trouble', () => {
  it('limits by a 403 whose reset says when to come back', async () => {
    world.faults.set('github', { kind: 'rate-limited', retryAfterSeconds: 90, times: 1 });
    const answered = await openWire(() => ({
      status: 403,
      headers: {
        date: 'Wed, 23 Oct 2024 14:40:00 GMT',
        'x-ratelimit-remaining': '0',
        'x-ratelimit-reset': String(Date.parse(NOW) / 1000 + 90),
      },
      body: { message: 'API rate limit exceeded' },
    }));
    closed.add(() => answered.close());
    expect(await thrown(client().commits(WINDOW))).toMatchObject({ type: 'RateLimited', nonRetryable: false });
    expect(await thrown(client({ apiUrl: answered.url }).commits(WINDOW))).toMatchObject({
      type: 'RateLimited',
      nextRetryDelay: 90_000,
    });
    expect((await client().commits(WINDOW)).found).toHaveLength(2);
  });

  it.each([
    ['a 429 without Retry-After', { status: 429 }, 'RateLimited'],
    [
      'a refusal that is no limit',
      { status: 403, headers: { 'x-ratelimit-remaining': '17', 'x-ratelimit-reset': '1' } },
      'Unauthorised',
    ],
    ['a 500', { status: 500 }, 'Unavailable'],
    ['HTML where JSON should be', { body: '<html>log in</html>' }, 'Unavailable'],
    ['nothing at all', { body: '' }, 'Unavailable'],
    ['another shape', { body: { message: 'hello' } }, 'Unavailable'],
    ['a redirect to elsewhere', { status: 302, headers: { location: 'https://evil.example/?token=x' } }, 'Invalid'],
  ])('reads %s', async (_what, answer, type) => {
    const wire = await openWire(() => answer);
    closed.add(() => wire.close());
    const error = await thrown(client({ apiUrl: wire.url }).commits(WINDOW));
    expect(error).toMatchObject({ type });
    expect(error.message).not.toContain('token=');
    expect(wire.requests).toHaveLength(1);
  });

  it.each(['half-open', 'timeout', 'reset-mid-body', 'down'] as const)('does not wait for ever: %s', async (kind) => {
    world.faults.set('github', { kind, times: 1 });
    expect(await thrown(client({ timeoutMilliseconds: 400 }).commits(WINDOW))).toMatchObject({ type: 'Unavailable' });
  });
});
