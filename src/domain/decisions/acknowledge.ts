import { always } from '../deciding/conditions.ts';
import { decision } from '../deciding/declare.ts';
import { RESPOND } from '../deciding/roles.ts';
import type { IncidentState } from '../incident.ts';
import type { Instant } from '../instant.ts';
import type { TimelineFact } from '../timeline.ts';

export const acknowledge = decision({
  name: 'acknowledge',
  order: 10,
  verb: 'Acknowledge',
  about: 'Say that you have it; stops the paging.',
  also: ['ack', 'acknowledged', 'take'],
  roles: RESPOND,
  beside: 'top',
  fields: {},
  example: {},
  possible: always,
  decide(state, _body, { who }) {
    return state.acknowledged === null
      ? { facts: acknowledgement(state, who), effect: 'Acknowledged: nobody else will be paged for this.' }
      : { facts: [], effect: `${state.acknowledged.by} had already acknowledged it at ${state.acknowledged.at}.` };
  },
  answered: (facts) => facts.acknowledgedAt !== null,
});

/** `saidAt`: when, where it was only heard of later. */
export function acknowledgement(state: IncidentState, who: string, saidAt?: Instant): TimelineFact[] {
  return [{ kind: 'acknowledged', ...(saidAt === undefined ? {} : { saidAt }) }, ...leads(state, who)];
}

/** Whoever acknowledges first leads until somebody else takes over. */
function leads(state: IncidentState, who: string): TimelineFact[] {
  return state.commander === null ? [{ kind: 'commander-changed', person: who, because: 'acknowledged first' }] : [];
}
