import type { Contact } from '../../domain/people.ts';
import type { EventOf, TimelineEvent, TimelineKind } from '../../domain/timeline.ts';
import type { Ship } from '../fleet.ts';
import { type Performance, pagesSeen } from '../play-drill.ts';

/** One line of the judgement. */
export interface Check {
  readonly check: string;
  readonly expected: unknown;
  readonly actual: unknown;
  readonly passed: boolean;
}

/** Something done to production, as the systems' own ledgers tell it. */
export interface Deed {
  readonly atMs: number;
  readonly action: string;
  readonly target: string;
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

const BREAKER_BURST_MS = 120_000;
/** Pods that are replaced one after another, each waited for, are one deed. */
const REPLACEMENT_BURST_MS = 30 * 60_000;

/** Every change of production that we made, in order; a breaker opened on three pods is one deed. */
export function deeds({ theatre, cast }: Performance): readonly Deed[] {
  const { actions, adminActions } = theatre.production.kubernetes;
  const found: Deed[] = withoutRepeats(
    actions
      .filter((action) => !action.dryRun)
      .flatMap(({ atMs, name, verb, effects }) => effects.flatMap((effect) => deedOf(effect, atMs, name, verb))),
  );
  for (const { atMs, change } of adminActions) {
    const action =
      change.kind === 'breaker'
        ? change.open
          ? 'open-breaker'
          : 'revert-open-breaker'
        : change.fallback === null
          ? 'revert-provider-failover'
          : 'provider-failover';
    const target = change.kind === 'breaker' ? change.provider : change.primary;
    const changed = change.kind === 'breaker' ? change.open !== change.wasOpen : change.fallback !== change.before;
    const same = found.some(
      (deed) => deed.action === action && deed.target === target && atMs - deed.atMs <= BREAKER_BURST_MS,
    );
    if (changed && !same) found.push({ atMs, action, target });
  }
  const database = cast.policy.service.database?.statefulSet ?? '';
  for (const { atMs } of theatre.production.promotions)
    found.push({ atMs, action: 'failover-database', target: database });
  const { postgres } = theatre.production;
  if ('statements' in postgres) {
    for (const { atMs, sql } of postgres.statements)
      if (/^\s*CREATE INDEX CONCURRENTLY/i.test(sql)) found.push({ atMs, action: 'migrate', target: database });
  }
  return found.sort((a, b) => a.atMs - b.atMs);
}

function withoutRepeats(all: readonly Deed[]): Deed[] {
  const kept: Deed[] = [];
  const lastMs = new Map<string, number>();
  for (const deed of all) {
    const before = deed.action === 'replace-pods' ? lastMs.get(deed.target) : undefined;
    if (deed.action === 'replace-pods') lastMs.set(deed.target, deed.atMs);
    if (before === undefined || deed.atMs - before > REPLACEMENT_BURST_MS) kept.push(deed);
  }
  return kept;
}

type Effect = Performance['theatre']['production']['kubernetes']['actions'][number]['effects'][number];

function deedOf(effect: Effect, atMs: number, target: string, verb: string): readonly Deed[] {
  switch (effect.kind) {
    case 'restart':
    case 'rollback':
    case 'delete-pod':
      return [{ atMs, action: effect.kind, target }];
    case 'scale':
      return [{ atMs, action: effect.to > effect.from ? 'scale' : 'revert-scale', target }];
    case 'resources':
      return [{ atMs, action: effect.raised ? 'memory-limit' : 'revert-memory-limit', target }];
    case 'evict-pod':
      return [{ atMs, action: 'replace-pods', target: effect.owner }];
    case 'restore-config':
      return [{ atMs, action: 'restore-config', target }];
    case 'rate-limit':
      return [{ atMs, action: effect.after === null ? 'revert-rate-limit' : 'rate-limit', target }];
    case 'create':
    case 'delete':
      return target.endsWith('-canary')
        ? [{ atMs, action: effect.kind === 'create' ? 'canary' : 'revert-canary', target }]
        : [];
    case 'image':
      return verb === 'apply' && !target.endsWith('-canary') ? [{ atMs, action: 'promote', target }] : [];
    case 'fence':
    case 'annotate':
    case 'configure':
      return [];
  }
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
