import type { Logger } from '@temporalio/worker';
import { type DestinationStream, pino } from 'pino';
import { lineFields } from '../tracing/log-lines.ts';

/** One structured line an event, to stderr; the engine's own lines go the same way. */
export function workerLog(level: string, to = pino.destination({ fd: 2, sync: true }) as DestinationStream) {
  const log = pino({ level, base: { process: 'worker' }, ...lineFields }, to);
  const forTemporal: Logger = {
    log: (at, message, meta) => write(at.toLowerCase(), message, meta),
    trace: (message, meta) => write('trace', message, meta),
    debug: (message, meta) => write('debug', message, meta),
    info: (message, meta) => write('info', message, meta),
    warn: (message, meta) => write('warn', message, meta),
    error: (message, meta) => write('error', message, meta),
  };
  const write = (at: string, message: string, meta: unknown): void => {
    if (at === 'warn') log.warn(meta ?? {}, message);
    else if (at === 'error') log.error(meta ?? {}, message);
    else log.debug(meta ?? {}, message);
  };
  return { forTemporal, info: (words: string) => log.info(words), warn: (words: string) => log.warn(words) };
}
