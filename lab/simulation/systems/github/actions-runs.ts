import type { HostedCommit } from '../git/git-host.ts';

const QUEUED_MS = 20_000;
const LASTS_MS = 4 * 60_000;

/** One run of the workflow "CI" for each commit of main, newest first: what GitHub Actions would list. */
export function runsOf(commits: readonly HostedCommit[], repository: string, nowMs: number) {
  return commits
    .map((commit, index) => {
      const startedMs = commit.atMs + QUEUED_MS;
      const endedMs = startedMs + LASTS_MS;
      const done = endedMs <= nowMs;
      return {
        id: 9_000_000 + index,
        name: 'CI',
        run_number: index + 1,
        run_attempt: 1,
        event: 'push',
        head_branch: 'main',
        head_sha: commit.sha,
        display_title: commit.message.split('\n')[0],
        status: done ? 'completed' : 'in_progress',
        conclusion: done ? (commit.change?.fails === true ? 'failure' : 'success') : null,
        created_at: iso(commit.atMs),
        run_started_at: iso(startedMs),
        updated_at: iso(done ? endedMs : Math.max(startedMs, nowMs)),
        html_url: `https://github.com/${repository}/actions/runs/${9_000_000 + index}`,
      };
    })
    .filter((run) => Date.parse(run.created_at) <= nowMs)
    .reverse();
}

function iso(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
