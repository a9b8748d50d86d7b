import { redactCredentials } from '../redaction.ts';

/** What an alert may carry: it travels through histories and chats, so every part has a limit. */
export interface TextLimits {
  readonly entries: number;
  readonly keyCharacters: number;
  readonly valueCharacters: number;
}

export const LABEL_LIMITS: TextLimits = { entries: 64, keyCharacters: 100, valueCharacters: 256 };
export const ANNOTATION_LIMITS: TextLimits = { entries: 24, keyCharacters: 100, valueCharacters: 600 };

/** Control characters and those that turn the direction of writing would let a label pose as something else. */
const UNSEEN = /(?![\t\n])[\p{Cc}\p{Cf}]/gu;

/**
 * At most so many characters, the last one an ellipsis when something was cut; unseen characters and credentials are
 * left out: alerts quote log lines and connection strings, and from here they go to histories, chats and pages.
 */
export function bounded(text: string, characters: number): string {
  const clean = redactCredentials(text.slice(0, READ_CHARACTERS).replace(UNSEEN, ''));
  return clean.length <= characters ? clean : `${clean.slice(0, characters - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}

export function boundedTexts(
  texts: Readonly<Record<string, string>>,
  limits: TextLimits,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(texts)
      .slice(0, limits.entries)
      .map(([key, value]) => [bounded(key, limits.keyCharacters), bounded(value, limits.valueCharacters)]),
  );
}

/** Nothing longer is looked through: what is kept is far shorter. */
const READ_CHARACTERS = 20_000;

/** Only web addresses become links; what they hold for logging in does not come along. */
export function webLink(text: string | null): string | null {
  if (text === null || text.length > 2_000 || !URL.canParse(text)) return null;
  return /^https?:$/.test(new URL(text).protocol) ? redactCredentials(text) : null;
}
