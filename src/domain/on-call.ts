import type { Instant } from './instant.ts';
import type { Contact } from './people.ts';
import type { ContactPolicy, PersonPolicy } from './policy.ts';

/** Who holds a contact, by the ids of the policy's people; `live` when the paging system says so (R0.8). */
export interface OnCallHolder {
  readonly contact: Contact;
  readonly people: readonly string[];
  readonly live: boolean;
}

export interface OnCallReading {
  readonly holders: readonly OnCallHolder[];
  /** What was not as it should be, in sentences; empty when the paging system said it all. */
  readonly troubles: readonly string[];
  /** When the first of these shifts ends; null when none does as far as is known. */
  readonly until: Instant | null;
}

/** Whoever the policy's own list names. */
export function holderByPolicy(
  contact: Contact,
  people: readonly Pick<PersonPolicy, 'id' | 'contacts'>[],
): OnCallHolder {
  return {
    contact,
    people: people.filter(({ contacts }) => contacts.includes(contact)).map(({ id }) => id),
    live: false,
  };
}

/** `alice (On-call primary), nobody (On-call backup)`. */
export function onCallWords(
  holders: readonly OnCallHolder[],
  contacts: Readonly<Record<Contact, Pick<ContactPolicy, 'name'>>>,
): string {
  return holders
    .map(
      ({ contact, people }) => `${people.length === 0 ? 'nobody' : people.join(' and ')} (${contacts[contact].name})`,
    )
    .join(', ');
}
