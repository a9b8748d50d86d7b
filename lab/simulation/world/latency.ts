/** Upper bounds of the latency buckets in seconds, those a Node service commonly has; `+Inf` follows. */
export const LATENCY_BOUNDS_SECONDS: readonly number[] = [0.05, 0.1, 0.25, 0.5, 1, 2, 2.5, 5, 7.5, 10, 30];
export const BUCKETS = LATENCY_BOUNDS_SECONDS.length + 1;

const SPREAD = 0.5;
const STEPS_PER_DOUBLING = 32;
const known = new Map<number, Float64Array>();

/** How much of a lognormal latency with this median lies under each bound; the last entry, +Inf, is 1. */
export function bucketShares(medianSeconds: number): Float64Array {
  // Steps of about two per cent are enough for a histogram, and make the same few medians come back all the time.
  const step = Math.round(Math.log2(Math.max(medianSeconds, 0.001)) * STEPS_PER_DOUBLING);
  const before = known.get(step);
  if (before !== undefined) return before;
  const median = 2 ** (step / STEPS_PER_DOUBLING);
  const shares = new Float64Array(BUCKETS).fill(1);
  for (const [index, bound] of LATENCY_BOUNDS_SECONDS.entries()) {
    shares[index] = normalBelow(Math.log(bound / median) / SPREAD);
  }
  known.set(step, shares);
  return shares;
}

export function meanSeconds(medianSeconds: number): number {
  return medianSeconds * Math.exp((SPREAD * SPREAD) / 2);
}

/** The median of a latency whose 95th percentile is known. */
export function medianForP95(p95Seconds: number): number {
  return p95Seconds / Math.exp(1.645 * SPREAD);
}

/** Abramowitz and Stegun 26.2.17; good to seven digits. */
function normalBelow(deviations: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(deviations));
  const polynomial = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  const tail = (Math.exp((-deviations * deviations) / 2) / Math.sqrt(2 * Math.PI)) * polynomial;
  return deviations >= 0 ? 1 - tail : tail;
}
