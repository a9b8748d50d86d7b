import { ANTHROPIC_REQUEST_RULES } from '../vendor-rules/anthropic.ts';
import { OPENAI_REQUEST_RULES } from '../vendor-rules/openai.ts';
import type { RequestRule } from '../vendor-rules/rule.ts';
import type { WireResponse } from '../wire/exchange.ts';
import type { WireFaults } from '../wire/faults.ts';
import type { WireLedger } from '../wire/ledger.ts';
import { createWireServer } from '../wire/server.ts';
import type { ProviderTruth } from '../world/api.ts';

/** An AI provider as its customers reach it: the models endpoint, and its public status page beside it. */
export interface Provider {
  readonly name: string;
  /** Two addresses as in reality: when the API is down its status page still answers. */
  listen(): Promise<{ readonly apiUrl: string; readonly statusUrl: string }>;
  close(): Promise<void>;
}

interface Vendor {
  /** Name in the world and in the service's admin API. */
  readonly provider: string;
  /** Name of its wires in a drill. */
  readonly system: 'anthropic' | 'openai';
  readonly title: string;
  readonly component: string;
  readonly models: readonly string[];
  readonly overloadedStatus: number;
  readonly rules: readonly RequestRule[];
}

export const ANTHROPIC: Vendor = {
  provider: 'claude',
  system: 'anthropic',
  title: 'Claude',
  component: 'Claude API (api.anthropic.com)',
  models: ['claude-sonnet-4-5', 'claude-haiku-4-5'],
  overloadedStatus: 529,
  rules: ANTHROPIC_REQUEST_RULES,
};

export const OPENAI: Vendor = {
  provider: 'openai',
  system: 'openai',
  title: 'OpenAI',
  component: 'Chat Completions',
  models: ['gpt-5', 'gpt-5-mini'],
  overloadedStatus: 503,
  rules: OPENAI_REQUEST_RULES,
};

/** Real time that a slow provider takes; longer than any probe waits, shorter than sockets live. */
const HANG_SECONDS = 20;
const RETRY_AFTER_SECONDS = 30;

export function createProvider(options: {
  readonly clock: () => number;
  readonly faults: WireFaults;
  readonly log: WireLedger;
  readonly vendor: Vendor;
  /** Any other key is refused. */
  readonly apiKey: string;
  readonly truth: () => ProviderTruth;
}): Provider {
  const { vendor, clock, faults, log } = options;
  const api = createWireServer({
    system: vendor.system,
    clock,
    faults,
    log,
    rules: {
      all: vendor.rules,
      // A provider that is down says so whatever it is asked.
      admits: () => options.truth().mode === 'ok',
      refuse: ({ status, says }) => {
        const [type = '', message = ''] = says.split(/: (.*)/s);
        return failed(vendor, status, type, message);
      },
    },
  });
  const page = createWireServer({ system: `${vendor.system}-status`, clock, faults, log });

  api.route('GET', '/v1/models', async (request) => {
    const { mode } = options.truth();
    switch (mode) {
      case 'down':
        return failed(vendor, vendor.overloadedStatus, 'overloaded_error', 'Overloaded');
      case 'errors':
        return failed(vendor, 500, 'api_error', 'Internal server error');
      case 'rate-limited':
        return {
          ...failed(vendor, 429, 'rate_limit_error', 'Rate limit exceeded'),
          headers: { 'retry-after': String(RETRY_AFTER_SECONDS) },
        };
      case 'slow':
        await log.sleep(HANG_SECONDS);
        return failed(vendor, 504, 'timeout_error', 'The request took too long');
      case 'unauthorised':
        return failed(vendor, 401, 'authentication_error', 'invalid x-api-key');
      case 'ok': {
        const key =
          vendor.system === 'anthropic'
            ? request.headers['x-api-key']
            : request.headers.authorization?.replace(/^Bearer /, '');
        if (key !== options.apiKey)
          return failed(
            vendor,
            401,
            'authentication_error',
            key === undefined ? 'x-api-key header is required' : 'invalid x-api-key',
          );
        return { status: 200, body: modelsOf(vendor, Number(request.query.get('limit') ?? 20)) };
      }
    }
  });
  page.route('GET', '/api/v2/summary.json', () => ({ status: 200, body: summaryOf(vendor, options.truth(), clock()) }));
  page.route('GET', '/api/v2/status.json', () => {
    const { page: about, status } = summaryOf(vendor, options.truth(), clock());
    return { status: 200, body: { page: about, status } };
  });

  return {
    name: vendor.provider,
    async listen() {
      const [atApi, atPage] = await Promise.all([api.listen(), page.listen()]);
      return { apiUrl: atApi.url, statusUrl: atPage.url };
    },
    async close() {
      await Promise.all([api.close(), page.close()]);
    },
  };
}

function failed(vendor: Vendor, status: number, type: string, message: string): WireResponse {
  const body =
    vendor.system === 'anthropic'
      ? { type: 'error', error: { type, message } }
      : { error: { message, type, param: null, code: null } };
  return { status, body };
}

function modelsOf(vendor: Vendor, limit: number) {
  const shown = vendor.models.slice(0, limit);
  if (vendor.system === 'openai')
    return {
      object: 'list',
      data: shown.map((id) => ({ id, object: 'model', created: 1_750_000_000, owned_by: 'openai' })),
    };
  const data = shown.map((id) => ({ type: 'model', id, display_name: id, created_at: '2025-09-29T00:00:00Z' }));
  return {
    data,
    has_more: shown.length < vendor.models.length,
    first_id: shown[0] ?? null,
    last_id: shown.at(-1) ?? null,
  };
}

const INDICATORS = { operational: 'none', degraded: 'minor', down: 'major' } as const;
const DESCRIPTIONS = {
  operational: 'All Systems Operational',
  degraded: 'Partially Degraded Service',
  down: 'Major Service Outage',
} as const;
const COMPONENT_STATES = {
  operational: 'operational',
  degraded: 'degraded_performance',
  down: 'major_outage',
} as const;

function summaryOf(vendor: Vendor, { statusPage }: ProviderTruth, nowMs: number) {
  const now = new Date(nowMs).toISOString();
  const incident = {
    id: `${vendor.system}-incident`,
    name: statusPage === 'down' ? `${vendor.component} is unavailable` : `Elevated errors on ${vendor.component}`,
    status: 'investigating',
    impact: INDICATORS[statusPage],
    updated_at: now,
  };
  return {
    page: { id: vendor.system, name: vendor.title, updated_at: now },
    status: { indicator: INDICATORS[statusPage], description: DESCRIPTIONS[statusPage] },
    components: [
      { id: `${vendor.system}-api`, name: vendor.component, status: COMPONENT_STATES[statusPage] },
      { id: `${vendor.system}-console`, name: 'Console', status: 'operational' },
    ],
    incidents: statusPage === 'operational' ? [] : [incident],
    scheduled_maintenances: [],
  };
}
