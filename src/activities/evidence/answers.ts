import type { AnswerFact } from './ports.ts';

/** Slower than this to say one word is trouble of its own. */
const SLOW_ANSWER_MILLISECONDS = 1000;

export function isUnwell(answer: AnswerFact): boolean {
  return !answer.answers || (answer.milliseconds ?? 0) > SLOW_ANSWER_MILLISECONDS;
}

export function answerWords(name: string, answer: AnswerFact): string {
  if (!answer.answers) return `${name} does not answer: ${answer.error ?? 'no reason given'}`;
  return `${name} answers in ${answer.milliseconds ?? 0} ms${isUnwell(answer) ? ', which is slow' : ''}.`;
}
