import type { LogKind } from '../evidence.ts';
import type { Draft } from './draft.ts';
import type { Found, Reading } from './reading.ts';

type Answers = Found<'database-answers'> | Found<'cache-answers'>;
type Statistics = Found<'database-connections'> | Found<'cache-statistics'>;

/** No answer in time; a refused connection is an answer of a kind, and says more. */
const LATE = /within [\d.]+ m?s|time[d]?[ -]?out|ETIMEDOUT/i;
const LATE_WEIGHT_FACTOR = 0.65;

/**
 * A system that does not answer us speaks for being down. Hardly, when it was only late, the service that uses it has no
 * trouble with it, or it told its statistics in the same look: then it is our own way to it that is slow.
 */
export function weighSilence(
  reading: Reading,
  draft: Draft,
  silent: {
    readonly answers: Answers;
    readonly statistics: Statistics | null;
    readonly complaints: LogKind;
    readonly ready: boolean;
  },
  weight: number,
): void {
  const { answers, statistics, complaints, ready } = silent;
  const { error } = answers.finding;
  const late = LATE.test(error ?? '');
  const factor = answers.freshness * (late ? LATE_WEIGHT_FACTOR : 1);
  draft.support(answers.id, weight * factor, `it does not answer: ${error ?? 'no answer'}`);
  if (late && reading.logs(complaints).count === 0)
    draft.contradict(
      answers.id,
      0.5,
      'the service writes nothing about it, so it may be our own way to it that is slow',
    );
  if (late && ready) draft.contradict(answers.id, 0.4, 'its pod runs and is ready');
  if (late && statistics !== null && lookOf(statistics.id) === lookOf(answers.id))
    draft.contradict(statistics.id, 0.5, 'its statistics were read all the same');
}

/** Evidence is named by its probe and the instant of its look. */
function lookOf(evidenceId: string): string {
  return evidenceId.slice(evidenceId.indexOf('@') + 1);
}
