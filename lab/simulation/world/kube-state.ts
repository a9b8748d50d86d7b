import type { ClusterModel, PodView } from './api.ts';
import type { WrittenSeries } from './written-series.ts';

const MIB = 1024 * 1024;
const JOB = 'kube-state-metrics';
const CONDITIONS = ['Ready', 'MemoryPressure', 'DiskPressure', 'PIDPressure'] as const;
/** States of a container that wait for something, as the kubelet reports them. */
const WAITING = new Set(['CrashLoopBackOff', 'ImagePullBackOff', 'ErrImagePull', 'CreateContainerConfigError']);

/**
 * The cluster's objects as kube-state-metrics exports them (names and labels of its docs/metrics/workload and
 * docs/metrics/cluster). Reasons appear with the first pod that has them.
 */
export class KubeState {
  readonly #namespace: string;
  readonly #written: WrittenSeries;
  #pods = new Set<string>();

  constructor(namespace: string, written: WrittenSeries) {
    this.#namespace = namespace;
    this.#written = written;
  }

  scrape(scrape: number, cluster: ClusterModel): void {
    for (const { name, readyReplicas, wantedReplicas, memoryLimitMiB, pods } of cluster.deployments()) {
      const labels = () => ({ namespace: this.#namespace, deployment: name, job: JOB });
      this.#written.set('kube_deployment_status_replicas_available', name, labels, scrape, readyReplicas);
      this.#written.set('kube_deployment_spec_replicas', name, labels, scrape, wantedReplicas);
      for (const pod of pods) {
        const limit = () => ({
          namespace: this.#namespace,
          pod: pod.name,
          container: name,
          resource: 'memory',
          unit: 'byte',
          job: JOB,
        });
        this.#written.set('kube_pod_container_resource_limits', pod.name, limit, scrape, memoryLimitMiB * MIB);
      }
    }
    this.#scrapePods(scrape, cluster.pods());
    for (const node of cluster.nodes?.() ?? []) {
      for (const condition of CONDITIONS) {
        const holds = condition === 'Ready' ? node.ready : node.pressures.includes(condition);
        const labels = () => ({ node: node.name, condition, status: 'true', job: JOB });
        this.#written.set('kube_node_status_condition', `${node.name}/${condition}`, labels, scrape, holds ? 1 : 0);
      }
    }
  }

  #scrapePods(scrape: number, pods: readonly PodView[]): void {
    const present = new Set(pods.map(({ name }) => name));
    for (const name of this.#pods) if (!present.has(name)) this.#written.end(name, scrape);
    this.#pods = present;
    for (const pod of pods) {
      const labels = () => ({ namespace: this.#namespace, pod: pod.name, container: pod.owner, job: JOB });
      this.#written.set('kube_pod_container_status_restarts_total', pod.name, labels, scrape, pod.restarts);
      this.#onceSeen('kube_pod_status_phase', pod.name, { ...labels(), phase: 'Pending' }, scrape, isPending(pod));
      const waiting = pod.reason !== null && WAITING.has(pod.reason) ? pod.reason : null;
      this.#onceSeen(
        'kube_pod_container_status_waiting_reason',
        pod.name,
        { ...labels(), reason: waiting ?? 'CrashLoopBackOff' },
        scrape,
        waiting !== null,
      );
      const ended = pod.lastTermination ?? null;
      this.#onceSeen(
        'kube_pod_container_status_last_terminated_reason',
        pod.name,
        { ...labels(), reason: ended ?? '' },
        scrape,
        ended !== null,
      );
    }
  }

  /** One where it holds, nought afterwards, and no series before. */
  #onceSeen(name: string, key: string, labels: Readonly<Record<string, string>>, scrape: number, holds: boolean): void {
    if (holds || this.#written.has(name, key)) this.#written.set(name, key, () => labels, scrape, holds ? 1 : 0);
  }
}

function isPending(pod: PodView): boolean {
  return pod.phase === 'Pending';
}
