import { z } from 'zod';
import type { ServicePolicy } from '../../domain/policy.ts';
import { failure } from '../failures.ts';
import { failureOfAnswer, type HttpAnswer, parseJson } from '../http.ts';

/** How pods are reached; the worker wires the cluster's pod gateway in. */
export interface AdminPods {
  runningPods(namespace: string, selector: string): Promise<readonly string[]>;
  call(
    namespace: string,
    podName: string,
    port: number,
    call: { readonly method: 'GET' | 'POST'; readonly path: string; readonly body?: unknown },
  ): Promise<HttpAnswer>;
}

/** What one pod says of one provider. */
export interface ProviderState {
  readonly breaker: 'open' | 'closed';
  /** The provider that stands in for this one; null when none does. */
  readonly fallback: string | null;
}

/** A pod that could not be asked is named with the reason: it must never count as changed. */
export type PodState =
  | { readonly pod: string; readonly states: ReadonlyMap<string, ProviderState> }
  | { readonly pod: string; readonly trouble: string };

export interface AdminClient {
  /** Breakers and failovers live in each process, so every pod is asked. Throws when no pod answered at all. */
  read(service: ServicePolicy): Promise<readonly PodState[]>;
  /** One attempt; null when the pod took it, else why not. Only reading back proves anything. */
  setBreaker(service: ServicePolicy, pod: string, provider: string, state: 'open' | 'closed'): Promise<string | null>;
  setFailover(service: ServicePolicy, pod: string, primary: string, fallback: string | null): Promise<string | null>;
}

export function createAdminClient(pods: AdminPods): AdminClient {
  return {
    async read(service) {
      const names = await pods.runningPods(service.namespace, service.application.selector);
      const states = await Promise.all(names.map((pod) => readPod(pods, service, pod)));
      const [first] = states;
      if (first !== undefined && states.every((state) => 'trouble' in state)) {
        throw failure(
          'Unavailable',
          `The admin API answers on no pod of ${service.application.deployment}: ${'trouble' in first ? first.trouble : ''}`,
        );
      }
      return states;
    },
    setBreaker: (service, pod, provider, state) =>
      post(
        pods,
        service,
        pod,
        breakerPath(adminOf(service).breakerPath, provider, state === 'open' ? 'open' : 'close'),
        undefined,
      ),
    setFailover: (service, pod, primary, fallback) =>
      post(pods, service, pod, adminOf(service).failoverPath, { primary, fallback }),
  };
}

const providersAnswer = z.object({
  providers: z.array(
    z.object({ name: z.string(), circuitBreaker: z.string().nullish(), failover: z.string().nullish() }),
  ),
});

async function readPod(pods: AdminPods, service: ServicePolicy, pod: string): Promise<PodState> {
  const admin = adminOf(service);
  try {
    const answer = await pods.call(service.namespace, pod, admin.port, { method: 'GET', path: admin.providersPath });
    if (answer.status !== 200) return { pod, trouble: failureOfAnswer(`The admin API of ${pod}`, answer).message };
    const { providers } = parseJson(`The admin API of ${pod}`, answer, providersAnswer);
    return {
      pod,
      states: new Map(
        providers.map((one) => [
          one.name,
          { breaker: one.circuitBreaker === 'open' ? 'open' : 'closed', fallback: one.failover ?? null },
        ]),
      ),
    };
  } catch (error) {
    return { pod, trouble: error instanceof Error ? error.message : String(error) };
  }
}

async function post(
  pods: AdminPods,
  service: ServicePolicy,
  pod: string,
  path: string,
  body: unknown,
): Promise<string | null> {
  try {
    const answer = await pods.call(service.namespace, pod, adminOf(service).port, {
      method: 'POST',
      path,
      ...(body === undefined ? {} : { body }),
    });
    return answer.status >= 200 && answer.status < 300
      ? null
      : failureOfAnswer(`The admin API of ${pod}`, answer).message;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** `{provider}` and `{state}` (open, close) are filled in. */
export function breakerPath(template: string, provider: string, state: 'open' | 'close'): string {
  return template.replaceAll('{provider}', encodeURIComponent(provider)).replaceAll('{state}', state);
}

function adminOf(service: ServicePolicy): NonNullable<ServicePolicy['adminApi']> {
  if (service.adminApi === null) throw failure('Invalid', `Policy names no admin API for ${service.name}.`);
  return service.adminApi;
}
