import type { CauseKind, Hypothesis, SuggestedRemedy, Weighed } from '../diagnosis.ts';
import type { ActionName, Target } from '../remedy.ts';
import type { DeployBefore, Reading } from './reading.ts';

/**
 * A hypothesis being weighed. Each claim has a weight between 0 and 1: what it alone would convince us of. Claims for
 * it add up like independent witnesses (1 − the product of their doubts); each claim against it takes its share away.
 */
export class Draft {
  readonly cause: CauseKind;
  readonly names: readonly string[];
  readonly words: string;
  readonly tellApart: string;
  readonly suggests: readonly SuggestedRemedy[];
  readonly #supports: Weighed[] = [];
  readonly #contradicts: Weighed[] = [];

  constructor(what: {
    cause: CauseKind;
    names: readonly string[];
    words: string;
    tellApart: string;
    suggests: readonly SuggestedRemedy[];
  }) {
    this.cause = what.cause;
    this.names = [...new Set(what.names)];
    this.words = what.words;
    this.tellApart = what.tellApart;
    this.suggests = what.suggests;
  }

  support(evidenceId: string, weight: number, words: string): this {
    if (weight > 0) this.#supports.push({ evidenceId, words, weight });
    return this;
  }

  contradict(evidenceId: string, weight: number, words: string): this {
    if (weight > 0) this.#contradicts.push({ evidenceId, words, weight: -weight });
    return this;
  }

  get id(): string {
    return [this.cause, this.names[0] ?? ''].filter((part) => part !== '').join(':');
  }

  get confidence(): number {
    const doubt = this.#supports.reduce((product, claim) => product * (1 - claim.weight), 1);
    const left = this.#contradicts.reduce((product, claim) => product * (1 + claim.weight), 1);
    return Math.min(MAXIMUM_CONFIDENCE, Math.round((1 - doubt) * left * 1000) / 1000);
  }

  finished(confidence: number, wouldTellApart: string | null, suggests: readonly SuggestedRemedy[]): Hypothesis {
    const { id, cause, names, words } = this;
    const byWeight = (a: Weighed, b: Weighed) => Math.abs(b.weight) - Math.abs(a.weight);
    return {
      id,
      cause,
      names,
      words,
      confidence,
      supports: [...this.#supports].sort(byWeight),
      contradicts: [...this.#contradicts].sort(byWeight),
      wouldTellApart,
      suggests,
    };
  }
}

/** No evidence from outside makes anybody certain. */
const MAXIMUM_CONFIDENCE = 0.97;

export function target(reading: Reading, kind: Target['kind'], name: string): Target {
  return { kind, namespace: reading.policy.service.namespace, name };
}

export function remedy(
  action: ActionName,
  on: Target,
  because: string,
  lasting: boolean,
  parameters: SuggestedRemedy['parameters'] = {},
): SuggestedRemedy {
  return { action, target: on, parameters, because, lasting };
}

export function restartApplication(reading: Reading, because: string): SuggestedRemedy {
  return remedy(
    'restart',
    target(reading, 'deployment', reading.policy.service.application.deployment),
    because,
    false,
  );
}

/** Undoing a deploy that is still live, to the revision before it when the history names one (R3.2.4). */
export function rollbackOf(reading: Reading, deploy: DeployBefore | null): readonly SuggestedRemedy[] {
  if (deploy === null || !deploy.live) return [];
  const because = `${changeWords(deploy)} was rolled out ${minutes(deploy.minutesBefore)} before the first symptom; undoing it takes the cause away`;
  const parameters = {
    badRevision: deploy.revision.revision,
    badImage: deploy.revision.image,
    ...(deploy.good === null ? {} : { revision: deploy.good.revision }),
  };
  return [remedy('rollback', target(reading, 'deployment', deploy.deployment), because, true, parameters)];
}

export function changeWords(deploy: DeployBefore): string {
  return deploy.revision.change === null
    ? `${deploy.deployment} revision ${deploy.revision.revision} (${deploy.revision.image})`
    : `${deploy.deployment}: "${deploy.revision.change}"`;
}

/** What a deploy is called among the names: its deployment and its change. */
export function deployNames(deploy: DeployBefore | null): readonly string[] {
  return deploy === null ? [] : [deploy.deployment, deploy.revision.change ?? deploy.revision.image];
}

export function minutes(value: number): string {
  const whole = Math.max(0, Math.round(value));
  return whole === 1 ? '1 minute' : `${whole} minutes`;
}
