import { STATUSPAGE_REQUEST_RULES } from '../vendor-rules/statuspage.ts';
import type { WireHandler, WireRequest, WireResponse } from '../wire/exchange.ts';
import type { WireFaults } from '../wire/faults.ts';
import type { WireLedger } from '../wire/ledger.ts';
import { createWireServer } from '../wire/server.ts';

const INCIDENT_STATES = ['investigating', 'identified', 'monitoring', 'resolved', 'postmortem'] as const;
const IMPACTS = ['none', 'minor', 'major', 'critical', 'maintenance'] as const;
const COMPONENT_STATES = [
  'operational',
  'degraded_performance',
  'partial_outage',
  'major_outage',
  'under_maintenance',
] as const;

export type IncidentState = (typeof INCIDENT_STATES)[number];
export type Impact = (typeof IMPACTS)[number];
export type ComponentState = (typeof COMPONENT_STATES)[number];

/** A change that the public could see. */
export interface StatusPageEntry {
  readonly atMs: number;
  readonly incident: string | null;
  readonly status: IncidentState | null;
  readonly impact: Impact | null;
  readonly body: string;
  readonly components: Readonly<Record<string, ComponentState>>;
}

export interface StatusPageIncident {
  readonly id: string;
  name: string;
  status: IncidentState;
  impact: Impact;
  metadata: unknown;
  readonly createdAtMs: number;
  changedAtMs: number;
  resolvedAtMs: number | null;
  readonly updates: { readonly status: IncidentState; readonly body: string; readonly atMs: number }[];
}

export interface StatusPage {
  readonly ledger: readonly StatusPageEntry[];
  readonly incidents: readonly StatusPageIncident[];
  components(): readonly { readonly id: string; readonly name: string; readonly status: ComponentState }[];
  listen(port?: number): Promise<{ readonly url: string; readonly port: number }>;
  close(): Promise<void>;
}

export interface StatusPageSettings {
  readonly pageId: string;
  readonly components: readonly { readonly id: string; readonly name: string }[];
}

export const DEFAULT_STATUS_PAGE: StatusPageSettings = {
  pageId: 'noaserverpage',
  components: [
    { id: 'api', name: 'API' },
    { id: 'mcp', name: 'MCP server' },
    { id: 'flows', name: 'Flows' },
    { id: 'dashboard', name: 'Dashboard' },
  ],
};

const REQUEST_INTERVAL_MS = 1000;

/** Atlassian Statuspage's API, under /v1 and without it (both are in use as base addresses). */
export function createStatusPage(options: {
  readonly clock: () => number;
  readonly faults: WireFaults;
  readonly log: WireLedger;
  readonly settings: StatusPageSettings;
  readonly apiKey: string;
  /** One request a second, in world time, as the real API demands. */
  readonly limitRate?: boolean;
}): StatusPage {
  const ledger: StatusPageEntry[] = [];
  const incidents: StatusPageIncident[] = [];
  const componentStates = new Map<string, ComponentState>(
    options.settings.components.map(({ id }) => [id, 'operational']),
  );
  let made = 0;
  let lastRequestMs = Number.NEGATIVE_INFINITY;
  const server = createWireServer({
    system: 'status-page',
    clock: options.clock,
    faults: options.faults,
    log: options.log,
    faultAnswers: {
      unauthorised: () => ({ status: 401, body: { error: 'Could not authenticate' } }),
      'rate-limited': () => ({ status: 429, body: { error: 'Too many requests' } }),
    },
    rules: {
      all: STATUSPAGE_REQUEST_RULES,
      admits: ({ headers }) => headers.authorization === `OAuth ${options.apiKey}`,
      refuse: ({ says }) => invalid(says),
    },
  });

  const guarded =
    (handler: WireHandler): WireHandler =>
    (request) => {
      if (request.headers.authorization !== `OAuth ${options.apiKey}`)
        return { status: 401, body: { error: 'Could not authenticate' } };
      if (request.params.page !== options.settings.pageId) return { status: 404, body: { error: 'Record not found' } };
      if (options.limitRate && request.atMs - lastRequestMs < REQUEST_INTERVAL_MS)
        return { status: 420, body: { error: 'Too many requests' } };
      lastRequestMs = request.atMs;
      return handler(request);
    };
  const route = (method: string, path: string, handler: WireHandler) => {
    for (const prefix of ['/v1', '']) server.route(method, `${prefix}/pages/:page${path}`, guarded(handler));
  };

  route('GET', '/incidents', () => ({ status: 200, body: [...incidents].reverse().map(incidentJson) }));
  route('GET', '/incidents/unresolved', () => ({
    status: 200,
    body: incidents
      .filter(({ status }) => status !== 'resolved' && status !== 'postmortem')
      .reverse()
      .map(incidentJson),
  }));
  route('POST', '/incidents', createIncident);
  route('GET', '/incidents/:id', (request) =>
    withIncident(request, (incident) => ({ status: 200, body: incidentJson(incident) })),
  );
  for (const method of ['PATCH', 'PUT']) {
    route(method, '/incidents/:id', (request) =>
      withIncident(request, (incident) => updateIncident(incident, request)),
    );
  }
  route('DELETE', '/incidents/:id', (request) =>
    withIncident(request, (incident) => {
      incidents.splice(incidents.indexOf(incident), 1);
      return { status: 200, body: incidentJson(incident), note: `${incident.id} deleted` };
    }),
  );
  route('GET', '/components', () => ({ status: 200, body: components() }));
  route('GET', '/components/:id', (request) =>
    withComponent(request, (component) => ({ status: 200, body: component })),
  );
  for (const method of ['PATCH', 'PUT']) {
    route(method, '/components/:id', (request) =>
      withComponent(request, ({ id }) => {
        const { component } = request.json() as { component?: { status?: unknown } };
        const status = COMPONENT_STATES.find((one) => one === component?.status);
        if (status === undefined) return invalid('status is not included in the list');
        const atMs = request.atMs;
        if (setComponents({ [id]: status }))
          ledger.push({ atMs, incident: null, status: null, impact: null, body: '', components: { [id]: status } });
        return { status: 200, body: components().find((one) => one.id === id) };
      }),
    );
  }

  // The page itself, as everybody sees it.
  server.route('GET', '/api/v2/summary.json', (request) => {
    const open = incidents.filter(({ status }) => status !== 'resolved' && status !== 'postmortem');
    const worst = open.map(({ impact }) => IMPACTS.indexOf(impact)).reduce((a, b) => Math.max(a, b), 0);
    const description = worst === 0 ? 'All Systems Operational' : 'Service Disruption';
    return {
      status: 200,
      body: {
        page: { id: options.settings.pageId, updated_at: new Date(request.atMs).toISOString() },
        status: { indicator: IMPACTS[worst], description },
        components: components(),
        incidents: open.map(incidentJson),
        scheduled_maintenances: [],
      },
    };
  });

  function createIncident(request: WireRequest): WireResponse {
    const wanted = incidentOf(request);
    const problem = problemOf(wanted);
    if (typeof wanted.name !== 'string' || wanted.name === '') return invalid("Name can't be blank");
    if (problem !== null) return invalid(problem);
    const { atMs } = request;
    made += 1;
    const incident: StatusPageIncident = {
      id: `sp${String(made).padStart(10, '0')}`,
      name: wanted.name,
      status: wanted.status ?? 'investigating',
      impact: wanted.impact_override ?? 'none',
      metadata: wanted.metadata ?? {},
      createdAtMs: atMs,
      changedAtMs: atMs,
      resolvedAtMs: wanted.status === 'resolved' ? atMs : null,
      updates: [],
    };
    incidents.push(incident);
    publish(incident, wanted, atMs);
    return { status: 201, body: incidentJson(incident), note: `${incident.id} ${incident.status}` };
  }

  function updateIncident(incident: StatusPageIncident, request: WireRequest): WireResponse {
    const wanted = incidentOf(request);
    const problem = problemOf(wanted);
    if (problem !== null) return invalid(problem);
    const { atMs } = request;
    if (wanted.name !== undefined) incident.name = wanted.name;
    if (wanted.metadata !== undefined) incident.metadata = wanted.metadata;
    if (wanted.impact_override !== undefined) incident.impact = wanted.impact_override;
    if (wanted.status !== undefined) incident.status = wanted.status;
    incident.resolvedAtMs = incident.status === 'resolved' ? (incident.resolvedAtMs ?? atMs) : null;
    incident.changedAtMs = atMs;
    // A change of metadata alone is not shown to anybody.
    if (wanted.status !== undefined || wanted.body !== undefined || wanted.components !== undefined)
      publish(incident, wanted, atMs);
    return { status: 200, body: incidentJson(incident), note: `${incident.id} ${incident.status}` };
  }

  function publish(incident: StatusPageIncident, wanted: WantedIncident, atMs: number): void {
    const body = wanted.body ?? '';
    incident.updates.push({ status: incident.status, body, atMs });
    const changed = wanted.components ?? {};
    setComponents(changed);
    ledger.push({
      atMs,
      incident: incident.id,
      status: incident.status,
      impact: incident.impact,
      body,
      components: changed,
    });
  }

  function setComponents(states: Readonly<Record<string, ComponentState>>): boolean {
    let changed = false;
    for (const [id, state] of Object.entries(states)) {
      changed ||= componentStates.get(id) !== state;
      componentStates.set(id, state);
    }
    return changed;
  }

  function problemOf(wanted: WantedIncident): string | null {
    if (wanted.status !== undefined && !INCIDENT_STATES.includes(wanted.status))
      return 'status is not included in the list';
    if (wanted.impact_override !== undefined && !IMPACTS.includes(wanted.impact_override))
      return 'impact_override is not included in the list';
    for (const [id, state] of Object.entries(wanted.components ?? {})) {
      if (!componentStates.has(id)) return `component ${id} does not exist`;
      if (!COMPONENT_STATES.includes(state)) return `component status ${String(state)} is not included in the list`;
    }
    const unknown = (wanted.component_ids ?? []).find((id) => !componentStates.has(id));
    return unknown === undefined ? null : `component ${unknown} does not exist`;
  }

  function components() {
    return options.settings.components.map(({ id, name }) => ({
      id,
      name,
      status: componentStates.get(id) ?? ('operational' as const),
      page_id: options.settings.pageId,
    }));
  }

  function withIncident(request: WireRequest, answer: (incident: StatusPageIncident) => WireResponse): WireResponse {
    const found = incidents.find((one) => one.id === request.params.id);
    return found === undefined ? { status: 404, body: { error: 'Record not found' } } : answer(found);
  }

  function withComponent(request: WireRequest, answer: (component: { id: string }) => WireResponse): WireResponse {
    const found = components().find((one) => one.id === request.params.id);
    return found === undefined ? { status: 404, body: { error: 'Record not found' } } : answer(found);
  }

  function incidentJson(incident: StatusPageIncident) {
    const time = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());
    return {
      id: incident.id,
      page_id: options.settings.pageId,
      name: incident.name,
      status: incident.status,
      impact: incident.impact,
      metadata: incident.metadata,
      created_at: time(incident.createdAtMs),
      updated_at: time(incident.changedAtMs),
      resolved_at: time(incident.resolvedAtMs),
      shortlink: `https://stspg.io/${incident.id}`,
      components: components(),
      incident_updates: incident.updates
        .map((update, i) => ({
          id: `${incident.id}-${i + 1}`,
          incident_id: incident.id,
          status: update.status,
          body: update.body,
          created_at: time(update.atMs),
          display_at: time(update.atMs),
        }))
        .reverse(),
    };
  }

  return { ledger, incidents, components, listen: (port) => server.listen(port), close: () => server.close() };
}

interface WantedIncident {
  readonly name?: string;
  readonly status?: IncidentState;
  readonly body?: string;
  readonly impact_override?: Impact;
  readonly component_ids?: readonly string[];
  readonly components?: Readonly<Record<string, ComponentState>>;
  readonly metadata?: unknown;
}

function incidentOf(request: WireRequest): WantedIncident {
  return (request.json() as { incident?: WantedIncident }).incident ?? {};
}

function invalid(message: string): WireResponse {
  return { status: 422, body: { error: [message] } };
}
