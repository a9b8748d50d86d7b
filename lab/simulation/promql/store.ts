import { PromqlError } from './errors.ts';
import type { Labels } from './labels.ts';

export type MatchOperator = '=' | '!=' | '=~' | '!~';

/** One label matcher of a selector. A label that is absent matches as the empty string. */
export interface Matcher {
  readonly name: string;
  readonly operator: MatchOperator;
  readonly value: string;
  matches(labelValue: string): boolean;
}

/**
 * Samples of one series, ascending in time (milliseconds since 1970).
 * `staleTimes` are the instants of staleness markers (the target went away): an instant selector finds nothing
 * from a marker until the next sample, where it would otherwise look back five minutes.
 */
export interface Series {
  readonly labels: Labels;
  readonly times: Float64Array | readonly number[];
  readonly values: Float64Array | readonly number[];
  readonly staleTimes?: readonly number[];
}

/** Where samples come from. May return more samples than asked for; both ends of the interval are included. */
export interface SeriesSource {
  select(matchers: readonly Matcher[], fromMs: number, toMs: number): Series[];
}

/** Whether a marker says that the target went away between a sample and the instant that asks for it. */
export function isStale(staleTimes: readonly number[] | undefined, sampleMs: number, refMs: number): boolean {
  return staleTimes?.some((staleMs) => staleMs >= sampleMs && staleMs <= refMs) === true;
}

/** A source over series held in memory; the array may grow between queries. */
export function memorySource(series: readonly Series[]): SeriesSource {
  return {
    select: (matchers, fromMs, toMs) =>
      series.filter(
        (one) =>
          one.times.length > 0 &&
          (one.times[0] as number) <= toMs &&
          (one.times[one.times.length - 1] as number) >= fromMs &&
          matchesAll(matchers, one.labels),
      ),
  };
}

export function matchesAll(matchers: readonly Matcher[], labels: Labels): boolean {
  return matchers.every((matcher) => matcher.matches(labels[matcher.name] ?? ''));
}

/** Builds a matcher; a regular expression is anchored at both ends. Throws `bad_data` when it does not compile. */
export function createMatcher(name: string, operator: MatchOperator, value: string): Matcher {
  const matches = matchFunction(operator, value);
  return { name, operator, value, matches };
}

function matchFunction(operator: MatchOperator, value: string): (labelValue: string) => boolean {
  if (operator === '=') return (labelValue) => labelValue === value;
  if (operator === '!=') return (labelValue) => labelValue !== value;
  const pattern = anchoredRegExp(value);
  return operator === '=~' ? (labelValue) => pattern.test(labelValue) : (labelValue) => !pattern.test(labelValue);
}

/**
 * An RE2 pattern as a JavaScript one, anchored at both ends.
 * Look-around and back-references, which RE2 does not have, are refused as Prometheus refuses them.
 */
export function anchoredRegExp(pattern: string): RegExp {
  const flags = /^\(\?([ims]+)\)/.exec(pattern);
  const body = flags === null ? pattern : pattern.slice(flags[0].length);
  const foreign = /\(\?(?:<?[=!])/.exec(body);
  if (foreign !== null) throw badRegExp(`invalid or unsupported Perl syntax: \`${foreign[0]}\``);
  if (/(?:^|[^\\])(?:\\\\)*\\[1-9k]/.test(body)) throw badRegExp('invalid escape sequence');
  const translated = body
    .replaceAll('(?P<', '(?<')
    .replace(/^\\A|\\z$/g, '')
    .replaceAll('[[:digit:]]', '[0-9]')
    .replaceAll('[[:alpha:]]', '[A-Za-z]');
  try {
    return new RegExp(`^(?:${translated})$`, flags?.[1] ?? '');
  } catch (error) {
    throw badRegExp(regExpFault(error instanceof Error ? error.message : String(error), body));
  }
}

function badRegExp(reason: string): PromqlError {
  return new PromqlError('bad_data', `error parsing regexp: ${reason}`);
}

// Go's words for the three mistakes that people make.
function regExpFault(message: string, body: string): string {
  if (message.includes('character class')) return `missing closing ]: \`${body.slice(body.lastIndexOf('['))})$\``;
  if (message.includes('Unterminated group')) return `missing closing ): \`^(?:${body})$\``;
  if (message.includes('Unmatched')) return `unexpected ): \`^(?:${body})$\``;
  if (message.includes('Nothing to repeat'))
    return `missing argument to repetition operator: \`${/[*+?]/.exec(body)?.[0]}\``;
  return message.replace(/^.*: /, '').toLowerCase();
}
