/** P0 is SEV1 … P3 is SEV4; one scale with both labels. */
export type Severity = 'P0' | 'P1' | 'P2' | 'P3';

export const SEVERITIES: readonly Severity[] = ['P0', 'P1', 'P2', 'P3'];

export function higherOf(a: Severity, b: Severity): Severity {
  return a <= b ? a : b;
}

export function isHigher(a: Severity, b: Severity): boolean {
  return a < b;
}

/** The next more severe level; P0 has none above it. */
export function oneHigher(severity: Severity): Severity {
  return SEVERITIES[Math.max(0, SEVERITIES.indexOf(severity) - 1)] ?? 'P0';
}
