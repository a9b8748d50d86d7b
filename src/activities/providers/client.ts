import { z } from 'zod';
import { createHttpClient, type HttpAnswer, type HttpClient, parseJson } from '../http.ts';

/** How one AI provider is reached. Without a key its API can only be said to be reachable. */
export interface ProviderEndpoint {
  readonly kind: 'anthropic' | 'openai';
  readonly apiUrl: string;
  readonly apiKey: string | null;
  /** Base of its public status page (Statuspage v2 shape); null when it has none. */
  readonly statusUrl: string | null;
}

export interface ProvidersOptions {
  /** By the name policy gives the provider. */
  readonly endpoints: Readonly<Record<string, ProviderEndpoint>>;
  readonly timeoutMilliseconds: number;
}

export interface ProviderHealth {
  readonly name: string;
  readonly api: 'ok' | 'unauthorised' | 'down' | 'unknown';
  readonly statusPage: 'operational' | 'degraded' | 'down' | 'unknown';
  readonly detail: string;
}

export interface ProvidersClient {
  /** Never rejects: what cannot be learnt is `unknown`, with the reason in `detail` (R3.2.2, R3.5.1). */
  health(name: string): Promise<ProviderHealth>;
}

export function createProvidersClient(options: ProvidersOptions): ProvidersClient {
  return {
    async health(name) {
      const endpoint = options.endpoints[name];
      if (endpoint === undefined)
        return { name, api: 'unknown', statusPage: 'unknown', detail: `no address is configured for ${name}` };
      const [api, page] = await Promise.all([
        askApi(name, endpoint, options.timeoutMilliseconds),
        askStatusPage(name, endpoint, options.timeoutMilliseconds),
      ]);
      return { name, api: api.state, statusPage: page.state, detail: `API: ${api.words}. Status page: ${page.words}.` };
    },
  };
}

interface Learnt<S> {
  readonly state: S;
  readonly words: string;
}

const ANTHROPIC_VERSION = '2023-06-01';

/** Says whether the API answers and takes the key; no tokens are bought. */
export function listModels(name: string, endpoint: ProviderEndpoint, timeoutMilliseconds: number): Promise<HttpAnswer> {
  const http = createHttpClient({
    name,
    baseUrl: endpoint.apiUrl,
    headers: credentialsOf(endpoint),
    secrets: endpoint.apiKey === null ? [] : [endpoint.apiKey],
    timeoutMilliseconds,
  });
  return http.send({ path: '/v1/models', ...(endpoint.kind === 'anthropic' ? { query: { limit: 1 } } : {}) });
}

async function askApi(
  name: string,
  endpoint: ProviderEndpoint,
  timeoutMilliseconds: number,
): Promise<Learnt<ProviderHealth['api']>> {
  try {
    return apiState(await listModels(name, endpoint, timeoutMilliseconds), endpoint.apiKey !== null);
  } catch (error) {
    return { state: 'down', words: wordsOf(error) };
  }
}

function credentialsOf(endpoint: ProviderEndpoint): Record<string, string> {
  const version: Record<string, string> =
    endpoint.kind === 'anthropic' ? { 'anthropic-version': ANTHROPIC_VERSION } : {};
  if (endpoint.apiKey === null) return version;
  return endpoint.kind === 'anthropic'
    ? { ...version, 'x-api-key': endpoint.apiKey }
    : { authorization: `Bearer ${endpoint.apiKey}` };
}

/** A refused key says that the API is up and that our key is not good; a 429 says neither up nor down. */
function apiState(answer: HttpAnswer, withKey: boolean): Learnt<ProviderHealth['api']> {
  const { status } = answer;
  if (status === 200)
    return answer.text.trim().startsWith('{')
      ? { state: 'ok', words: 'lists its models' }
      : { state: 'unknown', words: 'answered 200 without JSON' };
  if (status === 401 || status === 403) {
    return {
      state: 'unauthorised',
      words: withKey ? `refuses our key (${status})` : `is reachable; no key is configured (${status})`,
    };
  }
  if (status >= 500) return { state: 'down', words: `answered ${status}${status === 529 ? ' (overloaded)' : ''}` };
  return { state: 'unknown', words: status === 429 ? 'limits our rate (429)' : `answered ${status}` };
}

const summary = z.object({
  status: z.object({ indicator: z.string(), description: z.string().nullish() }),
  components: z.array(z.object({ name: z.string(), status: z.string() })),
  incidents: z.array(z.object({ name: z.string(), status: z.string().nullish() })).nullish(),
});

async function askStatusPage(
  name: string,
  endpoint: ProviderEndpoint,
  timeoutMilliseconds: number,
): Promise<Learnt<ProviderHealth['statusPage']>> {
  if (endpoint.statusUrl === null) return { state: 'unknown', words: 'none is configured' };
  const http: HttpClient = createHttpClient({
    name: `The status page of ${name}`,
    baseUrl: endpoint.statusUrl,
    timeoutMilliseconds,
  });
  try {
    // These pages move hosts and redirect; no credential travels along.
    const answer = await http.send({ path: '/api/v2/summary.json', followRedirects: true });
    if (answer.status !== 200) return { state: 'unknown', words: `answered ${answer.status}` };
    return pageState(parseJson(`the status page of ${name}`, answer, summary));
  } catch (error) {
    return { state: 'unknown', words: wordsOf(error) };
  }
}

/** The API's own component when there is one: an outage of the vendor's chat product is not ours. */
function pageState(page: z.infer<typeof summary>): Learnt<ProviderHealth['statusPage']> {
  if (page.components.length === 0) return { state: 'unknown', words: 'lists no components' };
  const api = page.components.find((component) => /\bapi\b/i.test(component.name));
  const open = (page.incidents ?? []).map((incident) => `"${incident.name}"`).join(', ');
  const state = api === undefined ? INDICATORS[page.status.indicator] : COMPONENT_STATES[api.status];
  const words =
    api === undefined
      ? (page.status.description ?? page.status.indicator)
      : `${api.name} is ${api.status.replaceAll('_', ' ')}`;
  return { state: state ?? 'unknown', words: open === '' ? words : `${words}; open: ${open}` };
}

const INDICATORS: Readonly<Record<string, ProviderHealth['statusPage']>> = {
  none: 'operational',
  minor: 'degraded',
  maintenance: 'degraded',
  major: 'down',
  critical: 'down',
};

const COMPONENT_STATES: Readonly<Record<string, ProviderHealth['statusPage']>> = {
  operational: 'operational',
  degraded_performance: 'degraded',
  under_maintenance: 'degraded',
  partial_outage: 'degraded',
  major_outage: 'down',
};

function wordsOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\.$/, '');
}
