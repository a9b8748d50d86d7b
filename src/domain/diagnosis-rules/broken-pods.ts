import type { Draft } from './draft.ts';
import type { Found, Reading } from './reading.ts';
import { deadNodes, podsOf } from './signals.ts';

type Pod = Found<'pods'>['finding']['pods'][number];

/** Pods of a StatefulSet that do not work: not running, not ready, or with a problem of their own. */
export function brokenPods(pods: Found<'pods'> | null, owner: string): readonly Pod[] {
  return podsOf(pods, owner).filter((pod) => !pod.ready || pod.problem !== null || pod.phase !== 'Running');
}

/** A broken pod speaks for what it carries being down; a dead node under it says that it did not fail by itself. */
export function weighBrokenPod(reading: Reading, draft: Draft, pod: Pod | undefined, weight: number): void {
  const pods = reading.found('pods');
  const nodes = reading.found('nodes');
  if (pods === null || pod === undefined) return;
  if (nodes !== null && pod.node !== null && deadNodes(reading).has(pod.node))
    draft.contradict(nodes.id, 0.6, `its node ${pod.node} is down, and took it along`);
  const state = pod.problem ?? (pod.ready ? pod.phase : 'not ready');
  draft.support(pods.id, weight * pods.freshness, `${pod.name} is ${state}`);
}
