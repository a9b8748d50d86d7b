import { describes } from '../../domain/described.ts';
import type { IncidentRun } from './run.ts';

/** Neither mitigated nor over: there is something to find out or to do. */
export function isOngoing(run: IncidentRun): boolean {
  return run.state.closed === null && run.state.resolved === null && run.state.mitigated === null;
}

/**
 * Whether the policy describes what this incident is about: its service, or something that it stands on. Of anything
 * else (an alert about somebody's wiki) the machine knows nothing, and explains and proposes nothing.
 */
export function isDescribed(run: IncidentRun): boolean {
  return describes(run.policy, run.state.service);
}
