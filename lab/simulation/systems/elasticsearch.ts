import { ELASTICSEARCH_REQUEST_RULES } from '../vendor-rules/elasticsearch.ts';
import type { WireRequest, WireResponse } from '../wire/exchange.ts';
import type { WireFaults } from '../wire/faults.ts';
import type { WireLedger } from '../wire/ledger.ts';
import { createWireServer } from '../wire/server.ts';
import type { PodView, WorldTruth } from '../world/api.ts';

const MOST_HITS = 10_000;

export interface Elasticsearch {
  /** What part of the cluster does not answer; a search then finds only what is left. */
  trouble: { readonly timedOut: boolean; readonly failedShards: number };
  listen(port?: number): Promise<{ readonly url: string; readonly port: number }>;
  close(): Promise<void>;
}

interface Document {
  readonly atMs: number;
  readonly fields: Readonly<Record<string, string>>;
  readonly message: string;
}

/** A log store that has shipped every line of every pod, also of those that are gone by now. */
export function createElasticsearch(options: {
  readonly clock: () => number;
  readonly faults: WireFaults;
  readonly log: WireLedger;
  readonly apiKey: string;
  readonly namespace: string;
  readonly world: Pick<WorldTruth, 'logs'>;
  readonly pods: () => readonly PodView[];
  /** Whether the key has the privilege read; it has when left out. */
  readonly mayRead?: boolean;
}): Elasticsearch {
  const seen = new Map<string, PodView>();
  const server = createWireServer({
    system: 'elasticsearch',
    clock: options.clock,
    faults: options.faults,
    log: options.log,
    faultAnswers: {
      unauthorised: () => unauthorised(),
      // Elasticsearch rejects without saying when to come back.
      'rate-limited': () => ({
        ...problem(429, 'es_rejected_execution_exception', 'rejected execution of search task'),
        headers: { 'retry-after': '' },
      }),
    },
    rules: {
      all: ELASTICSEARCH_REQUEST_RULES,
      admits: ({ headers }) => headers.authorization === `ApiKey ${options.apiKey}`,
      refuse: ({ status, says }) => {
        const [type = '', reason = ''] = says.split(/: (.*)/s);
        return problem(status, type, reason);
      },
    },
    notFound: (request) => problem(400, 'illegal_argument_exception', `request [${request.path}] is not known`),
  });

  server.route('POST', '/:index/_search', (request) => {
    if (request.headers.authorization !== `ApiKey ${options.apiKey}`) return unauthorised();
    return search(request);
  });
  server.route('GET', '/_security/_authenticate', (request) =>
    request.headers.authorization === `ApiKey ${options.apiKey}`
      ? { status: 200, body: { username: 'incident', authentication_type: 'api_key' } }
      : unauthorised(),
  );
  server.route('POST', '/_security/user/_has_privileges', (request) => {
    if (request.headers.authorization !== `ApiKey ${options.apiKey}`) return unauthorised();
    return { status: 200, body: { has_all_requested: options.mayRead ?? true } };
  });

  function search(request: WireRequest): WireResponse {
    const body = request.json() as Record<string, unknown>;
    const size = typeof body.size === 'number' ? body.size : 10;
    let matches: Matcher;
    try {
      matches = matcherOf(body.query);
    } catch (error) {
      return problem(400, 'parsing_exception', error instanceof Error ? error.message : String(error));
    }
    const { timedOut, failedShards } = self.trouble;
    const all = documents(rangeIn(body.query)).filter(matches);
    // What a failed shard held is simply not there.
    const left = timedOut || failedShards > 0 ? all.slice(0, Math.floor(all.length / 2)) : all;
    const newestFirst = JSON.stringify(body.sort ?? '').includes('desc');
    const ordered = newestFirst ? [...left].reverse() : left;
    const exact = body.track_total_hits === true || left.length <= MOST_HITS;
    return {
      status: 200,
      body: {
        took: 4,
        timed_out: timedOut,
        _shards: { total: 5, successful: 5 - failedShards, skipped: 0, failed: failedShards },
        hits: {
          total: { value: exact ? left.length : MOST_HITS, relation: exact ? 'eq' : 'gte' },
          max_score: null,
          hits: ordered.slice(0, size).map((one, index) => ({
            _index: 'logs-kubernetes.container_logs-default',
            _id: `${one.atMs}-${index}`,
            _source: {
              '@timestamp': new Date(one.atMs).toISOString(),
              message: one.message,
              kubernetes: { pod: { name: one.fields['kubernetes.pod.name'] } },
            },
            sort: [one.atMs],
          })),
        },
      },
    };
  }

  function documents([fromMs, untilMs]: readonly [number, number]): readonly Document[] {
    for (const pod of options.pods()) seen.set(pod.name, pod);
    const found = [...seen.values()].flatMap((pod) => {
      const fields = {
        'kubernetes.namespace': options.namespace,
        'kubernetes.pod.name': pod.name,
        'kubernetes.node.name': pod.node,
        ...Object.fromEntries(
          Object.entries(pod.labels).map(([name, value]) => [`kubernetes.labels.${name.replaceAll('.', '_')}`, value]),
        ),
      };
      return options.world
        .logs(pod.name, fromMs, Math.min(untilMs, options.clock()))
        .map(({ atMs, line }) => ({ atMs, message: line, fields }));
    });
    return found.sort((a, b) => a.atMs - b.atMs);
  }

  const self: Elasticsearch = {
    trouble: { timedOut: false, failedShards: 0 },
    listen: (port) => server.listen(port),
    close: () => server.close(),
  };
  return self;
}

type Matcher = (document: Document) => boolean;

function matcherOf(query: unknown): Matcher {
  if (query === undefined) return () => true;
  const [name, body] = only(query);
  switch (name) {
    case 'match_all':
      return () => true;
    case 'bool':
      return boolMatcher(body);
    case 'range': {
      const [field] = only(body);
      if (field !== '@timestamp') throw new Error(`[range] on [${field}] is not simulated`);
      const [from, until] = rangeOf(body);
      return ({ atMs }) => atMs >= from && atMs <= until;
    }
    case 'term': {
      const [field, value] = only(body);
      const wanted = String(typeof value === 'object' && value !== null ? (value as { value: unknown }).value : value);
      return ({ fields }) => fields[field] === wanted;
    }
    case 'simple_query_string': {
      const { query: text, fields, default_operator: operator = 'or' } = body as Record<string, unknown>;
      if (typeof text !== 'string' || !Array.isArray(fields))
        throw new Error('[simple_query_string] needs query and fields');
      const wanted = words(text);
      return ({ message }) => {
        const said = new Set(words(message));
        return operator === 'and' ? wanted.every((one) => said.has(one)) : wanted.some((one) => said.has(one));
      };
    }
    default:
      throw new Error(`unknown query [${name}]`);
  }
}

function boolMatcher(body: unknown): Matcher {
  const parts = body as Record<string, unknown>;
  const unknown = Object.keys(parts).find(
    (key) => !['filter', 'must', 'must_not', 'should', 'minimum_should_match'].includes(key),
  );
  if (unknown !== undefined) throw new Error(`[bool] query does not support [${unknown}]`);
  const list = (key: string): readonly Matcher[] => [parts[key] ?? []].flat().map(matcherOf);
  const [all, none, some] = [[...list('filter'), ...list('must')], list('must_not'), list('should')];
  const least = Number(parts.minimum_should_match ?? (all.length === 0 && some.length > 0 ? 1 : 0));
  return (document) =>
    all.every((matches) => matches(document)) &&
    !none.some((matches) => matches(document)) &&
    some.filter((matches) => matches(document)).length >= least;
}

/** The times that can match at all: nothing outside needs to be read. */
function rangeIn(query: unknown): readonly [number, number] {
  const text = JSON.stringify(query ?? {});
  const match = /"range":(\{"@timestamp":\{[^{}]*\}\})/.exec(text);
  return match === null ? [0, Number.MAX_SAFE_INTEGER] : rangeOf(JSON.parse(match[1] ?? '{}'));
}

function rangeOf(body: unknown): readonly [number, number] {
  const [, bounds] = only(body);
  const { gte, gt, lte, lt } = bounds as Record<string, string | undefined>;
  const at = (text: string | undefined, otherwise: number) => (text === undefined ? otherwise : Date.parse(text));
  const [from, until] = [at(gte ?? gt, 0), at(lte ?? lt, Number.MAX_SAFE_INTEGER)];
  if (Number.isNaN(from) || Number.isNaN(until)) throw new Error('failed to parse date field');
  return [from, until];
}

/** The standard analyzer: words, in lower case. */
function words(text: string): readonly string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}_]+/gu) ?? [];
}

function only(value: unknown): [string, unknown] {
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  const [first] = entries;
  if (first === undefined || entries.length > 1) throw new Error('query malformed, expected one field');
  return first;
}

function unauthorised(): WireResponse {
  return problem(
    401,
    'security_exception',
    'unable to authenticate with provided credentials and anonymous access is not allowed',
  );
}

function problem(status: number, type: string, reason: string): WireResponse {
  return { status, body: { error: { root_cause: [{ type, reason }], type, reason }, status } };
}
