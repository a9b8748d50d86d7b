import { z } from 'zod';
import type { SeriesPoint } from '../../domain/crossings.ts';
import { epochMs, type Instant, instant } from '../../domain/instant.ts';
import { failure } from '../failures.ts';
import { createHttpClient, type HttpClient } from '../http.ts';

export interface PrometheusOptions {
  readonly baseUrl: string;
  readonly bearerToken?: string;
  /** E.g. `X-Scope-OrgID` for Mimir. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMilliseconds: number;
}

export interface PrometheusSample {
  readonly labels: Readonly<Record<string, string>>;
  /** Null for NaN and the infinities, which are no numbers and never zero. */
  readonly value: number | null;
}

export interface PrometheusSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly points: readonly SeriesPoint[];
}

export interface PrometheusAlert {
  readonly name: string;
  readonly severity: string | null;
  readonly activeAt: Instant;
  readonly summary: string;
}

export interface PrometheusClient {
  /** Evaluates at the server's own now. An empty answer is an empty list: no such series. */
  instant(query: string): Promise<readonly PrometheusSample[]>;
  /** The step is widened when the range would need more points than the server gives. */
  range(query: {
    readonly query: string;
    readonly fromAt: Instant;
    readonly untilAt: Instant;
    readonly stepSeconds: number;
  }): Promise<readonly PrometheusSeries[]>;
  firingAlerts(): Promise<readonly PrometheusAlert[]>;
}

/** How it is signed in to. */
export function prometheusHttp(options: PrometheusOptions): HttpClient {
  return createHttpClient({
    name: 'Prometheus',
    baseUrl: options.baseUrl,
    headers: {
      ...options.headers,
      ...(options.bearerToken === undefined ? {} : { authorization: `Bearer ${options.bearerToken}` }),
    },
    secrets: options.bearerToken === undefined ? [] : [options.bearerToken],
    timeoutMilliseconds: options.timeoutMilliseconds,
  });
}

/** Queries are sent as POST forms: long PromQL does not fit every proxy's idea of a URL. */
export function createPrometheusClient(options: PrometheusOptions): PrometheusClient {
  const http = prometheusHttp(options);
  return {
    instant: (query) => queryNow(http, query),
    async range({ query, fromAt, untilAt, stepSeconds }) {
      const [start, end] = [epochMs(fromAt) / 1000, epochMs(untilAt) / 1000];
      const step = stepFor(end - start, stepSeconds);
      const form = { query, start: String(start), end: String(end), step: String(step) };
      const answer = await http.json({ method: 'POST', path: '/api/v1/query_range', form }, rangeAnswer);
      return successOf(answer).result.map(({ metric, values }) => ({
        labels: metric,
        points: evenly(values, start, end, step),
      }));
    },
    async firingAlerts() {
      const answer = await http.json({ path: '/api/v1/alerts' }, alertsAnswer);
      return successOf(answer)
        .alerts.filter((alert) => alert.state === 'firing')
        .map(alertOf);
    },
  };
}

/** Prometheus refuses ranges of more than 11,000 points a series. */
export const POINTS_LIMIT = 11_000;

/** The wished step, or the smallest whole second that stays within the server's limit of points. */
export function stepFor(rangeSeconds: number, wantedSeconds: number): number {
  return Math.max(wantedSeconds, Math.ceil(rangeSeconds / (POINTS_LIMIT - 1)), 1);
}

/** A sample's value as a number; null for `NaN`, `+Inf`, `-Inf`. */
export function numberOf(sample: string): number | null {
  const value = Number(sample);
  return sample.trim() !== '' && Number.isFinite(value) ? value : null;
}

const labels = z.record(z.string(), z.string());
const point = z.tuple([z.number(), z.string()]);

function envelope<T extends z.ZodType>(data: T) {
  return z.object({
    status: z.string(),
    data: data.nullish(),
    errorType: z.string().nullish(),
    error: z.string().nullish(),
  });
}

const instantAnswer = envelope(
  z.discriminatedUnion('resultType', [
    z.object({ resultType: z.literal('vector'), result: z.array(z.object({ metric: labels, value: point })) }),
    z.object({ resultType: z.literal('scalar'), result: point }),
  ]),
);
const rangeAnswer = envelope(
  z.object({ resultType: z.literal('matrix'), result: z.array(z.object({ metric: labels, values: z.array(point) })) }),
);
const alertsAnswer = envelope(
  z.object({
    alerts: z.array(
      z.object({ labels, annotations: labels.nullish(), state: z.string(), activeAt: z.string().nullish() }),
    ),
  }),
);

async function queryNow(http: HttpClient, query: string): Promise<readonly PrometheusSample[]> {
  const data = successOf(await http.json({ method: 'POST', path: '/api/v1/query', form: { query } }, instantAnswer));
  if (data.resultType === 'scalar') return [{ labels: {}, value: numberOf(data.result[1]) }];
  return data.result.map(({ metric, value }) => ({ labels: metric, value: numberOf(value[1]) }));
}

function successOf<T>(answer: {
  readonly status: string;
  readonly data?: T | null | undefined;
  readonly error?: string | null | undefined;
}): T {
  if (answer.status === 'success' && answer.data !== null && answer.data !== undefined) return answer.data;
  throw failure('Invalid', `Prometheus could not answer: ${answer.error ?? 'no reason given'}`);
}

/** One entry a step, so that an instant without a sample shows as a gap and is not drawn over. */
function evenly(
  values: readonly (readonly [number, string])[],
  start: number,
  end: number,
  step: number,
): readonly SeriesPoint[] {
  const byStep = new Map(values.map(([at, value]) => [Math.round((at - start) / step), numberOf(value)]));
  const steps = Math.floor((end - start) / step);
  return Array.from(
    { length: Math.max(steps, 0) + 1 },
    (_, index): SeriesPoint => [start + index * step, byStep.get(index) ?? null],
  );
}

function alertOf(alert: {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>> | null | undefined;
  readonly activeAt?: string | null | undefined;
}): PrometheusAlert {
  const at = Date.parse(alert.activeAt ?? '');
  return {
    name: alert.labels.alertname ?? 'unnamed',
    severity: alert.labels.severity ?? null,
    activeAt: instant(Number.isNaN(at) ? 0 : at),
    summary: alert.annotations?.summary ?? alert.annotations?.description ?? '',
  };
}
