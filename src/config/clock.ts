import { readFileSync } from 'node:fs';
import { epochMs, type Instant, instant } from '../domain/instant.ts';

/** Incident time for the processes that stamp it: the gateway when something arrives, the worker when it must. */
export type Clock = () => Instant;

/**
 * The wall clock, or, where INCIDENT_CLOCK_FILE names a file with an ISO instant, whatever stands there at each use.
 * A drill writes that file before everything it does.
 */
export function clockFromEnv(env: NodeJS.ProcessEnv = process.env): Clock {
  const file = env.INCIDENT_CLOCK_FILE;
  if (file === undefined || file === '') return () => instant(Date.now());
  return () => readClockFile(file);
}

function readClockFile(file: string): Instant {
  const text = readFileSync(file, 'utf8').trim();
  const ms = epochMs(text);
  if (Number.isNaN(ms)) {
    throw new Error(`The clock file ${file} says "${text}"; write an ISO instant such as 2024-10-23T14:30:00.000Z.`);
  }
  return instant(ms);
}
