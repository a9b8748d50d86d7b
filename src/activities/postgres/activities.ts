import type { RemedyOutcome, RemedyPlan, RemedyPreview, RemedyRequest } from '../../domain/remedy.ts';
import { MIGRATION_KINDS } from '../../domain/resolution-policy.ts';
import { failure, notYet } from '../failures.ts';
import { planDigest, sealPlan } from '../remedy-plan.ts';
import type { MigrationActivities, MigrationPreviewInput, StagingTrial } from './api.ts';
import { suggestIndex } from './index-suggestion.ts';
import { isDone } from './indexes.ts';
import { type MigrationStatement, readStatement } from './migration-statement.ts';
import type { MigrationClient } from './migrations.ts';

export interface MigrationClients {
  /** Null when no role that owns the tables is configured. */
  readonly production: MigrationClient | null;
  readonly staging: MigrationClient | null;
}

const ASK_AGAIN_SECONDS = 10;

export function createMigrationActivities({ production, staging }: MigrationClients): MigrationActivities {
  return {
    previewMigration: (input) => preview(production, input),
    async tryMigrationInStaging(plan) {
      const statement = await statementOf(plan);
      if (staging === null) throw failure('Invalid', 'No staging database is configured (STAGING_DATABASE_URL).');
      return tryIn(staging, plan, statement);
    },
    migrateDatabase: (plan) => migrate(required(production), plan),
  };
}

async function preview(production: MigrationClient | null, input: MigrationPreviewInput): Promise<RemedyPreview> {
  const request: RemedyRequest = { action: 'migrate', target: input.target, parameters: {} };
  const impossible = (reason: string): RemedyPreview => ({ kind: 'impossible', request, reason });
  if (production === null)
    return impossible('No role that owns the tables is configured for migrations (SERVICE_MIGRATION_URL).');
  const sql = input.sql ?? (input.statement === null ? null : await suggestIndex(input.statement));
  if (sql === null) return impossible('No index follows from the statement alone: a person must write the migration.');
  const statement = await readStatement(sql, input.allowed);
  if (typeof statement === 'string') return impossible(statement);
  const [state, plan] = [await production.state(statement), await explained(production, input.statement)];
  if (isDone(statement, state)) return impossible(`${statement.index} is ${state} already.`);
  const leftover =
    state === 'invalid' ? ` An invalid ${statement.index}, left by a build that failed, is dropped first.` : '';
  const where = input.file === null ? '' : ` It is written to ${input.file}.`;
  const now = plan === null ? '' : ` Its statement costs ${Math.round(plan.cost)} now${scanWords(plan.scannedTables)}.`;
  const sealed = sealPlan({
    key: `${input.keyPrefix}/migrate/${statement.index}`,
    action: 'migrate',
    target: input.target,
    parameters: {
      sql: statement.sql,
      index: statement.index,
      statement: input.statement ?? '',
      file: input.file ?? '',
    },
    before: { state, cost: plan === null ? null : plan.cost },
    preconditions: {},
    preview: `${statement.sql.replaceAll(/\s+/g, ' ')} Reads and writes go on while it runs.${leftover}${now}${where}`,
    command: `psql -c "${statement.sql.replaceAll(/\s+/g, ' ').replaceAll('"', '\\"')}"`,
    plannedAt: input.at,
    temporary: false,
  });
  return { kind: 'plan', plan: sealed };
}

/** Before and after, on data that nobody's work depends on: only there is the statement really run (R5.7). */
async function tryIn(staging: MigrationClient, plan: RemedyPlan, statement: MigrationStatement): Promise<StagingTrial> {
  const slow = String(plan.parameters.statement ?? '');
  const summary = async () => {
    if (slow === '') return null;
    const { cost, milliseconds, indexes, scannedTables } = await staging.explain(slow, true);
    return { cost, milliseconds, usesIndex: indexes.includes(statement.index), scansTable: scannedTables.length > 0 };
  };
  const before = await summary();
  await carry(staging, statement);
  const after = await summary();
  const state = await staging.state(statement);
  if (!isDone(statement, state))
    return { result: 'refused', words: `In staging ${statement.index} is ${state}.`, before, after };
  if (before === null || after === null)
    return {
      result: 'no-difference',
      words: `${statement.index} is ${state} in staging; no statement was compared.`,
      before,
      after,
    };
  const helped = after.usesIndex && after.cost < before.cost;
  // Times stand in `before` and `after`: they are the machine's, and what is told must not depend on it.
  const words = `In staging the plan ${after.usesIndex ? 'uses' : 'does not use'} ${statement.index}: cost ${Math.round(before.cost)} before, ${Math.round(after.cost)} after.`;
  return { result: helped ? 'helped' : 'no-difference', words, before, after };
}

async function migrate(production: MigrationClient, plan: RemedyPlan): Promise<RemedyOutcome> {
  const statement = await statementOf(plan);
  const carried = await carry(production, statement);
  const { state, isUsed, words } = await readBack(production, plan);
  const observed = { state, isUsed: isUsed === null ? null : Number(isUsed) };
  if (!isDone(statement, state)) return { result: 'unknown', readBack: words, observed };
  return { result: carried === 'was-done' ? 'already-done' : 'done', readBack: words, observed };
}

async function carry(client: MigrationClient, statement: MigrationStatement): Promise<'done' | 'was-done'> {
  const carried = await client.carryOut(statement);
  if (carried !== 'somebody-is-at-it') return carried;
  throw notYet(`${statement.index} is being worked on by another session.`, ASK_AGAIN_SECONDS);
}

interface MigrationState {
  readonly state: 'absent' | 'building' | 'invalid' | 'valid';
  /** Whether the plan of the statement it is for uses it; null when that is not known. */
  readonly isUsed: boolean | null;
  readonly words: string;
}

/** Whether it is valid, and whether the plan of the statement it was made for uses it (R5.8). */
async function readBack(production: MigrationClient, plan: RemedyPlan): Promise<MigrationState> {
  const statement = await statementOf(plan);
  const state = await production.state(statement);
  const slow = String(plan.parameters.statement ?? '');
  const after = state === 'valid' && slow !== '' ? await explained(production, slow) : null;
  const isUsed = after === null ? null : after.indexes.includes(statement.index);
  const use =
    isUsed === null
      ? ''
      : isUsed
        ? ', and the plan of its statement uses it'
        : ', but the plan of its statement does not use it';
  return { state, isUsed, words: `${statement.index} is ${state}${use}.` };
}

/** A statement that cannot be explained here says nothing about the migration. */
async function explained(client: MigrationClient, statement: string | null) {
  if (statement === null) return null;
  return client.explain(statement, false).catch(() => null);
}

/** A plan is carried out only as it was approved, and read again: what is in it came by way of a person. */
async function statementOf(plan: RemedyPlan): Promise<MigrationStatement> {
  if (plan.action !== 'migrate' || planDigest(plan) !== plan.digest)
    throw failure('Invalid', `The plan ${plan.key} is not the migration that was approved. Preview it again.`);
  const statement = await readStatement(String(plan.parameters.sql), MIGRATION_KINDS);
  if (typeof statement === 'string') throw failure('Invalid', statement);
  return statement;
}

function scanWords(tables: readonly string[]): string {
  return tables.length === 0 ? '' : ` and scans all of ${tables.join(', ')}`;
}

function required(client: MigrationClient | null): MigrationClient {
  if (client !== null) return client;
  throw failure('Invalid', 'No role that owns the tables is configured for migrations (SERVICE_MIGRATION_URL).');
}
