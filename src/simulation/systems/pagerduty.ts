import { createHmac } from 'node:crypto';
import type { WireFaults } from '../wire/faults.ts';
import type { WireLedger } from '../wire/ledger.ts';
import type { WireHandler, WireRequest, WireResponse } from '../wire/server.ts';
import { createWireServer } from '../wire/server.ts';
import type { PeopleSettings } from './people.ts';
import type { DeliveryAnswer } from './signed-delivery.ts';
import { deliver } from './signed-delivery.ts';

/** One event that PagerDuty accepted. `paged` is true when a person's phone rang because of it. */
export interface PageEntry {
  readonly atMs: number;
  readonly action: 'trigger' | 'acknowledge' | 'resolve';
  readonly routingKey: string;
  /** Name of the service behind the routing key. */
  readonly service: string;
  readonly dedupKey: string;
  readonly summary: string;
  readonly incidentId: string | null;
  readonly paged: boolean;
  readonly customDetails: unknown;
}

export interface PagerDutyIncident {
  readonly id: string;
  readonly number: number;
  readonly key: string;
  readonly service: string;
  readonly title: string;
  readonly createdAtMs: number;
  status: 'triggered' | 'acknowledged' | 'resolved';
  changedAtMs: number;
  readonly notes: { readonly content: string; readonly by: string; readonly atMs: number }[];
}

/** A person is called: by whom it happens, drills decide. */
export interface Page {
  readonly service: string;
  /** The person's address. */
  readonly reaches: string;
  readonly incidentId: string;
  readonly dedupKey: string;
  readonly summary: string;
  readonly atMs: number;
}

export interface PagerDuty {
  readonly pages: readonly PageEntry[];
  readonly incidents: readonly PagerDutyIncident[];
  readonly changes: readonly { readonly atMs: number; readonly summary: string }[];
  readonly responderRequests: readonly {
    readonly incidentId: string;
    readonly message: string;
    readonly atMs: number;
  }[];
  /** Routing key by service name. */
  readonly routingKeys: Readonly<Record<string, string>>;
  onPage(listener: (page: Page) => void): void;
  listen(port?: number): Promise<{ readonly url: string; readonly port: number }>;
  close(): Promise<void>;
  /** A signed v3 webhook about an incident; acknowledging and resolving types change it first, as a person in the app does. */
  sendWebhook(webhook: {
    readonly type:
      | 'incident.triggered'
      | 'incident.acknowledged'
      | 'incident.resolved'
      | 'incident.annotated'
      | 'pagey.ping';
    readonly incidentId: string;
    readonly agentEmail: string | null;
    readonly url: string;
    readonly secret: string;
  }): Promise<DeliveryAnswer>;
}

const MAX_SUMMARY = 1024;
const MAX_DEDUP_KEY = 255;
const SEVERITIES = new Set(['critical', 'error', 'warning', 'info']);
const STATUSES = ['triggered', 'acknowledged', 'resolved'] as const;

export function createPagerDuty(options: {
  readonly clock: () => number;
  readonly faults: WireFaults;
  readonly log: WireLedger;
  readonly people: PeopleSettings;
  readonly apiToken: string;
  /** What the account has paid for; everything when left out. */
  readonly abilities?: readonly string[];
}): PagerDuty {
  const { clock, people } = options;
  const pages: PageEntry[] = [];
  const incidents: PagerDutyIncident[] = [];
  const changes: { atMs: number; summary: string }[] = [];
  const listeners: ((page: Page) => void)[] = [];
  const routingKeys = Object.fromEntries(people.pagingServices.map(({ name }) => [name, routingKeyOf(name)]));
  const responderRequests: { incidentId: string; message: string; atMs: number }[] = [];
  let webhooks = 0;
  const server = createWireServer({
    system: 'pagerduty',
    clock,
    faults: options.faults,
    log: options.log,
    faultAnswers: { unauthorised: () => ({ status: 401, body: { error: { message: 'Unauthorized', code: 2006 } } }) },
  });

  server.route('POST', '/v2/enqueue', (request) => {
    const event = request.json() as EventBody;
    const errors = eventErrors(event, routingKeys);
    if (errors.length > 0)
      return { status: 400, body: { status: 'invalid event', message: 'Event object is invalid', errors } };
    const dedupKey = enqueue(event, request.atMs);
    return {
      status: 202,
      body: { status: 'success', message: 'Event processed', dedup_key: dedupKey },
      note: `${event.event_action} ${dedupKey}`,
    };
  });
  server.route('POST', '/v2/change/enqueue', (request) => {
    const { routing_key: key, payload } = request.json() as { routing_key?: string; payload?: { summary?: unknown } };
    if (serviceOf(key) === undefined || typeof payload?.summary !== 'string') {
      return {
        status: 400,
        body: {
          status: 'invalid event',
          message: 'Event object is invalid',
          errors: ['routing_key and payload.summary are needed'],
        },
      };
    }
    changes.push({ atMs: request.atMs, summary: payload.summary });
    return { status: 202, body: { status: 'success', message: 'Change event processed' } };
  });

  const rest = (method: string, pattern: string, handler: WireHandler) =>
    server.route(method, pattern, (request) => refusalOf(request, options.apiToken, people) ?? handler(request));
  rest('GET', '/incidents', (request) => {
    const key = request.query.get('incident_key');
    const statuses = request.query.getAll('statuses[]');
    // An empty key filters nothing, as the real API (airbnb/streamalert#567).
    const found = incidents.filter(
      (one) => (!key || one.key === key) && (statuses.length === 0 || statuses.includes(one.status)),
    );
    const offset = Number(request.query.get('offset') ?? 0);
    const limit = Math.min(100, Number(request.query.get('limit') ?? 25));
    if (offset + limit > 10_000)
      return { status: 400, body: { error: { code: 2002, message: 'Offset plus limit must not exceed 10000' } } };
    return {
      status: 200,
      body: {
        incidents: found.slice(offset, offset + limit).map(incidentJson),
        limit,
        offset,
        total: null,
        more: found.length > offset + limit,
      },
    };
  });
  rest('GET', '/incidents/:id', (request) =>
    withIncident(request, (incident) => ({ status: 200, body: { incident: incidentJson(incident) } })),
  );
  rest('PUT', '/incidents/:id', (request) =>
    withIncident(request, (incident) => {
      const { incident: change } = request.json() as { incident?: { status?: string } };
      const status = STATUSES.find((one) => one === change?.status);
      if (change?.status !== undefined && status === undefined) {
        return {
          status: 400,
          body: { error: { code: 2001, message: 'Invalid Input Provided', errors: ['Status is invalid'] } },
        };
      }
      if (incident.status === 'resolved' && status !== undefined && status !== 'resolved') {
        return {
          status: 400,
          body: { error: { code: 2001, message: 'Invalid Input Provided', errors: ['Incident Already Resolved'] } },
        };
      }
      if (status !== undefined) setStatus(incident, status, request.atMs);
      return { status: 200, body: { incident: incidentJson(incident) }, note: `${incident.id} ${incident.status}` };
    }),
  );
  rest('GET', '/incidents/:id/notes', (request) =>
    withIncident(request, ({ notes }) => ({ status: 200, body: { notes: notes.map(noteJson) } })),
  );
  rest('POST', '/incidents/:id/notes', (request) =>
    withIncident(request, (incident) => {
      const { note } = request.json() as { note?: { content?: unknown } };
      if (typeof note?.content !== 'string' || note.content === '')
        return { status: 400, body: { error: { code: 2001, message: 'Content cannot be empty.' } } };
      const added = { content: note.content, by: String(request.headers.from), atMs: request.atMs };
      incident.notes.push(added);
      return { status: 201, body: { note: noteJson(added, incident.notes.length - 1) } };
    }),
  );
  rest('GET', '/oncalls', (request) => {
    const offset = Number(request.query.get('offset') ?? 0);
    const limit = Math.min(100, Number(request.query.get('limit') ?? 25));
    const all = people.pagingServices.map((one) => oncallJson(one, people));
    const oncalls = all.slice(offset, offset + limit);
    return { status: 200, body: { oncalls, limit, offset, total: null, more: all.length > offset + limit } };
  });
  rest('POST', '/incidents/:id/responder_requests', (request) =>
    withIncident(request, (incident) => {
      if (options.abilities?.includes('coordinated_responding') === false)
        return {
          status: 402,
          body: { error: { code: 2014, message: 'Account does not have the abilities to perform the action.' } },
        };
      const body = request.json() as { requester_id?: string; message?: string; responder_request_targets?: unknown[] };
      if (
        !people.people.some(({ pagingId }) => pagingId === body.requester_id) ||
        !body.responder_request_targets?.length
      )
        return {
          status: 400,
          body: { error: { code: 2001, message: 'Invalid Input Provided', errors: ['Requester is invalid'] } },
        };
      responderRequests.push({ incidentId: incident.id, message: body.message ?? '', atMs: request.atMs });
      return { status: 200, body: { responder_request: { message: body.message ?? '' } } };
    }),
  );
  rest('GET', '/users', () => ({
    status: 200,
    body: {
      users: people.people.map((one) => ({ id: one.pagingId, type: 'user', name: one.name, email: one.email })),
      more: false,
    },
  }));

  function serviceOf(routingKey: unknown): (typeof people.pagingServices)[number] | undefined {
    return people.pagingServices.find(({ name }) => routingKeys[name] === routingKey);
  }

  function enqueue(event: EventBody, atMs: number): string {
    const service = serviceOf(event.routing_key);
    const dedupKey = event.dedup_key ?? `auto-${pages.length + 1}`;
    const open = incidents.find(
      (one) => one.key === dedupKey && one.service === service?.name && one.status !== 'resolved',
    );
    const summary = String(event.payload?.summary ?? '');
    let incident = open ?? null;
    if (event.event_action === 'trigger' && incident === null && service !== undefined) {
      incident = {
        id: `Q${String(incidents.length + 1).padStart(13, '0')}`,
        number: incidents.length + 1,
        key: dedupKey,
        service: service.name,
        title: summary,
        createdAtMs: atMs,
        status: 'triggered',
        changedAtMs: atMs,
        notes: [],
      };
      incidents.push(incident);
    }
    const paged = event.event_action === 'trigger' && open === undefined;
    if (incident !== null && event.event_action !== 'trigger') {
      setStatus(incident, event.event_action === 'acknowledge' ? 'acknowledged' : 'resolved', atMs);
    }
    pages.push({
      atMs,
      action: event.event_action,
      routingKey: event.routing_key,
      service: service?.name ?? '',
      dedupKey,
      summary,
      incidentId: incident?.id ?? null,
      paged,
      customDetails: event.payload?.custom_details ?? null,
    });
    if (paged && incident !== null && service !== undefined) {
      const page = {
        service: service.name,
        reaches: service.reaches,
        incidentId: incident.id,
        dedupKey,
        summary,
        atMs,
      };
      for (const listener of listeners) listener(page);
    }
    return dedupKey;
  }

  function withIncident(request: WireRequest, answer: (incident: PagerDutyIncident) => WireResponse): WireResponse {
    const found = incidents.find((one) => one.id === request.params.id);
    return found === undefined ? { status: 404, body: { error: { message: 'Not Found', code: 2100 } } } : answer(found);
  }

  return {
    pages,
    incidents,
    changes,
    responderRequests,
    routingKeys,
    onPage: (listener) => void listeners.push(listener),
    listen: (port) => server.listen(port),
    close: () => server.close(),
    sendWebhook(webhook) {
      const incident = incidents.find((one) => one.id === webhook.incidentId);
      const atMs = clock();
      if (incident !== undefined && webhook.type === 'incident.acknowledged') setStatus(incident, 'acknowledged', atMs);
      if (incident !== undefined && webhook.type === 'incident.resolved') setStatus(incident, 'resolved', atMs);
      webhooks += 1;
      const id = `01SIM${String(webhooks).padStart(8, '0')}`;
      const agent = people.people.find((one) => one.email === webhook.agentEmail);
      const event = {
        id,
        event_type: webhook.type,
        resource_type: webhook.type === 'pagey.ping' ? 'pagey' : 'incident',
        occurred_at: new Date(atMs).toISOString(),
        agent:
          agent === undefined
            ? null
            : { id: agent.pagingId, type: 'user_reference', summary: agent.name, email: agent.email },
        client: null,
        data:
          incident === undefined
            ? { message: 'Hello from your friend Pagey!', type: 'ping' }
            : { ...incidentJson(incident), type: 'incident' },
      };
      const body = JSON.stringify({ event });
      const signature = createHmac('sha256', webhook.secret).update(body).digest('hex');
      const headers = {
        'content-type': 'application/json',
        'x-pagerduty-signature': `v1=${signature}`,
        'x-webhook-id': id,
      };
      return deliver('pagerduty', options, { url: webhook.url, headers, body, atMs });
    },
  };
}

interface EventBody {
  readonly routing_key: string;
  readonly event_action: 'trigger' | 'acknowledge' | 'resolve';
  readonly dedup_key?: string;
  readonly payload?: {
    readonly summary?: unknown;
    readonly source?: unknown;
    readonly severity?: unknown;
    readonly custom_details?: unknown;
  };
}

function eventErrors(event: EventBody, routingKeys: Readonly<Record<string, string>>): string[] {
  const errors: string[] = [];
  if (!Object.values(routingKeys).includes(event?.routing_key)) errors.push('Invalid routing key');
  if (!['trigger', 'acknowledge', 'resolve'].includes(event?.event_action))
    errors.push("'event_action' is missing or blank");
  if (event?.dedup_key !== undefined && event.dedup_key.length > MAX_DEDUP_KEY) errors.push("'dedup_key' is too long");
  if (event?.event_action !== 'trigger') {
    if (event?.dedup_key === undefined) errors.push("'dedup_key' is missing or blank");
    return errors;
  }
  const { summary, source, severity } = event.payload ?? {};
  if (typeof summary !== 'string' || summary === '') errors.push("'payload.summary' is missing or blank");
  else if (summary.length > MAX_SUMMARY) errors.push("'payload.summary' is too long");
  if (typeof source !== 'string' || source === '') errors.push("'payload.source' is missing or blank");
  if (!SEVERITIES.has(String(severity)))
    errors.push(
      "'payload.severity' is invalid (must be one of the following: 'critical', 'warning', 'error' or 'info')",
    );
  return errors;
}

/** 401 without the token; 400 when a write does not say on whose behalf. */
function refusalOf(request: WireRequest, token: string, people: PeopleSettings): WireResponse | null {
  if (request.headers.authorization !== `Token token=${token}`)
    return { status: 401, body: { error: { message: 'Unauthorized', code: 2006 } } };
  if (request.method === 'GET') return null;
  const from = request.headers.from;
  if (people.people.some((one) => one.email === from)) return null;
  return {
    status: 400,
    body: { error: { message: 'Invalid Input Provided', code: 2001, errors: ['Requester User Not Found'] } },
  };
}

function setStatus(incident: PagerDutyIncident, status: PagerDutyIncident['status'], atMs: number): void {
  incident.status = status;
  incident.changedAtMs = atMs;
}

function incidentJson(incident: PagerDutyIncident) {
  return {
    id: incident.id,
    type: 'incident',
    incident_number: incident.number,
    incident_key: incident.key,
    title: incident.title,
    status: incident.status,
    urgency: 'high',
    service: { id: `S-${incident.service}`, type: 'service_reference', summary: incident.service },
    created_at: new Date(incident.createdAtMs).toISOString(),
    last_status_change_at: new Date(incident.changedAtMs).toISOString(),
    html_url: `https://sim.pagerduty.com/incidents/${incident.id}`,
  };
}

function noteJson(note: PagerDutyIncident['notes'][number], index: number) {
  return {
    id: `N${index + 1}`,
    content: note.content,
    created_at: new Date(note.atMs).toISOString(),
    user: { summary: note.by },
  };
}

function oncallJson(service: PeopleSettings['pagingServices'][number], people: PeopleSettings) {
  const found = people.people.find((one) => one.email === service.reaches);
  return {
    escalation_level: 1,
    escalation_policy: { id: `E-${service.name}`, type: 'escalation_policy_reference', summary: service.name },
    schedule: { id: `D-${service.name}`, type: 'schedule_reference', summary: service.name },
    user: {
      id: found?.pagingId ?? '',
      type: 'user',
      name: found?.name ?? '',
      summary: found?.name ?? '',
      email: service.reaches,
    },
    start: null,
    end: null,
  };
}

function routingKeyOf(service: string): string {
  return createHmac('sha256', 'routing').update(service).digest('hex').slice(0, 32);
}
