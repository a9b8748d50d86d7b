import type { Conditions } from './conditions.ts';
import type { ProviderCause, ProviderStatus, Status } from './layout.ts';
import type { Process } from './process.ts';

/** How the calls meant for one provider end in one process: shares of all its calls. */
export interface CallOutcome {
  /** The provider that is really called; null when the open breaker stops the call before it leaves. */
  readonly called: string | null;
  readonly failedShare: number;
  readonly status: Status;
  readonly providerStatus: ProviderStatus;
  readonly cause: ProviderCause;
  /** Median time until a failed call ends, and what the calls that succeed take longer. */
  readonly failureSeconds: number;
  readonly successDelaySeconds: number;
}

const OVERLOADED_ANSWERS: Readonly<Record<string, ProviderStatus>> = { claude: '529' };

/**
 * Failover sends every call of the primary elsewhere; an open breaker without one makes the call fail at once, which
 * spares time but not the request.
 */
export function callOutcome(process: Process, provider: string, conditions: Conditions): CallOutcome {
  const called = process.failovers.get(provider) ?? provider;
  const stopped = process.breakers.get(called) === 'open';
  if (stopped) return failed(null, 1, '503', '503', 'breaker-open', 0.01);
  if (!conditions.namesResolve) return failed(called, 1, '502', '503', 'refused', 0.3);
  const condition = conditions.providers.get(called);
  if (condition === undefined) return { ...failed(called, 0, '200', '200', 'refused', 0.1) };
  const share = condition.errorRate;
  switch (condition.mode) {
    case 'down':
      return failed(called, share, '502', '503', 'refused', 1.4);
    case 'errors':
      return failed(called, share, '502', OVERLOADED_ANSWERS[called] ?? '500', 'server-error', 2.2);
    case 'rate-limited':
      return failed(called, share, '503', '429', 'rate-limited', 1.1);
    case 'unauthorised':
      return failed(called, share, '502', '401', 'key', 0.25);
    case 'slow':
      return { ...failed(called, share, '504', '504', 'timeout', 29), successDelaySeconds: 8 };
  }
}

function failed(
  called: string | null,
  failedShare: number,
  status: Status,
  providerStatus: ProviderStatus,
  cause: ProviderCause,
  failureSeconds: number,
): CallOutcome {
  return { called, failedShare, status, providerStatus, cause, failureSeconds, successDelaySeconds: 0 };
}
