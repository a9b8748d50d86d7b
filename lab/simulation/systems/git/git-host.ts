import { execFile, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { WireRequest, WireResponse } from '../../wire/exchange.ts';
import type { WireFaults } from '../../wire/faults.ts';
import type { WireLedger } from '../../wire/ledger.ts';
import { createWireServer } from '../../wire/server.ts';
import type { Change } from '../../world/changes.ts';
import { writeCommit, writeTree } from './objects.ts';

/** A commit of the main branch. */
export interface HostedCommit {
  readonly sha: string;
  readonly parent: string | null;
  readonly author: string;
  readonly atMs: number;
  readonly message: string;
  /** What it is to the world; null when it came through a pull request. */
  readonly change: Change | null;
}

/** The company's repository: a real bare one on disk, served over git's own HTTP protocol by git itself. */
export interface GitHost {
  readonly gitDir: string;
  /** Commits of main up to now, oldest first. */
  main(): readonly HostedCommit[];
  head(branch: string): string | null;
  /** Names of all branches. */
  branches(): Promise<readonly string[]>;
  /** Messages of the commits that a branch has and main does not, newest first. */
  messagesOf(branch: string): Promise<readonly string[]>;
  /** Squashes a branch onto main; null when the two conflict. */
  merge(branch: string, title: string, author: string): Promise<string | null>;
  file(branch: string, path: string): Promise<string | null>;
  listen(port?: number): Promise<{ readonly url: string; readonly port: number }>;
  close(): Promise<void>;
}

export interface GitHostOptions {
  readonly clock: () => number;
  readonly faults: WireFaults;
  readonly log: WireLedger;
  readonly changes: () => readonly Change[];
  /** Name and password that pushing and fetching need. */
  readonly user: string;
  readonly token: string;
}

const MAIN = 'main';
const run = promisify(execFile);
const GIT_MILLISECONDS = 10_000;

/** What the repository holds before the first change: the paths that the runbook names. */
const FIRST_FILES: readonly (readonly [string, string])[] = [
  ['README.md', '# NOA Server\n'],
  ['docs/runbooks/DATABASE_MAINTENANCE.md', '# Database maintenance\n'],
  ['docs/runbooks/TROUBLESHOOTING_DATABASE.md', '# Troubleshooting the database\n'],
  ['packages/database-optimizer/migrations/0001_requests.sql', 'CREATE TABLE requests (id bigint PRIMARY KEY);\n'],
  ['k8s/overlays/prod/kustomization.yaml', 'resources: [../../base]\n'],
];

export function createGitHost(options: GitHostOptions): GitHost {
  const { clock, faults, log } = options;
  const gitDir = join(mkdtempSync(join(tmpdir(), 'simulated-git-')), 'noa-server.git');
  const commits: HostedCommit[] = [];
  const files = new Map(FIRST_FILES);
  let known = 0;
  /** Of `files`; null when they have changed. */
  let tree: string | null = null;

  for (const folder of ['objects/info', 'objects/pack', 'refs/heads', 'refs/tags'])
    mkdirSync(join(gitDir, folder), { recursive: true });
  writeFileSync(join(gitDir, 'HEAD'), `ref: refs/heads/${MAIN}\n`);
  writeFileSync(
    join(gitDir, 'config'),
    '[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n[http]\n\treceivepack = true\n[uploadpack]\n\tallowFilter = true\n',
  );

  /** Writes the world's changes of which it has not heard yet on top of main; git's dates never go back. */
  function sync(): void {
    const all = options.changes();
    if (known === 0 && all.length > 0) append(null, 'Initial import', 'Noah Novak', (all[0]?.atMs ?? 0) - 1000);
    const seen = new Set(commits.map(({ change }) => change && keyOf(change)));
    if (all.length === known) return;
    for (const change of all) {
      if (seen.has(keyOf(change))) continue;
      if (change.rollout !== null) {
        files.set(`deployments/${change.rollout.deployment}/IMAGE`, `${change.rollout.image}\n`);
        tree = null;
      }
      append(change, change.message, change.author, change.atMs);
    }
    known = all.length;
  }

  function append(change: Change | null, message: string, author: string, atMs: number): void {
    const tip = commits.at(-1) ?? null;
    const committedMs = Math.max(atMs, tip?.atMs ?? atMs);
    const parent = tip?.sha ?? null;
    tree ??= writeTree(gitDir, [...files]);
    const sha = writeCommit(gitDir, { tree, parent, author, authoredMs: atMs, committedMs, message });
    commits.push({ sha, parent, author, atMs: committedMs, message, change });
    setHead(MAIN, sha);
  }

  function setHead(branch: string, sha: string): void {
    const file = join(gitDir, 'refs/heads', branch);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${sha}\n`);
  }

  function head(branch: string): string | null {
    sync();
    // Git packs refs only when it is told to, and nobody tells it here.
    try {
      return readFileSync(join(gitDir, 'refs/heads', branch), 'utf8').trim();
    } catch {
      return null;
    }
  }

  const git = async (...args: readonly string[]): Promise<string> => {
    const { stdout } = await run('git', ['-C', gitDir, ...args], { env: gitEnvironment(), timeout: GIT_MILLISECONDS });
    return stdout;
  };

  async function merge(branch: string, title: string, author: string): Promise<string | null> {
    const [ours, theirs] = [head(MAIN), head(branch)];
    if (ours === null || theirs === null) return null;
    const tree = await git('merge-tree', '--write-tree', ours, theirs).catch(() => null);
    if (tree === null) return null;
    const atMs = Math.max(clock(), commits.at(-1)?.atMs ?? 0);
    const when = `${Math.floor(atMs / 1000)} +0000`;
    const { stdout } = await run('git', ['-C', gitDir, 'commit-tree', tree.trim(), '-p', ours, '-m', title], {
      timeout: GIT_MILLISECONDS,
      env: {
        ...gitEnvironment(),
        GIT_AUTHOR_NAME: author,
        GIT_AUTHOR_EMAIL: 'merge@github.example',
        GIT_AUTHOR_DATE: when,
        GIT_COMMITTER_NAME: 'GitHub',
        GIT_COMMITTER_EMAIL: 'noreply@github.example',
        GIT_COMMITTER_DATE: when,
      },
    });
    const sha = stdout.trim();
    setHead(MAIN, sha);
    commits.push({ sha, parent: ours, author, atMs, message: title, change: null });
    await readFiles(sha);
    return sha;
  }

  /** What main holds now, so that the world's next change keeps what was merged. */
  async function readFiles(sha: string): Promise<void> {
    const paths = (await git('ls-tree', '-r', '-z', '--name-only', sha)).split('\0').filter(Boolean);
    files.clear();
    tree = null;
    for (const path of paths) files.set(path, await git('show', `${sha}:${path}`));
  }

  const server = createWireServer({ system: 'git', clock, faults, log, notFound: serve });

  /** Git's smart protocol by git's own CGI program. */
  async function serve(request: WireRequest): Promise<WireResponse> {
    const expected = `Basic ${Buffer.from(`${options.user}:${options.token}`).toString('base64')}`;
    if (request.headers.authorization !== expected)
      return { status: 401, headers: { 'www-authenticate': 'Basic realm="git"' }, body: 'Authentication required' };
    sync();
    const before = commits.at(-1)?.sha;
    const answer = await httpBackend(dirname(gitDir), request);
    // Somebody pushed to main: what it holds now is what the next change builds on.
    const after = head(MAIN);
    if (after !== null && after !== before && request.method === 'POST') {
      const [author = '', seconds = '0', ...subject] = (await git('log', '-1', '--format=%an%n%ct%n%B', after)).split(
        '\n',
      );
      commits.push({
        sha: after,
        parent: before ?? null,
        author,
        atMs: Number(seconds) * 1000,
        message: subject.join('\n').trim(),
        change: null,
      });
      await readFiles(after);
    }
    return answer;
  }

  return {
    gitDir,
    main() {
      sync();
      return commits;
    },
    head,
    async branches() {
      sync();
      return (await git('for-each-ref', '--format=%(refname:lstrip=2)', 'refs/heads')).split('\n').filter(Boolean);
    },
    async messagesOf(branch) {
      return (await git('log', '-z', '--format=%B', `refs/heads/${branch}`, '--not', `refs/heads/${MAIN}`))
        .split('\0')
        .filter(Boolean);
    },
    merge,
    file: (branch, path) => git('show', `refs/heads/${branch}:${path}`).catch(() => null),
    async listen(port) {
      const { url, port: bound } = await server.listen(port);
      return { url: `${url}/noa-server.git`, port: bound };
    },
    async close() {
      await server.close();
      rmSync(dirname(gitDir), { recursive: true, force: true });
    },
  };
}

function keyOf(change: Change): string {
  return `${change.rollout?.image ?? 'idle'}/${change.atMs}/${change.message}`;
}

/** Nothing of the machine's own configuration: the host is the same everywhere. */
function gitEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null', LC_ALL: 'C' };
}

function httpBackend(root: string, request: WireRequest): Promise<WireResponse> {
  const child = spawn('git', ['-c', 'safe.directory=*', 'http-backend'], {
    env: {
      ...gitEnvironment(),
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      REMOTE_USER: 'simulated',
      REQUEST_METHOD: request.method,
      PATH_INFO: request.path,
      QUERY_STRING: request.query.toString(),
      CONTENT_TYPE: String(request.headers['content-type'] ?? ''),
      HTTP_CONTENT_ENCODING: String(request.headers['content-encoding'] ?? ''),
      CONTENT_LENGTH: String(request.rawBody.length),
      GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
    },
    stdio: ['pipe', 'pipe', 'ignore'],
    timeout: GIT_MILLISECONDS,
  });
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    child.once('error', reject);
    child.stdin.on('error', () => undefined);
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.once('close', () => resolve(cgiAnswer(Buffer.concat(chunks))));
    child.stdin.end(request.rawBody);
  });
}

function cgiAnswer(whole: Buffer): WireResponse {
  const end = whole.indexOf('\r\n\r\n');
  if (end < 0) return { status: 500, body: 'git http-backend said nothing' };
  const headers = Object.fromEntries(
    whole
      .subarray(0, end)
      .toString('latin1')
      .split('\r\n')
      .map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  const { status = '200', ...rest } = headers;
  return { status: Number.parseInt(status, 10), headers: rest, body: whole.subarray(end + 4) };
}
