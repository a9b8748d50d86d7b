import type { ClusterContext } from './context.ts';
import { isOwnedBy, ownedBy } from './context.ts';
import type { Kubelet } from './kubelet.ts';
import type { ControllerRevision, Pod, StatefulSet } from './objects.ts';
import { isPodReady, POD_NAME_LABEL } from './objects.ts';
import { canonicalJson, seededSuffix } from './seeded.ts';

const REVISION_LABEL = 'controller-revision-hash';

/** The StatefulSet controller: pods with fixed names, one after the other, and their ControllerRevisions. */
export class StatefulSetController {
  readonly #context: ClusterContext;
  readonly #kubelet: Kubelet;

  constructor(context: ClusterContext, kubelet: Kubelet) {
    this.#context = context;
    this.#kubelet = kubelet;
  }

  reconcile(atMs: number, readyAtOnce = false): void {
    for (const statefulSet of this.#context.store.list('StatefulSet')) {
      const revision = this.#currentRevision(statefulSet, atMs);
      const pods = this.#syncPods(statefulSet, revision, atMs, readyAtOnce);
      this.#writeStatus(statefulSet, revision, pods);
    }
  }

  revisions(statefulSet: StatefulSet): ControllerRevision[] {
    return this.#context.store
      .list('ControllerRevision', statefulSet.metadata.namespace ?? null)
      .filter((one) => isOwnedBy(one.metadata, statefulSet.metadata.uid))
      .sort((a, b) => a.revision - b.revision);
  }

  revisionOfPod(pod: Pod): number {
    const name = pod.metadata.labels?.[REVISION_LABEL] ?? '';
    return this.#context.store.get('ControllerRevision', pod.metadata.namespace ?? null, name)?.revision ?? 0;
  }

  #currentRevision(statefulSet: StatefulSet, atMs: number): ControllerRevision {
    const { store } = this.#context;
    const data = { spec: { template: { ...structuredClone(statefulSet.spec.template), $patch: 'replace' } } };
    const all = this.revisions(statefulSet);
    const same = all.find((one) => canonicalJson(one.data) === canonicalJson(data));
    const next = (all.at(-1)?.revision ?? 0) + 1;
    if (same !== undefined) {
      if (same === all.at(-1)) return same;
      return store.update<'ControllerRevision'>(same, (copy) => {
        copy.revision = next;
      });
    }
    const hash = seededSuffix(`revision/${canonicalJson(data)}`, 10);
    const name = `${statefulSet.metadata.name}-${hash}`;
    return store.create<'ControllerRevision'>(
      {
        apiVersion: 'apps/v1',
        kind: 'ControllerRevision',
        metadata: {
          name,
          namespace: statefulSet.metadata.namespace ?? 'default',
          labels: { ...statefulSet.spec.template.metadata.labels, [REVISION_LABEL]: name },
          ...(statefulSet.metadata.annotations === undefined
            ? {}
            : { annotations: { ...statefulSet.metadata.annotations } }),
          ownerReferences: [ownedBy(statefulSet)],
        },
        revision: next,
        data,
      },
      atMs,
    );
  }

  /** Ordinals upwards, each when the one below is ready; an update goes from the highest ordinal downwards. */
  #syncPods(statefulSet: StatefulSet, revision: ControllerRevision, atMs: number, readyAtOnce: boolean): Pod[] {
    const first = statefulSet.spec.ordinals?.start ?? 0;
    const end = first + statefulSet.spec.replicas;
    for (const pod of this.#pods(statefulSet).reverse()) {
      if (ordinalOf(pod) < first || ordinalOf(pod) >= end) this.#delete(statefulSet, pod, atMs);
    }
    const pods = this.#pods(statefulSet);
    for (let ordinal = first; ordinal < end; ordinal += 1) {
      const pod = pods.find((one) => ordinalOf(one) === ordinal);
      if (pod === undefined) {
        pods.push(this.#create(statefulSet, revision, ordinal, atMs, readyAtOnce));
        if (!readyAtOnce) return pods;
      } else if (!isPodReady(pod) && isCurrent(pod, revision)) return pods;
    }
    if (statefulSet.spec.updateStrategy?.type === 'OnDelete') return pods;
    const outdated = [...pods].sort((a, b) => ordinalOf(b) - ordinalOf(a)).find((one) => !isCurrent(one, revision));
    if (outdated === undefined) return pods;
    this.#delete(statefulSet, outdated, atMs);
    const replaced = this.#create(statefulSet, revision, ordinalOf(outdated), atMs, readyAtOnce);
    return [...pods.filter((one) => one !== outdated), replaced];
  }

  #create(
    statefulSet: StatefulSet,
    revision: ControllerRevision,
    ordinal: number,
    atMs: number,
    readyAtOnce: boolean,
  ): Pod {
    const { name } = statefulSet.metadata;
    const podName = `${name}-${ordinal}`;
    const template = structuredClone(statefulSet.spec.template);
    template.metadata.labels = {
      ...template.metadata.labels,
      [REVISION_LABEL]: revision.metadata.name,
      [POD_NAME_LABEL]: podName,
    };
    const pod = this.#kubelet.create(
      { name: podName, controlledBy: statefulSet, owner: name, template },
      atMs,
      readyAtOnce,
    );
    if (!readyAtOnce)
      this.#say(statefulSet, 'SuccessfulCreate', `create Pod ${podName} in StatefulSet ${name} successful`, atMs);
    return pod;
  }

  #delete(statefulSet: StatefulSet, pod: Pod, atMs: number): void {
    this.#kubelet.remove(pod, atMs);
    this.#say(
      statefulSet,
      'SuccessfulDelete',
      `delete Pod ${pod.metadata.name} in StatefulSet ${statefulSet.metadata.name} successful`,
      atMs,
    );
  }

  #say(statefulSet: StatefulSet, reason: string, message: string, atMs: number): void {
    this.#context.event(statefulSet, { type: 'Normal', reason, message, component: 'statefulset-controller' }, atMs);
  }

  #pods(statefulSet: StatefulSet): Pod[] {
    return this.#context.store
      .list('Pod', statefulSet.metadata.namespace ?? null)
      .filter((one) => isOwnedBy(one.metadata, statefulSet.metadata.uid))
      .sort((a, b) => ordinalOf(a) - ordinalOf(b));
  }

  #writeStatus(statefulSet: StatefulSet, revision: ControllerRevision, pods: readonly Pod[]): void {
    const ready = pods.filter(isPodReady).length;
    const updated = pods.filter((one) => isCurrent(one, revision)).length;
    const done = updated === statefulSet.spec.replicas && ready === updated;
    this.#context.store.update<'StatefulSet'>(statefulSet, (copy) => {
      copy.status = {
        observedGeneration: copy.metadata.generation ?? 1,
        replicas: pods.length,
        readyReplicas: ready,
        availableReplicas: ready,
        currentReplicas: done ? updated : pods.length - updated,
        updatedReplicas: updated,
        currentRevision: done ? revision.metadata.name : (copy.status.currentRevision ?? revision.metadata.name),
        updateRevision: revision.metadata.name,
      };
    });
  }
}

function isCurrent(pod: Pod, revision: ControllerRevision): boolean {
  return pod.metadata.labels?.[REVISION_LABEL] === revision.metadata.name;
}

function ordinalOf(pod: Pod): number {
  return Number(/-(\d+)$/.exec(pod.metadata.name)?.[1] ?? 0);
}
