import { foldCustomerMails } from './fold-customer-mails.ts';
import { withFix } from './fold-permanent-fix.ts';
import { withPublished, withUnsent } from './fold-publications.ts';
import type {
  AlertRecord,
  ApprovalRecord,
  IncidentState,
  LeaseRecord,
  PromiseRecord,
  RemedyRecord,
} from './incident.ts';
import type { OnCallHolder } from './on-call.ts';
import { higherOf } from './severity.ts';
import type { EventOf, TimelineEvent } from './timeline.ts';

const DECISIONS_REMEMBERED = 500;
const ALERTS_REMEMBERED = 200;

/** The state after one more event. Pure; the timeline and nothing else decides the state. */
export function fold(state: IncidentState, event: TimelineEvent): IncidentState {
  const newsSeq = isNews(state, event) ? event.seq : state.newsSeq;
  const next = withDecision(withResponder({ ...state, seq: event.seq, newsSeq }, event), event);
  switch (event.kind) {
    case 'opened':
    case 'noted':
    case 'remedy-skipped':
    case 'decision-refused':
    case 'asked-person':
    case 'trouble':
    case 'runbook-changed':
    case 'ticket-opened':
      return next;
    case 'alert-received':
      return { ...next, alerts: withAlert(next.alerts, event) };
    case 'alert-cleared':
      return {
        ...next,
        alerts: next.alerts.map((record) =>
          record.alert.fingerprint === event.fingerprint ? { ...record, clearedAt: event.clearedAt } : record,
        ),
      };
    case 'severity-assessed':
      return withSeverity(next, event, 'evidence', event.reasons, event.provisional);
    case 'severity-set':
      return withSeverity(next, event, 'person', [event.because], false);
    case 'phase-entered':
      return { ...next, phase: event.phase, phaseEnteredAt: event.at };
    case 'phase-overrun':
      return { ...next, overruns: [...next.overruns, event.phase] };
    case 'status-changed':
      return { ...next, status: event.status };
    case 'acknowledged':
      return { ...next, acknowledged: next.acknowledged ?? { by: event.by.person, at: event.saidAt ?? event.at } };
    case 'commander-changed':
      return { ...next, commander: event.person };
    case 'assigned':
      return { ...next, tasks: [...next.tasks, { person: event.person, what: event.what }] };
    case 'channel-opened':
      return {
        ...next,
        unsent: next.unsent.filter((unsent) => unsent.what !== 'open-channel'),
        channel: { id: event.channelId, name: event.name, link: event.link },
      };
    case 'paged':
      return {
        ...next,
        unsent: next.unsent.filter((unsent) => unsent.key !== event.key),
        pages: [...next.pages, { contact: event.contact, key: event.key, at: event.at, severity: next.severity }],
      };
    case 'on-call-read':
      return { ...next, onCall: withHolders(next.onCall?.holders ?? [], event) };
    case 'escalated':
      return {
        ...next,
        escalations: [
          ...next.escalations,
          ...event.to.map((to) => ({
            to,
            at: event.at,
            severity: next.severity,
            byTime: event.byTime,
            because: event.because,
          })),
        ],
      };
    case 'evidence-collected':
      return { ...next, evidence: { ...next.evidence, [event.bundle.purpose]: event.bundle } };
    case 'explained':
      return {
        ...next,
        hypotheses: event.hypotheses,
        explainedCount: next.explainedCount + 1,
        causeKnownAt: next.causeKnownAt ?? (isKnown(event) ? event.at : null),
      };
    case 'approval-requested':
      return { ...next, approvals: [...next.approvals, openApproval(event)] };
    case 'approval-reminded':
      return updateApproval(next, event.approvalId, (record) => ({ reminders: record.reminders + 1 }));
    case 'approval-extended':
      return updateApproval(next, event.approvalId, (record) => ({
        approval: { ...record.approval, deadlineAt: event.deadlineAt },
      }));
    case 'approval-granted':
      return updateApproval(next, event.approvalId, () => ({
        state: 'granted',
        option: event.option,
        how: event.how,
        decidedBy: event.by.person,
        decidedAt: event.at,
        because: event.because,
      }));
    case 'approval-rejected':
      return updateApproval(next, event.approvalId, () => ({
        state: 'rejected',
        decidedBy: event.by.person,
        decidedAt: event.at,
        because: event.because,
      }));
    case 'approval-withdrawn':
      return updateApproval(next, event.approvalId, () => ({
        state: 'withdrawn',
        decidedAt: event.at,
        because: event.because,
      }));
    case 'remedy-intended':
      return { ...next, remedies: [...next.remedies, intended(event, next.round)] };
    case 'remedy-carried-out':
      return updateRemedy(next, event.key, { outcome: event.outcome, carriedOutAt: event.at });
    case 'remedy-verified':
      return updateRemedy(next, event.key, { helped: event.helped, words: event.words });
    case 'lease-opened':
      return {
        ...next,
        leases: [...next.leases, { lease: event.lease, state: 'open', expiresAt: event.lease.expiresAt }],
      };
    case 'lease-due':
      return updateLease(next, event.leaseId, { state: 'due' });
    case 'lease-revert-ordered':
      return updateLease(next, event.leaseId, { revertOrdered: true });
    case 'lease-renewed':
      return updateLease(next, event.leaseId, { state: 'open', expiresAt: event.expiresAt });
    case 'lease-settled':
      return updateLease(next, event.leaseId, { state: event.how });
    case 'promised':
      return { ...next, promises: [...next.promises, { promise: event.promise, madeAt: event.at, ended: null }] };
    case 'promise-ended':
      return { ...next, promises: next.promises.map((record) => endPromise(record, event)) };
    case 'update-written':
      return {
        ...next,
        latestUpdate: { text: event.text, by: event.by.person, at: event.at, seq: event.seq },
        expectedRecoveryAt: event.expectedRecoveryAt ?? next.expectedRecoveryAt,
        snoozedUntil: null,
        draft: null,
      };
    case 'update-drafted':
      return { ...next, draft: { id: event.draftId, text: event.text, dueAt: event.dueAt } };
    case 'update-snoozed':
      return { ...next, snoozedUntil: event.until, draft: null };
    case 'published':
      return withPublished(next, event);
    case 'publication-failed':
      return { ...next, unsent: withUnsent(next, event) };
    case 'publication-superseded':
      return { ...next, unsent: next.unsent.filter((unsent) => unsent.key !== event.key) };
    case 'status-page-edited':
      return { ...next, statusPageStatus: event.to };
    case 'customer-mail-prepared':
    case 'customer-mail-test-asked':
    case 'customer-mail-tested':
    case 'customer-mail-progress':
      return { ...next, customerMails: foldCustomerMails(next.customerMails ?? [], event) };
    case 'mitigated':
      return {
        ...next,
        mitigated: { at: event.at, remedy: event.remedy, words: event.words },
        firstMitigatedAt: next.firstMitigatedAt ?? event.at,
      };
    case 'relapsed':
      return { ...next, mitigated: null, relapses: next.relapses + 1, round: next.round + 1 };
    case 'resolved':
      return {
        ...next,
        status: 'resolved',
        mitigated: next.mitigated ?? { at: event.at, remedy: null, words: event.verification },
        firstMitigatedAt: next.firstMitigatedAt ?? event.at,
        resolved: {
          at: event.at,
          by: event.by.person,
          fix: event.fix,
          verification: event.verification,
          followUp: event.followUp,
        },
      };
    case 'reopened':
      return {
        ...next,
        resolved: null,
        mitigated: null,
        status: 'investigating',
        reopenings: next.reopenings + 1,
        round: next.round + 1,
      };
    case 'review-scheduled':
      return {
        ...next,
        review: { meetingAt: event.meetingAt, attendees: event.attendees, sequence: event.sequence ?? 0 },
      };
    case 'fix-progressed':
      return { ...next, permanentFix: withFix(state.permanentFix, event) };
    case 'post-mortem-written':
      return { ...next, postMortem: { location: event.location, approved: event.approved } };
    case 'closed':
      return {
        ...next,
        phase: 'closed',
        phaseEnteredAt: event.at,
        closed: { as: event.as, into: event.into, because: event.because, at: event.at },
      };
    case 'step-finished':
      return { ...next, steps: { ...next.steps, [event.step]: event.outcome } };
  }
}

/** What is worth telling at once, not only at the next update. */
function isNews(state: IncidentState, event: TimelineEvent): boolean {
  switch (event.kind) {
    case 'update-written':
    case 'status-changed':
    case 'resolved':
    case 'reopened':
    case 'remedy-carried-out':
      return true;
    case 'severity-set':
    case 'severity-assessed':
      return event.severity !== state.severity;
    default:
      return false;
  }
}

/** Only what was asked about is told; the others stay as they were. */
function withHolders(
  before: readonly OnCallHolder[],
  { holders, until }: EventOf<'on-call-read'>,
): NonNullable<IncidentState['onCall']> {
  const others = before.filter(({ contact }) => holders.every((holder) => holder.contact !== contact));
  return { holders: [...others, ...holders], until };
}

function isKnown(event: EventOf<'explained'>): boolean {
  const first = event.hypotheses[0];
  return first !== undefined && first.cause !== 'unknown';
}

function withResponder(state: IncidentState, event: TimelineEvent): IncidentState {
  const { person, via } = event.by;
  return via === 'machine' || state.responders.includes(person)
    ? state
    : { ...state, responders: [...state.responders, person] };
}

function withDecision(state: IncidentState, event: TimelineEvent): IncidentState {
  if (event.decisionId === null || state.decisions.some((seen) => seen.id === event.decisionId)) return state;
  const decisions = [...state.decisions, { id: event.decisionId, effect: event.kind }];
  return { ...state, decisions: decisions.slice(-DECISIONS_REMEMBERED) };
}

function withAlert(alerts: readonly AlertRecord[], event: EventOf<'alert-received'>): readonly AlertRecord[] {
  const known = alerts.find((record) => record.alert.fingerprint === event.alert.fingerprint);
  if (known === undefined) {
    const added = { alert: event.alert, count: event.repeats, firstAt: event.at, lastAt: event.at, clearedAt: null };
    return [...alerts, added].slice(-ALERTS_REMEMBERED);
  }
  return alerts.map((record) =>
    record === known
      ? { ...record, alert: event.alert, count: record.count + event.repeats, lastAt: event.at, clearedAt: null }
      : record,
  );
}

function withSeverity(
  state: IncidentState,
  event: EventOf<'severity-assessed'> | EventOf<'severity-set'>,
  by: 'evidence' | 'person',
  reasons: readonly string[],
  provisional: boolean,
): IncidentState {
  const first = state.severityReasons.length === 0;
  return {
    ...state,
    severity: event.severity,
    highestSeverity: first ? event.severity : higherOf(state.highestSeverity, event.severity),
    severityBy: by,
    severityReasons: reasons,
    provisional,
    // The first assessment sets the clocks of when it opened; every later change starts them anew (R0.7).
    severityChangedAt: !first && event.severity !== state.severity ? event.at : state.severityChangedAt,
  };
}

function openApproval(event: EventOf<'approval-requested'>): ApprovalRecord {
  return {
    approval: event.approval,
    state: 'open',
    option: null,
    how: null,
    decidedBy: null,
    decidedAt: null,
    because: null,
    reminders: 0,
  };
}

function updateApproval(
  state: IncidentState,
  id: string,
  change: (record: ApprovalRecord) => Partial<ApprovalRecord>,
): IncidentState {
  return {
    ...state,
    approvals: state.approvals.map((record) => (record.approval.id === id ? { ...record, ...change(record) } : record)),
  };
}

function intended(event: EventOf<'remedy-intended'>, round: number): RemedyRecord {
  return {
    plan: event.plan,
    round,
    approvalId: event.approvalId,
    intendedAt: event.at,
    ...(event.failedBefore === undefined ? {} : { failedBefore: event.failedBefore }),
    outcome: null,
    carriedOutAt: null,
    helped: null,
    words: null,
  };
}

function updateRemedy(state: IncidentState, key: string, change: Partial<RemedyRecord>): IncidentState {
  return {
    ...state,
    remedies: state.remedies.map((record) => (record.plan.key === key ? { ...record, ...change } : record)),
  };
}

function updateLease(state: IncidentState, id: string, change: Partial<LeaseRecord>): IncidentState {
  return {
    ...state,
    leases: state.leases.map((record) => (record.lease.id === id ? { ...record, ...change } : record)),
  };
}

function endPromise(record: PromiseRecord, event: EventOf<'promise-ended'>): PromiseRecord {
  if (record.promise.id !== event.promiseId || record.ended !== null) return record;
  return { ...record, ended: { how: event.how, at: event.at, because: event.because } };
}
