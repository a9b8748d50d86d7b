import type { ClusterObject, Container, Deployment, StatefulSet } from './objects.ts';
import { RESTARTED_ANNOTATION, REVISION_ANNOTATION } from './objects.ts';
import { canonicalJson } from './seeded.ts';

/** What a write did to the cluster, in words that a judge can count. */
export type ClusterEffect =
  | { readonly kind: 'restart' }
  /** The template became that of an earlier revision. */
  | { readonly kind: 'rollback'; readonly toRevision: number; readonly fromRevision: number }
  | { readonly kind: 'scale'; readonly from: number; readonly to: number }
  | { readonly kind: 'resources'; readonly container: string; readonly before: string; readonly after: string }
  | { readonly kind: 'image'; readonly before: string; readonly after: string }
  | { readonly kind: 'delete-pod'; readonly uid: string }
  /** A StatefulSet no longer runs its first pods. */
  | { readonly kind: 'fence'; readonly from: number; readonly to: number }
  | { readonly kind: 'annotate' }
  | { readonly kind: 'configure' };

/** One write that the API server accepted; a dry run has no effects. */
export interface ClusterAction {
  readonly atMs: number;
  readonly verb: 'patch' | 'update' | 'delete';
  readonly resource: string;
  readonly name: string;
  readonly dryRun: boolean;
  readonly effects: readonly ClusterEffect[];
}

/** `known` are the revisions before the write: template without its hash, newest last. */
export function effectsOf(
  before: ClusterObject,
  after: ClusterObject,
  known: readonly { readonly revision: number; readonly template: unknown }[],
): ClusterEffect[] {
  if (!isWorkload(before) || !isWorkload(after)) return [{ kind: 'configure' }];
  const [from, to] = [firstOrdinal(before), firstOrdinal(after)];
  if (from !== to) return [{ kind: 'fence', from, to }];
  const effects: ClusterEffect[] = [];
  if (before.spec.replicas !== after.spec.replicas)
    effects.push({ kind: 'scale', from: before.spec.replicas, to: after.spec.replicas });
  effects.push(...templateEffects(before, after, known));
  if (effects.length > 0) return effects;
  return [{ kind: canonicalJson(before.spec) === canonicalJson(after.spec) ? 'annotate' : 'configure' }];
}

function firstOrdinal({ spec }: Deployment | StatefulSet): number {
  return 'ordinals' in spec ? (spec.ordinals?.start ?? 0) : 0;
}

function templateEffects(
  before: Deployment | StatefulSet,
  after: Deployment | StatefulSet,
  known: readonly { readonly revision: number; readonly template: unknown }[],
): ClusterEffect[] {
  const wanted = canonicalJson(after.spec.template);
  if (wanted === canonicalJson(before.spec.template)) return [];
  const fromRevision = Number(before.metadata.annotations?.[REVISION_ANNOTATION] ?? known.at(-1)?.revision ?? 0);
  const old = known.find((one) => canonicalJson(one.template) === wanted);
  if (old !== undefined) return [{ kind: 'rollback', toRevision: old.revision, fromRevision }];
  const effects: ClusterEffect[] = [];
  const restartedAt = (object: Deployment | StatefulSet) =>
    object.spec.template.metadata.annotations?.[RESTARTED_ANNOTATION];
  if (restartedAt(before) !== restartedAt(after)) effects.push({ kind: 'restart' });
  for (const container of after.spec.template.spec.containers) {
    const old = before.spec.template.spec.containers.find((one) => one.name === container.name);
    if (old !== undefined) effects.push(...containerEffects(old, container));
  }
  return effects;
}

function containerEffects(before: Container, after: Container): ClusterEffect[] {
  const effects: ClusterEffect[] = [];
  const limits = (container: Container) => canonicalJson(container.resources ?? {});
  if (limits(before) !== limits(after))
    effects.push({ kind: 'resources', container: after.name, before: limits(before), after: limits(after) });
  if (before.image !== after.image) effects.push({ kind: 'image', before: before.image, after: after.image });
  return effects;
}

function isWorkload(object: ClusterObject): object is Deployment | StatefulSet {
  return object.kind === 'Deployment' || object.kind === 'StatefulSet';
}
