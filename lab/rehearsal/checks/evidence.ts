import { describes } from '../../../src/domain/described.ts';
import type { Contact } from '../../../src/domain/people.ts';
import type { EventOf, TimelineEvent, TimelineKind } from '../../../src/domain/timeline.ts';
import { type DrillRun, pagesSeen } from '../play-drill.ts';
import type { TrackedWorkflow } from '../workflow-tracker.ts';

/** One line of the judgement. */
export interface Check {
  readonly check: string;
  readonly expected: unknown;
  readonly actual: unknown;
  readonly passed: boolean;
}

export function eventsOf<K extends TimelineKind>(workflow: TrackedWorkflow, kind: K): readonly EventOf<K>[] {
  return workflow.timeline.filter((event): event is EventOf<K> => event.kind === kind);
}

export function allEvents<K extends TimelineKind>({ incidents }: DrillRun, kind: K): readonly EventOf<K>[] {
  return incidents.flatMap((workflow) => eventsOf(workflow, kind));
}

/** Incidents that were declared: somebody was paged, or chat was told, by those systems' own word. */
export function declaredIncidents(drillRun: DrillRun): readonly TrackedWorkflow[] {
  const paged = new Set(
    pagesSeen(drillRun.environment, drillRun.drillPolicy, drillRun).map(({ incidentId }) => incidentId),
  );
  const channels = drillRun.environment.production.slack.channels.map(({ name }) => name);
  return drillRun.incidents.filter(
    (workflow) =>
      paged.has(workflow.workflowId) ||
      channels.some((name) => workflow.workflowId.endsWith(name) || name === workflow.workflowId),
  );
}

/** Incidents of what the policy does not describe: the service and its faults say nothing about them. */
export function ofOtherServices({ drillPolicy, incidents }: DrillRun): readonly string[] {
  return incidents.flatMap((workflow) => {
    const opened = eventsOf(workflow, 'opened')[0];
    return opened === undefined || describes(drillPolicy.policy, opened.service) ? [] : [workflow.workflowId];
  });
}

/** Everything that happened, in one list, for questions about order. */
export function wholeTimeline({ incidents }: DrillRun): readonly TimelineEvent[] {
  return incidents.flatMap(({ timeline }) => timeline);
}

/** In order of time; those of one instant by name, since a round pages everybody at once. */
export function pagedContacts(drillRun: DrillRun): readonly Contact[] {
  const pages = pagesSeen(drillRun.environment, drillRun.drillPolicy, drillRun).flatMap(({ atMs, contacts }) =>
    contacts.slice(0, 1).map((contact) => ({ atMs, contact })),
  );
  return pages.sort((a, b) => a.atMs - b.atMs || a.contact.localeCompare(b.contact)).map(({ contact }) => contact);
}

/** Contacts to whose address an escalation was mailed, by the mail server's word. */
export function mailedContacts({ environment, drillPolicy }: DrillRun): readonly Contact[] {
  const { contacts, communication } = drillPolicy.policy;
  const shared = new Set(communication.incidentMail);
  const reached = new Set(environment.production.smtp.mails.filter(({ ics }) => ics === null).flatMap(({ to }) => to));
  return (Object.entries(contacts) as [Contact, { email: string | null }][])
    .filter(([, { email }]) => email !== null && !shared.has(email) && reached.has(email))
    .map(([name]) => name);
}

/** States that the public saw, repeats of one state told once. */
export function publicStates({ environment }: DrillRun): readonly string[] {
  const states = environment.production.statusPage.ledger.flatMap(({ status }) =>
    status === null ? [] : [status as string],
  );
  return states.filter((state, index) => state !== states[index - 1]);
}

/** Kinds of message that chat got, in order, repeats of one kind told once; read from the posts themselves. */
export function chatKinds({ environment }: DrillRun): readonly string[] {
  const kinds = environment.production.slack.ledger.flatMap(({ method, text }) => {
    const found = method === 'chat.postMessage' ? /\[(INITIAL ALERT|UPDATE|RESOLVED)\b/.exec(text)?.[1] : undefined;
    return found === undefined ? [] : [found === 'INITIAL ALERT' ? 'initial' : found.toLowerCase()];
  });
  return kinds.filter((kind, index) => kind !== kinds[index - 1]);
}

/** Share of requests that failed in a window of the world, 0 to 1. */
export function failedShare({ environment }: DrillRun, fromMs: number, untilMs: number): number {
  const { total, failed } = environment.production.world.requests(fromMs, untilMs);
  return total === 0 ? 0 : failed / total;
}
