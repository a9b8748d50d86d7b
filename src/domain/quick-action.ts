import { holdsRole } from './deciding/roles.ts';
import type { ProbeName } from './evidence.ts';
import type { Instant } from './instant.ts';
import type { Actor, Role } from './people.ts';
import type { Policy } from './policy.ts';
import type { ActionName, RemedyOutcome, RemedyPlan, Target } from './remedy.ts';

/** What the runbook's quick reference looks at (R8), each with the probes that answer it. */
export const QUICK_CHECKS = {
  pods: ['pods', 'resources'],
  nodes: ['nodes'],
  errors: ['error-rate', 'endpoints', 'service-logs'],
  latency: ['latency', 'slow-endpoints'],
  traffic: ['request-rate', 'affected-users'],
  database: ['database-answers', 'database-connections', 'slow-statements'],
  redis: ['cache-answers', 'cache-statistics'],
  providers: ['providers', 'provider-traffic'],
  deploys: ['rollouts', 'config-changes'],
  alerts: ['firing-alerts'],
  logs: ['service-logs', 'worker-logs'],
  health: ['service-health', 'status-page'],
} as const satisfies Readonly<Record<string, readonly ProbeName[]>>;

export type QuickCheckName = keyof typeof QUICK_CHECKS;
export const QUICK_CHECK_NAMES = Object.keys(QUICK_CHECKS) as readonly QuickCheckName[];

/** What the quick reference does, by what it is done to. */
const ACTS_ON = {
  restart: 'deployment',
  rollback: 'deployment',
  scale: 'deployment',
  'delete-pod': 'pod',
  'open-breaker': 'provider',
  'provider-failover': 'provider',
} as const satisfies Readonly<Partial<Record<ActionName, Target['kind']>>>;

export type QuickActionName = keyof typeof ACTS_ON;
export const QUICK_ACTION_NAMES = Object.keys(ACTS_ON) as readonly QuickActionName[];

/** Who must say yes before it is done. */
export interface QuickNeeds {
  readonly role: Role;
  /** Whoever asked may not be the one who says yes (ADR 0012: high risk, or asked by somebody without the role). */
  readonly secondPerson: boolean;
}

/** Policy's risk class and approving role of the action decide: high risk always takes two. */
export function quickNeeds(policy: Policy, action: QuickActionName, roles: readonly Role[]): QuickNeeds {
  const { risk, approver } = policy.actions[action];
  return { role: approver, secondPerson: risk === 'high' || !holdsRole(roles, approver) };
}

/** The thing that is meant, by name; a sentence when there is none of that name here. */
export function quickTarget(
  policy: Policy,
  action: QuickActionName,
  name: string | null,
): { readonly ok: true; readonly target: Target } | { readonly ok: false; readonly words: string } {
  const { service } = policy;
  const found = (target: string) => ({
    ok: true as const,
    target: { kind: ACTS_ON[action], namespace: service.namespace, name: target },
  });
  const unknown = (what: string, known: readonly string[]) => ({
    ok: false as const,
    words: `${name === null ? `Say which ${what}` : `There is no ${what} ${name}`}: ${known.join(', ')}.`,
  });
  switch (ACTS_ON[action]) {
    case 'deployment': {
      const known = [service.application, ...service.companions].map(({ deployment }) => deployment);
      const wanted = name ?? service.application.deployment;
      return known.includes(wanted) ? found(wanted) : unknown('deployment', known);
    }
    case 'provider': {
      const known = service.providers.map((provider) => provider.name);
      return name !== null && known.includes(name) ? found(name) : unknown('provider', known);
    }
    case 'pod':
      // Pods come and go: whether there is one of this name the cluster says.
      return name !== null && /^[a-z0-9][a-z0-9.-]{0,252}$/.test(name)
        ? found(name)
        : { ok: false, words: 'Say which pod, by its name: incident check pods' };
  }
}

/** Parameters in the words of the playbooks; the preview fills in the rest. */
export function quickParameters(
  policy: Policy,
  action: QuickActionName,
  target: Target,
  replicas: number | null,
): Readonly<Record<string, string | number>> {
  if (action === 'scale') return replicas === null ? {} : { replicas };
  if (action !== 'provider-failover') return {};
  const fallback = policy.service.providers.find(({ name }) => name === target.name)?.fallback;
  return fallback == null ? {} : { fallback };
}

export type QuickStage =
  | 'previewing'
  | 'impossible'
  | 'waiting'
  | 'called-off'
  | 'expired'
  | 'acting'
  | 'done'
  | 'temporary'
  | 'undone'
  | 'failed';

/** Where a quick action stands; what its workflow answers. */
export interface QuickActionState {
  readonly id: string;
  readonly action: QuickActionName;
  readonly target: Target;
  readonly by: Actor;
  readonly because: string;
  readonly incidentId: string | null;
  readonly needs: QuickNeeds;
  readonly stage: QuickStage;
  readonly plan: RemedyPlan | null;
  readonly confirmedBy: string | null;
  readonly confirmUntil: Instant | null;
  /** Of a temporary change that is in place: until when (ADR 0011). */
  readonly temporaryUntil: Instant | null;
  readonly outcome: RemedyOutcome | null;
  /** One or two sentences: what happened, what to do next. */
  readonly words: string;
}

/** Why this person's yes does not count now, as a sentence; null when it does. */
export function quickRefusal(
  state: QuickActionState,
  actor: Actor,
): { readonly unauthorised: boolean; readonly words: string } | null {
  if (state.stage !== 'waiting')
    return { unauthorised: false, words: `${state.id} does not wait for an answer: ${state.words}` };
  if (!holdsRole(actor.roles, state.needs.role))
    return {
      unauthorised: true,
      words: `${state.action} takes the role ${state.needs.role}. Ask somebody who has it: incident do approve ${state.id}`,
    };
  if (state.needs.secondPerson && actor.person === state.by.person)
    return {
      unauthorised: true,
      words: `${state.action} takes a second person with the role ${state.needs.role}; you asked for it yourself: incident do approve ${state.id}`,
    };
  return null;
}

/** Why this person may not take the change back now; null when they may. */
export function undoRefusal(
  state: QuickActionState,
  actor: Actor,
): { readonly unauthorised: boolean; readonly words: string } | null {
  if (state.stage !== 'temporary')
    return { unauthorised: false, words: `${state.id} has no temporary change in place: ${state.words}` };
  if (holdsRole(actor.roles, state.needs.role)) return null;
  return { unauthorised: true, words: `Taking it back takes the role ${state.needs.role}. Ask somebody who has it.` };
}
