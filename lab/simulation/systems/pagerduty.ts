import { createHmac } from 'node:crypto';
import { PAGERDUTY_REQUEST_RULES } from '../vendor-rules/pagerduty.ts';
import type { WireHandler, WireRequest, WireResponse } from '../wire/exchange.ts';
import type { WireFaults } from '../wire/faults.ts';
import type { WireLedger } from '../wire/ledger.ts';
import { createWireServer } from '../wire/server.ts';
import {
  incidentJson,
  noteJson,
  oncallJson,
  type PagerDutyIncident,
  refusalOf,
  setStatus,
} from './pagerduty-incidents.ts';
import { createPagerDutyWebhooks, type PagerDutyWebhooks, type WebhookRequest } from './pagerduty-webhooks.ts';
import type { PeopleSettings } from './people.ts';
import type { DeliveryAnswer } from './signed-delivery.ts';

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
  /** Routing key by service name. */
  readonly routingKeys: Readonly<Record<string, string>>;
  onPage(listener: (page: Page) => void): void;
  listen(port?: number): Promise<{ readonly url: string; readonly port: number }>;
  close(): Promise<void>;
  /** Does something in the app, as a person there does, and sends the signed v3 webhook that tells of it. */
  sendWebhook(options: WebhookRequest): Promise<DeliveryAnswer>;
  /** Webhooks that a fault holds back. */
  readonly late: Pick<PagerDutyWebhooks, 'nextDueAtMs' | 'sendNext'>;
}

/** What is older is listed only with `date_range=all` or `since`. */
const DEFAULT_RANGE_MS = 30 * 86_400_000;

export function createPagerDuty(options: {
  readonly clock: () => number;
  readonly faults: WireFaults;
  readonly log: WireLedger;
  readonly people: PeopleSettings;
  readonly apiToken: string;
  /** Whether its services make alerts, whose key the incident does not show; else it is the incident's. */
  readonly makesAlerts?: boolean;
}): PagerDuty {
  const { clock, people, makesAlerts = true } = options;
  const pages: PageEntry[] = [];
  const incidents: PagerDutyIncident[] = [];
  const changes: { atMs: number; summary: string }[] = [];
  const listeners: ((page: Page) => void)[] = [];
  const routingKeys = Object.fromEntries(people.pagingServices.map(({ name }) => [name, routingKeyOf(name)]));
  const webhooks = createPagerDutyWebhooks({ ...options, makesAlerts });
  const shown = (incident: PagerDutyIncident) => incidentJson(incident, makesAlerts);
  const server = createWireServer({
    system: 'pagerduty',
    clock,
    faults: options.faults,
    log: options.log,
    faultAnswers: { unauthorised: () => ({ status: 401, body: { error: { message: 'Unauthorized', code: 2006 } } }) },
    rules: {
      all: PAGERDUTY_REQUEST_RULES,
      // Events carry their key in the body, which the rules look at.
      admits: ({ path, headers }) =>
        path.startsWith('/v2/') || headers.authorization === `Token token=${options.apiToken}`,
      refuse: ({ status, says }, { path }) => ({
        status,
        body: path.startsWith('/v2/')
          ? { status: 'invalid event', message: 'Event object is invalid', errors: [says] }
          : { error: { code: 2001, message: 'Invalid Input Provided', errors: [says] } },
      }),
    },
  });

  server.route('POST', '/v2/enqueue', (request) => {
    const event = request.json() as EventBody;
    if (serviceOf(event.routing_key) === undefined) return INVALID_KEY;
    const dedupKey = enqueue(event, request.atMs);
    return {
      status: 202,
      body: { status: 'success', message: 'Event processed', dedup_key: dedupKey },
      note: `${event.event_action} ${dedupKey}`,
    };
  });
  server.route('POST', '/v2/change/enqueue', (request) => {
    const { routing_key: key, payload } = request.json() as { routing_key?: string; payload?: { summary?: unknown } };
    if (serviceOf(key) === undefined) return INVALID_KEY;
    changes.push({ atMs: request.atMs, summary: String(payload?.summary) });
    return { status: 202, body: { status: 'success', message: 'Change event processed' } };
  });

  const rest = (method: string, pattern: string, handler: WireHandler) =>
    server.route(method, pattern, (request) => refusalOf(request, options.apiToken, people) ?? handler(request));
  rest('GET', '/incidents', (request) => {
    const key = request.query.get('incident_key');
    const statuses = request.query.getAll('statuses[]');
    const all = request.query.get('date_range') === 'all';
    // An empty key filters nothing, as the real API (airbnb/streamalert#567).
    const found = incidents.filter(
      (one) =>
        (!key || one.key === key) &&
        (statuses.length === 0 || statuses.includes(one.status)) &&
        (all || one.createdAtMs > request.atMs - DEFAULT_RANGE_MS),
    );
    if (request.query.get('sort_by') === 'created_at:desc') found.reverse();
    const offset = Number(request.query.get('offset') ?? 0);
    const limit = Math.min(100, Number(request.query.get('limit') ?? 25));
    if (offset + limit > 10_000)
      return { status: 400, body: { error: { code: 2002, message: 'Offset plus limit must not exceed 10000' } } };
    return {
      status: 200,
      body: {
        incidents: found.slice(offset, offset + limit).map(shown),
        limit,
        offset,
        total: null,
        more: found.length > offset + limit,
      },
    };
  });
  rest('GET', '/incidents/:id', (request) =>
    withIncident(request, (incident) => ({ status: 200, body: { incident: shown(incident) } })),
  );
  rest('GET', '/incidents/:id/notes', (request) =>
    withIncident(request, ({ notes }) => ({ status: 200, body: { notes: notes.map(noteJson) } })),
  );
  rest('POST', '/incidents/:id/notes', (request) =>
    withIncident(request, (incident) => {
      const { note } = request.json() as { note: { content: string } };
      const added = { content: note.content, by: String(request.headers.from), atMs: request.atMs };
      incident.notes.push(added);
      return { status: 201, body: { note: noteJson(added, incident.notes.length - 1) } };
    }),
  );
  // Only the doctor asks.
  rest('GET', '/users', () => ({
    status: 200,
    body: {
      users: people.people.map((one) => ({ id: one.pagingId, type: 'user', name: one.name, email: one.email })),
      more: false,
    },
  }));
  rest('GET', '/oncalls', (request) => {
    const offset = Number(request.query.get('offset') ?? 0);
    const limit = Math.min(100, Number(request.query.get('limit') ?? 25));
    const all = people.pagingServices.flatMap((one) => oncallJson(one, people) ?? []);
    const oncalls = all.slice(offset, offset + limit);
    return { status: 200, body: { oncalls, limit, offset, total: null, more: all.length > offset + limit } };
  });
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
        changedBy: null,
        acknowledgements: [],
        assignees: people.people.filter(({ email }) => email === service.reaches),
        priority: null,
        changes: [],
        notes: [],
      };
      incidents.push(incident);
    }
    const paged = event.event_action === 'trigger' && open === undefined;
    if (incident !== null && event.event_action !== 'trigger') {
      setStatus(incident, event.event_action === 'acknowledge' ? 'acknowledged' : 'resolved', atMs, null);
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
    routingKeys,
    onPage: (listener) => void listeners.push(listener),
    listen: (port) => server.listen(port),
    close: () => server.close(),
    sendWebhook: (wanted) =>
      webhooks.send(
        wanted,
        incidents.find((one) => one.id === wanted.incidentId),
        clock(),
      ),
    late: webhooks,
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

/** Which keys there are is no rule of the vendor's, but this account's. */
const INVALID_KEY = {
  status: 400,
  body: { status: 'invalid event', message: 'Event object is invalid', errors: ['Invalid routing key'] },
};

function routingKeyOf(service: string): string {
  return createHmac('sha256', 'routing').update(service).digest('hex').slice(0, 32);
}
