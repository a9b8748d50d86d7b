import { createHash } from 'node:crypto';
import { type Delivered, type IncidentClient, TemporalAway } from '../client/incident-client.ts';
import type { Clock } from '../config/clock.ts';
import type { Policy } from '../domain/policy.ts';
import type { TraceContext } from '../domain/trace-context.ts';
import { StoreUnavailable } from '../store/database.ts';
import type { DeliveryLocks } from '../store/delivery-locks.ts';
import type { PendingBatch } from '../store/inbox.ts';
import type { Store } from '../store/store.ts';
import { inSpan, traceUnderWay } from '../tracing/spans.ts';
import type { GatewayLog } from './log.ts';

/** Carries alerts from the inbox to their incidents: at least once, in order for each incident (ADR 0008). */
export interface Forwarder {
  /** Begins with whatever an earlier process left behind. */
  start(): void;
  /** There is something for this incident; without it the next round finds it. */
  nudge(incidentId: string): void;
  /** Incidents being delivered to right now, and what stands in the way (null when nothing does). */
  status(): { readonly delivering: number; readonly trouble: string | null };
  /** Ends after the deliveries under way. */
  stop(): Promise<void>;
}

export interface ForwarderOptions {
  readonly store: Store;
  readonly client: IncidentClient;
  /** Frozen into each incident at its start. */
  readonly policy: () => Policy;
  readonly clock: Clock;
  /** Incident seconds per second: 1 in production. */
  readonly speed: number;
  readonly log: GatewayLog;
}

const ROUND_EVERY_MS = 1_000;
const INCIDENTS_A_ROUND = 200;
const DELIVERIES_AT_ONCE = 24;
const ALERTS_A_BATCH = 100;
const FIRST_BACKOFF_MS = 250;
const LONGEST_BACKOFF_MS = 5_000;
/** After a worker stayed silent, first alerts go as signals for this long: waiting again would hold others up. */
const SIGNAL_ONLY_MS = 10_000;
const REFUSED_AGAIN_MS = 30_000;

export function createForwarder(options: ForwarderOptions): Forwarder {
  const { store, log } = options;
  const busy = new Map<string, Promise<void>>();
  const waiting = new Set<string>();
  /** The trace in which alerts of an incident came, until they are under way; empty when nothing is traced. */
  const askedIn = new Map<string, TraceContext>();
  /** Incidents whose delivery Temporal refuses for good, until when they are left alone (monotonic clock). */
  const refusedUntilMs = new Map<string, number>();
  let locks: DeliveryLocks | null = null;
  let timer: NodeJS.Timeout | null = null;
  let stopped = true;
  let backoffMs = 0;
  let pausedUntilMs = 0;
  let signalOnlyUntilMs = 0;
  let trouble: string | null = null;

  const round = async (): Promise<void> => {
    if (stopped || performance.now() < pausedUntilMs) return;
    try {
      for (const { incidentId } of await store.inbox.pendingIncidents(INCIDENTS_A_ROUND)) begin(incidentId);
    } catch (error) {
      backOff(error);
    }
  };

  const begin = (incidentId: string): void => {
    if (stopped || performance.now() < pausedUntilMs) return;
    if ((refusedUntilMs.get(incidentId) ?? 0) > performance.now()) return;
    if (busy.has(incidentId) || busy.size >= DELIVERIES_AT_ONCE) {
      waiting.add(incidentId);
      return;
    }
    waiting.delete(incidentId);
    const parent = askedIn.get(incidentId) ?? null;
    askedIn.delete(incidentId);
    const wanted = { name: 'deliver alerts', kind: 'internal', incidentId, parent } as const;
    const delivery = inSpan(wanted, () => deliverAll(incidentId)).finally(() => {
      busy.delete(incidentId);
      for (const next of [...waiting]) begin(next);
    });
    busy.set(incidentId, delivery);
  };

  const deliverAll = async (incidentId: string): Promise<void> => {
    try {
      locks ??= store.deliveryLocks();
      // Another gateway is at it; what it leaves the next round finds.
      if (!(await locks.tryAcquire(incidentId))) return;
      try {
        while (!stopped && (await deliverOne(incidentId)));
      } finally {
        await locks.release(incidentId);
      }
      if (backoffMs > 0) log.info('Alerts are being delivered again.');
      backoffMs = 0;
      trouble = null;
    } catch (error) {
      if (error instanceof TemporalAway || error instanceof StoreUnavailable) return backOff(error);
      refusedUntilMs.set(incidentId, performance.now() + REFUSED_AGAIN_MS);
      trouble = `The alerts of ${incidentId} are refused: ${(error as Error).message}`;
      log.error(`${trouble} They stay in the inbox and are tried again in ${REFUSED_AGAIN_MS / 1000} s.`);
    }
  };

  /** True when there may be more. */
  const deliverOne = async (incidentId: string): Promise<boolean> => {
    const policy = options.policy();
    const found = await store.inbox.nextBatch(incidentId, 1);
    if (found === null) return false;
    // Later alerts of an incident wait a moment for each other; the first never does (ADR 0018).
    if (!found.first) await pause(policy.intake.coalesceMilliseconds);
    const batch = await store.inbox.nextBatch(incidentId, ALERTS_A_BATCH);
    if (batch === null) return false;
    const delivered = await hand(batch, policy);
    if (delivered.outcome === 'ended') {
      const next = await store.inbox.moveOn(incidentId, options.clock());
      log.info(`${incidentId} has ended; its new alerts ${next === null ? 'open nothing' : `go to ${next}`}.`);
      if (next !== null) begin(next);
      return false;
    }
    await store.inbox.markForwarded(batch.ids, options.clock());
    return true;
  };

  const hand = async (batch: PendingBatch, policy: Policy): Promise<Delivered> => {
    const { incident, alerts } = batch;
    const input = {
      incidentId: incident.id,
      title: incident.title,
      service: incident.service,
      policy,
      openedAt: incident.openedAt,
      detectedAt: incident.detectedAt,
      anchorAt: options.clock(),
      speed: options.speed,
      firstAlert: incident.firstAlert,
      previousIncidentId: incident.previousIncidentId,
      carried: null,
    };
    if (!batch.first || performance.now() < signalOnlyUntilMs) return options.client.signalAlerts(input, { alerts });
    const delivered = await options.client.openWithAlerts(input, { alerts }, batchId(batch));
    if (delivered.outcome === 'signalled') {
      signalOnlyUntilMs = performance.now() + SIGNAL_ONLY_MS;
      log.warn(`No worker answered for ${incident.id}; its alerts wait for one in Temporal. Is a worker running?`);
    }
    return delivered;
  };

  const backOff = (error: unknown): void => {
    if (performance.now() < pausedUntilMs) return;
    backoffMs = Math.min(LONGEST_BACKOFF_MS, Math.max(FIRST_BACKOFF_MS, backoffMs * 2));
    pausedUntilMs = performance.now() + backoffMs;
    trouble = (error as Error).message;
    log.warn(`${trouble} Alerts stay in the inbox; next try in ${backoffMs} ms.`);
    setTimeout(() => void round(), backoffMs).unref();
  };

  return {
    start() {
      stopped = false;
      timer = setInterval(() => void round(), ROUND_EVERY_MS);
      void round();
    },
    nudge(incidentId) {
      const trace = traceUnderWay();
      if (trace !== null) askedIn.set(incidentId, trace);
      begin(incidentId);
    },
    status: () => ({ delivering: busy.size, trouble }),
    async stop() {
      stopped = true;
      if (timer !== null) clearInterval(timer);
      waiting.clear();
      askedIn.clear();
      await Promise.all(busy.values());
      await locks?.close();
      locks = null;
    },
  };
}

/** The same alerts have the same id, so that a delivery that is repeated is one update. */
function batchId({ incident, ids }: PendingBatch): string {
  return createHash('sha256')
    .update(`${incident.id}:${ids.join(',')}`)
    .digest('hex');
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
