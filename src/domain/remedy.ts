import type { Instant } from './instant.ts';

/** Everything the product can do to production, in the words of the drills (R3, R5). */
export type ActionName =
  | 'restart'
  | 'rollback'
  | 'scale'
  | 'delete-pod'
  | 'replace-pods'
  | 'failover-database'
  | 'open-breaker'
  | 'provider-failover'
  | 'rate-limit'
  | 'memory-limit'
  | 'restore-config'
  | 'migrate'
  | 'canary'
  | 'promote';

export const ACTION_NAMES: readonly ActionName[] = [
  'restart',
  'rollback',
  'scale',
  'delete-pod',
  'replace-pods',
  'failover-database',
  'open-breaker',
  'provider-failover',
  'rate-limit',
  'memory-limit',
  'restore-config',
  'migrate',
  'canary',
  'promote',
];

/** The thing acted on. `name` may be a deployment, a StatefulSet, a pod, a provider or a file, by `kind`. */
export interface Target {
  readonly kind: 'deployment' | 'statefulset' | 'pod' | 'provider' | 'database' | 'manifest' | 'configmap';
  readonly namespace: string;
  readonly name: string;
}

/** What is wanted, before anything was looked up. */
export interface RemedyRequest {
  readonly action: ActionName;
  readonly target: Target;
  /** Absolute values of the playbook, e.g. `{ replicas: 6 }`; the preview fills in the rest. */
  readonly parameters: Readonly<Record<string, string | number>>;
}

/**
 * A remedy with every choice fixed, so that carrying it out twice is carrying it out once (ADR 0010):
 * `key` is incident + step, `parameters` are absolute (revision number, restartedAt, replicas), `before` is the
 * value to go back to, `preconditions` must still hold when it is carried out (uid, resourceVersion, revision).
 */
export interface RemedyPlan {
  readonly key: string;
  readonly action: ActionName;
  readonly target: Target;
  readonly parameters: Readonly<Record<string, string | number>>;
  readonly before: Readonly<Record<string, string | number | null>>;
  readonly preconditions: Readonly<Record<string, string>>;
  /** What will happen, in one sentence; shown to whoever approves. */
  readonly preview: string;
  /** The command a person would type; also what paper mode prints (ADR 0019). */
  readonly command: string;
  readonly plannedAt: Instant;
  /** Digest of everything above: an approval is bound to it (ADR 0012). */
  readonly digest: string;
  /** True when the change is meant to be taken back (ADR 0011). */
  readonly temporary: boolean;
}

/** How to take a change back: the value before, and the marker by which a preview knows a way back from a way on. */
export function wayBack({ action, target, before }: RemedyPlan): RemedyRequest {
  const values = Object.entries(before).filter((entry): entry is [string, string | number] => entry[1] !== null);
  return { action, target, parameters: { ...Object.fromEntries(values), revert: 1 } };
}

/** What the preview answers: a plan, or why there can be none. */
export type RemedyPreview =
  | { readonly kind: 'plan'; readonly plan: RemedyPlan }
  | { readonly kind: 'impossible'; readonly request: RemedyRequest; readonly reason: string };

/** What carrying out a plan answers. `unknown` goes to a person, never to a blind retry. */
export interface RemedyOutcome {
  readonly result: 'done' | 'already-done' | 'changed-underneath' | 'refused' | 'unknown';
  /** What was read back afterwards, in words; or why not. */
  readonly readBack: string;
  readonly observed: Readonly<Record<string, string | number | null>>;
}
