import { z } from 'zod';
import type { Instant } from '../../domain/instant.ts';
import { failure } from '../failures.ts';
import { createHttpClient, type HttpClient } from '../http.ts';
import { rison } from './rison.ts';

export interface ElasticsearchSettings {
  readonly url: string;
  /** Base64 of `id:key`, as Kibana shows it; null when a proxy lets us in. */
  readonly apiKey: string | null;
  /** One index, or a pattern such as `logs-*`. */
  readonly index: string;
  /** Where people open Kibana, and which data view; null when there is no Kibana. */
  readonly kibana: { readonly url: string; readonly dataViewId: string } | null;
  readonly timeoutMilliseconds: number;
}

export interface LogSearch {
  readonly namespace: string;
  /** Label selectors such as `app=web`: documents of any of them. */
  readonly selectors: readonly string[];
  /** Words of which a message must hold at least one. */
  readonly anyOf: readonly string[];
  readonly fromAt: Instant;
  readonly untilAt: Instant;
  readonly limit: number;
  /** How long whoever asks will wait for the answer. */
  readonly deadlineMilliseconds: number;
}

export interface FoundLogs {
  readonly matched: number;
  /** Oldest first; the newest `limit` of all that matched. */
  readonly lines: readonly { readonly pod: string; readonly at: Instant | null; readonly line: string }[];
}

export interface ElasticsearchClient {
  /** Throws `Unavailable` when part of the data was not searched: part of an answer is no answer. */
  search(search: LogSearch): Promise<FoundLogs>;
  /** The same search in Kibana's Discover; null without Kibana. */
  link(search: LogSearch): string | null;
  /** The request as a person would type it. */
  command(search: LogSearch): string;
}

/** How it is signed in to. */
export function elasticsearchHttp({ url, apiKey, timeoutMilliseconds }: ElasticsearchSettings): HttpClient {
  return createHttpClient({
    name: NAME,
    baseUrl: url,
    headers: apiKey === null ? {} : { authorization: `ApiKey ${apiKey}` },
    secrets: apiKey === null ? [] : [apiKey],
    timeoutMilliseconds,
  });
}

export function searchPath({ index }: ElasticsearchSettings): string {
  return `/${encodeURIComponent(index)}/_search`;
}

export function createElasticsearchClient(settings: ElasticsearchSettings): ElasticsearchClient {
  const http = elasticsearchHttp(settings);
  const path = searchPath(settings);
  return {
    async search(search) {
      const timeoutMilliseconds = Math.min(settings.timeoutMilliseconds, search.deadlineMilliseconds);
      const json = bodyOf(search, timeoutMilliseconds);
      const answer = await http.json({ method: 'POST', path, json, timeoutMilliseconds }, ANSWER);
      const failed = answer._shards.failed;
      if (answer.timed_out || failed > 0) {
        const why = answer.timed_out ? 'it ran out of time' : `${failed} of ${answer._shards.total} shards failed`;
        throw failure(
          'Unavailable',
          `${NAME} searched only part of the logs (${why}); what it found is not the whole.`,
        );
      }
      const lines = answer.hits.hits.map(({ _source }) => ({
        pod: _source.kubernetes?.pod?.name ?? 'unknown',
        at: _source['@timestamp'] ?? null,
        line: _source.message ?? '',
      }));
      return { matched: answer.hits.total.value, lines: lines.reverse() };
    },
    link: (search) => (settings.kibana === null ? null : discoverLink(settings.kibana, search)),
    command: (search) =>
      `curl -s $ELASTICSEARCH_URL${path} -d '${JSON.stringify(bodyOf({ ...search, limit: 0 }, search.deadlineMilliseconds))}'`,
  };
}

const NAME = 'Elasticsearch';

/** Elastic Common Schema, as Filebeat and the Elastic Agent write what a cluster logs. */
const ANSWER = z.object({
  timed_out: z.boolean(),
  _shards: z.object({ total: z.number(), failed: z.number() }),
  hits: z.object({
    total: z.object({ value: z.number() }),
    hits: z.array(
      z.object({
        _source: z.object({
          '@timestamp': z.string().nullish(),
          message: z.string().nullish(),
          kubernetes: z.object({ pod: z.object({ name: z.string().nullish() }).nullish() }).nullish(),
        }),
      }),
    ),
  }),
});

/** The server gives up when this share of our wait is over, so that it says so itself; the rest is the way here. */
const SERVER_SHARE = 0.75;

function bodyOf(search: LogSearch, waitMilliseconds: number) {
  return {
    size: search.limit,
    timeout: `${Math.max(Math.floor(waitMilliseconds * SERVER_SHARE), 1)}ms`,
    track_total_hits: true,
    sort: [{ '@timestamp': 'desc' }],
    _source: ['@timestamp', 'message', 'kubernetes.pod.name'],
    query: {
      bool: {
        filter: [
          { range: { '@timestamp': { gte: search.fromAt, lte: search.untilAt } } },
          { term: { 'kubernetes.namespace': search.namespace } },
          {
            bool: {
              should: search.selectors.map((selector) => ({ bool: { filter: termsOf(selector) } })),
              minimum_should_match: 1,
            },
          },
          {
            simple_query_string: { query: search.anyOf.join(' '), fields: ['message'], default_operator: 'or' },
          },
        ],
      },
    },
  };
}

function termsOf(selector: string): readonly unknown[] {
  return selector.split(',').map((pair) => {
    const [name = '', value = ''] = pair.split(/==?/, 2);
    return { term: { [`kubernetes.labels.${name.trim().replaceAll('.', '_')}`]: value.trim() } };
  });
}

function discoverLink(kibana: { readonly url: string; readonly dataViewId: string }, search: LogSearch): string {
  const labels = search.selectors.map((selector) => `(${termsInKuery(selector)})`).join(' or ');
  const query = `kubernetes.namespace : ${quoted(search.namespace)} and (${labels}) and message : (${search.anyOf.map(quoted).join(' or ')})`;
  const global = rison({ time: { from: search.fromAt, to: search.untilAt } });
  const app = rison({ dataViewId: kibana.dataViewId, query: { language: 'kuery', query } });
  const base = kibana.url.replace(/\/+$/, '');
  return `${base}/app/discover#/?_g=${encodeURIComponent(global)}&_a=${encodeURIComponent(app)}`;
}

function termsInKuery(selector: string): string {
  return selector
    .split(',')
    .map((pair) => pair.split(/==?/, 2))
    .map(([name = '', value = '']) => `kubernetes.labels.${name.trim().replaceAll('.', '_')} : ${quoted(value.trim())}`)
    .join(' and ');
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}
