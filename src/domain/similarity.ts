import type { IncidentMeasures } from './measures.ts';

/** What two incidents are compared by. */
export type Comparable = Pick<IncidentMeasures, 'title' | 'service' | 'cause' | 'causeNames' | 'alertNames'>;

export interface Similarity {
  /** 0 to 1. */
  readonly score: number;
  /** What they have in common, in words; empty when nothing. */
  readonly why: readonly string[];
}

/** Weights add up to 1. The cause says most; a title is only somebody's words. */
const WEIGHTS = { cause: 0.35, names: 0.25, alerts: 0.2, service: 0.1, title: 0.1 };
/** Below this an incident is not worth showing. */
export const SIMILAR_ENOUGH = 0.3;

/** How much a past incident is like this one ("have we seen this before?"). */
export function similarity(now: Comparable, past: Comparable): Similarity {
  const why: string[] = [];
  let score = 0;
  if (now.cause !== null && now.cause === past.cause) {
    score += WEIGHTS.cause;
    why.push(`the same kind of cause (${past.cause})`);
  }
  const names = common(now.causeNames, past.causeNames);
  if (names.length > 0) {
    score += WEIGHTS.names * share(names, now.causeNames);
    why.push(`it names ${names.join(', ')}`);
  }
  const alerts = common(now.alertNames, past.alertNames);
  if (alerts.length > 0) {
    score += WEIGHTS.alerts * share(alerts, now.alertNames);
    why.push(`the same alert (${alerts.join(', ')})`);
  }
  if (now.service === past.service) {
    score += WEIGHTS.service;
    why.push(`the same service (${past.service})`);
  }
  const words = common(wordsOf(now.title), wordsOf(past.title));
  score += WEIGHTS.title * share(words, wordsOf(now.title));
  return { score: Math.round(score * 100) / 100, why };
}

function common(a: readonly string[], b: readonly string[]): readonly string[] {
  return a.filter((one) => b.includes(one));
}

function share(some: readonly string[], all: readonly string[]): number {
  return all.length === 0 ? 0 : some.length / all.length;
}

/** Words of four letters and more; shorter ones, and figures, say nothing. */
function wordsOf(title: string): readonly string[] {
  return [...new Set(title.toLowerCase().match(/[a-z]{4,}/gu) ?? [])];
}
