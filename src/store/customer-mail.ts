import type { Instant } from '../domain/instant.ts';
import { type Database, StoreUnavailable } from './database.ts';

export interface StoredCustomerMail {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly digest: string;
}

export interface MailRecipient {
  readonly customerId: string;
  readonly email: string;
}

export interface MailCounts {
  readonly waiting: number;
  readonly sent: number;
  /** Refused by the server at once. */
  readonly refused: number;
  /** Taken by the server, and come back afterwards. */
  readonly bounced: number;
}

/** One mail to customers, and how far it has come. */
export interface CustomerMailAccount extends MailCounts {
  readonly edition: string;
  readonly subject: string;
  readonly preparedAt: Instant;
}

/**
 * By what a report names the mail that it is about: its Message-ID, its envelope's own sender, or only the envelope's
 * recipient, which says which mail when a single one went there since.
 */
export type ReportedBy =
  | { readonly messageId: string }
  | { readonly bounceTo: string }
  | { readonly email: string; readonly sinceAt: Instant };

/** A mail that came back. `before`: what was known of it until now. */
export interface BouncedMail {
  readonly incidentId: string;
  readonly edition: string;
  readonly customerId: string;
  readonly before: 'waiting' | 'begun' | 'sent' | 'refused' | 'bounced';
}

interface Which {
  readonly incidentId: string;
  readonly edition: string;
}

/** Who gets a mail of an incident, and what became of each (R4.5): intent before sending, outcome after. */
export interface CustomerMailLedger {
  /** The text and its recipients. Again with the same text: adds who is missing. With another text: replaces it while nobody has it. */
  prepare(
    mail: Which & StoredCustomerMail & { readonly at: Instant; readonly recipients: readonly MailRecipient[] },
  ): Promise<MailCounts>;
  mail(which: Which): Promise<StoredCustomerMail | null>;
  /** Begun by a process that ended before it wrote down the outcome: they may have it. */
  inDoubt(which: Which): Promise<readonly MailRecipient[]>;
  waiting(which: Which & { readonly limit: number }): Promise<readonly MailRecipient[]>;
  begin(
    one: Which & {
      readonly customerId: string;
      readonly messageId: string;
      /** The envelope's sender, where it is this mail's own. */
      readonly bounceTo: string | null;
      readonly at: Instant;
    },
  ): Promise<void>;
  sent(one: Which & { readonly customerId: string; readonly at: Instant }): Promise<void>;
  refused(one: Which & { readonly customerId: string; readonly words: string; readonly at: Instant }): Promise<void>;
  /** Not now: it waits again; answers how often it has been tried. */
  later(one: Which & { readonly customerId: string; readonly words: string }): Promise<number>;
  counts(which: Which): Promise<MailCounts>;
  /** Every mail of an incident, the oldest first. */
  accounts(incidentId: string): Promise<readonly CustomerMailAccount[]>;
  /** The mail server says that it could not be delivered; null when it is none of ours, or not known which of them. */
  bounced(report: {
    readonly by: ReportedBy;
    readonly words: string;
    readonly at: Instant;
  }): Promise<BouncedMail | null>;
  /** Who did not get it, and why, in order of customer. */
  refusals(which: Which & { readonly limit: number }): Promise<readonly (MailRecipient & { readonly words: string })[]>;
  /** One sender at a time; the answer ends the turn. Null: another process has it. A killed process holds nothing. */
  lock(which: Which): Promise<(() => Promise<void>) | null>;
}

/** Keeps these locks apart from other advisory locks in the same database. */
const LOCK_SPACE = 7_202;
const OF_MAIL = 'incident_id = $1 AND edition = $2';
const OF_ONE = `${OF_MAIL} AND customer_id = $3`;
const COUNTS = `count(*) FILTER (WHERE state IN ('waiting', 'begun')) AS waiting,
  count(*) FILTER (WHERE state = 'sent') AS sent,
  count(*) FILTER (WHERE state = 'refused') AS refused,
  count(*) FILTER (WHERE state = 'bounced') AS bounced`;
/** A report may be quicker than whoever writes down that the server took it. */
const NOT_BACK = "state <> 'bounced'";
const RECIPIENT = 'customer_id AS "customerId", email';

export function createCustomerMailLedger(database: Database): CustomerMailLedger {
  const { rows } = database;
  const counts = async ({ incidentId, edition }: Which): Promise<MailCounts> => {
    const [found] = await rows<MailCounts & Record<string, unknown>>(
      `SELECT ${COUNTS} FROM customer_mail_recipient WHERE ${OF_MAIL}`,
      [incidentId, edition],
    );
    return found ?? { waiting: 0, sent: 0, refused: 0, bounced: 0 };
  };
  return {
    async prepare({ incidentId, edition, subject, text, html, digest, at, recipients }) {
      await database.transaction(async (queries) => {
        await queries.rows(
          `INSERT INTO customer_mail (incident_id, edition, subject, body_text, body_html, digest, prepared_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7)
           ON CONFLICT (incident_id, edition) DO UPDATE SET subject = $3, body_text = $4, body_html = $5, digest = $6
           WHERE NOT EXISTS (SELECT 1 FROM customer_mail_recipient WHERE ${OF_MAIL} AND state <> 'waiting')`,
          [incidentId, edition, subject, text, html, digest, at],
        );
        await queries.rows(
          `INSERT INTO customer_mail_recipient (incident_id, edition, customer_id, email)
           SELECT $1, $2, * FROM unnest($3::text[], $4::text[]) ON CONFLICT DO NOTHING`,
          [incidentId, edition, recipients.map((one) => one.customerId), recipients.map((one) => one.email)],
        );
      });
      return counts({ incidentId, edition });
    },
    async mail({ incidentId, edition }) {
      const [found] = await rows<StoredCustomerMail>(
        `SELECT subject, body_text AS text, body_html AS html, digest FROM customer_mail WHERE ${OF_MAIL}`,
        [incidentId, edition],
      );
      return found ?? null;
    },
    inDoubt: ({ incidentId, edition }) =>
      rows<MailRecipient & Record<string, unknown>>(
        `SELECT ${RECIPIENT} FROM customer_mail_recipient WHERE ${OF_MAIL} AND state = 'begun' ORDER BY customer_id`,
        [incidentId, edition],
      ),
    waiting: ({ incidentId, edition, limit }) =>
      rows<MailRecipient & Record<string, unknown>>(
        `SELECT ${RECIPIENT} FROM customer_mail_recipient
         WHERE ${OF_MAIL} AND state = 'waiting' ORDER BY tries, customer_id LIMIT $3`,
        [incidentId, edition, limit],
      ),
    async begin({ incidentId, edition, customerId, messageId, bounceTo, at }) {
      await rows(
        `UPDATE customer_mail_recipient
         SET state = 'begun', message_id = $4, begun_at = $5, bounce_to = lower($6), tries = tries + 1 WHERE ${OF_ONE}`,
        [incidentId, edition, customerId, messageId, at, bounceTo],
      );
    },
    async sent({ incidentId, edition, customerId, at }) {
      await rows(
        `UPDATE customer_mail_recipient SET state = 'sent', words = NULL, ended_at = $4 WHERE ${OF_ONE} AND ${NOT_BACK}`,
        [incidentId, edition, customerId, at],
      );
    },
    async refused({ incidentId, edition, customerId, words, at }) {
      await rows(`UPDATE customer_mail_recipient SET state = 'refused', words = $4, ended_at = $5 WHERE ${OF_ONE}`, [
        incidentId,
        edition,
        customerId,
        words,
        at,
      ]);
    },
    async later({ incidentId, edition, customerId, words }) {
      const [found] = await rows<{ tries: number }>(
        `UPDATE customer_mail_recipient SET state = 'waiting', words = $4 WHERE ${OF_ONE} AND ${NOT_BACK} RETURNING tries`,
        [incidentId, edition, customerId, words],
      );
      return found?.tries ?? 0;
    },
    counts,
    accounts: (incidentId) =>
      rows<CustomerMailAccount & Record<string, unknown>>(
        `SELECT edition, subject, prepared_at AS "preparedAt", ${COUNTS}
         FROM customer_mail JOIN customer_mail_recipient USING (incident_id, edition)
         WHERE incident_id = $1 GROUP BY edition, subject, prepared_at ORDER BY prepared_at, edition`,
        [incidentId],
      ),
    async bounced({ by, words, at }) {
      const [which, ...named] = namedBy(by);
      const [found] = await rows<BouncedMail & Record<string, unknown>>(
        `WITH known AS (
           SELECT incident_id, edition, customer_id, state FROM customer_mail_recipient WHERE ${which} FOR UPDATE
         ), noted AS (
           UPDATE customer_mail_recipient AS one SET state = 'bounced', words = $1, ended_at = $2 FROM known
           WHERE one.incident_id = known.incident_id AND one.edition = known.edition
             AND one.customer_id = known.customer_id AND known.state <> 'bounced' AND (SELECT count(*) FROM known) = 1
         )
         SELECT incident_id AS "incidentId", edition, customer_id AS "customerId", state AS before FROM known
         WHERE (SELECT count(*) FROM known) = 1`,
        [words, at, ...named],
      );
      return found ?? null;
    },
    refusals: ({ incidentId, edition, limit }) =>
      rows<MailRecipient & { words: string }>(
        `SELECT ${RECIPIENT}, coalesce(words, '') AS words FROM customer_mail_recipient
         WHERE ${OF_MAIL} AND state IN ('refused', 'bounced') ORDER BY customer_id LIMIT $3`,
        [incidentId, edition, limit],
      ),
    lock: ({ incidentId, edition }) => lock(database, `${incidentId}/${edition}`),
  };
}

/** The condition, and what stands for $3 and $4 in it. */
function namedBy(by: ReportedBy): readonly [string, ...string[]] {
  if ('messageId' in by) return ['message_id = $3', by.messageId];
  if ('bounceTo' in by) return ['bounce_to = lower($3)', by.bounceTo];
  return ['lower(email) = lower($3) AND begun_at >= $4', by.email, by.sinceAt];
}

/** A connection of its own: the lock ends with it, so that a killed worker keeps nobody waiting. */
async function lock(database: Database, name: string): Promise<(() => Promise<void>) | null> {
  const client = await database.ownConnection();
  client.on('error', () => {});
  try {
    const { rows } = await client.query<{ got: boolean }>('SELECT pg_try_advisory_lock($1, hashtext($2)) AS got', [
      LOCK_SPACE,
      name,
    ]);
    if (rows[0]?.got === true) return () => client.end().catch(() => {});
    await client.end();
    return null;
  } catch (error) {
    await client.end().catch(() => {});
    throw new StoreUnavailable(`The store does not answer: ${(error as Error).message}`, { cause: error });
  }
}
