import type { HttpAnswer } from '../http.ts';
import type { KubernetesClient, ProxyCall } from './client.ts';

/** HTTP to the pods of a workload, through the API server: what the service's own admin API is reached by (R3.2.3). */
export interface PodGateway {
  /** Names of the pods that match and run; a pod that is stopping or not started has no state worth asking for. */
  runningPods(namespace: string, selector: string): Promise<readonly string[]>;
  call(namespace: string, podName: string, port: number, call: ProxyCall): Promise<HttpAnswer>;
}

export function createPodGateway(client: KubernetesClient): PodGateway {
  return {
    async runningPods(namespace, selector) {
      const pods = await client.pods(namespace, selector);
      const running = pods.filter((pod) => pod.status.phase === 'Running' && !pod.metadata.deletionTimestamp);
      return running.map((pod) => pod.metadata.name).sort();
    },
    call: (namespace, podName, port, call) => client.proxy(namespace, podName, port, call),
  };
}
