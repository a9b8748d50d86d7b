/** The value below which this share of the samples lies; NaN when there is none. */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export function print(rows: readonly (readonly [string, ...(string | number)[]])[]): void {
  for (const [name, ...values] of rows) {
    const cells = values.map((value) =>
      String(typeof value === 'number' ? Math.round(value * 100) / 100 : value).padStart(14),
    );
    process.stdout.write(`${name.padEnd(34)}${cells.join('')}\n`);
  }
}
