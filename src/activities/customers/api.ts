import type { IncidentFacts } from '../../domain/incident-facts.ts';
import type { Instant } from '../../domain/instant.ts';
import type { MessageTemplates } from '../../domain/message-templates.ts';
import type { CustomersPolicy } from '../../domain/policy.ts';

/** `edition` names one mail of an incident: the notification of a resolution, or the correction of one. */
export interface PrepareCustomerMailInput {
  readonly edition: string;
  readonly kind: 'notification' | 'correction';
  readonly facts: IncidentFacts;
  readonly texts: MessageTemplates;
  readonly customers: CustomersPolicy;
  readonly fromAt: Instant;
  readonly untilAt: Instant;
  readonly at: Instant;
}

/** What would go out, and to how many; bound to its digest (ADR 0012). */
export interface PreparedCustomerMail {
  readonly subject: string;
  readonly text: string;
  readonly digest: string;
  readonly customers: number;
  /** Affected users, by the metrics. */
  readonly users: number;
  /** Affected customers who want no mail, or have no address. */
  readonly unsubscribed: number;
  readonly withoutAddress: number;
  readonly failedShare: number | null;
  /** How the figures and the recipients were found, complete queries. */
  readonly formula: string;
}

export interface SendCustomerMailInput {
  readonly incidentId: string;
  readonly edition: string;
  /** Of the text that was approved; another one is not sent. */
  readonly digest: string;
  readonly customers: CustomersPolicy;
  readonly at: Instant;
}

/** Counts over the whole edition, not only of this batch. */
export interface CustomerMailProgress {
  readonly sent: number;
  readonly refused: number;
  /** Come back so far; most come later, and the store has them then. */
  readonly bounced?: number;
  readonly left: number;
  /** Handed over by a process that ended before it heard the answer; sent again under the same Message-ID. */
  readonly inDoubt: number;
}

export interface TestCustomerMailInput extends SendCustomerMailInput {
  readonly to: string;
  /** Different for each test, so that a second one is sent too. */
  readonly key: string;
}

export interface CustomerActivities {
  /** Who was affected and what they would be told. Asking again gives the same as long as the evidence does. */
  prepareCustomerMail(input: PrepareCustomerMailInput): Promise<PreparedCustomerMail>;
  /** One batch, one message a customer, each in the ledger; what was sent before is not sent again. */
  sendCustomerMails(input: SendCustomerMailInput): Promise<CustomerMailProgress>;
  /** The very mail to one person of ours. */
  testCustomerMail(input: TestCustomerMailInput): Promise<{ readonly ref: string }>;
}
