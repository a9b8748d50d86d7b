import { z } from 'zod';

const DURATION = /^(?=\d)(?:(\d+(?:\.\d+)?)d)?(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?$/;
const WORDS = 'must be a duration such as 20s, 14m, 1h30m or 2d';
const UNITS_SECONDS = [86_400, 3600, 60, 1] as const;

/** `14m`, `1h30m`, `20s`, `2d`; `0` is nothing at all. */
export const durationField = z.union(
  [z.literal(0), z.string().regex(new RegExp(`${DURATION.source}|^0$`), WORDS)],
  WORDS,
);
/** How long something lasts: more than nothing. */
export const lengthField = durationField.refine(
  (value) => value !== 0 && !/^[0dhms.]+$/.test(String(value)),
  'must be longer than 0',
);
/** How long after the start of the drill. */
export const atField = durationField;
export const fraction = z.number().min(0, 'must be between 0 and 1').max(1, 'must be between 0 and 1');

/** Milliseconds of a duration as drills write it. Throws for anything else: schemas have refused it before. */
export function durationMs(written: string | number): number {
  if (written === 0 || written === '0') return 0;
  const match = DURATION.exec(String(written));
  if (match === null) throw new Error(`"${written}" is not a duration.`);
  return Math.round(
    UNITS_SECONDS.reduce((sum, seconds, index) => sum + Number(match[index + 1] ?? 0) * seconds, 0) * 1000,
  );
}

/** `1h30m` of milliseconds, as a person writes it. */
export function durationWords(ms: number): string {
  let rest = Math.round(ms / 1000);
  const parts: string[] = [];
  for (const [unit, seconds] of [
    ['d', 86_400],
    ['h', 3600],
    ['m', 60],
    ['s', 1],
  ] as const) {
    const count = Math.floor(rest / seconds);
    if (count > 0) parts.push(`${count}${unit}`);
    rest -= count * seconds;
  }
  return parts.length === 0 ? '0s' : parts.join('');
}
