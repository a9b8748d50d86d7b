import { gzipSync } from 'node:zlib';
import type { IncidentClient } from '../client/incident-client.ts';
import type { Clock } from '../config/clock.ts';
import type { Store } from '../store/store.ts';
import type { GatewayLog } from './log.ts';

export interface HistoryKeeperOptions {
  readonly store: Store;
  readonly client: IncidentClient;
  readonly clock: Clock;
  readonly log: GatewayLog;
  readonly everyMs?: number;
}

export interface HistoryKeeper {
  start(): void;
  /** One look: exports what is missing, at most `AT_ONCE` incidents; answers how many. */
  round(): Promise<number>;
  stop(): Promise<void>;
}

const EVERY_MS = 30_000;
const AT_ONCE = 10;

/**
 * Copies the engine's own history of each closed incident into the evidence store before the engine's retention takes
 * it away. An incident whose history cannot be had is looked at again in the next round, and named in the log.
 */
export function createHistoryKeeper({ store, client, clock, log, everyMs }: HistoryKeeperOptions): HistoryKeeper {
  let timer: NodeJS.Timeout | null = null;
  let running: Promise<unknown> = Promise.resolve();

  const round = async (): Promise<number> => {
    let kept = 0;
    for (const incidentId of await store.record.withoutHistory(AT_ONCE)) {
      const history = await client.history(incidentId);
      if (!history.ok) {
        log.warn(`The history of ${incidentId} could not be exported: ${history.words}`);
        continue;
      }
      const body = gzipSync(JSON.stringify(history.value));
      const { digest } = await store.evidence.put({ body, mediaType: 'application/gzip', at: clock() });
      await store.record.keepHistory(incidentId, digest);
      kept += 1;
    }
    return kept;
  };

  return {
    round,
    start() {
      timer = setInterval(() => {
        running = running.then(round).catch((error: Error) => log.warn(`Histories: ${error.message}`));
      }, everyMs ?? EVERY_MS);
      timer.unref();
    },
    async stop() {
      if (timer !== null) clearInterval(timer);
      await running;
    },
  };
}
