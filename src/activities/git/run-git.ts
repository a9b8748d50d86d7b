import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { failure } from '../failures.ts';
import { redactSecrets } from '../redaction.ts';

export interface GitAccess {
  /** https, ssh, or a path on this machine. Never with credentials in it. */
  readonly url: string;
  readonly username: string;
  readonly token: string | null;
  readonly timeoutMilliseconds: number;
}

export interface GitRunner {
  /** Standard output of one git command. Throws a failure of the closed list. */
  (
    args: readonly string[],
    options?: { readonly input?: string; readonly env?: Readonly<Record<string, string>> },
  ): Promise<string>;
}

const LARGEST_OUTPUT_BYTES = 16 * 1024 * 1024;

/**
 * A place of its own for one task, with nothing of this machine's configuration: no hooks, no aliases, no prompts. The
 * token reaches git by GIT_ASKPASS, in the environment of that one child, and is told only to the host it is for.
 */
export async function withRepository<T>(access: GitAccess, work: (git: GitRunner) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'incident-git-'));
  try {
    const askpass = join(folder, 'askpass');
    await writeFile(askpass, ASKPASS, { mode: 0o700 });
    const repository = join(folder, 'repository.git');
    const git = runnerFor(access, repository, ['--git-dir', repository], askpass);
    await git(['init', '--quiet', '--bare', '--initial-branch=main', repository]);
    return await work(git);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Reads an existing repository of this machine; nothing is written into it. */
export function readerOf(directory: string, timeoutMilliseconds: number): GitRunner {
  return runnerFor(
    { url: directory, username: '', token: null, timeoutMilliseconds },
    directory,
    ['-C', directory],
    null,
  );
}

/** Prompts name the host: "Password for 'https://user@host': ". */
const ASKPASS = `#!/bin/sh
case "$1" in
  *"//$INCIDENT_GIT_HOST'"*|*"@$INCIDENT_GIT_HOST'"*) ;;
  *) exit 1 ;;
esac
case "$1" in
  Username*) printf '%s\\n' "$INCIDENT_GIT_USERNAME" ;;
  *) printf '%s\\n' "$INCIDENT_GIT_TOKEN" ;;
esac
`;

function runnerFor(access: GitAccess, repository: string, where: readonly string[], askpass: string | null): GitRunner {
  const host = URL.canParse(access.url) ? new URL(access.url).host : '';
  const basic = Buffer.from(`${access.username}:${access.token}`).toString('base64');
  const secrets = access.token === null ? [] : [access.token, basic];
  return (args, options = {}) =>
    new Promise((resolve, reject) => {
      const whole = [...CONFIGURATION, '-c', `safe.directory=${repository}`, ...where, ...args];
      const child = execFile(
        'git',
        whole,
        {
          timeout: access.timeoutMilliseconds,
          killSignal: 'SIGKILL',
          maxBuffer: LARGEST_OUTPUT_BYTES,
          env: {
            PATH: process.env.PATH,
            HOME: process.env.HOME,
            SSH_AUTH_SOCK: process.env.SSH_AUTH_SOCK,
            LC_ALL: 'C',
            GIT_CONFIG_NOSYSTEM: '1',
            GIT_CONFIG_GLOBAL: '/dev/null',
            GIT_TERMINAL_PROMPT: '0',
            GIT_SSH_COMMAND: 'ssh -oBatchMode=yes -oConnectTimeout=5',
            ...(askpass === null || access.token === null
              ? {}
              : {
                  GIT_ASKPASS: askpass,
                  INCIDENT_GIT_HOST: host,
                  INCIDENT_GIT_USERNAME: access.username,
                  INCIDENT_GIT_TOKEN: access.token,
                }),
            ...options.env,
          },
        },
        (error, stdout, stderr) => {
          if (error === null) resolve(stdout);
          else reject(failureOf(error, redactSecrets(stderr, secrets), access.timeoutMilliseconds));
        },
      );
      child.stdin?.on('error', () => undefined);
      child.stdin?.end(options.input ?? '');
    });
}

const CONFIGURATION = [
  '-c',
  'core.hooksPath=/dev/null',
  '-c',
  'protocol.ext.allow=never',
  '-c',
  'credential.helper=',
  '-c',
  'http.followRedirects=false',
  '-c',
  'gc.auto=0',
  '-c',
  'http.lowSpeedLimit=1',
  '-c',
  'http.lowSpeedTime=10',
];

type ExecError = Error & {
  readonly code?: number | string | null;
  readonly killed?: boolean;
  readonly signal?: unknown;
};

const WORDS_CHARACTERS = 300;

function failureOf(error: ExecError, stderr: string, timeoutMilliseconds: number): Error {
  const lines = stderr.trim().split('\n');
  const told = lines.find((line) => /^(fatal|error| ! )/u.test(line)) ?? lines.at(-1) ?? '';
  const said = told.replace(/^(fatal|error): /u, '').slice(0, WORDS_CHARACTERS);
  if (error.code === 'ENOENT') return failure('Invalid', 'git is not installed on the worker’s machine. Install it.');
  if (error.killed === true || error.signal != null)
    return failure('Unavailable', `git did not finish within ${timeoutMilliseconds / 1000} s.`);
  const words = `git: ${said === '' ? 'failed without a word' : said}`;
  if (
    /Authentication failed|could not read (Username|Password)|Permission denied|error: 40[13]|not allowed/iu.test(
      stderr,
    )
  )
    return failure('Unauthorised', `${words}. Check GIT_TOKEN and what it may do.`);
  if (/repository .* not found|does not appear to be a git repository|error: 404|Repository not found/iu.test(stderr))
    return failure('NotFound', `${words}. Check GIT_REPOSITORY_URL.`);
  if (/couldn't find remote ref|invalid object name|unknown revision|does not exist in/iu.test(stderr))
    return failure('NotFound', words);
  if (/\[rejected\]|stale info|non-fast-forward|cannot lock ref|\[remote rejected\]/iu.test(stderr))
    return failure('Conflict', words);
  if (/error: 429/u.test(stderr)) return failure('RateLimited', words, { retryAfterSeconds: LIMITED_SECONDS });
  return failure('Unavailable', words);
}

const LIMITED_SECONDS = 30;
