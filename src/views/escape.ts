/**
 * Alerts, logs and people's words are strangers' text. Before any of it reaches a medium it is cleaned of what people
 * cannot see, cut to a length, and escaped in the way of that medium; text of the policy's templates is the team's own
 * and is left as it is.
 */

/** Longest single value put into a message, in characters; the whole answer is always in the evidence store. */
export const VALUE_CHARACTERS = 500;

/** Controls, bidirectional overrides, zero-width and tag characters: they hide or reorder what a reader sees. */
const INVISIBLE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: removing control characters is the purpose.
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e0fff}]|[\ufe00-\ufe0f]|\u034f/gu;

/** Readable text with its line breaks, at most `limit` characters; never half of a surrogate pair. */
export function cleanLines(text: string, limit: number): string {
  const bounded = text.length > limit * 4 ? text.slice(0, limit * 4) : text;
  const clean = bounded
    .replace(/[\ud800-\udfff]/gu, '\ufffd')
    .replace(/\r\n?|[\u2028\u2029\u0085]/gu, '\n')
    .replace(/\t/gu, ' ')
    .replace(INVISIBLE, '')
    .replace(/\n{3,}/gu, '\n\n')
    .trim();
  return clip(clean, limit);
}

/** The same on one line: a line break in an alert must not be able to start a message of its own. */
export function cleanLine(text: string, limit: number = VALUE_CHARACTERS): string {
  return clip(cleanLines(text, limit * 2).replace(/\s+/gu, ' '), limit);
}

/** At most `limit` characters, the last being an ellipsis when something was cut. */
export function clip(text: string, limit: number): string {
  if (text.length <= limit) return text;
  return `${text
    .slice(0, limit - 1)
    .replace(/[\ud800-\udbff]$/u, '')
    .trimEnd()}…`;
}

/** At most `bytes` bytes of UTF-8, cut between characters: excerpts on the timeline are at most 1 KB. */
export function clipBytes(text: string, bytes: number): string {
  const encoder = new TextEncoder();
  if (encoder.encode(text).length <= bytes) return text;
  let used = encoder.encode('…').length;
  let kept = '';
  for (const character of text) {
    used += encoder.encode(character).length;
    if (used > bytes) break;
    kept += character;
  }
  return `${kept}…`;
}

/** As `clip`, for text that is already escaped: never half of an entity such as `&lt;`. */
export function clipEscaped(text: string, limit: number): string {
  if (text.length <= limit) return text;
  return `${text
    .slice(0, limit - 1)
    .replace(/[\ud800-\udbff]$|&[a-z#0-9]{0,4}$/u, '')
    .trimEnd()}…`;
}

/** Slack's mrkdwn: with `<` escaped, no `<!channel>`, `<@U…>` or `<http…|text>` of a stranger is one. */
export function chatText(text: string): string {
  return text.replace(/&/gu, '&amp;').replace(/</gu, '&lt;').replace(/>/gu, '&gt;');
}

/** As above, for the inside of `code`: a back-tick would end it. */
export function chatCode(text: string): string {
  return chatText(text.replace(/`/gu, 'ˋ'));
}

/** A link of Slack, or its bare title when the address is not one a person should be sent to. */
export function chatLink(title: string, url: string): string {
  const address = webAddress(url);
  const words = chatText(cleanLine(title, 80));
  return address === null ? words : `<${address.replace(/\|/gu, '%7C')}|${words.replace(/\|/gu, '/')}>`;
}

export function html(text: string): string {
  return text
    .replace(/&/gu, '&amp;')
    .replace(/</gu, '&lt;')
    .replace(/>/gu, '&gt;')
    .replace(/"/gu, '&quot;')
    .replace(/'/gu, '&#39;');
}

/** Markdown: every character that could open a link, a heading, a table cell, emphasis, code or raw HTML. */
export function markdown(text: string): string {
  return text
    .replace(/[\\`*_[\]#|~]/gu, '\\$&')
    .replace(/&/gu, '&amp;')
    .replace(/</gu, '&lt;')
    .replace(/^(\s*)(>|[-+](?=\s)|\d+[.)](?=\s))/u, '$1\\$2');
}

/** Only http and https addresses without spaces or brackets; null for `javascript:` and the like. */
export function webAddress(url: string): string | null {
  if (!/^https?:\/\//iu.test(url)) return null;
  try {
    return new URL(url).href.replace(/[<>"'`\s]/gu, encodeURIComponent);
  } catch {
    return null;
  }
}
