import type { ClassificationPolicy } from './policy.ts';
import { SEVERITIES, type Severity } from './severity.ts';

/** One of the runbook's examples (R0.6), recognised in what an alert or a person wrote. */
export interface TextClaim {
  readonly severity: Severity;
  readonly because: string;
  readonly phrase: string;
}

/** Words before a phrase that turn it into its opposite: "no data loss occurred". */
const DENIALS =
  /(?:\b(?:no|not|without|never|isn't|wasn't|ruled out|no sign of|no evidence of)(?:\s+(?:a|an|any|the|yet|signs? of|evidence of|full|active)){0,2})\s*$/;

/**
 * The examples of the policy that the texts name. The longest phrase at a place wins and uses its words up, so that
 * "partial data corruption" is not "data corruption" as well; a denied phrase counts for nothing.
 */
export function claimsInTexts(
  texts: readonly string[],
  keywords: ClassificationPolicy['keywords'],
): readonly TextClaim[] {
  const phrases = keywords
    .flatMap((keyword) =>
      keyword.anyOf.map((phrase) => ({ severity: keyword.severity, because: keyword.because, phrase: normal(phrase) })),
    )
    .sort((a, b) => b.phrase.length - a.phrase.length || a.phrase.localeCompare(b.phrase));
  const found = new Map<string, TextClaim>();
  for (const text of texts) {
    let rest = ` ${normal(text)} `;
    for (const claim of phrases) {
      for (;;) {
        const at = rest.indexOf(` ${claim.phrase} `);
        if (at < 0) break;
        if (!DENIALS.test(rest.slice(0, at)))
          found.set(`${claim.severity} ${claim.because}`, found.get(`${claim.severity} ${claim.because}`) ?? claim);
        rest = `${rest.slice(0, at)} ${'·'.repeat(3)} ${rest.slice(at + claim.phrase.length + 2)}`;
      }
    }
  }
  return [...found.values()].sort((a, b) => a.severity.localeCompare(b.severity) || a.phrase.localeCompare(b.phrase));
}

/** `P0 Alert: …` or `SEV1` written in the text itself (R0.5's example). */
export function severityNamed(text: string): Severity | null {
  const match = /\b(?:P([0-3])|SEV-?([1-4]))\b/i.exec(text);
  if (match === null) return null;
  const level = match[1] !== undefined ? Number(match[1]) : Number(match[2]) - 1;
  return SEVERITIES[level] ?? null;
}

function normal(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}'-]+/gu, ' ')
    .trim();
}
