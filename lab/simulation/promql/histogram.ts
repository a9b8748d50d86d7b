interface Bucket {
  readonly upperBound: number;
  count: number;
}

/** histogram_quantile over one histogram's cumulative buckets, after promql/quantile.go of Prometheus 2.42. */
export function bucketQuantile(q: number, raw: readonly Readonly<Bucket>[]): number {
  if (Number.isNaN(q)) return Number.NaN;
  if (q < 0) return Number.NEGATIVE_INFINITY;
  if (q > 1) return Number.POSITIVE_INFINITY;
  const buckets = monotonic(raw);
  const last = buckets.length - 1;
  if (last < 1 || buckets[last]?.upperBound !== Number.POSITIVE_INFINITY) return Number.NaN;
  const observations = buckets[last].count;
  if (observations === 0) return Number.NaN;
  let rank = q * observations;
  const found = buckets.slice(0, last).findIndex((bucket) => bucket.count >= rank);
  // Above the highest finite bound nothing more can be said than that bound.
  if (found === -1) return (buckets[last - 1] as Bucket).upperBound;
  const bucket = buckets[found] as Bucket;
  if (found === 0 && bucket.upperBound <= 0) return bucket.upperBound;
  const below = found === 0 ? { upperBound: 0, count: 0 } : (buckets[found - 1] as Bucket);
  rank -= below.count;
  return below.upperBound + (bucket.upperBound - below.upperBound) * (rank / (bucket.count - below.count));
}

// Buckets of the same bound are added up, and a scrape that caught them mid-update must not make counts fall.
function monotonic(raw: readonly Readonly<Bucket>[]): Bucket[] {
  const sorted = [...raw].sort((a, b) => (a.upperBound < b.upperBound ? -1 : a.upperBound > b.upperBound ? 1 : 0));
  const merged: Bucket[] = [];
  for (const { upperBound, count } of sorted) {
    const previous = merged.at(-1);
    if (previous?.upperBound === upperBound) previous.count += count;
    else merged.push({ upperBound, count });
  }
  let highest = Number.NEGATIVE_INFINITY;
  for (const bucket of merged) {
    if (bucket.count > highest) highest = bucket.count;
    else if (bucket.count < highest) bucket.count = highest;
  }
  return merged;
}
