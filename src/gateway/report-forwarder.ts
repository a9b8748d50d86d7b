import { type IncidentClient, TemporalAway } from '../client/incident-client.ts';
import type { Clock } from '../config/clock.ts';
import type { Policy } from '../domain/policy.ts';
import { StoreUnavailable } from '../store/database.ts';
import type { VerificationEntry } from '../store/reports.ts';
import type { Store } from '../store/store.ts';
import type { GatewayLog } from './log.ts';

/** Begins the verification of what people report: at least once, found again after a crash (R1.7). */
export interface ReportForwarder {
  start(): void;
  /** There is something; without it the next round finds it. */
  nudge(): void;
  /** How many are being handed over right now. */
  under(): number;
  stop(): Promise<void>;
}

const ROUND_EVERY_MS = 1_000;
const AT_ONCE = 20;

export function createReportForwarder(options: {
  readonly store: Store;
  readonly client: IncidentClient;
  readonly policy: () => Policy;
  readonly clock: Clock;
  readonly speed: number;
  readonly log: GatewayLog;
}): ReportForwarder {
  const { store, client, log } = options;
  let timer: NodeJS.Timeout | null = null;
  let running: Promise<void> | null = null;
  let again = false;
  let stopped = true;

  const handOver = async ({ id, openedAt }: VerificationEntry): Promise<void> => {
    await client.startUserReport({
      verificationId: id,
      policy: options.policy(),
      openedAt,
      anchorAt: options.clock(),
      speed: options.speed,
    });
    await store.reports.markRunning(id);
  };

  const round = async (): Promise<void> => {
    do {
      again = false;
      try {
        for (const entry of await store.reports.pending(AT_ONCE)) await handOver(entry);
      } catch (error) {
        const words = `Reports wait to be looked into: ${(error as Error).message}`;
        if (error instanceof TemporalAway || error instanceof StoreUnavailable) log.warn(words);
        else log.error(words);
      }
    } while (again && !stopped);
  };

  const begin = (): void => {
    if (stopped) return;
    if (running !== null) {
      again = true;
      return;
    }
    running = round().finally(() => {
      running = null;
    });
  };

  return {
    start() {
      stopped = false;
      timer = setInterval(begin, ROUND_EVERY_MS);
      begin();
    },
    nudge: begin,
    under: () => (running === null ? 0 : 1),
    async stop() {
      stopped = true;
      if (timer !== null) clearInterval(timer);
      await running;
    },
  };
}
