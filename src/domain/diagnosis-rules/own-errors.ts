import type { EvidenceBundle, LogKind, LogPattern } from '../evidence.ts';
import type { Reading } from './reading.ts';

/** Kinds of lines that the code itself makes; the others are about what it depends on. */
const OWN_KINDS: readonly LogKind[] = ['exception', 'fatal', 'other'];
const BORROWED_KINDS: readonly LogKind[] = [
  'database-connection',
  'timeout',
  'provider',
  'rate-limit',
  'cache',
  'out-of-memory',
  'name-resolution',
  'authentication',
  'data-corruption',
  'overload',
];
/** Fewer lines than this are everyday noise. */
const EVERYDAY_LINES = 3;
/** Of the lines that tell of failed requests at least this part has to be of the code's own making. */
const TELLING_SHARE = 0.25;

export interface OwnFailures {
  readonly evidenceId: string;
  readonly count: number;
  /** Of all lines of failed requests. */
  readonly share: number;
  readonly patterns: readonly LogPattern[];
}

/**
 * The errors of the code itself by which requests fail; null when they are none or hardly any. Loud lines that no
 * request failed with are noise wherever the log says how requests ended, except those of a process that dies. Of one
 * deployment only its own lines are looked at: new code cannot make another's fail.
 */
export function ownFailures(reading: Reading, deployment: string | null = null): OwnFailures | null {
  if (!reading.errorsHigh) return null;
  const logs = (kinds: readonly LogKind[]) =>
    deployment === null ? reading.logs(...kinds) : reading.logsOf(deployment, ...kinds);
  const own = logs(OWN_KINDS);
  const borrowed = logs(BORROWED_KINDS);
  const says = [...own.patterns, ...borrowed.patterns].some((pattern) => (pattern.failedRequests ?? 0) > 0);
  const weight = (pattern: LogPattern) => (says && pattern.kind !== 'fatal' ? failedOf(pattern) : pattern.count);
  const sum = (patterns: readonly LogPattern[]) => patterns.reduce((all, pattern) => all + weight(pattern), 0);
  const telling = own.patterns.filter((pattern) => weight(pattern) > 0);
  const count = sum(telling);
  const share = count / Math.max(1, count + sum(borrowed.patterns));
  if (count < EVERYDAY_LINES || share < TELLING_SHARE) return null;
  return { evidenceId: own.evidenceId, count, share, patterns: telling };
}

export function failedOf(pattern: LogPattern): number {
  return pattern.failedRequests ?? pattern.count;
}

export function ownPatterns(bundle: EvidenceBundle): readonly LogPattern[] {
  return bundle.items
    .flatMap(({ finding }) =>
      finding.probe === 'service-logs' || finding.probe === 'worker-logs' ? finding.patterns : [],
    )
    .filter((pattern) => OWN_KINDS.includes(pattern.kind));
}
