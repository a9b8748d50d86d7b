/** Values that Kibana keeps in its addresses, written in rison (JSON for the hash of a URL). */
export type Rison = string | number | boolean | null | readonly Rison[] | { readonly [key: string]: Rison };

/** `(time:(from:'2024-10-23T14:00:00.000Z',to:now))` of the same object. */
export function rison(value: Rison): string {
  if (value === null) return '!n';
  if (typeof value === 'boolean') return value ? '!t' : '!f';
  if (typeof value === 'number') return Number.isFinite(value) ? String(value).replace('+', '') : '!n';
  if (typeof value === 'string') return textOf(value);
  if (isList(value)) return `!(${value.map(rison).join(',')})`;
  const pairs = Object.entries(value).map(([key, one]) => `${textOf(key)}:${rison(one)}`);
  return `(${pairs.join(',')})`;
}

/** Bare words need no quotes; within quotes only the quote and the exclamation mark are escaped, both by `!`. */
const BARE = /^[^\s'!:(),*@$\d-][^\s'!:(),*@$]*$/u;

function textOf(text: string): string {
  return BARE.test(text) ? text : `'${text.replace(/[!']/g, '!$&')}'`;
}

function isList(value: Rison): value is readonly Rison[] {
  return Array.isArray(value);
}
