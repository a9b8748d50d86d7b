import type { Alert } from './alert.ts';
import type { Hypothesis } from './diagnosis.ts';
import type { EvidenceBundle } from './evidence.ts';
import type { Instant } from './instant.ts';
import type { OnCallHolder } from './on-call.ts';
import type { Actor, Contact } from './people.ts';
import type { ApprovalName } from './policy.ts';
import type { ActionName, RemedyOutcome, RemedyPlan } from './remedy.ts';
import type { RunbookChangeStage } from './runbook-change.ts';
import type { Severity } from './severity.ts';

export type Phase = 'detection' | 'investigation' | 'mitigation' | 'resolution' | 'review' | 'closed';

/** What the public and the chat are told (R4.1–R4.4). */
export type PublicStatus = 'investigating' | 'identified' | 'monitoring' | 'resolved';

/** An option of an approval: one plan, and what it would do. `name` is what a person approves. */
export interface ApprovalOption {
  readonly name: ApprovalName;
  readonly plan: RemedyPlan | null;
  readonly preview: string;
  /** A whole text that is approved with it, such as a mail, and its digest; absent when the preview says it all. */
  readonly shown?: string;
  readonly shownDigest?: string;
}

/** A question to people (ADR 0012), bound to what was shown and to the age of its evidence. */
export interface Approval {
  readonly id: string;
  readonly mode: 'ask' | 'objection' | 'automatic';
  readonly risk: 'low' | 'medium' | 'high';
  readonly approver: string;
  readonly why: string;
  /** The first is what the machine proposes; the others may be chosen instead. */
  readonly options: readonly ApprovalOption[];
  readonly digest: string;
  readonly requestedAt: Instant;
  readonly remindAt: Instant;
  /** ask: unanswered until then, it is escalated and asked again · objection: goes ahead then. */
  readonly deadlineAt: Instant;
}

export interface Lease {
  readonly id: string;
  readonly plan: RemedyPlan;
  readonly expiresAt: Instant;
}

/** A promise somebody was given (ADR 0013): kept, missed with a reason, or superseded, never silent. */
export interface PromiseMade {
  readonly id: string;
  readonly kind:
    | 'acknowledge'
    | 'update'
    | 'status-update'
    | 'escalation'
    | 'approval'
    | 'lease'
    | 'verification'
    | 'review';
  readonly words: string;
  readonly dueAt: Instant;
}

/** How far the permanent fix has come (R5.6–R5.12), in the order of the runbook. */
export type FixStage =
  | 'proposed'
  | 'tried'
  | 'pull-request'
  | 'merged'
  | 'canary-watched'
  | 'canary-paused'
  | 'canary-aborted'
  | 'canary-regressed'
  | 'canary-well'
  | 'promoted'
  | 'window-planned'
  | 'called-off'
  | 'migrated'
  | 'finished'
  | 'left-to-people';

export type Medium = 'chat' | 'status-page' | 'mail' | 'page' | 'page-note' | 'document';

/** One message that went out, with the id the other side gave it. */
export interface Published {
  readonly key: string;
  readonly medium: Medium;
  /** initial, update, resolved, investigating, … or what the mail or page was for. */
  readonly what: string;
  readonly to: string;
  readonly text: string;
  readonly ref: string | null;
  /** The newest event it speaks of. */
  readonly coversSeq: number;
}

/** Everything that can be on a timeline. Names and shapes are kept for years: add, never change. */
export type TimelineFact =
  | {
      readonly kind: 'opened';
      readonly title: string;
      readonly service: string;
      readonly detectedAt: Instant;
      readonly previousIncidentId: string | null;
    }
  | { readonly kind: 'alert-received'; readonly alert: Alert; readonly repeats: number }
  | { readonly kind: 'alert-cleared'; readonly fingerprint: string; readonly name: string; readonly clearedAt: Instant }
  | {
      readonly kind: 'severity-assessed';
      readonly severity: Severity;
      readonly provisional: boolean;
      readonly reasons: readonly string[];
    }
  | { readonly kind: 'severity-set'; readonly severity: Severity; readonly because: string }
  | { readonly kind: 'phase-entered'; readonly phase: Phase; readonly because: string }
  | { readonly kind: 'phase-overrun'; readonly phase: Phase; readonly windowMinutes: number }
  | { readonly kind: 'status-changed'; readonly status: PublicStatus; readonly because: string }
  /** `saidAt`: when it was said in the paging system, where it was only read there later; absent otherwise. */
  | { readonly kind: 'acknowledged'; readonly saidAt?: Instant }
  | { readonly kind: 'commander-changed'; readonly person: string; readonly because: string }
  | { readonly kind: 'assigned'; readonly person: string; readonly what: string }
  | { readonly kind: 'noted'; readonly text: string }
  | { readonly kind: 'channel-opened'; readonly channelId: string; readonly name: string; readonly link: string | null }
  | {
      readonly kind: 'paged';
      readonly contact: Contact;
      readonly key: string;
      readonly ref: string | null;
      readonly because: string;
    }
  /** Who holds the contacts now; `words` says it for people, with whatever was not as it should be. */
  | {
      readonly kind: 'on-call-read';
      readonly holders: readonly OnCallHolder[];
      readonly until: Instant | null;
      readonly words: string;
    }
  | {
      readonly kind: 'escalated';
      readonly to: readonly Contact[];
      /** By the clock of the severity, and not because a question waits. */
      readonly byTime: boolean;
      readonly because: string;
    }
  | { readonly kind: 'evidence-collected'; readonly bundle: EvidenceBundle }
  | { readonly kind: 'explained'; readonly hypotheses: readonly Hypothesis[]; readonly changed: string }
  | { readonly kind: 'approval-requested'; readonly approval: Approval }
  | { readonly kind: 'approval-reminded'; readonly approvalId: string; readonly to: string }
  | { readonly kind: 'approval-extended'; readonly approvalId: string; readonly deadlineAt: Instant }
  | {
      readonly kind: 'approval-granted';
      readonly approvalId: string;
      readonly option: ApprovalName;
      readonly how: 'approved' | 'pre-approved' | 'no-objection' | 'break-glass';
      readonly because: string | null;
    }
  | { readonly kind: 'approval-rejected'; readonly approvalId: string; readonly because: string }
  | { readonly kind: 'approval-withdrawn'; readonly approvalId: string; readonly because: string }
  /**
   * `takesBack`: the key of the plan that this one undoes. `failedBefore`: the share of requests that failed when it was begun.
   * Either is absent where there is none, and in older events.
   */
  | {
      readonly kind: 'remedy-intended';
      readonly plan: RemedyPlan;
      readonly approvalId: string | null;
      readonly takesBack?: string;
      readonly failedBefore?: number;
    }
  | {
      readonly kind: 'remedy-carried-out';
      readonly key: string;
      readonly action: ActionName;
      readonly outcome: RemedyOutcome;
    }
  | {
      readonly kind: 'remedy-verified';
      readonly key: string;
      readonly action: ActionName;
      readonly helped: boolean;
      readonly words: string;
    }
  | { readonly kind: 'remedy-skipped'; readonly action: ActionName; readonly because: string }
  | { readonly kind: 'lease-opened'; readonly lease: Lease }
  | { readonly kind: 'lease-due'; readonly leaseId: string }
  /** It is to be taken back now: a person said so, or it made things worse. */
  | { readonly kind: 'lease-revert-ordered'; readonly leaseId: string }
  | { readonly kind: 'lease-renewed'; readonly leaseId: string; readonly expiresAt: Instant }
  | {
      readonly kind: 'lease-settled';
      readonly leaseId: string;
      readonly how: 'kept' | 'reverted' | 'drifted' | 'moved';
      readonly because: string;
    }
  | { readonly kind: 'promised'; readonly promise: PromiseMade }
  | {
      readonly kind: 'promise-ended';
      readonly promiseId: string;
      readonly how: 'kept' | 'late' | 'missed' | 'superseded';
      readonly because: string;
    }
  | { readonly kind: 'update-written'; readonly text: string; readonly expectedRecoveryAt: Instant | null }
  /** What goes out when nobody writes the update that is due; whoever is reminded may send it by its id (R4.2). */
  | { readonly kind: 'update-drafted'; readonly draftId: string; readonly text: string; readonly dueAt: Instant }
  | { readonly kind: 'update-snoozed'; readonly until: Instant; readonly because: string }
  | { readonly kind: 'published'; readonly message: Published; readonly late: boolean }
  | {
      readonly kind: 'publication-failed';
      readonly key: string;
      readonly medium: Medium;
      readonly what: string;
      readonly reason: string;
      readonly retryAt: Instant | null;
      /** What was known when it was sent. */
      readonly coversSeq: number;
      readonly delivery: unknown;
    }
  | { readonly kind: 'publication-superseded'; readonly key: string; readonly newerKey: string }
  /** Somebody changed the status page by hand; what it shows now is taken as what was said in public (R4.4). */
  | {
      readonly kind: 'status-page-edited';
      readonly from: PublicStatus | null;
      readonly to: PublicStatus;
      readonly words: string;
    }
  /** Who was affected and what they would be told, ready to be approved (R4.5). */
  | {
      readonly kind: 'customer-mail-prepared';
      readonly edition: string;
      readonly subject: string;
      readonly digest: string;
      readonly customers: number;
      readonly words: string;
      readonly formula: string;
    }
  | { readonly kind: 'customer-mail-test-asked'; readonly edition: string }
  | { readonly kind: 'customer-mail-tested'; readonly edition: string; readonly to: string; readonly words: string }
  | {
      readonly kind: 'customer-mail-progress';
      readonly edition: string;
      readonly sent: number;
      readonly refused: number;
      /** Come back by then; absent in older events. */
      readonly bounced?: number;
      readonly left: number;
      readonly inDoubt: number;
    }
  | { readonly kind: 'mitigated'; readonly remedy: ActionName | null; readonly words: string }
  | { readonly kind: 'relapsed'; readonly words: string }
  | { readonly kind: 'resolved'; readonly fix: string; readonly verification: string; readonly followUp: string }
  | { readonly kind: 'reopened'; readonly because: string }
  | {
      readonly kind: 'review-scheduled';
      readonly meetingAt: Instant;
      readonly attendees: readonly string[];
      readonly ref: string | null;
      /** How often the meeting was moved by then; absent in older events. */
      readonly sequence?: number;
    }
  | {
      readonly kind: 'post-mortem-written';
      readonly location: string;
      readonly digest: string;
      readonly approved: boolean;
      /** Below where documents live; absent in older events. */
      readonly path?: string;
    }
  | {
      readonly kind: 'fix-progressed';
      readonly stage: FixStage;
      readonly words: string;
      readonly link: string | null;
    }
  /** A change of a runbook that the post-mortem led to (R6.5); its text is in the evidence store. */
  | {
      readonly kind: 'runbook-changed';
      readonly stage: RunbookChangeStage;
      readonly file: string;
      readonly words: string;
      readonly link: string | null;
    }
  /** A ticket of a playbook's own (R3.4.5); those of the other follow-ups are told by their own workflow. */
  | { readonly kind: 'ticket-opened'; readonly what: string; readonly ref: string; readonly url: string }
  | { readonly kind: 'decision-refused'; readonly decision: string; readonly reason: string }
  | { readonly kind: 'asked-person'; readonly question: string }
  | { readonly kind: 'trouble'; readonly where: string; readonly words: string }
  | {
      readonly kind: 'closed';
      readonly as: 'resolved' | 'false-alarm' | 'merged' | 'cancelled';
      readonly into: string | null;
      readonly because: string;
    }
  | { readonly kind: 'step-finished'; readonly step: string; readonly outcome: unknown };

export type TimelineKind = TimelineFact['kind'];

/** One line of the timeline: `seq` counts from 1 without gaps, `at` is incident time, `by` is who. */
export type TimelineEvent = TimelineFact & {
  readonly seq: number;
  readonly at: Instant;
  readonly by: Actor;
  readonly decisionId: string | null;
};

export type EventOf<K extends TimelineKind> = Extract<TimelineEvent, { kind: K }>;
