import { failure } from '../failures.ts';
import type { HttpAnswer } from '../http.ts';
import type { KubernetesClient, ProxyCall } from './client.ts';

/** HTTP to the pods of a workload, through the API server: what the service's own admin API is reached by (R3.2.3). */
export interface PodGateway {
  /** Names of the pods that match and run; a pod that is stopping or not started has no state worth asking for. */
  runningPods(namespace: string, selector: string): Promise<readonly string[]>;
  call(namespace: string, podName: string, port: number, call: ProxyCall): Promise<HttpAnswer>;
}

/** `proxy` needs nothing in the image; `exec` is what the runbook types: curl inside the pod. */
export type PodWay = 'proxy' | 'exec';

export function createPodGateway(client: KubernetesClient, way: PodWay = 'proxy'): PodGateway {
  return {
    async runningPods(namespace, selector) {
      const pods = await client.pods(namespace, selector);
      const running = pods.filter((pod) => pod.status.phase === 'Running' && !pod.metadata.deletionTimestamp);
      return running.map((pod) => pod.metadata.name).sort();
    },
    call: (namespace, podName, port, call) =>
      way === 'proxy' ? client.proxy(namespace, podName, port, call) : curl(client, namespace, podName, port, call),
  };
}

const CURL_SECONDS = 5;

/** The body first, the status on a line of its own after it. Curl's own end tells whether there was an answer at all. */
async function curl(
  client: KubernetesClient,
  namespace: string,
  pod: string,
  port: number,
  { method, path, body }: ProxyCall,
): Promise<HttpAnswer> {
  const data = body === undefined ? [] : ['-H', 'content-type: application/json', '--data-raw', JSON.stringify(body)];
  const url = `http://127.0.0.1:${port}${path}`;
  const { exitCode, stdout, stderr } = await client.exec({
    namespace,
    pod,
    container: null,
    command: ['curl', '-sS', '-m', String(CURL_SECONDS), '-X', method, ...data, '-w', '\n%{http_code}', url],
    timeoutMilliseconds: (CURL_SECONDS + 5) * 1000,
  });
  if (exitCode !== 0)
    throw failure(
      'Unavailable',
      `curl in ${pod} ended with ${exitCode}: ${stderr.trim().slice(0, 200) || 'it said nothing'}`,
    );
  const end = stdout.lastIndexOf('\n');
  return { status: Number(stdout.slice(end + 1)), headers: new Headers(), text: stdout.slice(0, Math.max(end, 0)) };
}
