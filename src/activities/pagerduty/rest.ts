import { z } from 'zod';
import { type Instant, instant } from '../../domain/instant.ts';
import { failure } from '../failures.ts';
import { createHttpClient, type HttpClient } from '../http.ts';

export interface PagerDutyRestSettings {
  /** `https://api.pagerduty.com`, or `https://api.eu.pagerduty.com`. */
  readonly apiUrl: string;
  readonly apiToken: string;
  /** A user's address: PagerDuty wants to know on whose behalf its API writes. */
  readonly fromEmail: string;
  readonly timeoutMilliseconds?: number;
}

export interface OnCall {
  readonly escalationPolicy: Named;
  readonly level: number;
  /** Null for somebody who is named by the escalation policy itself. */
  readonly schedule: Named | null;
  readonly userId: string;
  readonly name: string;
  readonly email: string | null;
  /** Null when no end is known. */
  readonly until: Instant | null;
}

interface Named {
  readonly id: string;
  readonly name: string;
}

export interface PagedIncident {
  readonly id: string;
  readonly status: 'triggered' | 'acknowledged' | 'resolved';
  readonly url: string | null;
  /** The user who acknowledged it first, or who resolved it; null when no user did (a service, a time limit, nobody). */
  readonly answeredBy: (Named & { readonly at: Instant }) | null;
}

export interface PagerDutyRest {
  /** Whom a page reaches now, by escalation policy and level; who has no end of duty included. */
  onCalls(): Promise<readonly OnCall[]>;
  /** The newest incident of this key, open or not; an empty key would list every one, so it is refused. */
  newestOfKey(incidentKey: string): Promise<PagedIncident | null>;
  incident(id: string): Promise<PagedIncident>;
  /** Once for a key, which stands at the note's end; whether it stood there already. */
  note(id: string, note: { readonly key: string; readonly text: string }): Promise<{ readonly already: boolean }>;
}

/** How its REST API is signed in to. */
export function pagerDutyHttp(settings: PagerDutyRestSettings): HttpClient {
  return createHttpClient({
    name: 'PagerDuty',
    baseUrl: settings.apiUrl,
    headers: {
      authorization: `Token token=${settings.apiToken}`,
      accept: 'application/vnd.pagerduty+json;version=2',
      from: settings.fromEmail,
    },
    secrets: [settings.apiToken],
    timeoutMilliseconds: settings.timeoutMilliseconds ?? TIMEOUT_MILLISECONDS,
  });
}

/** PagerDuty's REST API, version 2. Throws the failures of failures.ts; nothing is retried here. */
export function createPagerDutyRest(settings: PagerDutyRestSettings): PagerDutyRest {
  const http = pagerDutyHttp(settings);
  const path = (id: string, rest = '') => `/incidents/${encodeURIComponent(id)}${rest}`;
  const one = async (id: string) => shown((await http.json({ path: path(id) }, ONE)).incident);
  return {
    onCalls: () => onCalls(http),
    async newestOfKey(incidentKey) {
      if (incidentKey === '') throw failure('Invalid', 'An empty incident key would list every incident.');
      // Without `date_range` only those of the last month are looked at.
      const query = { incident_key: incidentKey, date_range: 'all', sort_by: 'created_at:desc', limit: PAGE };
      const { incidents } = await http.json({ path: '/incidents', query }, z.object({ incidents: z.array(INCIDENT) }));
      const newest = incidents.find((incident) => isOfKey(incident, incidentKey));
      return newest === undefined ? null : shown(newest);
    },
    incident: one,
    async note(id, { key, text }) {
      const mark = `[${key}]`;
      const shape = z.object({ notes: z.array(z.object({ content: z.string() })) });
      const { notes } = await http.json({ path: path(id, '/notes') }, shape);
      if (notes.some(({ content }) => content.trimEnd().endsWith(mark))) return { already: true };
      const content = `${text.slice(0, NOTE_CHARACTERS)} ${mark}`;
      await http.json(
        { method: 'POST', path: path(id, '/notes'), json: { note: { content } } },
        z.object({ note: z.object({}) }),
      );
      return { already: false };
    },
  };
}

const TIMEOUT_MILLISECONDS = 7_000;
const PAGE = 100;
/** Beyond offset and limit of 10,000 the API answers 400 (code 2002). */
const PAGES = 20;
const NOTE_CHARACTERS = 2_000;

const REFERENCE = z.object({ id: z.string(), type: z.string().nullish(), summary: z.string().nullish() });
const INCIDENT = z.object({
  id: z.string(),
  incident_key: z.string().nullish(),
  status: z.enum(['triggered', 'acknowledged', 'resolved']),
  html_url: z.string().nullish(),
  acknowledgements: z.array(z.object({ at: z.string(), acknowledger: REFERENCE })).nullish(),
  last_status_change_at: z.string().nullish(),
  last_status_change_by: REFERENCE.nullish(),
});
const ONE = z.object({ incident: INCIDENT });
const ONCALLS = z.object({
  oncalls: z.array(
    z.object({
      escalation_level: z.number(),
      escalation_policy: REFERENCE,
      schedule: REFERENCE.nullish(),
      end: z.string().nullish(),
      user: z.object({
        id: z.string(),
        summary: z.string().nullish(),
        name: z.string().nullish(),
        email: z.string().nullish(),
      }),
    }),
  ),
  more: z.boolean().nullish(),
});

async function onCalls(http: HttpClient): Promise<readonly OnCall[]> {
  const found: OnCall[] = [];
  for (let page = 0; page < PAGES; page += 1) {
    const answer = await http.json(
      { path: '/oncalls?include%5B%5D=users', query: { earliest: 'true', limit: PAGE, offset: page * PAGE } },
      ONCALLS,
    );
    found.push(
      ...answer.oncalls.map(({ escalation_level: level, escalation_policy: policy, schedule, user, end }) => ({
        escalationPolicy: named(policy),
        level,
        schedule: schedule ? named(schedule) : null,
        userId: user.id,
        name: user.name ?? user.summary ?? user.id,
        email: user.email ?? null,
        until: end && !Number.isNaN(Date.parse(end)) ? instant(Date.parse(end)) : null,
      })),
    );
    if (answer.more !== true) return found;
  }
  throw failure('Invalid', `PagerDuty lists more than ${PAGES * PAGE} people on call; give the token fewer teams.`);
}

/** Where a service makes alerts, the key is the alert's: the incident is found by it and shows none. */
function isOfKey({ incident_key: key }: z.infer<typeof INCIDENT>, wanted: string): boolean {
  return key === wanted || key === null || key === undefined || key === '';
}

function shown(incident: z.infer<typeof INCIDENT>): PagedIncident {
  return {
    id: incident.id,
    status: incident.status,
    url: incident.html_url ?? null,
    answeredBy: answeredBy(incident),
  };
}

function answeredBy(incident: z.infer<typeof INCIDENT>): PagedIncident['answeredBy'] {
  const acknowledgements = (incident.acknowledgements ?? []).map(({ at, acknowledger }) => ({ at, who: acknowledger }));
  const changed =
    incident.status === 'triggered' || !incident.last_status_change_by || !incident.last_status_change_at
      ? []
      : [{ at: incident.last_status_change_at, who: incident.last_status_change_by }];
  const [first] = [...acknowledgements.sort((a, b) => Date.parse(a.at) - Date.parse(b.at)), ...changed].filter(
    ({ who, at }) => /^user/.test(who.type ?? '') && !Number.isNaN(Date.parse(at)),
  );
  return first === undefined ? null : { ...named(first.who), at: instant(Date.parse(first.at)) };
}

function named({ id, summary }: z.infer<typeof REFERENCE>): Named {
  return { id, name: summary ?? id };
}
