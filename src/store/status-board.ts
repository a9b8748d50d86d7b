import { createHash, randomBytes } from 'node:crypto';
import { type Instant, instant } from '../domain/instant.ts';
import type { ComponentState, PublicImpact, PublicIncident, PublicUpdate } from '../domain/status-board.ts';
import type { PublicStatus } from '../domain/timeline.ts';
import { wellFormedJson } from '../domain/well-formed.ts';
import type { Database, Queries } from './database.ts';

export interface BoardPost {
  readonly incidentId: string;
  /** The publication's key: posting it again changes nothing. */
  readonly key: string;
  readonly name: string;
  readonly status: PublicStatus;
  readonly body: string;
  readonly impact: PublicImpact;
  readonly components: readonly { readonly id: string; readonly status: ComponentState }[];
  readonly at: Instant;
}

export interface BoardEntry {
  readonly id: string;
  readonly status: PublicStatus;
  readonly latestKey: string | null;
}

export interface DueMail {
  readonly key: string;
  readonly recipient: string;
  readonly subject: string;
  readonly body: string;
  readonly attempts: number;
}

/** What the public status page shows, and the mails to those who asked for them. */
export interface StatusBoard {
  /** By its id, else the newest open one of the incident; null when there is none. */
  find(incidentId: string, id: string | null): Promise<BoardEntry | null>;
  create(post: BoardPost): Promise<BoardEntry>;
  update(id: string, post: BoardPost): Promise<BoardEntry>;
  /** Newest first, with their updates. */
  incidents(limit: number): Promise<readonly PublicIncident[]>;
  incident(id: string): Promise<PublicIncident | null>;
  /** Asks the address to confirm; a mail with the link becomes due. The same address again asks again, at most hourly. */
  subscribe(email: string, at: Instant): Promise<void>;
  /** True when the token was somebody's. */
  confirm(token: string, at: Instant): Promise<boolean>;
  unsubscribe(token: string): Promise<boolean>;
  /** Hands each due mail to `send`, one after another, while no other process has it. Answers how many went out. */
  sendDue(send: (mail: DueMail) => Promise<void>, at: Instant, limit: number): Promise<number>;
}

const AGAIN_AFTER_MS = 3_600_000;
const MAX_ATTEMPTS = 8;
const FIRST_RETRY_MS = 30_000;

export function createStatusBoard(database: Database): StatusBoard {
  const { rows } = database;
  return {
    async find(incidentId, id) {
      const [found] = await rows<BoardEntry>(
        `SELECT id, status, (SELECT key FROM status_update u WHERE u.status_incident_id = i.id ORDER BY position DESC LIMIT 1) AS "latestKey"
         FROM status_incident i WHERE ($2::text IS NOT NULL AND id = $2) OR ($2::text IS NULL AND incident_id = $1 AND resolved_at IS NULL)
         ORDER BY created_at DESC LIMIT 1`,
        [incidentId, id],
      );
      return found ?? null;
    },
    create: (post) => database.transaction((queries) => createEntry(queries, post)),
    update: (id, post) => database.transaction((queries) => addUpdate(queries, id, post)),
    incidents: (limit) => readIncidents(database, 'true ORDER BY created_at DESC LIMIT $1', [limit]),
    async incident(id) {
      return (await readIncidents(database, 'id = $1', [id]))[0] ?? null;
    },
    subscribe: (email, at) => database.transaction((queries) => subscribe(queries, email, at)),
    async confirm(token, at) {
      const found = await rows(
        `UPDATE status_subscriber SET confirmed_at = coalesce(confirmed_at, $2) WHERE token_sha256 = $1 RETURNING email`,
        [sha256(token), at],
      );
      return found.length > 0;
    },
    async unsubscribe(token) {
      return (
        (await rows('DELETE FROM status_subscriber WHERE unsubscribe_token = $1 RETURNING email', [token])).length > 0
      );
    },
    async sendDue(send, at, limit) {
      let sent = 0;
      for (let count = 0; count < limit; count++) {
        const outcome = await database.transaction((queries) => sendOne(queries, send, at));
        if (outcome === 'none') break;
        if (outcome === 'sent') sent += 1;
      }
      return sent;
    },
  };
}

async function createEntry(queries: Queries, post: BoardPost): Promise<BoardEntry> {
  const [known] = await queries.rows<{ id: string }>(
    'SELECT status_incident_id AS id FROM status_update WHERE key = $1',
    [post.key],
  );
  if (known !== undefined) return addUpdate(queries, known.id, post);
  const [counted] = await queries.rows<{ count: number }>(
    'SELECT count(*) AS count FROM status_incident WHERE incident_id = $1',
    [post.incidentId],
  );
  const count = counted?.count ?? 0;
  const id = count === 0 ? post.incidentId : `${post.incidentId}.${count + 1}`;
  await queries.rows(
    `INSERT INTO status_incident (id, incident_id, name, status, impact, components, created_at, updated_at)
     VALUES ($1, $2, $3, $4, $5, $6::jsonb, $7, $7)`,
    [id, post.incidentId, post.name, post.status, post.impact, wellFormedJson(post.components), post.at],
  );
  return addUpdate(queries, id, post);
}

async function addUpdate(queries: Queries, id: string, post: BoardPost): Promise<BoardEntry> {
  const added = await queries.rows(
    `INSERT INTO status_update (key, status_incident_id, position, status, body, at)
     SELECT $1, $2, coalesce(max(position), 0) + 1, $3, $4, $5 FROM status_update WHERE status_incident_id = $2
     ON CONFLICT (key) DO NOTHING RETURNING key`,
    [post.key, id, post.status, post.body, post.at],
  );
  if (added.length > 0) {
    await queries.rows(
      `UPDATE status_incident SET name = $2, status = $3, impact = $4, components = $5::jsonb, updated_at = $6,
         resolved_at = CASE WHEN $3 = 'resolved' THEN $6::timestamptz END
       WHERE id = $1`,
      [id, post.name, post.status, post.impact, wellFormedJson(post.components), post.at],
    );
    await tellSubscribers(queries, id, post);
  }
  const [now] = await queries.rows<{ status: PublicStatus }>('SELECT status FROM status_incident WHERE id = $1', [id]);
  if (now === undefined) throw new Error(`The status page has no incident ${id}.`);
  return { id, status: now.status, latestKey: post.key };
}

async function tellSubscribers({ rows }: Queries, id: string, post: BoardPost): Promise<void> {
  await rows(
    `INSERT INTO status_mail (key, recipient, subject, body, due_at)
     SELECT $1 || '/' || email, email, $2, $3 || unsubscribe_token, $4 FROM status_subscriber WHERE confirmed_at IS NOT NULL
     ON CONFLICT (key) DO NOTHING`,
    [
      post.key,
      `${post.status[0]?.toUpperCase()}${post.status.slice(1)}: ${post.name}`,
      `${post.body}\n\n/incidents/${id}\n\nNo more of these mails: /unsubscribe?token=`,
      post.at,
    ],
  );
}

async function subscribe({ rows }: Queries, email: string, at: Instant): Promise<void> {
  const [known] = await rows<{ requestedAt: Instant; confirmedAt: Instant | null }>(
    'SELECT requested_at AS "requestedAt", confirmed_at AS "confirmedAt" FROM status_subscriber WHERE email = $1',
    [email],
  );
  if (known !== undefined && Date.parse(at) - Date.parse(known.requestedAt) < AGAIN_AFTER_MS) return;
  const token = randomBytes(24).toString('base64url');
  const stop = randomBytes(24).toString('base64url');
  await rows(
    `INSERT INTO status_subscriber (email, token_sha256, unsubscribe_token, requested_at) VALUES ($1, $2, $3, $4)
     ON CONFLICT (email) DO UPDATE SET token_sha256 = excluded.token_sha256, requested_at = excluded.requested_at`,
    [email, sha256(token), stop, at],
  );
  await rows(
    `INSERT INTO status_mail (key, recipient, subject, body, due_at) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (key) DO NOTHING`,
    [
      `confirm/${sha256(token)}`,
      email,
      'Confirm that you want news from the status page',
      `This address was entered to receive mails about incidents. To confirm: /confirm?token=${token}\n\nIf that was not you, ignore this mail: nothing more will be sent.`,
      at,
    ],
  );
}

/** The row stays locked while it is sent: a killed worker frees it, and it goes out once more at worst. */
async function sendOne(
  queries: Queries,
  send: (mail: DueMail) => Promise<void>,
  at: Instant,
): Promise<'sent' | 'failed' | 'none'> {
  const [mail] = await queries.rows<DueMail>(
    `SELECT key, recipient, subject, body, attempts FROM status_mail
     WHERE sent_at IS NULL AND given_up_at IS NULL AND due_at <= $1 ORDER BY due_at, key LIMIT 1 FOR UPDATE SKIP LOCKED`,
    [at],
  );
  if (mail === undefined) return 'none';
  try {
    await send(mail);
    await queries.rows('UPDATE status_mail SET sent_at = $2 WHERE key = $1', [mail.key, at]);
    return 'sent';
  } catch {
    const attempts = mail.attempts + 1;
    const again = instant(Date.parse(at) + FIRST_RETRY_MS * 2 ** mail.attempts);
    await queries.rows(
      `UPDATE status_mail SET attempts = $2::integer, due_at = $3, given_up_at = CASE WHEN $2::integer >= $4::integer THEN $5::timestamptz END WHERE key = $1`,
      [mail.key, attempts, again, MAX_ATTEMPTS, at],
    );
    return 'failed';
  }
}

type IncidentRow = Omit<PublicIncident, 'updates'>;

async function readIncidents(
  { rows }: Queries,
  where: string,
  values: readonly unknown[],
): Promise<readonly PublicIncident[]> {
  const found = await rows<IncidentRow>(
    `SELECT id, name, status, impact, components, created_at AS "createdAt", updated_at AS "updatedAt", resolved_at AS "resolvedAt"
     FROM status_incident WHERE ${where}`,
    values,
  );
  const updates = await rows<PublicUpdate & { incident: string }>(
    `SELECT status_incident_id AS incident, status_incident_id || '-' || position AS id, status, body, at
     FROM status_update WHERE status_incident_id = ANY($1) ORDER BY position DESC`,
    [found.map(({ id }) => id)],
  );
  return found.map((incident) => ({
    ...incident,
    updates: updates
      .filter((update) => update.incident === incident.id)
      .map(({ incident: _incident, ...rest }) => rest),
  }));
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
