import type { Alert } from './alert.ts';
import type { Hypothesis } from './diagnosis.ts';
import type { EvidenceBundle, EvidencePurpose } from './evidence.ts';
import type { Instant } from './instant.ts';
import type { OnCallHolder } from './on-call.ts';
import type { Contact } from './people.ts';
import type { ApprovalName } from './policy.ts';
import type { ActionName, RemedyOutcome, RemedyPlan } from './remedy.ts';
import type { Severity } from './severity.ts';
import type { Approval, FixStage, Lease, Medium, Phase, PromiseMade, PublicStatus } from './timeline.ts';

/**
 * Everything the incident knows now: a fold over its timeline (fold.ts), plain JSON, carried over continue-as-new.
 * Nothing here is set except by a timeline event.
 */
export interface IncidentState {
  readonly incidentId: string;
  readonly title: string;
  readonly service: string;
  readonly openedAt: Instant;
  readonly detectedAt: Instant;
  readonly previousIncidentId: string | null;
  /** Sequence number of the newest event. */
  readonly seq: number;
  readonly severity: Severity;
  readonly highestSeverity: Severity;
  readonly provisional: boolean;
  readonly severityReasons: readonly string[];
  readonly severityBy: 'evidence' | 'person';
  readonly severityChangedAt: Instant;
  readonly phase: Phase;
  readonly phaseEnteredAt: Instant;
  readonly overruns: readonly Phase[];
  readonly status: PublicStatus;
  /** Counts from 1; a relapse or a reopening begins the next round of investigation and mitigation. */
  readonly round: number;
  readonly acknowledged: { readonly by: string; readonly at: Instant } | null;
  readonly commander: string | null;
  /** As it was read last; absent before it was. */
  readonly onCall?: { readonly holders: readonly OnCallHolder[]; readonly until: Instant | null };
  readonly responders: readonly string[];
  readonly tasks: readonly { readonly person: string; readonly what: string }[];
  readonly alerts: readonly AlertRecord[];
  readonly channel: { readonly id: string; readonly name: string; readonly link: string | null } | null;
  readonly pages: readonly {
    readonly contact: Contact;
    readonly key: string;
    readonly at: Instant;
    readonly severity: Severity;
  }[];
  readonly escalations: readonly {
    readonly to: Contact;
    readonly at: Instant;
    readonly severity: Severity;
    readonly byTime: boolean;
    readonly because: string;
  }[];
  readonly evidence: Readonly<Partial<Record<EvidencePurpose, EvidenceBundle>>>;
  readonly hypotheses: readonly Hypothesis[];
  readonly explainedCount: number;
  readonly causeKnownAt: Instant | null;
  readonly approvals: readonly ApprovalRecord[];
  readonly remedies: readonly RemedyRecord[];
  readonly leases: readonly LeaseRecord[];
  readonly promises: readonly PromiseRecord[];
  readonly latestUpdate: {
    readonly text: string;
    readonly by: string;
    readonly at: Instant;
    readonly seq: number;
  } | null;
  readonly expectedRecoveryAt: Instant | null;
  readonly snoozedUntil: Instant | null;
  /** The update that is due, as it goes out when nobody writes one; null while none is. */
  readonly draft?: { readonly id: string; readonly text: string; readonly dueAt: Instant } | null;
  /** By medium: what was last said, when, and up to which event it speaks. */
  readonly said: Readonly<
    Partial<
      Record<
        Medium,
        {
          readonly what: string;
          readonly at: Instant;
          readonly seq: number;
          readonly ref: string | null;
          readonly count: number;
        }
      >
    >
  >;
  /** The newest event that is worth a message by itself. */
  readonly newsSeq: number;
  /** The last message to the incident's channel that told where it stands; questions and reminders do not count. */
  readonly told: { readonly what: string; readonly at: Instant; readonly coversSeq: number } | null;
  readonly statusPageRef: string | null;
  /** The state the status page shows; null before anything was posted there. */
  readonly statusPageStatus: PublicStatus | null;
  readonly unsent: readonly UnsentRecord[];
  /** Mails to customers, oldest first. */
  readonly customerMails?: readonly CustomerMailRecord[];
  readonly mitigated: { readonly at: Instant; readonly remedy: ActionName | null; readonly words: string } | null;
  readonly firstMitigatedAt: Instant | null;
  readonly relapses: number;
  readonly resolved: {
    readonly at: Instant;
    readonly by: string;
    readonly fix: string;
    readonly verification: string;
    readonly followUp: string;
  } | null;
  readonly reopenings: number;
  /** `sequence`: how often the meeting was moved; calendars go by it. */
  readonly review: {
    readonly meetingAt: Instant;
    readonly attendees: readonly string[];
    readonly sequence?: number;
  } | null;
  readonly postMortem: { readonly location: string; readonly approved: boolean } | null;
  /** The permanent fix (R5.6–R5.12): its newest stage of each track; null while none is being made. */
  readonly permanentFix: PermanentFix | null;
  readonly closed: {
    readonly as: 'resolved' | 'false-alarm' | 'merged' | 'cancelled';
    readonly into: string | null;
    readonly because: string;
    readonly at: Instant;
  } | null;
  /** Outcomes of finished steps by their stable ids: a phase that is entered again does not do them twice. */
  readonly steps: Readonly<Record<string, unknown>>;
  /** Effects of decisions already taken, by decision id; bounded, newest last. */
  readonly decisions: readonly { readonly id: string; readonly effect: string }[];
}

export interface PermanentFix {
  readonly stage: FixStage;
  readonly words: string;
  readonly at: Instant;
  readonly pullRequest: string | null;
  readonly canary: 'watched' | 'paused' | 'aborted' | 'over' | null;
  readonly migration: 'waiting' | 'called-off' | 'done' | null;
  /** Nothing more is done by the machine: it is finished, or left to people. */
  readonly over: boolean;
}

export interface AlertRecord {
  readonly alert: Alert;
  readonly count: number;
  readonly firstAt: Instant;
  readonly lastAt: Instant;
  readonly clearedAt: Instant | null;
}

export interface ApprovalRecord {
  readonly approval: Approval;
  readonly state: 'open' | 'granted' | 'rejected' | 'withdrawn';
  readonly option: ApprovalName | null;
  readonly how: 'approved' | 'pre-approved' | 'no-objection' | 'break-glass' | null;
  readonly decidedBy: string | null;
  readonly decidedAt: Instant | null;
  readonly because: string | null;
  readonly reminders: number;
}

export interface RemedyRecord {
  readonly plan: RemedyPlan;
  /** Of mitigation: another begins with each relapse. */
  readonly round: number;
  readonly approvalId: string | null;
  readonly intendedAt: Instant;
  /** The share of requests that failed then; absent where it was not known. */
  readonly failedBefore?: number;
  readonly outcome: RemedyOutcome | null;
  readonly carriedOutAt: Instant | null;
  readonly helped: boolean | null;
  readonly words: string | null;
}

export interface LeaseRecord {
  readonly lease: Lease;
  readonly state: 'open' | 'due' | 'kept' | 'reverted' | 'drifted' | 'moved';
  readonly expiresAt: Instant;
  /** It is being taken back, whatever its time. */
  readonly revertOrdered?: true;
}

export interface PromiseRecord {
  readonly promise: PromiseMade;
  readonly madeAt: Instant;
  readonly ended: {
    readonly how: 'kept' | 'late' | 'missed' | 'superseded';
    readonly at: Instant;
    readonly because: string;
  } | null;
}

/** A mail to affected customers: prepared, then sent in batches. */
export interface CustomerMailRecord {
  readonly edition: string;
  readonly digest: string;
  readonly customers: number;
  readonly sent: number;
  readonly refused: number;
  readonly left: number;
  readonly testsAsked: readonly { readonly by: string; readonly seq: number }[];
  readonly testsDone: number;
}

/** A message that could not be sent; the next round of its medium supersedes it (communication debt). */
export interface UnsentRecord {
  readonly key: string;
  readonly medium: Medium;
  readonly what: string;
  readonly reason: string;
  readonly since: Instant;
  readonly failedAt: Instant;
  readonly retryAt: Instant | null;
  /** What was known when it was sent first: if it arrived then after all, it speaks only of that. */
  readonly coversSeq: number;
  /** The delivery as it was, for what is sent again unchanged. */
  readonly delivery: unknown;
}

export function approvalById(state: IncidentState, id: string): ApprovalRecord | null {
  return state.approvals.find((record) => record.approval.id === id) ?? null;
}

export function openApprovals(state: IncidentState): readonly ApprovalRecord[] {
  return state.approvals.filter((record) => record.state === 'open');
}

export function openLeases(state: IncidentState): readonly LeaseRecord[] {
  return state.leases.filter((record) => record.state === 'open' || record.state === 'due');
}

/** Changes that nobody has taken back or kept for good; also those that were left to follow-up when it was resolved. */
export function leasesInPlace(state: IncidentState): readonly LeaseRecord[] {
  return state.leases.filter(({ state: is }) => is === 'open' || is === 'due' || is === 'moved');
}

export function openPromise(state: IncidentState, kind: PromiseMade['kind']): PromiseRecord | null {
  return state.promises.find((record) => record.promise.kind === kind && record.ended === null) ?? null;
}

/** The number of the next promise: one more than the newest has, since ended ones are not all kept (carrying.ts). */
export function nextPromiseNumber(state: IncidentState): number {
  return Number(state.promises.at(-1)?.promise.id.split('-').at(-1) ?? 0) + 1;
}

/** Alerts that are firing as far as anybody has said. */
export function firingAlerts(state: IncidentState): readonly AlertRecord[] {
  return state.alerts.filter((record) => record.clearedAt === null);
}

/** The explanation ranked first, unless it is only "not known". */
export function leadingCause(state: IncidentState): Hypothesis | null {
  const first = state.hypotheses[0];
  return first === undefined || first.cause === 'unknown' ? null : first;
}
