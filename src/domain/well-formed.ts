const LONE_SURROGATE = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;

/** Text that every system can store: NUL and half characters, which JSON allows and databases refuse, become U+FFFD. */
export function wellFormed(text: string): string {
  return text.replaceAll('\0', '\uFFFD').replace(LONE_SURROGATE, '\uFFFD');
}

/**
 * A plain value all of whose texts and keys are well-formed. Keys that would reach an object's prototype are left out.
 */
export function wellFormedValue(value: unknown): unknown {
  if (typeof value === 'string') return wellFormed(value);
  if (Array.isArray(value)) return value.map(wellFormedValue);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).filter(([key]) => key !== '__proto__');
  return Object.fromEntries(entries.map(([key, part]) => [wellFormed(key), wellFormedValue(part)]));
}

/** JSON of a value with all its texts well-formed. */
export function wellFormedJson(value: unknown): string {
  const text = JSON.stringify(value);
  // JSON writes exactly the characters in question as escapes; nearly every text has none.
  return /\\u(0000|d[89a-f])/.test(text) ? JSON.stringify(wellFormedValue(JSON.parse(text))) : text;
}
