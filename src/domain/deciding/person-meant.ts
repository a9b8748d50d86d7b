import type { IncidentState } from '../incident.ts';
import { holderByPolicy } from '../on-call.ts';
import { CONTACTS } from '../people.ts';
import type { Policy } from '../policy.ts';

/** Somebody may be named by what they hold, e.g. `oncall-backup`: whoever is on call for it now, as was read last. */
export function personMeant(state: IncidentState, policy: Policy, to: string): string {
  const contact = CONTACTS.find((name) => name === to);
  if (contact === undefined) return to;
  const holder = state.onCall?.holders.find((one) => one.contact === contact) ?? holderByPolicy(contact, policy.people);
  return holder.people[0] ?? to;
}
