import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import type { CommitFact } from '../../domain/evidence.ts';
import { type Instant, instant } from '../../domain/instant.ts';
import { failure } from '../failures.ts';
import { type GitAccess, type GitRunner, readerOf, withRepository } from './run-git.ts';

export interface GitSettings extends GitAccess {
  readonly committer: { readonly name: string; readonly email: string };
}

export interface FileChange {
  /** Relative, with `/`. */
  readonly path: string;
  readonly text: string;
}

export interface CommitToPush {
  /** The branch it goes to. */
  readonly branch: string;
  /** The branch it begins at; the same as `branch` to add to it. */
  readonly base: string;
  readonly files: readonly FileChange[];
  readonly message: string;
  /** Tells our own commit again: kept as a trailer of the message. */
  readonly key: string;
  /** The commit's time: the same input gives the same commit. */
  readonly at: Instant;
}

export interface Pushed {
  readonly branch: string;
  readonly sha: string;
  /** True when it was there already. */
  readonly found: boolean;
}

export interface GitClient {
  /** Commits of a branch (the remote's HEAD when null) in a window, newest first (R2.12, R5.3). */
  commits(window: { readonly fromAt: Instant; readonly untilAt: Instant }): Promise<{
    readonly found: readonly CommitFact[];
    readonly complete: boolean;
  }>;
  /** A new branch with one commit. One that carries our key is found; one of somebody else's is a `Conflict`. */
  pushBranch(commit: CommitToPush): Promise<Pushed>;
  /** One more commit on a branch that lives on; looks again when somebody else was quicker. */
  pushOnto(commit: Omit<CommitToPush, 'base'>): Promise<Pushed>;
  /** The text of a file on a branch; null when there is none. */
  read(branch: string, path: string): Promise<string | null>;
}

export function createGitClient(settings: GitSettings): GitClient {
  return {
    commits: (window) =>
      withRepository(settings, async (git) => {
        // What lies before the window is not fetched, and no file at all.
        const none = await git([
          'fetch',
          '--quiet',
          '--no-tags',
          '--filter=tree:0',
          `--shallow-since=${window.fromAt}`,
          // A bare path cannot name where the files that were left out would come from.
          settings.url.startsWith('/') ? pathToFileURL(settings.url).href : settings.url,
          '+HEAD:refs/heads/read',
        ])
          .then(() => false)
          .catch((error: Error) => {
            if (/no commits selected for shallow|shallow-since|error processing shallow info/iu.test(error.message))
              return true;
            throw error;
          });
        return none ? { found: [], complete: true } : logOf(git, 'refs/heads/read', window);
      }),
    pushBranch: (commit) => withRepository(settings, (git) => pushBranch(git, settings, commit)),
    pushOnto: (commit) => withRepository(settings, (git) => pushOnto(git, settings, commit)),
    read: (branch, path) =>
      withRepository(settings, async (git) => {
        checkBranch(branch);
        checkPath(path);
        if ((await fetched(git, settings.url, branch)) === null) return null;
        return git(['show', `refs/heads/${branch}:${path}`]).catch((error: { type?: string }) => {
          if (error.type === 'NotFound' || error.type === 'Unavailable') return null;
          throw error;
        });
      }),
  };
}

/** A checkout or mirror on this machine: only read. */
export function createLocalHistory(directory: string, timeoutMilliseconds: number): Pick<GitClient, 'commits'> {
  const git = readerOf(directory, timeoutMilliseconds);
  return { commits: (window) => logOf(git, 'HEAD', window) };
}

const MOST_COMMITS = 300;
const MESSAGE_CHARACTERS = 200;
const LOG = z.object({
  sha: z.string().regex(/^[0-9a-f]{40,64}$/u),
  seconds: z.coerce.number(),
  author: z.string(),
  message: z.string(),
});

async function logOf(
  git: GitRunner,
  ref: string,
  { fromAt, untilAt }: { readonly fromAt: Instant; readonly untilAt: Instant },
): Promise<{ readonly found: readonly CommitFact[]; readonly complete: boolean }> {
  const text = await git([
    'log',
    '-z',
    `--since=${fromAt}`,
    `--until=${untilAt}`,
    `--max-count=${MOST_COMMITS + 1}`,
    '--format=%H%x1f%ct%x1f%an%x1f%s',
    ref,
    '--',
  ]);
  const all = text
    .split('\0')
    .filter((entry) => entry.trim() !== '')
    .map((entry): CommitFact => {
      const [sha, seconds, author, message] = entry.replace(/^\n/u, '').split('\x1f');
      const read = LOG.parse({ sha, seconds, author, message });
      return {
        sha: read.sha,
        committedAt: instant(read.seconds * 1000),
        author: read.author,
        message: read.message.slice(0, MESSAGE_CHARACTERS),
        link: null,
      };
    });
  return { found: all.slice(0, MOST_COMMITS), complete: all.length <= MOST_COMMITS };
}

/**
 * Look, then push only if the branch is still not there: of two workers one pushes and the other finds. When the answer
 * to a push is lost, the next attempt finds the branch by its key.
 */
async function pushBranch(git: GitRunner, settings: GitSettings, commit: CommitToPush): Promise<Pushed> {
  checkCommit(commit);
  const existing = await ours(git, settings.url, commit);
  if (existing !== null) return existing;
  const base = await fetched(git, settings.url, commit.base);
  if (base === null) throw failure('NotFound', `There is no branch ${commit.base} to begin at.`);
  const sha = await commitOn(git, settings, commit, base);
  try {
    await push(git, settings.url, commit.branch, sha, '');
    return { branch: commit.branch, sha, found: false };
  } catch (error) {
    if ((error as { type?: string }).type !== 'Conflict') throw error;
    const quicker = await ours(git, settings.url, commit);
    if (quicker !== null) return quicker;
    throw error;
  }
}

/** Somebody else's push in between is no conflict of content: each file is written whole. */
const MOST_ATTEMPTS = 4;

async function pushOnto(git: GitRunner, settings: GitSettings, commit: Omit<CommitToPush, 'base'>): Promise<Pushed> {
  const whole = { ...commit, base: commit.branch };
  checkCommit(whole);
  for (let attempt = 1; ; attempt += 1) {
    const tip = await fetched(git, settings.url, commit.branch);
    if (tip === null) throw failure('NotFound', `There is no branch ${commit.branch}.`);
    if (await holds(git, tip, commit.files)) return { branch: commit.branch, sha: tip, found: true };
    const sha = await commitOn(git, settings, whole, tip);
    try {
      await push(git, settings.url, commit.branch, sha, tip);
      return { branch: commit.branch, sha, found: false };
    } catch (error) {
      if ((error as { type?: string }).type !== 'Conflict' || attempt >= MOST_ATTEMPTS) throw error;
    }
  }
}

async function push(git: GitRunner, url: string, branch: string, sha: string, expected: string): Promise<void> {
  await git([
    'push',
    '--quiet',
    '--no-verify',
    `--force-with-lease=refs/heads/${branch}:${expected}`,
    url,
    `${sha}:refs/heads/${branch}`,
  ]);
}

/** The branch as it is there now, by its tip; null when there is none. */
async function fetched(git: GitRunner, url: string, branch: string): Promise<string | null> {
  const told = await git(['ls-remote', '--heads', url, `refs/heads/${branch}`]);
  if (told.trim() === '') return null;
  await git(['fetch', '--quiet', '--no-tags', '--depth=1', url, `+refs/heads/${branch}:refs/heads/${branch}`]);
  return (await git(['rev-parse', '--verify', `refs/heads/${branch}^{commit}`])).trim();
}

/** The branch if it carries our key; a `Conflict` when it is somebody else's. */
async function ours(git: GitRunner, url: string, { branch, key }: CommitToPush): Promise<Pushed | null> {
  const tip = await fetched(git, url, branch);
  if (tip === null) return null;
  const message = await git(['log', '-1', '--format=%B', tip]);
  if (message.includes(trailer(key))) return { branch, sha: tip, found: true };
  throw failure(
    'Conflict',
    `The branch ${branch} exists and is not ours. Look at it, and choose another name or delete it.`,
  );
}

async function commitOn(git: GitRunner, settings: GitSettings, commit: CommitToPush, parent: string): Promise<string> {
  await git(['read-tree', parent]);
  for (const { path, text } of commit.files) {
    const blob = (await git(['hash-object', '-w', '--stdin'], { input: text })).trim();
    await git(['update-index', '--add', '--cacheinfo', `100644,${blob},${path}`]);
  }
  const tree = (await git(['write-tree'])).trim();
  const { name, email } = settings.committer;
  const who = { NAME: name, EMAIL: email, DATE: commit.at };
  const env = Object.fromEntries(
    ['AUTHOR', 'COMMITTER'].flatMap((role) =>
      Object.entries(who).map(([what, value]) => [`GIT_${role}_${what}`, value]),
    ),
  );
  const message = `${commit.message.trimEnd()}\n\n${trailer(commit.key)}\n`;
  return (await git(['commit-tree', tree, '-p', parent, '-F', '-'], { input: message, env })).trim();
}

async function holds(git: GitRunner, tip: string, files: readonly FileChange[]): Promise<boolean> {
  for (const { path, text } of files) {
    const there = await git(['rev-parse', '--verify', '--quiet', `${tip}:${path}`]).catch(() => '');
    const wanted = await git(['hash-object', '--stdin'], { input: text });
    if (there.trim() !== wanted.trim()) return false;
  }
  return true;
}

function trailer(key: string): string {
  return `Incident-Key: ${key.replace(/\s+/gu, ' ')}`;
}

function checkCommit(commit: CommitToPush): void {
  checkBranch(commit.branch);
  checkBranch(commit.base);
  for (const { path } of commit.files) checkPath(path);
  if (commit.files.length === 0) throw failure('Invalid', 'There is nothing to commit.');
}

/** A part of git-check-ref-format that nothing of ours needs to go beyond; a name can be no option either. */
function checkBranch(branch: string): void {
  const fine = /^[A-Za-z0-9][\w./-]{0,199}$/u.test(branch) && !/\.\.|\/\/|\.lock(\/|$)|[./]$/u.test(branch);
  if (!fine) throw failure('Invalid', `${JSON.stringify(branch)} cannot be the name of a branch.`);
}

function checkPath(path: string): void {
  const parts = path.split('/');
  const hostile = parts.some((part) => part === '' || part === '.' || part === '..' || part.toLowerCase() === '.git');
  const odd = [...path].some((character) => character < ' ' || character === '\\');
  if (hostile || odd || path.length > 400)
    throw failure('Invalid', `The path ${JSON.stringify(path)} would leave the repository; nothing was touched.`);
}
