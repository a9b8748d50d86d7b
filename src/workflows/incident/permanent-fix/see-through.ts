import { getExternalWorkflowHandle } from '@temporalio/workflow';
import type { StagingTrial } from '../../../activities/postgres/api.ts';
import { latestFinding } from '../../../domain/gather-facts.ts';
import { leadingCause } from '../../../domain/incident.ts';
import type { RemedyPlan } from '../../../domain/remedy.ts';
import { actionItemsWorkflowId, endItemSignal } from '../../action-items/api.ts';
import { migration as migrationCall } from '../../activity-calls.ts';
import type { IncidentRun } from '../run.ts';
import { mergeFix } from './merging.ts';
import { migrateInWindow } from './migrating.ts';
import { type Migration, previewOf, type Trial } from './migration.ts';
import { progress } from './progress.ts';
import { release } from './releasing.ts';

/**
 * Phase 5, once people are well again (R5.6–R5.12): the fix that removes the cause for good. Written as a migration,
 * tried in staging, reviewed and merged like any change; then the release goes through its canary while the migration
 * waits for its window. It runs beside the review and keeps nobody from it.
 */
export async function seeFixThrough(run: IncidentRun): Promise<void> {
  await run.agenda.waitFor(() => run.state.closed !== null || (run.state.resolved !== null && isPlanned(run)));
  if (run.state.closed !== null || run.state.permanentFix?.over === true) return;
  const migration = await proposedMigration(run);
  if (migration === null) return;
  const trial = await triedInStaging(run, migration);
  const merged = await mergeFix(run, migration, trial);
  const [released, migrated] = await Promise.all([
    merged ? release(run) : false,
    merged && trial.helped ? migrateInWindow(run, migration) : false,
  ]);
  if (run.state.closed !== null) return;
  const left = [
    merged ? null : 'the change was not merged',
    !merged || released ? null : 'the release was not promoted',
    migrated ? null : 'the migration was not carried out',
  ].filter((one) => one !== null);
  if (left.length === 0) {
    progress(run, 'finished', `The cause is removed for good: ${migration.words}`);
    await endItem(run);
  } else progress(run, 'left-to-people', `What is left of the fix is up to people: ${left.join(', ')}.`);
}

/** Nobody is chased for what is done. The items may have ended already, or there may be none. */
async function endItem(run: IncidentRun): Promise<void> {
  const ended = { id: 'cause', how: 'done' as const, because: run.state.permanentFix?.words ?? '', by: 'machine' };
  await getExternalWorkflowHandle(actionItemsWorkflowId(run.state.incidentId))
    .signal(endItemSignal, { ...ended, receivedAt: run.now() })
    .catch(() => undefined);
}

/** True while the machine works at the fix, so that the incident waits for it within limits. */
export function isFixUnderWay(run: IncidentRun): boolean {
  return run.state.permanentFix !== null && !run.state.permanentFix.over;
}

/** Worth asking only where a statement was slow: nothing else has a fix that a machine could write (R5.6). */
function isPlanned(run: IncidentRun): boolean {
  const { database } = run.policy.service;
  const slow = latestFinding(run.state, 'slow-statements')?.statements ?? [];
  return (
    database !== null &&
    run.policy.resolution.migrationsFolder !== null &&
    leadingCause(run.state) !== null &&
    slow.some((statement) => statement.meanMilliseconds >= database.slowStatementMilliseconds)
  );
}

/** The slowest statements first; the first from which an index follows is proposed. */
async function proposedMigration(run: IncidentRun): Promise<Migration | null> {
  return run.step('fix/proposed', async () => {
    const reasons: string[] = [];
    for (const statement of slowStatements(run).slice(0, STATEMENTS_TRIED)) {
      const proposal = await previewOf(run, { statement, sql: null, file: null, keyPrefix: 'fix/proposal' });
      if ('reason' in proposal) {
        reasons.push(proposal.reason);
        continue;
      }
      const migration = migrationOf(run, proposal.plan);
      progress(run, 'proposed', `${migration.words} Written as ${migration.file}.`);
      return migration;
    }
    progress(run, 'left-to-people', `No fix could be written automatically: ${reasons.join(' ')}`);
    return null;
  });
}

const STATEMENTS_TRIED = 3;

function slowStatements(run: IncidentRun): readonly string[] {
  const limit = run.policy.service.database?.slowStatementMilliseconds ?? Number.POSITIVE_INFINITY;
  return [...(latestFinding(run.state, 'slow-statements')?.statements ?? [])]
    .filter((statement) => statement.meanMilliseconds >= limit)
    .sort((a, b) => b.meanMilliseconds - a.meanMilliseconds || a.query.localeCompare(b.query))
    .map((statement) => statement.query);
}

/** `20241023_add_requests_status_created_at_idx.sql`, with a comment that says why (R5.6). */
function migrationOf(run: IncidentRun, plan: RemedyPlan): Migration {
  const { incidentId } = run.state;
  const [sql, index, statement] = [plan.parameters.sql, plan.parameters.index, plan.parameters.statement].map(String);
  const day = run.now().slice(0, 10).replaceAll('-', '');
  const words = `The index ${index} makes the slow statement fast.`;
  return {
    file: `${run.policy.resolution.migrationsFolder}/${day}_add_${index}.sql`,
    text: `-- ${incidentId}: ${words}\n-- ${(statement ?? '').replace(/\s+/g, ' ').slice(0, 300)}\n${sql}\n`,
    sql: sql ?? '',
    index: index ?? '',
    statement: statement ?? '',
    words,
    plan,
  };
}

async function triedInStaging(run: IncidentRun, { plan }: Migration): Promise<Trial> {
  return run.step('fix/tried', async () => {
    const answer = await run.attempt(migrationCall('migration tried in staging').tryMigrationInStaging(plan));
    const trial: Trial = answer.ok
      ? { helped: answer.value.result === 'helped', words: answer.value.words, times: timesOf(answer.value) }
      : {
          helped: false,
          words: `It could not be tried in staging, so production is left alone: ${answer.words}`,
          times: null,
        };
    progress(run, 'tried', trial.words);
    return trial;
  });
}

function timesOf({ before, after }: StagingTrial): Trial['times'] {
  if (before?.milliseconds == null || after?.milliseconds == null) return null;
  return { before: before.milliseconds, after: after.milliseconds };
}
