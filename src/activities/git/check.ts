import { existsSync } from 'node:fs';
import { answered, asked, LOOK_AT_IT } from '../checking.ts';
import { DEADLINE_MS, fine, refused, type SystemFinding, unreachable, unset } from '../finding.ts';
import type { EnvOf } from '../system.ts';
import { gitSettings } from './ports.ts';
import { withRepository } from './run-git.ts';
import { git } from './settings.ts';

const SYSTEM = git.name;
const NOBODY = { GIT_AUTHOR_NAME: 'incident doctor', GIT_AUTHOR_EMAIL: 'doctor@localhost' };
const COMMITTER = { GIT_COMMITTER_NAME: 'incident doctor', GIT_COMMITTER_EMAIL: 'doctor@localhost' };

/** Asks git itself whether we may fetch and push, as it would be done; nothing is sent. */
export async function check(env: EnvOf<typeof git>): Promise<SystemFinding> {
  const settings = gitSettings(env);
  if (settings === null) return unset(SYSTEM, 'GIT_REPOSITORY_URL', 'no fix can be pushed');
  const { url } = settings;
  if (url.startsWith('/') && !existsSync(url))
    return unreachable(SYSTEM, `${url} is not there`, 'Correct GIT_REPOSITORY_URL.');
  return asked(SYSTEM, url, 'GIT_REPOSITORY_URL', (base) =>
    withRepository({ ...settings, timeoutMilliseconds: DEADLINE_MS }, async (run) => {
      const tries = [
        ['fetch from', () => run(['ls-remote', url, 'HEAD'])],
        [
          'push to',
          async () => {
            const tree = (await run(['mktree'])).trim();
            const commit = await run(['commit-tree', tree, '-m', 'doctor'], { env: { ...NOBODY, ...COMMITTER } });
            return run(['push', '--dry-run', url, `${commit.trim()}:refs/heads/incident-doctor`]);
          },
        ],
      ] as const;
      for (const [what, attempt] of tries) {
        const { type, words } = await answered(attempt);
        if (type === 'Unauthorised')
          return refused(
            SYSTEM,
            `GIT_TOKEN does not let us ${what} ${base}`,
            'Give it Contents: read and write, or correct GIT_USERNAME and GIT_TOKEN.',
          );
        if (type === 'NotFound')
          return refused(SYSTEM, `there is no repository at ${base}`, 'Correct GIT_REPOSITORY_URL.');
        if (type !== null) return unreachable(SYSTEM, `${base}: ${words}`, LOOK_AT_IT);
      }
      return fine(SYSTEM, base);
    }),
  );
}
