import type { IncidentFacts } from '../domain/incident-facts.ts';
import { incidentNamedBy, looksLikeReference, namedByPart } from '../domain/incident-name.ts';
import type { Instant } from '../domain/instant.ts';
import type { Role } from '../domain/people.ts';
import type { TimelineEvent } from '../domain/timeline.ts';
import { CliFailure } from './failure.ts';
import type { Gateway } from './gateway.ts';

/** An incident as the gateway's lists carry it; only what the CLI reads. */
export interface IncidentEntry {
  readonly id: string;
  readonly title: string;
  readonly service: string;
  readonly status: 'open' | 'resolved' | 'closed';
  readonly openedAt: Instant;
  readonly detectedAt: Instant;
  readonly closedAs: string | null;
  readonly mergedInto: string | null;
}

export interface ListedIncident {
  readonly incident: IncidentEntry;
  /** Null until the incident has shown anything. */
  readonly facts: IncidentFacts | null;
}

/** GET /api/incidents/:id. */
export interface IncidentPage extends ListedIncident {
  readonly agenda: readonly { readonly name: string; readonly dueAt: Instant }[] | null;
  readonly now: Instant | null;
  readonly notes: readonly string[];
}

export type OpenQuestion = IncidentFacts['openQuestions'][number];

export interface Person {
  readonly id: string;
  readonly name: string;
  readonly roles: readonly Role[];
}

export async function listIncidents(gateway: Gateway, state: 'open' | 'all'): Promise<readonly ListedIncident[]> {
  const { incidents } = await gateway.json<{ incidents: readonly ListedIncident[] }>({
    path: `/api/incidents?state=${state}`,
  });
  return incidents;
}

export function readPage(gateway: Gateway, id: string): Promise<IncidentPage> {
  return gateway.json({ path: at(id) });
}

export async function readTimeline(
  gateway: Gateway,
  id: string,
  since = 0,
): Promise<{ readonly events: readonly TimelineEvent[]; readonly complete: boolean; readonly timeZone?: string }> {
  return gateway.json({ path: at(id, `/timeline?since=${since}`) });
}

export function readMe(gateway: Gateway): Promise<Person> {
  return gateway.json({ path: '/api/me' });
}

export function at(id: string, rest = ''): string {
  return `/api/incidents/${encodeURIComponent(id)}${rest}`;
}

/**
 * The incident that somebody means: its full name, a part of it that only one has (open ones first), or, when nothing
 * is given, the only one that is open. Throws CliFailure (notFound, or usage when several fit, naming them).
 */
export async function resolveIncident(gateway: Gateway, reference: string | null): Promise<string> {
  if (reference !== null && incidentNamedBy(reference) === reference) return reference;
  const open = await listIncidents(gateway, 'open');
  if (reference === null) return onlyOpen(open);
  const among = (incidents: readonly ListedIncident[]): string | null => uniquePart(incidents, reference);
  const found = among(open) ?? among(await listIncidents(gateway, 'all'));
  if (found !== null) return found;
  throw new CliFailure(
    'notFound',
    `There is no incident whose name has "${reference}" in it.`,
    'List them: incident list --all',
  );
}

function onlyOpen(open: readonly ListedIncident[]): string {
  const [first, second] = open;
  if (first === undefined) {
    throw new CliFailure(
      'notFound',
      'No incident is open.',
      'Name a closed one (incident list --all), or open one: incident create "what is wrong"',
    );
  }
  if (second === undefined) return first.incident.id;
  throw new CliFailure(
    'usage',
    `${open.length} incidents are open: which one?`,
    `Name it, or a part of its name:\n${rows(open)}`,
  );
}

function uniquePart(incidents: readonly ListedIncident[], part: string): string | null {
  const fitting = namedByPart(
    incidents.map(({ incident }) => incident),
    part,
  );
  if (fitting.length <= 1) return fitting[0]?.id ?? null;
  const shown = incidents.filter(({ incident }) => fitting.includes(incident));
  throw new CliFailure(
    'usage',
    `"${part}" fits ${fitting.length} incidents.`,
    `Write more of the name:\n${rows(shown)}`,
  );
}

function rows(incidents: readonly ListedIncident[]): string {
  return incidents
    .slice(0, 10)
    .map(({ incident, facts }) => `  ${incident.id}  ${facts?.severity ?? '--'}  ${incident.title}`)
    .join('\n');
}

/** `1430` for incident-20241023-1430 where that is enough, so that commands shown to people are short to type. */
export function shortName(id: string, open: readonly string[]): string {
  const short = id.replace(/^incident-\d{8}-/, '');
  const others = open.filter((other) => other !== id && other.includes(short));
  return others.length === 0 && looksLikeReference(short) ? short : id;
}
