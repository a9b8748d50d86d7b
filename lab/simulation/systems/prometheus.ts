import type { ActiveAlert, AlertRule, AlertTransition } from '../promql/alert-rules.ts';
import { RuleState } from '../promql/alert-rules.ts';
import type { Expr } from '../promql/ast.ts';
import { PromqlError } from '../promql/errors.ts';
import type { InstantResult, MatrixSeries } from '../promql/evaluate.ts';
import { evaluateInstant, evaluateRange } from '../promql/evaluate.ts';
import { compareLabels, labelsKey } from '../promql/labels.ts';
import { formatValue, goScientific, goTime, parseDurationMs } from '../promql/literals.ts';
import { parsePromql } from '../promql/parse.ts';
import { printPromql } from '../promql/print.ts';
import type { Series, SeriesSource } from '../promql/store.ts';
import type { WireHandler, WireRequest, WireResponse } from '../wire/exchange.ts';
import type { WireFaults } from '../wire/faults.ts';
import type { WireLedger } from '../wire/ledger.ts';
import { createWireServer } from '../wire/server.ts';

export interface PrometheusOptions {
  readonly source: SeriesSource;
  /** World time, milliseconds since 1970: what a query without `time` is evaluated at. */
  readonly clock: () => number;
  readonly faults: WireFaults;
  readonly log: WireLedger;
  readonly rules: readonly AlertRule[];
  /** Shown in rules; evaluation itself happens when `evaluateRules` is called. */
  readonly evaluationIntervalSeconds?: number;
}

export interface Prometheus {
  listen(port?: number): Promise<{ readonly url: string; readonly port: number }>;
  close(): Promise<void>;
  /** Evaluates every rule at that world instant, in order, and returns what changed. Instants must not go back. */
  evaluateRules(atMs: number): AlertTransition[];
  activeAlerts(): readonly ActiveAlert[];
}

const VERSION = '2.42.0';
const MAX_POINTS = 11_000;

export function createPrometheus(options: PrometheusOptions): Prometheus {
  const { source, clock } = options;
  const states = options.rules.map((rule) => new RuleState(rule));
  const failed = (errorType: string, status: number, error: string) => errorAnswer(status, errorType, error);
  const server = createWireServer({
    system: 'prometheus',
    clock,
    faults: options.faults,
    log: options.log,
    faultAnswers: {
      'error-500': () => failed('internal', 500, 'internal server error'),
      'error-503': () => failed('unavailable', 503, 'Service Unavailable'),
    },
    notFound: () => ({ status: 404, body: '404 page not found\n' }),
  });

  const both = (path: string, answer: (params: URLSearchParams) => unknown) => {
    const handler = guarded(answer);
    server.route('GET', path, handler);
    server.route('POST', path, handler);
  };
  both('/api/v1/query', (params) => {
    const atMs = timeParam(params, 'time') ?? clock();
    return instantData(evaluateInstant(queryParam(params), atMs, source));
  });
  both('/api/v1/query_range', (params) => rangeData(params, source));
  both('/api/v1/format_query', (params) => printPromql(queryParam(params)));
  both('/api/v1/series', (params) => sortedLabels(selected(params, source, clock, true)));
  both('/api/v1/labels', (params) =>
    [...new Set(selected(params, source, clock, false).flatMap((one) => Object.keys(one.labels)))].sort(),
  );
  server.route('GET', '/api/v1/label/:name/values', (request) =>
    guarded((params) => {
      const values = selected(params, source, clock, false).map((one) => one.labels[request.params.name ?? ''] ?? '');
      return [...new Set(values)].filter((value) => value !== '').sort();
    })(request),
  );
  server.route(
    'GET',
    '/api/v1/alerts',
    guarded(() => ({ alerts: states.flatMap((state) => state.active.map(alertJson)) })),
  );
  server.route(
    'GET',
    '/api/v1/rules',
    guarded(() => ({ groups: ruleGroups(states, options.evaluationIntervalSeconds ?? 15) })),
  );
  server.route(
    'GET',
    '/api/v1/status/buildinfo',
    guarded(() => ({
      version: VERSION,
      revision: '',
      branch: 'HEAD',
      buildUser: '',
      buildDate: '',
      goVersion: 'go1.19.5',
    })),
  );
  server.route('GET', '/-/ready', () => ({ status: 200, body: 'Prometheus Server is Ready.\n' }));
  server.route('GET', '/-/healthy', () => ({ status: 200, body: 'Prometheus Server is Healthy.\n' }));

  return {
    listen: (port) => server.listen(port),
    close: () => server.close(),
    evaluateRules: (atMs) => states.flatMap((state) => state.evaluate(atMs, source)),
    activeAlerts: () => states.flatMap((state) => state.active),
  };
}

/** Wraps an answer in Prometheus's envelope; a query's own errors become 400 or 422. */
function guarded(answer: (params: URLSearchParams) => unknown): WireHandler {
  return (request) => {
    try {
      return { status: 200, body: { status: 'success', data: answer(paramsOf(request)) } };
    } catch (error) {
      if (!(error instanceof PromqlError)) throw error;
      return errorAnswer(error.errorType === 'bad_data' ? 400 : 422, error.errorType, error.message);
    }
  };
}

function errorAnswer(status: number, errorType: string, error: string): WireResponse {
  return { status, body: { status: 'error', errorType, error } };
}

// As Go's ParseForm does, a form's fields come before those of the query string.
function paramsOf(request: WireRequest): URLSearchParams {
  const isForm = request.headers['content-type']?.startsWith('application/x-www-form-urlencoded') ?? false;
  return new URLSearchParams([...(isForm ? request.form() : []), ...request.query]);
}

function badParam(name: string, reason: string): PromqlError {
  return new PromqlError('bad_data', `invalid parameter ${JSON.stringify(name)}: ${reason}`);
}

function queryParam(params: URLSearchParams, name = 'query', text = params.get(name) ?? ''): Expr {
  try {
    return parsePromql(text);
  } catch (error) {
    throw error instanceof PromqlError ? badParam(name, error.message) : error;
  }
}

function timeParam(params: URLSearchParams, name: string): number | null {
  const text = params.get(name);
  if (text === null || text === '') return null;
  const ms = /^-?\d+(\.\d*)?(e[+-]?\d+)?$/i.test(text)
    ? Math.round(Number(text) * 1000)
    : /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(text)
      ? Date.parse(text)
      : Number.NaN;
  if (!Number.isFinite(ms)) throw badParam(name, `cannot parse ${JSON.stringify(text)} to a valid timestamp`);
  return ms;
}

function requiredTime(params: URLSearchParams, name: string): number {
  const ms = timeParam(params, name);
  if (ms === null) throw badParam(name, 'cannot parse "" to a valid timestamp');
  return ms;
}

function stepParam(params: URLSearchParams): number {
  const text = params.get('step') ?? '';
  const ms = /^-?\d+(\.\d*)?(e[+-]?\d+)?$/i.test(text) ? Number(text) * 1000 : parseDurationMs(text);
  if (ms === null) throw badParam('step', `cannot parse ${JSON.stringify(text)} to a valid duration`);
  if (ms <= 0) {
    throw badParam('step', 'zero or negative query resolution step widths are not accepted. Try a positive integer');
  }
  return ms;
}

function rangeData(params: URLSearchParams, source: SeriesSource): unknown {
  const startMs = requiredTime(params, 'start');
  const endMs = requiredTime(params, 'end');
  if (endMs < startMs) throw badParam('end', 'end timestamp must not be before start time');
  const stepMs = stepParam(params);
  // A limit so that one dashboard cannot ask for more points than anybody can see.
  if (Math.floor((endMs - startMs) / stepMs) > MAX_POINTS) {
    const message =
      'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)';
    throw new PromqlError('bad_data', message);
  }
  const { resultType, result } = evaluateRange(parsePromql(params.get('query') ?? ''), startMs, endMs, stepMs, source);
  return { resultType, result: result.map(matrixJson) };
}

// Inside vectors Prometheus writes very small and very large values with an exponent; a lone scalar never.
function sampleText(value: number): string {
  const size = Math.abs(value);
  return Number.isFinite(value) && size !== 0 && (size < 1e-6 || size >= 1e21)
    ? goScientific(value)
    : formatValue(value);
}

function instantData(answer: InstantResult): unknown {
  const atSeconds = answer.atMs / 1000;
  switch (answer.resultType) {
    case 'scalar':
      return { resultType: 'scalar', result: [atSeconds, formatValue(answer.result)] };
    case 'string':
      return { resultType: 'string', result: [atSeconds, answer.result] };
    case 'vector':
      return {
        resultType: 'vector',
        result: answer.result.map(({ labels, value }) => ({ metric: labels, value: [atSeconds, sampleText(value)] })),
      };
    case 'matrix':
      return { resultType: 'matrix', result: answer.result.map(matrixJson) };
  }
}

function matrixJson({ labels, times, values }: MatrixSeries): unknown {
  return { metric: labels, values: Array.from(times, (ms, i) => [ms / 1000, sampleText(values[i] ?? Number.NaN)]) };
}

function selected(params: URLSearchParams, source: SeriesSource, clock: () => number, required: boolean): Series[] {
  const texts = params.getAll('match[]');
  if (required && texts.length === 0) throw new PromqlError('bad_data', 'no match[] parameter provided');
  const fromMs = timeParam(params, 'start') ?? 0;
  const toMs = timeParam(params, 'end') ?? clock();
  if (texts.length === 0) return source.select([], fromMs, toMs);
  const found = texts.flatMap((text) => {
    const expr = queryParam(params, 'match[]', text);
    if (expr.kind !== 'vector-selector') throw badParam('match[]', 'expected a series selector');
    return source.select(expr.matchers, fromMs, toMs);
  });
  return [...new Map(found.map((one) => [labelsKey(one.labels), one])).values()];
}

function sortedLabels(series: readonly Series[]): unknown {
  return series.map((one) => one.labels).sort(compareLabels);
}

function alertJson(alert: ActiveAlert): unknown {
  const { labels, annotations, state, activeAtMs, value } = alert;
  return { labels, annotations, state, activeAt: goTime(activeAtMs), value: goScientific(value) };
}

function ruleGroups(states: readonly RuleState[], interval: number): unknown[] {
  if (states.length === 0) return [];
  const lastEvaluation = (ms: number | null) => (ms === null ? '0001-01-01T00:00:00Z' : goTime(ms));
  const rules = states.map((state) => ({
    state: state.active.some((alert) => alert.state === 'firing')
      ? 'firing'
      : state.active.length > 0
        ? 'pending'
        : 'inactive',
    name: state.rule.alert,
    query: printPromql(parsePromql(state.rule.expr)),
    duration: state.rule.forSeconds,
    labels: state.rule.labels,
    annotations: state.rule.annotations,
    alerts: state.active.map(alertJson),
    health: state.lastEvaluationMs === null ? 'unknown' : 'ok',
    evaluationTime: 0,
    lastEvaluation: lastEvaluation(state.lastEvaluationMs),
    type: 'alerting',
  }));
  const latest = states.map((state) => state.lastEvaluationMs).reduce((a, b) => (a === null ? b : Math.max(a, b ?? a)));
  return [
    {
      name: 'alerts',
      file: '/etc/prometheus/alerts.yaml',
      rules,
      interval,
      limit: 0,
      evaluationTime: 0,
      lastEvaluation: lastEvaluation(latest),
    },
  ];
}
