import { percent, secondsWords } from '../../domain/format.ts';
import { isBefore } from '../../domain/instant.ts';
import { failure, notYet } from '../failures.ts';
import type { CanaryVerdict, WatchCanaryInput } from './api.ts';
import type { EvidencePorts, MetricsPort } from './ports.ts';

/**
 * Compares the canary with the version beside it until it has been well for long enough (R5.11). A regression ends the
 * watch at once; no data is no verdict, and no data at the end is not well.
 */
export async function watchCanary(ports: EvidencePorts, input: WatchCanaryInput): Promise<CanaryVerdict> {
  if (ports.metrics === null)
    throw failure('Invalid', 'Prometheus is not configured, so the canary cannot be compared: manual review required.');
  const { comparison } = input;
  const [errors, stableErrors, p95, stableP95] = await Promise.all(
    [comparison.errorRatio, comparison.stableErrorRatio, comparison.p95Seconds, comparison.stableP95Seconds].map(
      (query) => currentValue(ports.metrics as MetricsPort, query),
    ),
  );
  const figures = `Canary: errors ${percentOf(errors)} beside ${percentOf(stableErrors)}, p95 ${secondsOf(p95)} beside ${secondsOf(stableP95)}.`;
  const measured = { figures, queries: Object.values(comparison).filter((one) => typeof one === 'string') };
  const worse = [
    isWorse(errors, stableErrors, comparison.errorRatioMargin) ? 'more errors' : null,
    isWorse(p95, stableP95, comparison.p95SecondsMargin) ? 'slower answers' : null,
  ].filter((one) => one !== null);
  if (worse.length > 0)
    return { well: false, words: `It has ${worse.join(' and ')} than the stable version. ${figures}`, ...measured };
  if (isBefore(ports.clock(), input.untilAt)) throw notYet(figures, input.pollSeconds);
  return errors === null
    ? { well: false, words: `Nothing was measured of it. ${figures}`, ...measured }
    : { well: true, words: figures, ...measured };
}

function isWorse(canary: number | null | undefined, stable: number | null | undefined, margin: number): boolean {
  return canary != null && canary > (stable ?? 0) + margin;
}

async function currentValue(metrics: MetricsPort, query: string): Promise<number | null> {
  const [sample] = await metrics.instant(query);
  return sample?.value ?? null;
}

function percentOf(ratio: number | null | undefined): string {
  return ratio == null ? 'no data' : percent(ratio);
}

function secondsOf(seconds: number | null | undefined): string {
  return seconds == null ? 'no data' : secondsWords(seconds);
}
