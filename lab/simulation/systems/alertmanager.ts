import type { AlertTransition } from '../promql/alert-rules.ts';
import { goQueryEscape } from '../promql/literals.ts';
import type { WireRequest } from '../wire/exchange.ts';
import type { WireFaults } from '../wire/faults.ts';
import type { WireLedger } from '../wire/ledger.ts';
import { createWireServer, WireError } from '../wire/server.ts';
import type { Receiver } from './alertmanager-delivery.ts';
import { Deliveries } from './alertmanager-delivery.ts';
import type { Grouping } from './alertmanager-groups.ts';
import { AlertGroups } from './alertmanager-groups.ts';
import type { HeldAlert } from './alertmanager-payload.ts';
import { fingerprint, isResolved, webhookPayload } from './alertmanager-payload.ts';
import { parseFilter, record, Silences } from './alertmanager-silences.ts';

export interface AlertmanagerOptions {
  /** World time, milliseconds since 1970. */
  readonly clock: () => number;
  readonly faults: WireFaults;
  readonly log: WireLedger;
  readonly grouping: Grouping;
  /** Each receiver is told about every group. */
  readonly receivers: readonly Receiver[];
  /** This Alertmanager's own address as people see it, in `externalURL`. */
  readonly externalUrl: string;
  /** Prometheus's address as people see it, for `generatorURL`. */
  readonly prometheusUrl: string;
}

export interface Alertmanager {
  listen(port?: number): Promise<{ readonly url: string; readonly port: number }>;
  close(): Promise<void>;
  /** Takes what Prometheus's rules found; pending alerts are not sent by Prometheus and are ignored. */
  receive(transitions: readonly AlertTransition[], atMs: number): void;
  /** The earliest world instant at which `flush` has something to do, retries included; null when nothing waits. */
  nextFlushAtMs(): number | null;
  /** Sends what is due at that instant and returns when every receiver has answered, refused or timed out. */
  flush(atMs: number): Promise<void>;
  /** The first half of a flush: decides what is to be sent at that instant. True when something is. */
  prepare(atMs: number): boolean;
  /** The second half, one notification at a time: whether it got an answer, or null when nothing is left to be sent. */
  sendNext(atMs: number): Promise<boolean | null>;
}

const SYSTEM = 'alertmanager';
/** An alert posted without an end is over when nobody repeats it for so long (`resolve_timeout`). */
const RESOLVE_TIMEOUT_MS = 5 * 60_000;
const MIN_NOTIFY_TIMEOUT_MS = 10_000;

export function createAlertmanager(options: AlertmanagerOptions): Alertmanager {
  const { clock, faults, log, grouping } = options;
  const groups = new AlertGroups(grouping, options.receivers);
  const deliveries = new Deliveries(SYSTEM, options.receivers, faults, log);
  const silences = new Silences();
  const server = createWireServer({ system: SYSTEM, clock, faults, log });
  const startedAtMs = clock();

  server.route('GET', '/api/v2/alerts', (request) => ({ status: 200, body: alertsJson(request) }));
  server.route('POST', '/api/v2/alerts', (request) => {
    const body = request.json();
    if (!Array.isArray(body))
      throw new WireError({ status: 400, body: { code: 602, message: 'alerts in body must be an array' } });
    for (const alert of body.map((one) => postedAlert(one, request.atMs))) groups.insert(alert, request.atMs);
    return { status: 200 };
  });
  server.route('GET', '/api/v2/status', () => ({
    status: 200,
    body: {
      cluster: { name: '', peers: [], status: 'disabled' },
      config: { original: '' },
      uptime: strfmtTime(startedAtMs),
      versionInfo: {
        branch: 'HEAD',
        buildDate: '',
        buildUser: '',
        goVersion: 'go1.19.5',
        revision: '',
        version: '0.25.0',
      },
    },
  }));
  server.route('GET', '/api/v2/receivers', () => ({
    status: 200,
    body: options.receivers.map(({ name }) => ({ name })),
  }));
  server.route('GET', '/api/v2/silences', (request) => ({ status: 200, body: silences.json(request.atMs) }));
  server.route('POST', '/api/v2/silences', (request) => {
    const silenceID = silences.put(request.json(), request.atMs);
    return { status: 200, body: { silenceID }, note: silenceID };
  });
  server.route('GET', '/api/v2/silence/:id', (request) => {
    const [found] = silences.json(request.atMs, request.params.id);
    return found === undefined ? { status: 404 } : { status: 200, body: found };
  });
  server.route('DELETE', '/api/v2/silence/:id', (request) => ({
    status: silences.expire(request.params.id ?? '', request.atMs) ? 200 : 404,
  }));
  server.route('GET', '/-/ready', () => ({ status: 200, body: 'OK' }));
  server.route('GET', '/-/healthy', () => ({ status: 200, body: 'OK' }));

  function alertsJson(request: WireRequest): unknown[] {
    const filters = request.query.getAll('filter').map(parseFilter);
    const wants = (name: string) => request.query.get(name) !== 'false';
    return groups
      .alerts()
      .filter((alert) => !isResolved(alert, request.atMs) && filters.every((fits) => fits(alert.labels)))
      .map((alert) => ({ alert, silencedBy: silences.silencedBy(alert, request.atMs) }))
      .filter(({ silencedBy }) => (silencedBy.length > 0 ? wants('silenced') : wants('active')))
      .map(({ alert, silencedBy }) => alertJson(alert, silencedBy, options.receivers, request.atMs))
      .sort((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1));
  }

  function prepare(atMs: number): boolean {
    // A process that is down sends nothing; what it would have said waits for the group's next interval.
    if (faults.has(SYSTEM, 'down')) {
      groups.skip(atMs);
      deliveries.skip(atMs);
      return false;
    }
    const timeoutMs = Math.max(grouping.groupIntervalSeconds * 1000, MIN_NOTIFY_TIMEOUT_MS);
    for (const due of groups.due(atMs, (alert) => silences.silencedBy(alert, atMs).length > 0)) {
      const payload = webhookPayload(due.receiver, due.group.labels, due.alerts, options.externalUrl, atMs);
      deliveries.add(due, payload, atMs, atMs + timeoutMs, (one) => groups.accepted(one));
    }
    const next = deliveries.nextAttemptAtMs();
    return next !== null && next <= atMs;
  }

  return {
    listen: (port) => server.listen(port),
    close: () => server.close(),
    receive(transitions, atMs) {
      for (const transition of transitions) {
        const alert = heldAlert(transition, options.prometheusUrl, atMs);
        if (alert !== null) groups.insert(alert, atMs);
      }
    },
    nextFlushAtMs() {
      const instants = [groups.nextFlushAtMs(), deliveries.nextAttemptAtMs()].filter((ms) => ms !== null);
      return instants.length === 0 ? null : Math.min(...instants);
    },
    prepare,
    sendNext: (atMs) => deliveries.attemptNext(atMs, (due) => groups.accepted(due)),
    async flush(atMs) {
      if (prepare(atMs)) await deliveries.attempt(atMs, (due) => groups.accepted(due));
    },
  };
}

function heldAlert(transition: AlertTransition, prometheusUrl: string, atMs: number): HeldAlert | null {
  const { kind, labels, annotations, startsAtMs, endsAtMs, rule } = transition;
  if (kind === 'pending' || startsAtMs === null) return null;
  const generatorUrl = `${prometheusUrl}/graph?g0.expr=${goQueryEscape(rule.expr)}&g0.tab=1`;
  return { labels, annotations, startsAtMs, endsAtMs, updatedAtMs: atMs, generatorUrl };
}

function postedAlert(value: unknown, atMs: number): HeldAlert {
  const fields = record(value);
  const labels = texts(fields.labels);
  if (Object.keys(labels).length === 0) {
    throw new WireError({ status: 400, body: { code: 602, message: 'labels in body is required' } });
  }
  const instant = (field: unknown) =>
    typeof field === 'string' && !field.startsWith('0001-') ? Date.parse(field) : null;
  const endsAtMs = instant(fields.endsAt) ?? atMs + RESOLVE_TIMEOUT_MS;
  const startsAtMs = instant(fields.startsAt) ?? Math.min(atMs, endsAtMs);
  const generatorUrl = typeof fields.generatorURL === 'string' ? fields.generatorURL : '';
  return { labels, annotations: texts(fields.annotations), startsAtMs, endsAtMs, updatedAtMs: atMs, generatorUrl };
}

function alertJson(alert: HeldAlert, silencedBy: string[], receivers: readonly Receiver[], atMs: number) {
  return {
    annotations: alert.annotations,
    endsAt: strfmtTime(alert.endsAtMs ?? atMs + RESOLVE_TIMEOUT_MS),
    fingerprint: fingerprint(alert.labels),
    receivers: receivers.map(({ name }) => ({ name })),
    startsAt: strfmtTime(alert.startsAtMs),
    status: { inhibitedBy: [], silencedBy, state: silencedBy.length > 0 ? 'suppressed' : 'active' },
    updatedAt: strfmtTime(alert.updatedAtMs),
    generatorURL: alert.generatorUrl,
    labels: alert.labels,
  };
}

/** API v2 writes its instants through go-openapi's strfmt: always three digits of milliseconds, unlike Go's own JSON. */
function strfmtTime(ms: number): string {
  return new Date(ms).toISOString();
}

function texts(value: unknown): Record<string, string> {
  return Object.fromEntries(
    Object.entries(record(value)).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string' && entry[1] !== '',
    ),
  );
}
