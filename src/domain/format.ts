/** `45%` of 0.45, `4.5%` of 0.045: what people are told. Null is said, never shown as zero. */
export function percent(ratio: number | null): string {
  if (ratio === null) return 'not known';
  const value = ratio * 100;
  return `${value >= 10 ? Math.round(value) : Number(value.toFixed(1))}%`;
}

/** `45.3%` of 0.453, `45%` of 0.45: where a threshold is compared with, a figure is not rounded over it. */
export function exactPercent(ratio: number): string {
  return `${Number((ratio * 100).toFixed(1))}%`;
}

/** `82% sure` of a cause weighed at 0.82. */
export function sure(confidence: number): string {
  return `${Math.round(confidence * 100)}% sure`;
}

/** `420 ms`, `4.2 s`. */
export function secondsWords(seconds: number | null): string {
  if (seconds === null) return 'not known';
  return seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${Number(seconds.toFixed(1))} s`;
}
