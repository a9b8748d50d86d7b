import { type Instant, plusMinutes } from '../domain/instant.ts';
import type { UserReport } from '../domain/user-report.ts';
import { wellFormedJson } from '../domain/well-formed.ts';
import type { Database, Queries } from './database.ts';

/** A verification as the store knows it; what happens in it is Temporal's. */
export interface VerificationEntry {
  readonly id: string;
  readonly service: string;
  readonly state: 'pending' | 'running' | 'settled';
  readonly openedAt: Instant;
  readonly settledAt: Instant | null;
  readonly confirmed: boolean | null;
  readonly incidentId: string | null;
  readonly words: string | null;
}

export interface TakenReport {
  readonly verificationId: string;
  /** True when it was already being looked into. */
  readonly joined: boolean;
  /** How often this very report had come before. */
  readonly repeats: number;
  readonly state: VerificationEntry['state'];
}

/** What people report by themselves, between the webhook's 2xx and the answer (R1.7). */
export interface Reports {
  /** Stores and joins one report in one transaction: many reports of one problem are one verification. */
  takeReport(report: UserReport, service: string): Promise<TakenReport>;
  /** Those that Temporal has not begun yet, the oldest first. */
  pending(limit: number): Promise<readonly VerificationEntry[]>;
  markRunning(id: string): Promise<void>;
  of(id: string): Promise<readonly UserReport[]>;
  /** Ends it, once; from then on a new report begins another. Answers all that belong to it. */
  settle(outcome: {
    readonly id: string;
    readonly confirmed: boolean;
    readonly incidentId: string | null;
    readonly words: string;
    readonly at: Instant;
  }): Promise<readonly UserReport[]>;
  list(limit: number): Promise<readonly VerificationEntry[]>;
  countPending(): Promise<number>;
}

/** Keeps the locks of services apart from other advisory locks in the same database. */
const LOCK_SPACE = 7_203;
const LIMIT = 500;
const LONGEST_MINUTES = 24 * 60;
const MAX_SUFFIX = 1_000;
const COLUMNS = `id, service, state, opened_at AS "openedAt", settled_at AS "settledAt", confirmed,
  incident_id AS "incidentId", words`;

export function createReports(database: Database): Reports {
  const { rows } = database;
  const of: Reports['of'] = async (id) =>
    (
      await rows<{ report: UserReport }>(
        'SELECT report FROM user_report WHERE verification_id = $1 ORDER BY received_at, id LIMIT $2',
        [id, LIMIT],
      )
    ).map(({ report }) => report);
  return {
    takeReport: (report, service) => database.transaction((queries) => takeReport(queries, report, service)),
    pending: (limit) =>
      rows<VerificationEntry>(
        `SELECT ${COLUMNS} FROM verification WHERE state = 'pending' ORDER BY opened_at, id LIMIT $1`,
        [limit],
      ),
    async markRunning(id) {
      await rows(`UPDATE verification SET state = 'running' WHERE id = $1 AND state = 'pending'`, [id]);
    },
    of,
    async settle({ id, confirmed, incidentId, words, at }) {
      await rows(
        `UPDATE verification SET state = 'settled', settled_at = $2, confirmed = $3, incident_id = $4, words = $5
         WHERE id = $1 AND state <> 'settled'`,
        [id, at, confirmed, incidentId, words],
      );
      return of(id);
    },
    list: (limit) =>
      rows<VerificationEntry>(`SELECT ${COLUMNS} FROM verification ORDER BY opened_at DESC, id LIMIT $1`, [limit]),
    async countPending() {
      const [found] = await rows<{ count: number }>(
        `SELECT count(*) AS count FROM verification WHERE state = 'pending'`,
      );
      return found?.count ?? 0;
    },
  };
}

async function takeReport(queries: Queries, report: UserReport, service: string): Promise<TakenReport> {
  const { rows } = queries;
  await rows('SELECT pg_advisory_xact_lock($1, hashtext($2))', [LOCK_SPACE, service]);
  const [known] = await rows<{ verificationId: string; repeats: number; state: VerificationEntry['state'] }>(
    `UPDATE user_report SET repeats = repeats + 1 FROM verification
     WHERE user_report.id = $1 AND verification.id = verification_id
     RETURNING verification_id AS "verificationId", repeats, state`,
    [report.id],
  );
  if (known !== undefined) return { ...known, joined: true };
  // One whose workflow failed for good must not swallow reports for ever.
  await rows(
    `UPDATE verification SET state = 'settled', settled_at = $2, words = 'given up: nothing came of it within a day'
     WHERE service = $1 AND state <> 'settled' AND opened_at < $3`,
    [service, report.receivedAt, plusMinutes(report.receivedAt, -LONGEST_MINUTES)],
  );
  const [open] = await rows<{ id: string; state: VerificationEntry['state'] }>(
    `SELECT id, state FROM verification WHERE service = $1 AND state <> 'settled'`,
    [service],
  );
  const id = open?.id ?? (await reserve(queries, service, report.receivedAt));
  await rows('INSERT INTO user_report (id, verification_id, report, received_at) VALUES ($1, $2, $3::jsonb, $4)', [
    report.id,
    id,
    wellFormedJson(report),
    report.receivedAt,
  ]);
  return { verificationId: id, joined: open !== undefined, repeats: 0, state: open?.state ?? 'pending' };
}

/** `user-report-20240303-0912`: UTC, by receipt, with a suffix for a second one of that minute. */
async function reserve({ rows }: Queries, service: string, at: Instant): Promise<string> {
  const name = `user-report-${at.slice(0, 10).replaceAll('-', '')}-${at.slice(11, 16).replace(':', '')}`;
  for (let count = 1; count <= MAX_SUFFIX; count++) {
    const id = count === 1 ? name : `${name}-${count}`;
    const inserted = await rows(
      'INSERT INTO verification (id, service, opened_at) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING RETURNING id',
      [id, service, at],
    );
    if (inserted.length === 1) return id;
  }
  throw new Error(`More than ${MAX_SUFFIX} reports began in the minute of ${name}; look at what the sources send.`);
}
