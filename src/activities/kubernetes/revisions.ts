import { canonicalJson } from '../../domain/canonical-json.ts';
import type { RolloutRevision } from '../../domain/evidence.ts';
import { type Instant, instant } from '../../domain/instant.ts';
import { isOurs } from './marks.ts';
import type { PodTemplate, ReplicaSet, Workload } from './shapes.ts';

export const REVISION_ANNOTATION = 'deployment.kubernetes.io/revision';
export const RESTARTED_AT_ANNOTATION = 'kubectl.kubernetes.io/restartedAt';
const CHANGE_CAUSE_ANNOTATION = 'kubernetes.io/change-cause';
const TEMPLATE_HASH_LABEL = 'pod-template-hash';

/** Annotations that kubectl's rollback leaves as they are on the deployment; all others come from the old revision. */
const KEPT_ON_ROLLBACK: ReadonlySet<string> = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  REVISION_ANNOTATION,
  'deployment.kubernetes.io/revision-history',
  'deployment.kubernetes.io/desired-replicas',
  'deployment.kubernetes.io/max-replicas',
  'deprecated.deployment.rollback.to',
]);

export function revisionOf(object: {
  readonly metadata: { readonly annotations: Readonly<Record<string, string>> };
}): number {
  const revision = Number(object.metadata.annotations[REVISION_ANNOTATION]);
  return Number.isInteger(revision) && revision > 0 ? revision : 0;
}

/** Newest first. */
export function byRevision(sets: readonly ReplicaSet[]): readonly ReplicaSet[] {
  return [...sets].sort((a, b) => revisionOf(b) - revisionOf(a));
}

/**
 * The newest earlier revision that would change anything: a restart makes a revision too, which differs in nothing but
 * its timestamp, and going back to that one would keep the fault (R3.2.4).
 */
export function revisionToGoBackTo(deployment: Workload, sets: readonly ReplicaSet[]): ReplicaSet | null {
  const current = revisionOf(deployment);
  const earlier = byRevision(sets).filter((set) => revisionOf(set) > 0 && revisionOf(set) < current);
  return earlier.find((set) => !sameTemplate(set.spec.template, deployment.spec.template)) ?? null;
}

/** Equal but for the hash the controller adds and the time of a restart. */
export function sameTemplate(a: PodTemplate, b: PodTemplate): boolean {
  return canonicalJson(withoutRestart(restorable(a))) === canonicalJson(withoutRestart(restorable(b)));
}

/** The template as it stood in the deployment: without the label that the controller added to the ReplicaSet's. */
export function restorable(template: PodTemplate): PodTemplate {
  const labels = { ...template.metadata?.labels };
  delete labels[TEMPLATE_HASH_LABEL];
  return { ...template, metadata: { ...template.metadata, labels } };
}

/** The deployment's annotations after a rollback, as kubectl would leave them, with `marks` on top. */
export function annotationsAfterRollback(
  deployment: Workload,
  set: ReplicaSet,
  marks: Readonly<Record<string, string>>,
): Record<string, string> {
  const kept = Object.entries(deployment.metadata.annotations).filter(([name]) => KEPT_ON_ROLLBACK.has(name));
  const restored = Object.entries(set.metadata.annotations).filter(
    ([name]) => !KEPT_ON_ROLLBACK.has(name) && !isOurs(name),
  );
  return { ...Object.fromEntries(restored), ...Object.fromEntries(kept), ...marks };
}

export function rolloutRevision(set: ReplicaSet): RolloutRevision {
  return {
    revision: revisionOf(set),
    image: imageOf(set.spec.template),
    change: set.metadata.annotations[CHANGE_CAUSE_ANNOTATION] ?? null,
    rolledOutAt: instantOf(set.metadata.creationTimestamp) ?? instant(0),
  };
}

/**
 * What runs now, dated by when its content was rolled out: restarts since then made revisions, but are no deployments,
 * and would make an old release look new (R2.2).
 */
export function currentRollout(deployment: Workload, sets: readonly ReplicaSet[]): RolloutRevision | null {
  const fromNewest = byRevision(sets).filter((set) => revisionOf(set) > 0 && revisionOf(set) <= revisionOf(deployment));
  const other = fromNewest.findIndex((set) => !sameTemplate(set.spec.template, deployment.spec.template));
  const same = other === -1 ? fromNewest : fromNewest.slice(0, other);
  const [newest, oldest] = [same[0], same.at(-1)];
  if (newest === undefined || oldest === undefined) return null;
  return { ...rolloutRevision(oldest), revision: revisionOf(newest) };
}

export function imageOf(template: PodTemplate): string {
  return template.spec.containers[0]?.image ?? 'unknown';
}

/** The API server writes seconds; instants of ours have milliseconds. Null when it wrote none. */
export function instantOf(timestamp: string | null | undefined): Instant | null {
  const ms = Date.parse(timestamp ?? '');
  return Number.isNaN(ms) ? null : instant(ms);
}

function withoutRestart(template: PodTemplate): PodTemplate {
  const annotations = { ...template.metadata?.annotations };
  delete annotations[RESTARTED_AT_ANNOTATION];
  return { ...template, metadata: { ...template.metadata, annotations } };
}
