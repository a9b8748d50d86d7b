import { SEVERITIES, type Severity } from '../severity.ts';

/**
 * The severity that a source's own word claims, in the spellings that Prometheus rules and PagerDuty use; null for
 * words that claim none. The word itself stays on the alert's labels. A claim is evidence like others (R0.5), so
 * `critical` and `page` (wake somebody) claim P1: that it is the worst of all must be said as P0 or SEV1.
 */
export function claimedSeverity(word: string | null): Severity | null {
  const normal = (word ?? '').trim().toLowerCase();
  const scale = /^(?:p([0-3])|sev-?([1-4])|severity-?([1-4]))$/.exec(normal);
  if (scale !== null) {
    const level = scale[1] !== undefined ? Number(scale[1]) : Number(scale[2] ?? scale[3]) - 1;
    return SEVERITIES[level] ?? null;
  }
  return WORDS[normal] ?? null;
}

const WORDS: Readonly<Record<string, Severity>> = {
  emergency: 'P0',
  disaster: 'P0',
  critical: 'P1',
  page: 'P1',
  high: 'P1',
  error: 'P1',
  major: 'P1',
  warning: 'P2',
  warn: 'P2',
  medium: 'P2',
  minor: 'P3',
  low: 'P3',
  info: 'P3',
  informational: 'P3',
};
