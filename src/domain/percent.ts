/** `45 %` of 0.45, `4.5 %` of 0.045: what people are told. */
export function percent(ratio: number): string {
  const value = ratio * 100;
  return `${value >= 10 ? value.toFixed(0) : value.toFixed(1)} %`;
}

/** `45.3 %` of 0.453, `45 %` of 0.45: where a threshold is compared with, a figure is not rounded over it. */
export function exactPercent(ratio: number): string {
  return `${Number((ratio * 100).toFixed(1))} %`;
}
