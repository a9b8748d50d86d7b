import type { ClusterObject, Container, Deployment, Ingress, StatefulSet } from './objects.ts';
import { memoryMiB, RATE_LIMIT_ANNOTATION, RESTARTED_ANNOTATION, REVISION_ANNOTATION } from './objects.ts';
import { canonicalJson } from './seeded.ts';

/** What a write did to the cluster, in words that a judge can count. */
export type ClusterEffect =
  | { readonly kind: 'restart' }
  /** The template became that of an earlier revision. */
  | { readonly kind: 'rollback'; readonly toRevision: number; readonly fromRevision: number }
  | { readonly kind: 'scale'; readonly from: number; readonly to: number }
  /** `raised` when the memory limit went up. */
  | {
      readonly kind: 'resources';
      readonly container: string;
      readonly before: string;
      readonly after: string;
      readonly raised: boolean;
    }
  | { readonly kind: 'image'; readonly before: string; readonly after: string }
  | { readonly kind: 'delete-pod'; readonly uid: string }
  /** A StatefulSet no longer runs its first pods. */
  | { readonly kind: 'fence'; readonly from: number; readonly to: number }
  | { readonly kind: 'evict-pod'; readonly uid: string; readonly owner: string; readonly bornMs: number }
  /** A ConfigMap says again what it said before somebody edited it. */
  | { readonly kind: 'restore-config' }
  /** Requests a minute that the ingress lets in; null when it does not limit them. */
  | { readonly kind: 'rate-limit'; readonly before: number | null; readonly after: number | null }
  | { readonly kind: 'create' }
  | { readonly kind: 'delete' }
  | { readonly kind: 'annotate' }
  | { readonly kind: 'configure' };

/** One write that the API server accepted; a dry run has no effects. */
export interface ClusterAction {
  readonly atMs: number;
  readonly verb: 'patch' | 'update' | 'delete' | 'create' | 'apply';
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
  if (before.kind === 'Ingress' && after.kind === 'Ingress') return [ingressEffect(before, after)];
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

function ingressEffect(before: Ingress, after: Ingress): ClusterEffect {
  const limitOf = ({ metadata }: Ingress) => Number(metadata.annotations?.[RATE_LIMIT_ANNOTATION] ?? 0) || null;
  const [from, to] = [limitOf(before), limitOf(after)];
  return from === to ? { kind: 'configure' } : { kind: 'rate-limit', before: from, after: to };
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
    effects.push({
      kind: 'resources',
      container: after.name,
      before: limits(before),
      after: limits(after),
      raised: memoryMiB(after.resources?.limits?.memory) > memoryMiB(before.resources?.limits?.memory),
    });
  if (before.image !== after.image) effects.push({ kind: 'image', before: before.image, after: after.image });
  return effects;
}

function isWorkload(object: ClusterObject): object is Deployment | StatefulSet {
  return object.kind === 'Deployment' || object.kind === 'StatefulSet';
}
