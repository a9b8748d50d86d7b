import type { ActionName, Target } from './remedy.ts';

/** What can be wrong, in the words of the drills' fault kinds. */
export const CAUSE_KINDS = [
  'bad-deploy',
  'slow-query',
  'lock-contention',
  'connection-leak',
  'postgres-down',
  'postgres-unreachable',
  'replica-lag',
  'replica-missing',
  'redis-down',
  'cache-degraded',
  'provider-outage',
  'memory-leak',
  'traffic-surge',
  'slow-endpoint',
  'node-pressure',
  'node-down',
  'pods-stuck',
  'config-change',
  'canary-regression',
  'infrastructure-down',
  'data-corruption',
  'security-breach',
  'authentication-broken',
  'minor-bug',
  'unknown',
] as const;
export type CauseKind = (typeof CAUSE_KINDS)[number];

/** One piece of evidence weighed: positive speaks for the hypothesis, negative against it. */
export interface Weighed {
  readonly evidenceId: string;
  readonly words: string;
  readonly weight: number;
}

/** A possible explanation (R2.20), each claim citing the evidence it rests on. */
export interface Hypothesis {
  readonly id: string;
  readonly cause: CauseKind;
  /** What it names: the deployment and the change, the provider, the statement's table, … */
  readonly names: readonly string[];
  readonly words: string;
  /** 0..1; honest when low. */
  readonly confidence: number;
  readonly supports: readonly Weighed[];
  readonly contradicts: readonly Weighed[];
  /** What would tell it apart from the next one; null for the last. */
  readonly wouldTellApart: string | null;
  readonly suggests: readonly SuggestedRemedy[];
}

export interface SuggestedRemedy {
  readonly action: ActionName;
  readonly target: Target;
  readonly parameters: Readonly<Record<string, string | number>>;
  readonly because: string;
  /** False when it only relieves: the cause is still there afterwards. */
  readonly lasting: boolean;
}

/** So sure, an explanation is a fault of its own and not another guess at the same symptoms. */
const FAULT_OF_ITS_OWN = 0.75;

/** What people are told to be there as well as the first: explanations that are as good as sure beside one that is known. */
export function concurrentFaults(hypotheses: readonly Hypothesis[]): readonly Hypothesis[] {
  const [first, ...others] = hypotheses;
  if (first === undefined || first.cause === 'unknown') return [];
  return others.filter(({ cause, confidence }) => cause !== 'unknown' && confidence >= FAULT_OF_ITS_OWN);
}
