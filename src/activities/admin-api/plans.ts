import type { ServicePolicy } from '../../domain/policy.ts';
import type { RemedyPlan, RemedyPreview, RemedyRequest } from '../../domain/remedy.ts';
import { sealPlan } from '../remedy-plan.ts';
import type { ProviderPreviewInput } from './api.ts';
import { breakerPath, type PodState, type ProviderState } from './client.ts';

/** What a plan wants every pod to say of its provider. */
export interface WantedState {
  readonly provider: string;
  readonly breaker: 'open' | 'closed' | null;
  /** `undefined` when the plan is not about failover; null takes it back. */
  readonly fallback: string | null | undefined;
}

/** A request with every choice fixed, from what every pod says now; `revert: 1` among its parameters takes it back. */
export function planProviderRemedy(
  input: ProviderPreviewInput,
  request: RemedyRequest,
  pods: readonly PodState[],
): RemedyPreview {
  const reason = whyImpossible(input.service, request, pods);
  if (reason !== null) return { kind: 'impossible', request, reason };
  const parameters = parametersOf(input.service, request);
  const wanted = wantedOf(request.action, request.target.name, parameters);
  if (pods.every((pod) => isWanted(pod, wanted))) {
    return { kind: 'impossible', request, reason: `${describe(wanted)} already holds on every pod.` };
  }
  const plan = sealPlan({
    key: `${input.keyPrefix}/${request.action}/${request.target.name}`,
    action: request.action,
    target: request.target,
    parameters,
    before: Object.fromEntries(pods.map((pod) => [pod.pod, beforeOf(pod, wanted)])),
    preconditions: {},
    preview: previewOf(wanted, pods),
    command: commandOf(input.service, wanted, pods),
    plannedAt: input.at,
    temporary: request.parameters.revert !== 1,
  });
  return { kind: 'plan', plan };
}

export function wantedByPlan(plan: RemedyPlan): WantedState {
  return wantedOf(plan.action, plan.target.name, plan.parameters);
}

export function isWanted(pod: PodState, wanted: WantedState): boolean {
  const state = stateOf(pod, wanted.provider);
  if (state === null) return false;
  return wanted.fallback === undefined ? state.breaker === wanted.breaker : state.fallback === wanted.fallback;
}

export function describe(wanted: WantedState): string {
  if (wanted.fallback === undefined) return `The circuit breaker of ${wanted.provider} ${wanted.breaker}`;
  return wanted.fallback === null
    ? `No failover of ${wanted.provider}`
    : `The failover of ${wanted.provider} to ${wanted.fallback}`;
}

export function stateOf(pod: PodState, provider: string): ProviderState | null {
  return 'states' in pod ? (pod.states.get(provider) ?? null) : null;
}

function whyImpossible(service: ServicePolicy, request: RemedyRequest, pods: readonly PodState[]): string | null {
  const name = request.target.name;
  if (request.action !== 'open-breaker' && request.action !== 'provider-failover')
    return `${request.action} is not done through the admin API.`;
  if (service.adminApi === null) return `Policy names no admin API for ${service.name}.`;
  if (pods.length === 0) return `No pod of ${service.application.deployment} is running.`;
  if (!pods.some((pod) => stateOf(pod, name) !== null))
    return `No pod of ${service.application.deployment} knows a provider ${name}.`;
  if (request.action === 'open-breaker' || request.parameters.revert === 1) return null;
  const fallback = fallbackOf(service, request);
  if (fallback === null) return `Policy names no fallback for ${name}.`;
  const broken = pods.filter((pod) => stateOf(pod, fallback)?.breaker === 'open').map((pod) => pod.pod);
  return broken.length === 0
    ? null
    : `The breaker of ${fallback} is open on ${broken.join(', ')}: it cannot stand in for ${name}.`;
}

function fallbackOf(service: ServicePolicy, request: RemedyRequest): string | null {
  const asked = request.parameters.fallback;
  if (typeof asked === 'string' && asked !== '') return asked;
  return service.providers.find((provider) => provider.name === request.target.name)?.fallback ?? null;
}

function parametersOf(service: ServicePolicy, request: RemedyRequest): Record<string, string | number> {
  const reverting = request.parameters.revert === 1;
  const revert: Record<string, number> = reverting ? { revert: 1 } : {};
  if (request.action === 'open-breaker') return { state: reverting ? 'closed' : 'open', ...revert };
  return { fallback: reverting ? '' : (fallbackOf(service, request) ?? ''), ...revert };
}

function wantedOf(action: RemedyPlan['action'], provider: string, parameters: RemedyPlan['parameters']): WantedState {
  if (action === 'open-breaker')
    return { provider, breaker: parameters.state === 'closed' ? 'closed' : 'open', fallback: undefined };
  const fallback = parameters.fallback;
  return { provider, breaker: null, fallback: typeof fallback === 'string' && fallback !== '' ? fallback : null };
}

function beforeOf(pod: PodState, wanted: WantedState): string | null {
  const state = stateOf(pod, wanted.provider);
  return wanted.fallback === undefined ? (state?.breaker ?? null) : (state?.fallback ?? null);
}

function previewOf(wanted: WantedState, pods: readonly PodState[]): string {
  const left = pods.filter((pod) => !isWanted(pod, wanted)).length;
  const where = `on ${left} of ${pods.length} pods`;
  if (wanted.fallback === undefined) {
    return wanted.breaker === 'open'
      ? `Opens the circuit breaker of ${wanted.provider} ${where}: calls to it fail at once instead of waiting, and nothing is sent there any more.`
      : `Closes the circuit breaker of ${wanted.provider} ${where}: calls go to it again.`;
  }
  return wanted.fallback === null
    ? `Takes the failover of ${wanted.provider} back ${where}: its calls go to it again.`
    : `Sends the calls of ${wanted.provider} to ${wanted.fallback} instead, ${where}.`;
}

/** As the runbook types it, for one pod; the others are the same with another name. */
function commandOf(service: ServicePolicy, wanted: WantedState, pods: readonly PodState[]): string {
  const admin = service.adminApi;
  if (admin === null) return '';
  const base = `http://localhost:${admin.port}`;
  const curl =
    wanted.fallback === undefined
      ? `curl -X POST ${base}${breakerPath(admin.breakerPath, wanted.provider, wanted.breaker === 'open' ? 'open' : 'close')}`
      : `curl -X POST ${base}${admin.failoverPath} -H 'Content-Type: application/json' -d '${JSON.stringify({ primary: wanted.provider, fallback: wanted.fallback })}'`;
  return `for pod in ${pods.map((pod) => pod.pod).join(' ')}; do kubectl exec $pod -n ${service.namespace} -- ${curl}; done`;
}
