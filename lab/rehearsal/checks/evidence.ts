import { describes } from '../../../src/domain/described.ts';
import type { Contact } from '../../../src/domain/people.ts';
import type { EventOf, TimelineEvent, TimelineKind } from '../../../src/domain/timeline.ts';
import type { Ship } from '../fleet.ts';
import { type Performance, pagesSeen } from '../play-drill.ts';

/** One line of the judgement. */
export interface Check {
  readonly check: string;
  readonly expected: unknown;
  readonly actual: unknown;
  readonly passed: boolean;
}

export function eventsOf<K extends TimelineKind>(ship: Ship, kind: K): readonly EventOf<K>[] {
  return ship.timeline.filter((event): event is EventOf<K> => event.kind === kind);
}

export function allEvents<K extends TimelineKind>({ incidents }: Performance, kind: K): readonly EventOf<K>[] {
  return incidents.flatMap((ship) => eventsOf(ship, kind));
}

/** Incidents that were declared: somebody was paged, or chat was told, by those systems' own word. */
export function declaredIncidents(performance: Performance): readonly Ship[] {
  const paged = new Set(
    pagesSeen(performance.theatre, performance.cast, performance).map(({ incidentId }) => incidentId),
  );
  const channels = performance.theatre.production.slack.channels.map(({ name }) => name);
  return performance.incidents.filter(
    (ship) =>
      paged.has(ship.workflowId) || channels.some((name) => ship.workflowId.endsWith(name) || name === ship.workflowId),
  );
}

/** Incidents of what the policy does not describe: the service and its faults say nothing about them. */
export function ofOtherServices({ cast, incidents }: Performance): readonly string[] {
  return incidents.flatMap((ship) => {
    const opened = eventsOf(ship, 'opened')[0];
    return opened === undefined || describes(cast.policy, opened.service) ? [] : [ship.workflowId];
  });
}

/** Everything that happened, in one list, for questions about order. */
export function wholeTimeline({ incidents }: Performance): readonly TimelineEvent[] {
  return incidents.flatMap(({ timeline }) => timeline);
}

/** In order of time; those of one instant by name, since a round pages everybody at once. */
export function pagedContacts(performance: Performance): readonly Contact[] {
  const pages = pagesSeen(performance.theatre, performance.cast, performance).flatMap(({ atMs, contacts }) =>
    contacts.slice(0, 1).map((contact) => ({ atMs, contact })),
  );
  return pages.sort((a, b) => a.atMs - b.atMs || a.contact.localeCompare(b.contact)).map(({ contact }) => contact);
}

/** Contacts to whose address an escalation was mailed, by the mail server's word. */
export function mailedContacts({ theatre, cast }: Performance): readonly Contact[] {
  const { contacts, communication } = cast.policy;
  const shared = new Set(communication.incidentMail);
  const reached = new Set(theatre.production.smtp.mails.filter(({ ics }) => ics === null).flatMap(({ to }) => to));
  return (Object.entries(contacts) as [Contact, { email: string | null }][])
    .filter(([, { email }]) => email !== null && !shared.has(email) && reached.has(email))
    .map(([name]) => name);
}

/** States that the public saw, repeats of one state told once. */
export function publicStates({ theatre }: Performance): readonly string[] {
  const states = theatre.production.statusPage.ledger.flatMap(({ status }) =>
    status === null ? [] : [status as string],
  );
  return states.filter((state, index) => state !== states[index - 1]);
}

/** Kinds of message that chat got, in order, repeats of one kind told once; read from the posts themselves. */
export function chatKinds({ theatre }: Performance): readonly string[] {
  const kinds = theatre.production.slack.ledger.flatMap(({ method, text }) => {
    const found = method === 'chat.postMessage' ? /\[(INITIAL ALERT|UPDATE|RESOLVED)\b/.exec(text)?.[1] : undefined;
    return found === undefined ? [] : [found === 'INITIAL ALERT' ? 'initial' : found.toLowerCase()];
  });
  return kinds.filter((kind, index) => kind !== kinds[index - 1]);
}

/** Share of requests that failed in a window of the world, 0 to 1. */
export function failedShare({ theatre }: Performance, fromMs: number, untilMs: number): number {
  const { total, failed } = theatre.production.world.requests(fromMs, untilMs);
  return total === 0 ? 0 : failed / total;
}
