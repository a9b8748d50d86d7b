import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createGitHost, type GitHost } from '../../../lab/simulation/systems/git/git-host.ts';
import type { Change } from '../../../lab/simulation/world/changes.ts';
import { type CommitToPush, createGitClient, createLocalHistory } from '../../../src/activities/git/client.ts';
import { closing, thrown, vendorWorld } from '../vendor.ts';

const TOKEN = 'planted-git-secret';
const WINDOW = { fromAt: '2024-10-23T12:40:00.000Z', untilAt: '2024-10-23T14:40:00.000Z' };
const MIGRATION = 'packages/database-optimizer/migrations/0002_index.sql';
const COMMIT: CommitToPush = {
  branch: 'fix/slow-query-incident-20241023-1430',
  base: 'main',
  files: [{ path: MIGRATION, text: 'CREATE INDEX CONCURRENTLY requests_status ON requests (status);\n' }],
  message: 'fix: add index to prevent connection pool exhaustion',
  key: 'incident-20241023-1430/fix',
  at: '2024-10-23T15:30:00.000Z',
};
const closed = closing();
afterEach(() => closed.all());

let world: ReturnType<typeof vendorWorld>;
let host: GitHost;
let url: string;
beforeEach(async () => {
  world = vendorWorld('2024-10-23T15:30:00Z');
  const at = (time: string, message: string): Change => ({
    atMs: Date.parse(`2024-10-23T${time}:00Z`),
    author: 'Bob Baker',
    message,
    rollout: null,
    fails: false,
  });
  const changes = [
    at('09:00', 'docs: long ago'),
    at('13:00', 'test: x'),
    at('14:05', 'release of feature X'),
    at('15:00', 'later'),
  ];
  host = createGitHost({ ...world.common, changes: () => changes, user: 'bot', token: TOKEN });
  closed.add(() => host.close());
  ({ url } = await host.listen());
  host.main();
});

/** Without a token nobody is asked for one: a path needs none. */
const client = (
  more: { readonly url?: string; readonly token?: string | null; readonly timeoutMilliseconds?: number } = {},
) =>
  createGitClient({
    url,
    username: 'bot',
    token: TOKEN,
    timeoutMilliseconds: 20_000,
    committer: { name: 'Incident Runbook', email: 'incidents@example.com' },
    ...more,
  });

describe.each([
  ['over HTTP', () => client()],
  ['at a path', () => client({ url: host.gitDir, token: null })],
])('a real repository %s', (_where, make) => {
  it('tells the commits of a window (R2.12, R5.3)', async () => {
    const { found, complete } = await make().commits(WINDOW);
    expect(complete).toBe(true);
    expect(found.map(({ message }) => message)).toEqual(['release of feature X', 'test: x']);
    expect(found[0]).toMatchObject({
      sha: host.main()[3]?.sha,
      author: 'Bob Baker',
      committedAt: '2024-10-23T14:05:00.000Z',
    });
    const none = { fromAt: '2024-10-23T15:10:00.000Z', untilAt: '2024-10-23T15:20:00.000Z' };
    expect(await make().commits(none)).toEqual({ found: [], complete: true });
  });

  it('takes a branch once, whoever asks again (R5.9)', async () => {
    const first = await make().pushBranch(COMMIT);
    expect(first.found).toBe(false);
    expect(await make().pushBranch(COMMIT)).toEqual({ ...first, found: true });
    expect(host.head(COMMIT.branch)).toBe(first.sha);
    expect(await host.file(COMMIT.branch, MIGRATION)).toBe(COMMIT.files[0]?.text);
    // Everything else of the base is still there.
    expect(await host.file(COMMIT.branch, 'README.md')).toBe('# NOA Server\n');
    expect(await host.messagesOf(COMMIT.branch)).toHaveLength(1);
    expect(await make().read(COMMIT.branch, MIGRATION)).toBe(COMMIT.files[0]?.text);
    expect(await make().read('main', MIGRATION)).toBeNull();
    expect(await make().read('nowhere', MIGRATION)).toBeNull();
  });

  it('has one branch when two workers race', async () => {
    const [a, b] = await Promise.all([make().pushBranch(COMMIT), make().pushBranch(COMMIT)]);
    expect(a.sha).toBe(b.sha);
    expect(await host.messagesOf(COMMIT.branch)).toHaveLength(1);
  });

  it('refuses the branch of somebody else', async () => {
    await make().pushBranch({ ...COMMIT, key: 'incident-of-others/fix' });
    expect(await thrown(make().pushBranch(COMMIT))).toMatchObject({
      type: 'Conflict',
      message: expect.stringContaining('is not ours'),
    });
  });

  it('adds to a branch that others push to as well', async () => {
    const documents = ['a', 'b', 'c'].map((name) => ({
      branch: 'main',
      files: [{ path: `postmortems/${name}.md`, text: `# ${name}\n` }],
      message: `docs: ${name}`,
      key: name,
      at: COMMIT.at,
    }));
    await Promise.all(documents.map((one) => make().pushOnto(one)));
    for (const one of documents) expect(await host.file('main', one.files[0]?.path ?? '')).toBe(one.files[0]?.text);
    expect(await make().pushOnto(documents[0] as (typeof documents)[0])).toMatchObject({ found: true });
  });

  it('touches nothing outside', async () => {
    for (const path of ['../evil', '/etc/passwd', '.git/config', 'a/.GIT/hooks/x', 'a//b', 'a\nb'])
      expect(await thrown(make().pushBranch({ ...COMMIT, files: [{ path, text: '' }] }))).toMatchObject({
        type: 'Invalid',
      });
    for (const branch of ['--upload-pack=touch /tmp/x', 'a..b', 'x.lock', ''])
      expect(await thrown(make().pushBranch({ ...COMMIT, branch }))).toMatchObject({ type: 'Invalid' });
    expect(await host.branches()).toEqual(['main']);
  });
});

describe('git in trouble', () => {
  it('refuses a wrong token without showing it', async () => {
    const error = await thrown(client({ token: 'planted-wrong-secret' }).pushBranch(COMMIT));
    expect(error).toMatchObject({ type: 'Unauthorised' });
    expect(JSON.stringify(error) + error.stack).not.toContain('planted');
  });

  it('says that there is no such repository', async () => {
    expect(
      await thrown(client({ url: join(tmpdir(), 'no-such-repository.git'), token: null }).commits(WINDOW)),
    ).toMatchObject({ type: 'NotFound' });
  });

  it('does not wait for ever', async () => {
    world.faults.set('git', { kind: 'timeout' });
    expect(await thrown(client({ timeoutMilliseconds: 700 }).commits(WINDOW))).toMatchObject({ type: 'Unavailable' });
  });

  it('finds the branch whose push lost its answer', async () => {
    const proxy = await losingProxy(url);
    closed.add(proxy.close);
    const lost = client({ url: proxy.url });
    expect(await thrown(lost.pushBranch(COMMIT))).toMatchObject({ type: 'Unavailable', nonRetryable: false });
    const there = host.head(COMMIT.branch);
    expect(there).not.toBeNull();
    proxy.mend();
    expect(await lost.pushBranch(COMMIT)).toEqual({ branch: COMMIT.branch, sha: there, found: true });
    expect(await host.messagesOf(COMMIT.branch)).toHaveLength(1);
  });

  it('leaves nothing on disk', async () => {
    const before = readdirSync(tmpdir()).filter((name) => name.startsWith('incident-git-'));
    await client().pushBranch(COMMIT);
    const after = readdirSync(tmpdir()).filter((name) => name.startsWith('incident-git-'));
    expect(after.filter((name) => !before.includes(name))).toEqual([]);
  });
});

describe('a checkout on this machine', () => {
  it('is read with none of its hooks and settings', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'checkout-'));
    closed.add(() => rmSync(folder, { recursive: true, force: true }));
    execFileSync('git', ['clone', '--quiet', host.gitDir, folder]);
    writeFileSync(join(folder, '.git/hooks/post-checkout'), '#!/bin/sh\ntouch evil\n', { mode: 0o755 });
    const { found } = await createLocalHistory(folder, 5_000).commits(WINDOW);
    expect(found.map(({ message }) => message)).toEqual(['release of feature X', 'test: x']);
    expect((await createLocalHistory(host.gitDir, 5_000).commits(WINDOW)).found).toHaveLength(2);
    expect(await thrown(createLocalHistory(join(folder, 'not-there'), 5_000).commits(WINDOW))).toMatchObject({
      type: 'Unavailable',
    });
  });
});

/** Hands everything on, but hangs up instead of answering the first push that was taken, and answers no more until mended. */
async function losingProxy(
  target: string,
): Promise<{ readonly url: string; readonly mend: () => void; readonly close: () => void }> {
  let state: 'well' | 'cut' | 'mended' = 'well';
  const server = createServer((incoming, outgoing) => {
    if (state === 'cut') return void incoming.socket.destroy();
    const { hostname, port } = new URL(target);
    const onward = httpRequest(
      { hostname, port, method: incoming.method, path: incoming.url, headers: incoming.headers },
      (answer) => {
        if (state === 'well' && incoming.method === 'POST' && incoming.url?.endsWith('/git-receive-pack') === true) {
          // Git's own HTTP library tries once more on a connection it had used before: that is cut as well.
          state = 'cut';
          answer.resume().on('end', () => incoming.socket.destroy());
          return;
        }
        outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(outgoing);
      },
    );
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${new URL(target).pathname}`,
    mend: () => {
      state = 'mended';
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
