import type { CommitFact } from '../../domain/evidence.ts';
import type { ChangeSource } from '../evidence/ports.ts';
import type { gitHub } from '../github/settings.ts';
import type { EnvOf } from '../system.ts';
import type { SystemPorts } from '../system-ports.ts';
import { createGitClient, createLocalHistory, type GitClient, type GitSettings } from './client.ts';
import type { git } from './settings.ts';

const TIMEOUT_MILLISECONDS = 5_000;
/** A push takes longer than a question. */
const PUSH_MILLISECONDS = 20_000;

export function ports(env: EnvOf<typeof git> & EnvOf<typeof gitHub>): SystemPorts {
  const branches = clientOf(gitSettings(env));
  const documentsRepository = clientOf(gitSettings({ ...env, GIT_REPOSITORY_URL: env.DOCUMENTS_REPOSITORY_URL }));
  const history = historyOf(env, branches);
  return {
    ...(branches === null ? {} : { branches }),
    ...(documentsRepository === null ? {} : { documentsRepository }),
    ...(history === null ? {} : { commits: commitsOf(history) }),
  };
}

/** Null: it is not configured. */
export function gitSettings(env: EnvOf<typeof git>): GitSettings | null {
  if (env.GIT_REPOSITORY_URL === undefined) return null;
  return {
    url: env.GIT_REPOSITORY_URL,
    username: env.GIT_USERNAME,
    token: env.GIT_TOKEN ?? null,
    timeoutMilliseconds: PUSH_MILLISECONDS,
    committer: { name: env.GIT_COMMITTER_NAME, email: env.GIT_COMMITTER_EMAIL },
  };
}

function clientOf(settings: GitSettings | null): GitClient | null {
  return settings === null ? null : createGitClient(settings);
}

type History = Pick<GitClient, 'commits'>;

/** The team's repository on this machine, read beside GitHub; the remote one only where there is no GitHub. */
function historyOf(env: EnvOf<typeof git> & EnvOf<typeof gitHub>, remote: GitClient | null): History | null {
  if (env.GIT_REPOSITORY_DIR !== undefined) return createLocalHistory(env.GIT_REPOSITORY_DIR, TIMEOUT_MILLISECONDS);
  return env.GITHUB_TOKEN === undefined || env.GITHUB_REPOSITORY === undefined ? remote : null;
}

function commitsOf(history: History): ChangeSource<CommitFact> {
  return {
    name: 'git',
    between: (window) => history.commits(window),
    command: ({ fromAt, untilAt }) => `git log --oneline --since=${fromAt} --until=${untilAt}`,
  };
}
