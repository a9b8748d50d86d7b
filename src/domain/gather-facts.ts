import { concurrentFaults } from './diagnosis.ts';
import type { Finding, ProbeName } from './evidence.ts';
import { percent } from './format.ts';
import {
  type ApprovalRecord,
  firingAlerts,
  type IncidentState,
  leadingCause,
  openApprovals,
  openLeases,
  openPromise,
  type RemedyRecord,
} from './incident.ts';
import type { IncidentFacts } from './incident-facts.ts';
import { clockTimeUtc, type Instant } from './instant.ts';
import { onCallWords } from './on-call.ts';
import type { Policy } from './policy.ts';
import type { TimelineEvent } from './timeline.ts';

/**
 * The one set of facts that every audience is told (R4): made from the state, never from another message.
 * `timeline` is only read for what happened since the last chat message.
 */
export function gatherFacts(
  state: IncidentState,
  policy: Policy,
  timeline: readonly TimelineEvent[],
  at: Instant,
): IncidentFacts {
  const errorRate = latestFinding(state, 'error-rate');
  const latency = latestFinding(state, 'latency');
  const cause = leadingCause(state);
  return {
    incidentId: state.incidentId,
    name: state.channel?.name ?? state.incidentId,
    title: state.title,
    service: state.service,
    product: policy.team.product,
    severity: state.severity,
    severityLabel: policy.severities[state.severity].label,
    provisional: state.provisional,
    reasons: state.severityReasons,
    phase: state.phase,
    status: state.status,
    openedAt: state.openedAt,
    detectedAt: state.detectedAt,
    at,
    acknowledgedBy: state.acknowledged?.by ?? null,
    acknowledgedAt: state.acknowledged?.at ?? null,
    commander: state.commander,
    responders: state.responders,
    onCall: state.onCall === undefined ? null : onCallWords(state.onCall.holders, policy.contacts),
    channelName: state.channel?.name ?? null,
    issue: issueWords(state),
    impact: impactWords(state),
    errorRatio: errorRate?.ratio ?? null,
    p95Seconds: latency?.p95Seconds ?? null,
    cause,
    causeWords: causeWords(state),
    mitigation: mitigationWords(state),
    expectedRecoveryAt: state.expectedRecoveryAt,
    nextUpdateAt: openPromise(state, 'update')?.promise.dueAt ?? null,
    teamsNotified: teamsNotified(state, policy),
    latestUpdate: state.latestUpdate?.text ?? null,
    latestUpdateBy: state.latestUpdate?.by ?? null,
    latestUpdateAt: state.latestUpdate?.at ?? null,
    lastToldAt: state.told?.at ?? null,
    draft: state.draft ?? null,
    unsent: state.unsent.map(({ medium, what, since, reason }) => ({ medium, what, since, reason })),
    sinceLast: newsSince(timeline, state.told?.coversSeq ?? 0),
    openQuestions: remediesFirst(openApprovals(state)).map(({ approval }) => ({
      approvalId: approval.id,
      name: approval.options[0]?.name ?? '',
      why: approval.why,
      options: approval.options.map((option) => ({
        name: option.name,
        preview: option.preview,
        command: option.plan?.command ?? null,
        ...(option.shown === undefined ? {} : { shown: option.shown }),
      })),
      approver: approval.approver,
      mode: approval.mode,
      deadlineAt: approval.deadlineAt,
    })),
    remedies: state.remedies.map((remedy) => ({
      action: remedy.plan.action,
      target: remedy.plan.target.name,
      at: remedy.carriedOutAt ?? remedy.intendedAt,
      outcome: remedy.outcome?.readBack ?? 'in progress',
      helped: remedy.helped,
    })),
    openLeases: openLeases(state).map((record) => ({
      id: record.lease.id,
      what: record.lease.plan.preview,
      expiresAt: record.expiresAt,
    })),
    mitigatedAt: state.mitigated?.at ?? null,
    resolvedAt: state.resolved?.at ?? null,
    fix: state.resolved?.fix ?? null,
    verification: state.resolved?.verification ?? null,
    followUp: state.resolved?.followUp ?? null,
    reviewAt: state.review?.meetingAt ?? null,
    postMortemUrl: state.postMortem?.location ?? null,
    links: policy.service.dashboards.slice(0, 6).map((dashboard) => ({ title: dashboard.name, url: dashboard.url })),
  };
}

/** What ends the outage is asked before what tells about it. */
function remediesFirst(records: readonly ApprovalRecord[]): readonly ApprovalRecord[] {
  const isRemedy = (record: ApprovalRecord) => record.approval.options.some((option) => option.plan !== null);
  return [...records.filter(isRemedy), ...records.filter((record) => !isRemedy(record))];
}

type FindingOf<P extends ProbeName> = Extract<Finding, { probe: P }>;

/** The newest finding of a probe over all sweeps; null when nobody could say. */
export function latestFinding<P extends ProbeName>(state: IncidentState, probe: P): FindingOf<P> | null {
  let newest: { at: Instant; finding: FindingOf<P> } | null = null;
  for (const bundle of Object.values(state.evidence)) {
    for (const item of bundle?.items ?? []) {
      if (item.finding.probe !== probe) continue;
      if (newest === null || item.collectedAt > newest.at)
        newest = { at: item.collectedAt, finding: item.finding as FindingOf<P> };
    }
  }
  return newest?.finding ?? null;
}

/** Every fault that is as good as sure, the one acted on first. */
function causeWords(state: IncidentState): string {
  const cause = leadingCause(state);
  if (cause === null) return 'Not known yet.';
  return [cause, ...concurrentFaults(state.hypotheses)].map(({ words }) => words).join(' ');
}

function issueWords(state: IncidentState): string {
  const firing = firingAlerts(state);
  const first = firing[0] ?? state.alerts[0];
  const more = firing.length > 1 ? ` (and ${firing.length - 1} more alert${firing.length > 2 ? 's' : ''})` : '';
  return `${first?.alert.summary ?? state.title}${more}`;
}

function impactWords(state: IncidentState): string {
  const parts: string[] = [];
  const errors = latestFinding(state, 'error-rate');
  const users = latestFinding(state, 'affected-users');
  const latency = latestFinding(state, 'latency');
  if (errors?.ratio !== null && errors?.ratio !== undefined) parts.push(`${percent(errors.ratio)} of requests fail`);
  if (latency?.p95Seconds !== null && latency?.p95Seconds !== undefined)
    parts.push(`p95 is ${latency.p95Seconds.toFixed(1)} s`);
  if (users?.ratio !== null && users?.ratio !== undefined) parts.push(usersWords(users.ratio));
  return parts.length === 0 ? 'Being measured.' : `${parts.join(', ')}.`;
}

/** A user counts as affected when at least half of their requests fail (R0.5). */
export function usersWords(ratio: number): string {
  if (ratio === 0) return 'no user has most of their requests failing';
  return ratio === 1
    ? 'most requests of every user fail'
    : `${percent(ratio)} of users have most of their requests failing`;
}

function mitigationWords(state: IncidentState): string {
  const last = state.remedies.at(-1);
  if (last === undefined) {
    const open = openApprovals(state).find((record) => record.approval.options[0]?.plan);
    return open === undefined
      ? 'None yet.'
      : `Proposed: ${open.approval.options[0]?.preview} Waiting for ${open.approval.approver}.`;
  }
  return `${last.plan.preview} ${remedyState(last)}`;
}

function remedyState(remedy: RemedyRecord): string {
  if (remedy.outcome === null) return 'In progress.';
  if (remedy.helped === null) return `Carried out: ${remedy.outcome.readBack}`;
  return remedy.helped
    ? `It helped: ${remedy.words ?? remedy.outcome.readBack}`
    : `It did not help: ${remedy.words ?? ''}`.trim();
}

function teamsNotified(state: IncidentState, policy: Policy): readonly string[] {
  const contacts = new Set([
    ...state.pages.map((page) => page.contact),
    ...state.escalations.map((escalation) => escalation.to),
  ]);
  return [...contacts].map((contact) => policy.contacts[contact].chatGroup ?? policy.contacts[contact].name);
}

/** What happened after event `seq`, for an honest update when nobody wrote one (R4.2). */
export function newsSince(timeline: readonly TimelineEvent[], seq: number): readonly string[] {
  return timeline
    .filter((event) => event.seq > seq)
    .flatMap((event) => newsOf(event))
    .slice(-8);
}

function newsOf(event: TimelineEvent): string[] {
  const time = clockTimeUtc(event.at);
  switch (event.kind) {
    case 'acknowledged':
      return [`${time} ${event.by.person} acknowledged`];
    case 'explained':
      return event.hypotheses[0] === undefined ? [] : [`${time} ${event.changed}`];
    case 'approval-requested':
      return [`${time} asked ${event.approval.approver} about ${event.approval.options[0]?.name}`];
    case 'approval-granted':
      return [`${time} ${event.option} ${event.how}`];
    case 'approval-rejected':
      return [`${time} ${event.by.person} rejected it: ${event.because}`];
    case 'remedy-carried-out':
      return [`${time} ${event.action}: ${event.outcome.readBack}`];
    case 'remedy-verified':
    case 'mitigated':
    case 'relapsed':
      return [`${time} ${event.words}`];
    case 'reopened':
      return [`${time} reopened: ${event.because}`];
    case 'severity-set':
      return [`${time} severity ${event.severity}: ${event.because}`];
    case 'asked-person':
      return [`${time} ${event.question}`];
    default:
      return [];
  }
}
