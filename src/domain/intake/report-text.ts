import { bounded } from './bounds.ts';

/** A message that was understood and is no report, with why. */
export interface NoReport {
  readonly because: string;
}

const CHARACTERS = 300;

/** One line of what somebody wrote: the subject, or the beginning of the rest. */
export function reportText(...written: readonly (string | null | undefined)[]): string {
  const first = written.map((text) => (text ?? '').replace(/\s+/g, ' ').trim()).find((text) => text !== '');
  return bounded(first ?? 'A report without words', CHARACTERS);
}
