import { change, wait } from '../../activity-calls.ts';
import { nextKey, publishRound } from '../publishing.ts';
import type { IncidentRun } from '../run.ts';
import type { Migration, Trial } from './migration.ts';
import { progress } from './progress.ts';

const POLL_SECONDS = 60;
/** After so many reminders a review that never comes is left to people. */
const REMINDERS_LIMIT = 48;

/** Branch, pull request, reviewers, a review awaited and asked for again, merged (R5.9). True when it is merged. */
export async function mergeFix(run: IncidentRun, migration: Migration, trial: Trial): Promise<boolean> {
  const number = await openedPullRequest(run, migration, trial);
  if (number === null) return false;
  for (let reminder = 1; reminder <= REMINDERS_LIMIT && run.state.closed === null; reminder += 1) {
    const reviewed = await run.waitStep(`fix/review${reminder}`, () => review(run, number));
    if (reviewed === 'merged') return true;
    if (reviewed === 'closed') return false;
    if (reviewed !== 'waiting') return merge(run, number, reviewed.headSha);
    await run.step(`fix/reminder${reminder}`, () => askAgain(run, number));
  }
  return false;
}

async function openedPullRequest(run: IncidentRun, migration: Migration, trial: Trial): Promise<number | null> {
  const { incidentId, title } = run.state;
  const { fixBranchPrefix, reviewers } = run.policy.resolution;
  return run.step('fix/pull-request', async () => {
    const branch = await run.attempt(
      change('branch with the fix').openFixBranch({
        incidentId,
        key: `${incidentId}/fix/branch`,
        prefix: fixBranchPrefix,
        about: migration.index,
        message: `fix: ${migration.words}\n\n${incidentId}: ${title}`,
        files: [{ path: migration.file, text: migration.text }],
        at: run.now(),
      }),
    );
    if (!branch.ok) return refused(run, `no branch: ${branch.words}`);
    const pull = await run.attempt(
      change('pull request with the fix').openPullRequest({
        branch: branch.value.branch,
        title: `fix: ${migration.words}`.slice(0, 120),
        body: bodyOf(run, migration, trial),
      }),
    );
    if (!pull.ok) return refused(run, `no pull request: ${pull.words}`);
    const { number, url } = pull.value;
    const asked = await run.attempt(change('reviewers asked').requestReviewers({ number, reviewers }));
    const who = asked.ok ? `${reviewers.join(', ')} asked for a fast review` : `nobody could be asked: ${asked.words}`;
    progress(run, 'pull-request', `#${number} is open; ${who}.`, url);
    return number;
  });
}

function refused(run: IncidentRun, words: string): null {
  run.record({ kind: 'trouble', where: 'permanent fix', words });
  return null;
}

function bodyOf(run: IncidentRun, migration: Migration, trial: Trial): string {
  const { incidentId, title } = run.state;
  return [
    `Removes the cause of ${incidentId} (${title}) for good. Expedited review, please: production had an incident.`,
    migration.words,
    `\`\`\`sql\n${migration.sql.trim()}\n\`\`\``,
    `**Staging**: ${trial.words}${trial.times === null ? '' : ` ${trial.times.before.toFixed(1)} ms before, ${trial.times.after.toFixed(1)} ms after.`}`,
    `Production follows in the maintenance window, with an approval of its own.`,
  ].join('\n\n');
}

type Reviewed = { readonly headSha: string } | 'merged' | 'closed' | 'waiting';

async function review(run: IncidentRun, number: number): Promise<Reviewed> {
  const deadlineMs = run.milliseconds(run.policy.resolution.reviewReminderMinutes * 60);
  const pollSeconds = run.milliseconds(POLL_SECONDS) / 1000;
  const closed = () => run.state.closed !== null;
  const answer = await run.waitActivity(
    () => wait(deadlineMs, `review of #${number}`).awaitReview({ number, pollSeconds }),
    closed,
  );
  if (!answer.ok) return 'waiting';
  const { state, headSha } = answer.value;
  if (state === 'open') return { headSha };
  progress(run, state === 'merged' ? 'merged' : 'tried', `#${number} was ${state} by somebody else.`);
  return state;
}

/** "Request fast-track review due to production incident": again in the on-call channel when it is late. */
async function askAgain(run: IncidentRun, number: number): Promise<boolean> {
  if (run.state.closed !== null) return false;
  const link = run.state.permanentFix?.pullRequest ?? `#${number}`;
  await publishRound(run, `review of #${number} asked for again`, [
    {
      medium: 'chat',
      key: nextKey(run, 'review'),
      what: 'note',
      channel: run.policy.communication.oncallChannel,
      detail: `The fix of ${run.state.incidentId} still waits for a review: ${link}. Asked: ${run.policy.resolution.reviewers.join(', ')}.`,
    },
  ]);
  return true;
}

async function merge(run: IncidentRun, number: number, headSha: string): Promise<boolean> {
  return run.step('fix/merged', async () => {
    const answer = await run.attempt(change(`merge of #${number}`).mergePullRequest({ number, headSha }));
    if (answer.ok) progress(run, 'merged', `#${number} is reviewed and merged as ${answer.value.sha.slice(0, 12)}.`);
    else run.record({ kind: 'trouble', where: 'permanent fix', words: `#${number} was not merged: ${answer.words}` });
    return answer.ok;
  });
}
