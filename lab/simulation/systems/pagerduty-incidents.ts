import type { WireRequest, WireResponse } from '../wire/exchange.ts';
import type { PeopleSettings, Person } from './people.ts';

export interface PagerDutyIncident {
  readonly id: string;
  readonly number: number;
  readonly key: string;
  readonly service: string;
  readonly title: string;
  readonly createdAtMs: number;
  status: 'triggered' | 'acknowledged' | 'resolved';
  changedAtMs: number;
  /** Whoever changed the status last; null when a service or a time limit did. */
  changedBy: Person | null;
  acknowledgements: readonly { readonly by: Person; readonly atMs: number }[];
  assignees: readonly Person[];
  /** Every change of its status; what the API shows forgets. */
  readonly changes: { readonly to: Status; readonly by: Person | null; readonly atMs: number }[];
  priority: string | null;
  readonly notes: { readonly content: string; readonly by: string; readonly atMs: number }[];
}

export type Status = PagerDutyIncident['status'];

/** `by` is the user who did it; a service's event, or a limit that ran out, has none. */
export function setStatus(incident: PagerDutyIncident, status: Status, atMs: number, by: Person | null): void {
  if (status === 'acknowledged' && by !== null && incident.status !== 'resolved')
    incident.acknowledgements = [...incident.acknowledgements.filter((one) => one.by !== by), { by, atMs }];
  // What is resolved, or open again, is acknowledged by nobody.
  if (status !== 'acknowledged') incident.acknowledgements = [];
  incident.changes.push({ to: status, by, atMs });
  incident.status = status;
  incident.changedAtMs = atMs;
  incident.changedBy = by;
}

/** 401 without the token; 400 when a write does not say on whose behalf. */
export function refusalOf(request: WireRequest, token: string, { people }: PeopleSettings): WireResponse | null {
  if (request.headers.authorization !== `Token token=${token}`)
    return { status: 401, body: { error: { message: 'Unauthorized', code: 2006 } } };
  if (request.method === 'GET' || people.some((one) => one.email === request.headers.from)) return null;
  return invalid('Requester User Not Found');
}

export function invalid(error: string): WireResponse {
  return { status: 400, body: { error: { message: 'Invalid Input Provided', code: 2001, errors: [error] } } };
}

/** As the REST API and the webhooks show it; both share these fields. */
export function incidentJson(incident: PagerDutyIncident, makesAlerts: boolean) {
  const { changedBy } = incident;
  const service = { id: `S-${incident.service}`, type: 'service_reference', summary: incident.service };
  return {
    id: incident.id,
    type: 'incident',
    incident_number: incident.number,
    // Of an incident with alerts the key is the alert's (REST schema, `incident_key` of `GET /incidents`).
    incident_key: makesAlerts ? null : incident.key,
    title: incident.title,
    status: incident.status,
    urgency: 'high',
    priority:
      incident.priority === null
        ? null
        : { id: `P-${incident.priority}`, type: 'priority_reference', summary: incident.priority },
    service,
    assignments: incident.assignees.map((one) => ({ at: iso(incident.createdAtMs), assignee: userReference(one) })),
    acknowledgements: incident.acknowledgements.map(({ by, atMs }) => ({
      at: iso(atMs),
      acknowledger: userReference(by),
    })),
    created_at: iso(incident.createdAtMs),
    last_status_change_at: iso(incident.changedAtMs),
    last_status_change_by: changedBy === null ? service : userReference(changedBy),
    html_url: `https://sim.pagerduty.com/incidents/${incident.id}`,
  };
}

export function noteJson(note: PagerDutyIncident['notes'][number], index: number) {
  return {
    id: `N${index + 1}`,
    content: note.content,
    created_at: iso(note.atMs),
    user: { summary: note.by },
  };
}

export function userReference({ pagingId, name }: Person) {
  return { id: pagingId, type: 'user_reference', summary: name };
}

/** Who of a service is on call (nobody whom it does not know): one level, whose schedule bears the service's name. */
export function oncallJson(service: PeopleSettings['pagingServices'][number], people: PeopleSettings) {
  const found = people.people.find((one) => one.email === service.reaches);
  if (found === undefined) return null;
  return {
    escalation_level: 1,
    escalation_policy: { id: `E-${service.name}`, type: 'escalation_policy_reference', summary: service.name },
    schedule: { id: `D-${service.name}`, type: 'schedule_reference', summary: service.name },
    user: { id: found.pagingId, type: 'user', name: found.name, summary: found.name, email: service.reaches },
    start: null,
    end: service.shiftEndsAt ?? null,
  };
}

export function iso(ms: number): string {
  return new Date(ms).toISOString();
}
