import type { Instant } from '../../domain/instant.ts';

/** One customer by one of its users; a customer with several users has several rows. */
export interface DirectoryRow {
  readonly customerId: string;
  /** Null: nobody there can be written to. */
  readonly email: string | null;
  readonly userId: string;
  readonly unsubscribed: boolean;
}

/** Who stands behind the users of the metrics: a CSV file, or a query of the team's own database. */
export interface CustomerDirectory {
  customersOf(userIds: readonly string[], query: string | null): Promise<readonly DirectoryRow[]>;
}

export interface CustomerMetrics {
  /** Every series of a query at an instant, by the value of one label; what has no number is left out. */
  valuesByLabel(query: string, label: string, at: Instant): Promise<ReadonlyMap<string, number>>;
  /** The first series' value; null when there is none. */
  valueAt(query: string, at: Instant): Promise<number | null>;
}

export interface BulkMail {
  send(mail: {
    readonly key: string;
    readonly from: string;
    readonly to: readonly string[];
    readonly subject: string;
    readonly text: string;
    readonly html: string;
    readonly calendar: null;
    readonly replyTo: string | null;
    readonly bounceTo: string | null;
    readonly headers: Readonly<Record<string, string>>;
  }): Promise<{ readonly ref: string; readonly rejected: readonly string[] }>;
  messageId(key: string, from: string): string;
  close(): void;
}

interface Which {
  readonly incidentId: string;
  readonly edition: string;
}
interface Recipient {
  readonly customerId: string;
  readonly email: string;
}
interface StoredMail {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly digest: string;
}

/** The store's ledger of customer mails; see store/customer-mail.ts. */
export interface CustomerLedger {
  prepare(
    mail: Which & StoredMail & { readonly at: Instant; readonly recipients: readonly Recipient[] },
  ): Promise<unknown>;
  mail(which: Which): Promise<StoredMail | null>;
  inDoubt(which: Which): Promise<readonly Recipient[]>;
  waiting(which: Which & { readonly limit: number }): Promise<readonly Recipient[]>;
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
  later(one: Which & { readonly customerId: string; readonly words: string }): Promise<number>;
  counts(
    which: Which,
  ): Promise<{ readonly waiting: number; readonly sent: number; readonly refused: number; readonly bounced: number }>;
  lock(which: Which): Promise<(() => Promise<void>) | null>;
}
