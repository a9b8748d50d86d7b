import type { Production } from '../../lab/simulation/production.ts';
import type { ClusterAction } from '../../lab/simulation/systems/kubernetes/ledger.ts';
import type { WireEntry } from '../../lab/simulation/wire/ledger.ts';

/**
 * Calls `seen` at the very instant at which the cluster has done something and has not answered yet: whoever asked
 * cannot know. Dry runs are left out.
 */
export function whenClusterActs(production: Production, seen: (action: ClusterAction) => void): void {
  const ledger = production.kubernetes.actions as ClusterAction[];
  ledger.push = (...actions) => {
    const length = Array.prototype.push.apply(ledger, actions);
    for (const action of actions) if (!action.dryRun) seen(action);
    return length;
  };
}

/** The first request of this kind: handled there, and not answered yet. */
export function whenAsked(production: Production, matches: (entry: WireEntry) => boolean, seen: () => void): void {
  const { log } = production;
  const record = log.record;
  log.record = (entry) => {
    record.call(log, entry);
    if (!matches(entry)) return;
    log.record = record;
    seen();
  };
}

/** The deployments that were really restarted or rolled back, in order: `restart noa-mcp`. */
export function remediesSeen(production: Production): readonly string[] {
  return production.kubernetes.actions.flatMap(({ dryRun, effects, name }) =>
    dryRun
      ? []
      : effects.filter(({ kind }) => kind !== 'annotate' && kind !== 'configure').map(({ kind }) => `${kind} ${name}`),
  );
}
