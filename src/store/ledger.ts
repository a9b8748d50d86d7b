import type { Instant } from '../domain/instant.ts';
import type { Database } from './database.ts';

/** What is known about a mail before it is sent. `in-doubt`: it was begun and nobody wrote down how that ended. */
export type MailEntry =
  | { readonly kind: 'first'; readonly messageId: string }
  | { readonly kind: 'in-doubt'; readonly messageId: string; readonly begunAt: Instant }
  | { readonly kind: 'sent'; readonly messageId: string; readonly sentAt: Instant };

/** SMTP cannot be asked what was sent, so the intent is written down before and the outcome after (decision 4). */
export interface MailLedger {
  begin(entry: { readonly key: string; readonly messageId: string; readonly at: Instant }): Promise<MailEntry>;
  /** Also for a mail that was not begun here: it is known as sent from then on. */
  sent(entry: { readonly key: string; readonly at: Instant }): Promise<void>;
  isSent(key: string): Promise<boolean>;
  /** The server certainly refused it: a later try is a first one. */
  forget(key: string): Promise<void>;
}

export function createMailLedger({ rows }: Database): MailLedger {
  const begin: MailLedger['begin'] = async ({ key, messageId, at }) => {
    const inserted = await rows(
      'INSERT INTO mail_ledger (key, message_id, begun_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING key',
      [key, messageId, at],
    );
    if (inserted.length === 1) return { kind: 'first', messageId };
    const [known] = await rows<{ messageId: string; begunAt: Instant; sentAt: Instant | null }>(
      `SELECT message_id AS "messageId", begun_at AS "begunAt", sent_at AS "sentAt" FROM mail_ledger WHERE key = $1`,
      [key],
    );
    // Between the two statements another process may have found out that the mail was refused.
    if (known === undefined) return begin({ key, messageId, at });
    if (known.sentAt !== null) return { kind: 'sent', messageId: known.messageId, sentAt: known.sentAt };
    return { kind: 'in-doubt', messageId: known.messageId, begunAt: known.begunAt };
  };
  return {
    begin,
    async sent({ key, at }) {
      await rows(
        `INSERT INTO mail_ledger AS known (key, message_id, begun_at, sent_at) VALUES ($1, '', $2, $2)
         ON CONFLICT (key) DO UPDATE SET sent_at = coalesce(known.sent_at, excluded.sent_at)`,
        [key, at],
      );
    },
    async isSent(key) {
      return (await rows('SELECT 1 FROM mail_ledger WHERE key = $1 AND sent_at IS NOT NULL', [key])).length === 1;
    },
    async forget(key) {
      await rows('DELETE FROM mail_ledger WHERE key = $1 AND sent_at IS NULL', [key]);
    },
  };
}
