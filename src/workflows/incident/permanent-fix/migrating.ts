import type { MaintenanceWindow } from '../../../activities/follow-up/api.ts';
import { type Instant, isBefore, plusMinutes } from '../../../domain/instant.ts';
import type { RemedyPlan } from '../../../domain/remedy.ts';
import { followUp } from '../../activity-calls.ts';
import { carryOut } from '../../playbooks/carry-out.ts';
import { askApproval } from '../approving.ts';
import type { IncidentRun } from '../run.ts';
import { type Migration, previewOf } from './migration.ts';
import { progress } from './progress.ts';

/** So many nights it is tried; then it is left to people. */
const NIGHTS_LIMIT = 7;
/** A window with less than this left is not begun: building an index cannot be hurried. */
const NEEDED_MINUTES = 15;

/**
 * The production change waits for the maintenance window, may be called off until it starts, needs a yes of its own,
 * and is read back (R5.8). True when it is in effect.
 */
export async function migrateInWindow(run: IncidentRun, migration: Migration): Promise<boolean> {
  for (let night = 1; night <= NIGHTS_LIMIT; night += 1) {
    const window = await run.step(`fix/window${night}`, () => planWindow(run, night));
    if (window === null || isOver(run)) return false;
    progress(
      run,
      'window-planned',
      `${migration.file} waits for the maintenance window, ${window.startsAt} to ${window.endsAt}. It can be called off until then.`,
    );
    const outcome = await run.waitStep(`fix/night${night}`, () => oneNight(run, migration, window, night));
    if (outcome !== 'next-night') return outcome === 'migrated';
  }
  return false;
}

async function planWindow(run: IncidentRun, night: number): Promise<MaintenanceWindow | null> {
  const earlier = run.state.steps[`fix/window${night - 1}`] as MaintenanceWindow | undefined;
  const after = earlier === undefined ? run.now() : earlier.endsAt;
  const question = { ...run.policy.maintenanceWindow, after };
  const answer = await run.attempt(followUp('when is the maintenance window?').planWindow(question));
  if (answer.ok) return answer.value;
  run.record({ kind: 'trouble', where: 'permanent fix', words: `No maintenance window was found: ${answer.words}` });
  return null;
}

type Night = 'migrated' | 'not-migrated' | 'next-night';

async function oneNight(
  run: IncidentRun,
  migration: Migration,
  window: MaintenanceWindow,
  night: number,
): Promise<Night> {
  const plan = await run.step(`fix/migration/plan${night}`, () => planOf(run, migration, night));
  if (plan === null) return 'not-migrated';
  const lastStartAt = plusMinutes(window.endsAt, -NEEDED_MINUTES);
  const approved = await approvedBefore(run, plan, lastStartAt, `fix.migrate${night}`);
  if (isOver(run)) return 'not-migrated';
  if (!approved) return passed(run, lastStartAt, 'not approved in time');
  await run.agenda.waitUntil('maintenance window opens', window.startsAt, () => isOver(run));
  if (isOver(run)) return 'not-migrated';
  if (!isBefore(run.now(), lastStartAt)) return passed(run, lastStartAt, 'it cannot finish in what is left of it');
  const done = await carryOut(run, plan, `fix.migrate${night}`);
  const outcome = run.state.remedies.find((record) => record.plan.key === plan.key)?.outcome;
  if (done) progress(run, 'migrated', outcome?.readBack ?? plan.preview);
  return done ? 'migrated' : 'not-migrated';
}

/** A rejection is final; a window that went by is not. */
function passed(run: IncidentRun, lastStartAt: Instant, why: string): Night {
  if (isBefore(run.now(), lastStartAt)) return 'not-migrated';
  run.record({ kind: 'trouble', where: 'permanent fix', words: `The maintenance window passes without it: ${why}.` });
  return 'next-night';
}

async function approvedBefore(run: IncidentRun, plan: RemedyPlan, lastStartAt: Instant, id: string): Promise<boolean> {
  const obsolete = () => {
    if (isOver(run)) return 'it was called off';
    return isBefore(run.now(), lastStartAt) ? null : 'the window is over';
  };
  // The question ends with the window; its clock makes the obsolete condition true in time.
  const ends = run.agenda.waitUntil(`window of ${id} ends`, lastStartAt, () => isAnswered(run, id) || isOver(run));
  const asked = askApproval(run, {
    id,
    why: 'The migration helped in staging; production follows in the maintenance window.',
    options: [{ name: 'migrate', plan, preview: plan.preview }],
    approver: 'approver',
    obsolete,
    patienceMinutes: run.policy.resolution.fixApprovalMinutes,
  });
  const [chosen] = await Promise.all([asked, ends]);
  return chosen?.plan != null;
}

function isAnswered(run: IncidentRun, id: string): boolean {
  const record = run.state.approvals.find((one) => one.approval.id === id);
  return record !== undefined && record.state !== 'open';
}

async function planOf(run: IncidentRun, migration: Migration, night: number): Promise<RemedyPlan | null> {
  const { statement, sql, file } = migration;
  const preview = await previewOf(run, { statement, sql, file, keyPrefix: `fix/night${night}` });
  if ('plan' in preview) return preview.plan;
  run.record({ kind: 'remedy-skipped', action: 'migrate', because: preview.reason });
  return null;
}

function isOver(run: IncidentRun): boolean {
  return run.state.closed !== null || run.state.permanentFix?.migration === 'called-off';
}
