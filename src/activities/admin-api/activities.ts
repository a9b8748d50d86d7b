import type { RemedyOutcome } from '../../domain/remedy.ts';
import { failure } from '../failures.ts';
import { planDigest } from '../remedy-plan.ts';
import type { ProviderActivities, ProviderRemedyInput } from './api.ts';
import type { AdminClient, PodState } from './client.ts';
import { describe, isWanted, planProviderRemedy, stateOf, type WantedState, wantedByPlan } from './plans.ts';

export function createProviderActivities(client: AdminClient): ProviderActivities {
  return {
    async previewProviderRemedies(input) {
      const pods = input.service.adminApi === null ? [] : await client.read(input.service);
      return input.requests.map((request) => planProviderRemedy(input, request, pods));
    },
    openCircuitBreaker: (input) =>
      carryOut(client, input, 'open-breaker', (wanted, pod) =>
        client.setBreaker(input.service, pod, wanted.provider, wanted.breaker ?? 'open'),
      ),
    failOverProvider: (input) =>
      carryOut(client, input, 'provider-failover', (wanted, pod) =>
        client.setFailover(input.service, pod, wanted.provider, wanted.fallback ?? null),
      ),
  };
}

/**
 * Read, set where it is not so, read back. The state is absolute, so setting it twice is setting it once, and only what
 * every pod says afterwards counts: an answer that was lost on the way changes nothing (ADR 0010).
 */
async function carryOut(
  client: AdminClient,
  { plan, service }: ProviderRemedyInput,
  action: 'open-breaker' | 'provider-failover',
  set: (wanted: WantedState, pod: string) => Promise<string | null>,
): Promise<RemedyOutcome> {
  if (plan.action !== action || planDigest(plan) !== plan.digest)
    throw failure('Invalid', `The plan ${plan.key} is not the ${action} that was approved.`);
  const wanted = wantedByPlan(plan);
  const before = await client.read(service);
  if (before.length === 0)
    return outcome('refused', `No pod of ${service.application.deployment} is running.`, wanted, before);
  const left = before.filter((pod) => !isWanted(pod, wanted));
  if (left.length === 0)
    return outcome('already-done', `${describe(wanted)} holds on all ${before.length} pods already.`, wanted, before);
  const troubles = (await Promise.all(left.map(({ pod }) => set(wanted, pod)))).filter((trouble) => trouble !== null);
  return judged(wanted, await client.read(service), troubles);
}

function judged(wanted: WantedState, after: readonly PodState[], troubles: readonly string[]): RemedyOutcome {
  const [is, isNot] = [after.filter((pod) => isWanted(pod, wanted)), after.filter((pod) => !isWanted(pod, wanted))];
  if (isNot.length === 0)
    return outcome('done', `${describe(wanted)} holds on all ${after.length} pods.`, wanted, after);
  const why = troubles[0] === undefined ? '' : ` (${troubles[0]})`;
  const names = (pods: readonly PodState[]): string =>
    pods.length === 0 ? 'no pod' : pods.map(({ pod }) => pod).join(', ');
  return outcome(
    'unknown',
    `${describe(wanted)} holds on ${names(is)}, but not on ${names(isNot)}${why}. Set it there by hand, or try again.`,
    wanted,
    after,
  );
}

function outcome(
  result: RemedyOutcome['result'],
  words: string,
  wanted: WantedState,
  pods: readonly PodState[],
): RemedyOutcome {
  const said = pods.map((pod): [string, string | null] => {
    const state = stateOf(pod, wanted.provider);
    return [
      pod.pod,
      state === null ? null : wanted.fallback === undefined ? state.breaker : (state.fallback ?? 'none'),
    ];
  });
  return { result, readBack: words, observed: Object.fromEntries(said) };
}
