import { ApplicationFailure } from '@temporalio/common';
import { condition, setHandler } from '@temporalio/workflow';
import { DECISION_NAMES, type Decision, type DecisionAnswer } from '../../src/domain/decision.ts';
import type { TimelineEvent, TimelineFact } from '../../src/domain/timeline.ts';
import {
  type AlertBatch,
  agendaQuery,
  alertsSignal,
  decisionSignal,
  decisionUpdate,
  type IncidentInput,
  paperQuery,
  receiveAlertsUpdate,
  stateQuery,
  timelineSinceQuery,
} from '../../src/workflows/incident/api.ts';

/** Speaks the incident's messages and remembers what it was told; a note `stop` ends it. */
export async function incident(input: IncidentInput): Promise<void> {
  const timeline: TimelineEvent[] = [];
  const decisions = new Set<string>();
  let over = false;

  const append = (fact: TimelineFact): void => {
    const by = { person: 'runbook', roles: [], via: 'machine' as const };
    timeline.push({ ...fact, seq: timeline.length + 1, at: input.openedAt, by, decisionId: null } as TimelineEvent);
  };
  const receive = ({ alerts }: AlertBatch): void => {
    for (const alert of alerts) append({ kind: 'alert-received', alert, repeats: 0 });
  };
  const decide = (decision: Decision): DecisionAnswer => {
    const repeated = decisions.has(decision.id);
    decisions.add(decision.id);
    const text = (decision.body as { text?: string }).text ?? decision.name;
    if (!repeated) append({ kind: 'noted', text: `${decision.name} ${decision.actor.person}: ${text}` });
    if (text === 'stop') over = true;
    return { accepted: true, decisionId: decision.id, effect: `Noted: ${text}.`, repeated };
  };
  const validate = (decision: Decision): void => {
    const text = (decision.body as { text?: string }).text;
    if (text === 'refuse') throw ApplicationFailure.nonRetryable('It is already resolved since 14:50.', 'Conflict');
    if (text === 'forbid') throw ApplicationFailure.nonRetryable('Only a commander may say that.', 'Unauthorised');
  };

  setHandler(receiveAlertsUpdate, (batch) => {
    receive(batch);
    return { incidentId: input.incidentId, phase: 'detection', severity: 'P0' };
  });
  setHandler(alertsSignal, receive);
  for (const name of DECISION_NAMES) {
    setHandler(decisionUpdate(name), decide, { validator: validate });
    setHandler(decisionSignal(name), (decision) => void decide(decision));
  }
  setHandler(
    stateQuery,
    () => ({ state: input, facts: { at: input.openedAt, phase: 'detection' }, now: input.anchorAt }) as never,
  );
  setHandler(timelineSinceQuery, (seq) => timeline.filter((event) => event.seq > seq));
  setHandler(agendaQuery, () => [{ name: 'acknowledge', dueAt: input.openedAt }]);
  setHandler(paperQuery, () => `kubectl get pods # ${input.title}`);
  await condition(() => over);
}
