import type { Asked } from '../../../src/client/asked.ts';
import type { Decided, IncidentClient, IncidentStateAnswer } from '../../../src/client/incident-client.ts';
import { decide, refusal } from '../../../src/domain/decide.ts';
import type { Decision } from '../../../src/domain/decision.ts';
import { fold } from '../../../src/domain/fold.ts';
import { gatherFacts } from '../../../src/domain/gather-facts.ts';
import type { Instant } from '../../../src/domain/instant.ts';
import { openedState } from '../../../src/domain/opened-state.ts';
import { type Actor, MACHINE } from '../../../src/domain/people.ts';
import type { Policy } from '../../../src/domain/policy.ts';
import type { EventOf, TimelineEvent, TimelineFact } from '../../../src/domain/timeline.ts';

/** An incident by the domain's own rules, without Temporal: what a gateway sees of one. `away` is Temporal being away. */
export function pretendIncident(incidentId: string, policy: Policy, clock: () => Instant) {
  const timeline: TimelineEvent[] = [];
  const opened: TimelineFact = {
    kind: 'opened',
    title: 'API error rate <!channel>',
    service: 'api',
    detectedAt: clock(),
    previousIncidentId: null,
  };
  const record = (fact: TimelineFact, by: Actor = MACHINE, decisionId: string | null = null): void => {
    timeline.push({ ...fact, seq: timeline.length + 1, at: clock(), by, decisionId } as TimelineEvent);
  };
  record(opened);
  const state = () => timeline.slice(1).reduce(fold, openedState(incidentId, timeline[0] as EventOf<'opened'>));
  const self = { away: false, timeline, record, state, decisions: [] as Decision[], asked: [] as Decision[] };
  const answer = async (decision: Decision): Promise<Decided> => {
    if (self.away) return { outcome: 'unavailable', words: 'Temporal does not answer.' };
    if (decision.incidentId !== incidentId)
      return { outcome: 'not-found', words: `There is no incident ${decision.incidentId}.` };
    self.asked.push(decision);
    const refused = refusal(state(), decision);
    if (refused !== null) return { outcome: 'refused', words: refused.words, unauthorised: refused.unauthorised };
    const seen = state().decisions.find(({ id }) => id === decision.id);
    if (seen !== undefined)
      return {
        outcome: 'accepted',
        answer: { accepted: true, decisionId: decision.id, effect: `Already taken: ${seen.effect}`, repeated: true },
      };
    self.decisions.push(decision);
    const { facts, effect } = decide(state(), decision, policy);
    for (const fact of facts) record(fact, decision.actor, decision.id);
    if (facts.length === 0) record({ kind: 'noted', text: effect }, decision.actor, decision.id);
    return { outcome: 'accepted', answer: { accepted: true, decisionId: decision.id, effect, repeated: false } };
  };
  const asked = <T>(value: T): Asked<T> =>
    self.away ? { ok: false, why: 'away', words: 'The incident does not answer.' } : { ok: true, value };
  const client: IncidentClient = {
    openWithAlerts: async () => ({ outcome: 'signalled' }),
    startUserReport: async () => undefined,
    signalAlerts: async () => ({ outcome: 'signalled' }),
    decide: answer,
    state: async (id): Promise<Asked<IncidentStateAnswer>> =>
      id === incidentId
        ? asked({ state: state(), facts: gatherFacts(state(), policy, timeline, clock()), now: clock() })
        : { ok: false, why: 'not-found', words: 'no such incident' },
    timelineSince: async (_id, seq) => asked(timeline.filter((event) => event.seq > seq)),
    agenda: async () => asked([]),
    communication: async () => asked({ communication: policy.communication, chatGroups: [] }),
    paper: async () => asked('1. look'),
    list: async () => asked([]),
    trouble: async () => null,
    history: async () => asked({} as never),
    quick: {} as never,
    postMortem: async () => ({ ok: false, why: 'not-found', words: 'no post-mortem' }),
    editPostMortem: async () => ({ outcome: 'not-found', words: 'no post-mortem' }),
    approvePostMortem: async () => ({ outcome: 'not-found', words: 'no post-mortem' }),
    editRunbookChange: async () => ({ outcome: 'not-found', words: 'no post-mortem' }),
    withholdRunbookChange: async () => ({ outcome: 'not-found', words: 'no post-mortem' }),
    proposeRunbookChange: async () => ({ outcome: 'not-found', words: 'no post-mortem' }),
    close: async () => undefined,
  };
  return { ...self, self, client };
}
