import { ApplicationFailure, setHandler } from '@temporalio/workflow';
import type { Alert } from '../../domain/alert.ts';
import { decide, type Refusal, refusal } from '../../domain/decide.ts';
import { DECISION_NAMES, type Decision, type DecisionAnswer, type DecisionName } from '../../domain/decision.ts';
import { oldestWithin } from '../../domain/sizes.ts';
import type { TimelineEvent } from '../../domain/timeline.ts';
import {
  type AlertBatch,
  agendaQuery,
  alertsSignal,
  communicationQuery,
  decisionSignal,
  decisionUpdate,
  type JoinedIncident,
  paperQuery,
  postMortemApprovedSignal,
  receiveAlertsUpdate,
  runbookChangedSignal,
  stateQuery,
  TIMELINE_ANSWER_BYTES,
  timelineSinceQuery,
} from './api.ts';
import { assessSeverity } from './assessing.ts';
import { manualSteps } from './manual-steps.ts';
import { chatGroups } from './publishing.ts';
import type { IncidentRun } from './run.ts';

/** Wires every message. Handlers only record; the phases act on the changed state (ADR 0009). */
export function registerMessages(run: IncidentRun): void {
  setHandler(receiveAlertsUpdate, (batch): JoinedIncident => {
    takeAlerts(run, batch);
    return { incidentId: run.state.incidentId, phase: run.state.phase, severity: run.state.severity };
  });
  setHandler(alertsSignal, (batch) => takeAlerts(run, batch));
  setHandler(postMortemApprovedSignal, ({ location, digest, by, at }) => {
    run.clock.adopt(at);
    run.record({ kind: 'noted', text: `${by} approved the post-mortem.` });
    run.record({ kind: 'post-mortem-written', location, digest, approved: true });
  });
  setHandler(runbookChangedSignal, ({ at, by, ...change }) => {
    run.clock.adopt(at);
    const person = run.policy.people.find(({ id }) => id === by);
    const actor = person === undefined ? undefined : { person: by, roles: person.roles, via: 'api' as const };
    run.record({ kind: 'runbook-changed', ...change }, actor);
  });
  for (const name of DECISION_NAMES) registerDecision(run, name);
  setHandler(stateQuery, () => ({ state: run.state, facts: run.facts(), now: run.now() }));
  setHandler(timelineSinceQuery, (seq) => timelineSince(run, seq));
  setHandler(agendaQuery, () => run.agenda.entries());
  setHandler(communicationQuery, () => ({ communication: run.policy.communication, chatGroups: chatGroups(run) }));
  setHandler(paperQuery, () => manualSteps(run.state, run.policy, run.now()));
}

/** Whoever is missing more than fits in an answer asks on from its end (client.ts). */
function timelineSince(run: IncidentRun, seq: number): readonly TimelineEvent[] {
  const missing = run.timeline.filter((event) => event.seq > seq);
  return oldestWithin(missing, TIMELINE_ANSWER_BYTES);
}

/** Each decision comes as an update (somebody waits) or as a signal of the same name and shape (nobody does). */
function registerDecision(run: IncidentRun, name: DecisionName): void {
  setHandler(decisionUpdate(name), (decision): DecisionAnswer => take(run, decision), {
    validator: (decision) => {
      const refused = problemWith(run, name, decision);
      if (refused !== null)
        throw ApplicationFailure.nonRetryable(refused.words, refused.unauthorised ? 'Unauthorised' : 'Refused');
    },
  });
  setHandler(decisionSignal(name), (decision) => {
    const refused = problemWith(run, name, decision);
    if (refused === null) take(run, decision);
    else run.record({ kind: 'decision-refused', decision: name, reason: refused.words }, actorOf(decision));
  });
}

function problemWith(run: IncidentRun, name: DecisionName, decision: Decision): Refusal | null {
  const words = shapeProblem(name, decision);
  return words === null ? refusal(run.state, decision) : { unauthorised: false, words };
}

function take(run: IncidentRun, decision: Decision): DecisionAnswer {
  const seen = run.state.decisions.find((earlier) => earlier.id === decision.id);
  if (seen !== undefined)
    return { accepted: true, decisionId: decision.id, effect: `Already taken: ${seen.effect}.`, repeated: true };
  run.clock.adopt(decision.receivedAt);
  const { facts, effect } = decide(run.state, decision, run.policy);
  for (const fact of facts) run.record(fact, decision.actor, decision.id);
  if (facts.length === 0)
    run.record({ kind: 'noted', text: `${decision.name}: ${effect}` }, decision.actor, decision.id);
  const approvalId = (decision.body as { approvalId?: string }).approvalId;
  if (approvalId !== undefined)
    run.record({ kind: 'step-finished', step: `${approvalId}/decision`, outcome: decision });
  return { accepted: true, decisionId: decision.id, effect, repeated: false };
}

/** A signal may come from anywhere (`temporal workflow signal`): its shape is checked before anything is read. */
function shapeProblem(name: DecisionName, decision: unknown): string | null {
  if (typeof decision !== 'object' || decision === null) return `${name} needs a decision object.`;
  const { id, incidentId, actor, receivedAt, body } = decision as Partial<Decision>;
  if (typeof id !== 'string' || id === '') return `${name} needs an id chosen by the client.`;
  if (typeof incidentId !== 'string') return `${name} needs the incidentId it is meant for.`;
  if (typeof actor?.person !== 'string' || !Array.isArray(actor.roles))
    return `${name} needs an actor with person and roles.`;
  if (typeof receivedAt !== 'string' || Number.isNaN(Date.parse(receivedAt)))
    return `${name} needs receivedAt as an ISO instant.`;
  return typeof body === 'object' && body !== null ? null : `${name} needs a body.`;
}

function actorOf(decision: unknown) {
  const actor = (decision as Partial<Decision> | null)?.actor;
  return typeof actor?.person === 'string' && Array.isArray(actor.roles)
    ? actor
    : { person: 'unknown', roles: [], via: 'signal' as const };
}

/** Alerts in the order they were stored; each repeat only counts. */
function takeAlerts(run: IncidentRun, batch: AlertBatch): void {
  for (const alert of batch.alerts) takeAlert(run, alert);
  if (run.state.severityReasons.length > 0) assessSeverity(run);
}

function takeAlert(run: IncidentRun, alert: Alert): void {
  run.clock.adopt(alert.receivedAt);
  const known = run.state.alerts.find((record) => record.alert.fingerprint === alert.fingerprint);
  if (alert.status === 'resolved') {
    if (known === undefined || known.clearedAt !== null) return;
    run.record({
      kind: 'alert-cleared',
      fingerprint: alert.fingerprint,
      name: alert.name,
      clearedAt: alert.endsAt ?? alert.receivedAt,
    });
    return;
  }
  const isSame = known?.alert.startsAt === alert.startsAt && known.alert.claimedSeverity === alert.claimedSeverity;
  if (isSame && known?.clearedAt === null) return;
  // A firing message that is older than the clearing we know of came late: it says nothing new.
  if (known?.clearedAt != null && alert.startsAt <= known.alert.startsAt) return;
  run.record({ kind: 'alert-received', alert, repeats: 1 });
}
