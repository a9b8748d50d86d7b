import type { RemedyPlan } from '../../../src/domain/remedy.ts';
import type { DrillRun } from '../play-drill.ts';

/** Something done to production, as the systems' own ledgers tell it; `acts` are their entries that make it up. */
export interface ProductionChange {
  readonly atMs: number;
  readonly action: string;
  readonly target: string;
  readonly acts: readonly object[];
}

interface Growing extends ProductionChange {
  readonly acts: object[];
}

const BREAKER_BURST_MS = 120_000;

/** Every change of production that we made, in order; a breaker opened on three pods is one change. */
export function productionChanges({ environment, drillPolicy }: DrillRun): readonly ProductionChange[] {
  const { postgres, promotions } = environment.production;
  const found: Growing[] = onCluster(environment.production.kubernetes.actions);
  for (const act of environment.production.kubernetes.adminActions) {
    const { atMs } = act;
    const told = toldPod(act);
    if (told === null) continue;
    const same = found.find(
      ({ action, target, atMs: beganMs }) =>
        action === told.action && target === told.target && atMs - beganMs <= BREAKER_BURST_MS,
    );
    if (same === undefined) found.push({ atMs, ...told, acts: [act] });
    else same.acts.push(act);
  }
  const database = drillPolicy.policy.service.database?.statefulSet ?? '';
  for (const act of promotions)
    found.push({ atMs: act.atMs, action: 'failover-database', target: database, acts: [act] });
  if ('statements' in postgres) {
    for (const act of postgres.statements) {
      const index = /^\s*CREATE\s+INDEX\s+CONCURRENTLY\s+(?:IF\s+NOT\s+EXISTS\s+)?"?(\w+)/i.exec(act.sql)?.[1];
      if (index !== undefined) found.push({ atMs: act.atMs, action: 'migrate', target: index, acts: [act] });
    }
  }
  return found.sort((a, b) => a.atMs - b.atMs);
}

/** As a change is called: to take something back is a change of its own. */
export function actionOf({ action, parameters }: Pick<RemedyPlan, 'action' | 'parameters'>): string {
  return parameters.revert === 1 ? `revert-${action}` : action;
}

/** What the ledgers call that which a plan acts on: a manifest is its objects, a migration its index. */
export function targetsOf({ action, target, parameters }: RemedyPlan): readonly string[] {
  if (action === 'migrate') return [String(parameters.index ?? target.name)];
  if (target.kind !== 'manifest') return [target.name];
  return String(parameters.objects ?? '')
    .split(' ')
    .map((object) => object.split('/').at(-1) ?? '');
}

/** Whether some ledger of this production records such changes. A real PostgreSQL keeps none of its statements. */
export function isLedgered({ environment }: DrillRun, action: string): boolean {
  return action !== 'migrate' || 'statements' in environment.production.postgres;
}

type Kubernetes = DrillRun['environment']['production']['kubernetes'];
type Action = Kubernetes['actions'][number];
type Effect = Action['effects'][number];

function onCluster(actions: readonly Action[]): Growing[] {
  const found: Growing[] = [];
  const rounds = new Map<string, Growing>();
  for (const act of actions) {
    if (act.dryRun) continue;
    for (const effect of act.effects) {
      if (effect.kind === 'evict-pod') evicted(act, effect, found, rounds);
      else found.push(...deedOf(act, effect).map((change) => ({ atMs: act.atMs, ...change, acts: [act] })));
    }
  }
  return found;
}

/** Pods that are replaced one after another are one change, until one goes that only came with it: that is another round. */
function evicted(
  act: Action,
  { owner, bornMs }: Extract<Effect, { kind: 'evict-pod' }>,
  found: Growing[],
  rounds: Map<string, Growing>,
): void {
  const round = rounds.get(owner);
  // Births are told to the second.
  if (round !== undefined && bornMs < Math.floor(round.atMs / 1000) * 1000) {
    round.acts.push(act);
    return;
  }
  const next = { atMs: act.atMs, action: 'replace-pods', target: owner, acts: [act] };
  rounds.set(owner, next);
  found.push(next);
}

interface Name {
  readonly action: string;
  readonly target: string;
}

function deedOf({ name: target, verb }: Action, effect: Exclude<Effect, { kind: 'evict-pod' }>): readonly Name[] {
  switch (effect.kind) {
    case 'restart':
    case 'rollback':
    case 'delete-pod':
    case 'restore-config':
      return [{ action: effect.kind, target }];
    case 'scale':
      return [{ action: effect.to > effect.from ? 'scale' : 'revert-scale', target }];
    case 'resources':
      return [{ action: effect.raised ? 'memory-limit' : 'revert-memory-limit', target }];
    case 'rate-limit':
      return [{ action: effect.after === null ? 'revert-rate-limit' : 'rate-limit', target }];
    case 'create':
    case 'delete':
      return target.endsWith('-canary')
        ? [{ action: effect.kind === 'create' ? 'canary' : 'revert-canary', target }]
        : [];
    case 'image':
      return verb === 'apply' && !target.endsWith('-canary') ? [{ action: 'promote', target }] : [];
    case 'fence':
    case 'annotate':
    case 'configure':
      return [];
  }
}

/** What telling a pod changed; null when it was so already. */
function toldPod({ change }: Kubernetes['adminActions'][number]): Name | null {
  if (change.kind === 'breaker')
    return change.open === change.wasOpen
      ? null
      : { action: change.open ? 'open-breaker' : 'revert-open-breaker', target: change.provider };
  if (change.fallback === change.before) return null;
  return {
    action: change.fallback === null ? 'revert-provider-failover' : 'provider-failover',
    target: change.primary,
  };
}
