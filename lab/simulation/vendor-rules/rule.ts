import type { WireRequest } from '../wire/exchange.ts';

/**
 * Where a request says something: a header, a parameter of the query, or a field of the body (JSON, or a form whose
 * values may be JSON). `body links[].href` is that field of each member, `body metadata.*` each field, whatever its name.
 */
export type Place = `header ${string}` | `query ${string}` | `body ${string}`;

export type Requirement =
  /** Something is there, and no empty text or list. */
  | { readonly kind: 'present' }
  | { readonly kind: 'characters'; readonly most: number }
  /** So many characters of JSON. */
  | { readonly kind: 'json-characters'; readonly most: number }
  | { readonly kind: 'one-of'; readonly values: readonly string[] }
  /** A text, or each member of a list, fits the pattern. */
  | { readonly kind: 'matches'; readonly pattern: string }
  | { readonly kind: 'number'; readonly least: number; readonly most: number }
  /** So many members of a list, or names between commas. */
  | { readonly kind: 'members'; readonly most: number }
  /** An object with fields, no bare value. */
  | { readonly kind: 'object' }
  /** This number and that of another parameter of the query (so many where there is none) together. */
  | { readonly kind: 'sum'; readonly and: string; readonly absent: number; readonly most: number };

/**
 * One thing that a vendor documents about a request, as data. Only `present` minds that the place is empty. `says` are
 * the vendor's own words or its error code; `source` is the page, `readOn` the day on which it was opened and the rule
 * held against it. Null: nothing to open was found, and the rule is what we know of it.
 */
export interface RequestRule {
  readonly id: string;
  /** `POST /v2/enqueue`; `:name` stands for one part of the path, `*` for any method. The end of a path is enough. */
  readonly call: string;
  readonly at: Place;
  readonly must: Requirement;
  /** Only where this place has one of these values, or anything at all. */
  readonly when?: { readonly at: Place; readonly is: readonly string[] | 'anything' };
  readonly status: number;
  readonly says: string;
  readonly source: string;
  readonly readOn: string | null;
}

export type Asked = Pick<WireRequest, 'method' | 'path' | 'query' | 'headers'> & { readonly body: unknown };

/** The first rule that the request breaks; null when it keeps them all. */
export function brokenRule(rules: readonly RequestRule[], request: WireRequest): RequestRule | null {
  const concerned = rules.filter(({ call }) => isCall(call, request));
  if (concerned.length === 0) return null;
  const asked: Asked = { ...requestLine(request), body: bodyOf(request) };
  return concerned.find((rule) => isBroken(rule, asked)) ?? null;
}

export function isBroken({ at, must, when }: RequestRule, asked: Asked): boolean {
  if (when !== undefined && !valuesAt(asked, when.at).some((value) => applies(when.is, value))) return false;
  return valuesAt(asked, at).some((value) => !keeps(must, value, asked));
}

function applies(is: readonly string[] | 'anything', value: unknown): boolean {
  return is === 'anything' ? value !== undefined && value !== null : is.includes(String(value));
}

export function isCall(call: string, { method, path }: Pick<WireRequest, 'method' | 'path'>): boolean {
  const [wanted = '', pattern = ''] = call.split(' ');
  if (wanted !== '*' && wanted !== method) return false;
  const parts = pattern
    .split('/')
    .map((part) => (part.startsWith(':') ? '[^/]+' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')));
  return new RegExp(`${parts.join('/')}$`).test(path);
}

function requestLine({ method, path, query, headers }: WireRequest): Omit<Asked, 'body'> {
  return { method, path, query, headers };
}

function bodyOf(request: WireRequest): unknown {
  const text = request.rawBody.toString('utf8');
  if (text === '') return {};
  if (!String(request.headers['content-type']).includes('form')) return parsed(text);
  return Object.fromEntries(
    [...request.form()].map(([name, value]) => [name, /^[[{]/.test(value) ? parsed(value) : value]),
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return {};
  }
}

/** Every value at the place; one `undefined` where there is none. */
function valuesAt(asked: Asked, place: Place): readonly unknown[] {
  const [where, ...rest] = place.split(' ');
  const name = rest.join(' ');
  if (where === 'header') return [asked.headers[name]];
  if (where === 'query') {
    const all = asked.query.getAll(name);
    return all.length === 0 ? [undefined] : all;
  }
  return name
    .split('.')
    .reduce<readonly unknown[]>((values, step) => values.flatMap((value) => stepInto(value, step)), [asked.body]);
}

function stepInto(value: unknown, step: string): readonly unknown[] {
  const each = step.endsWith('[]');
  const of = typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
  if (step === '*') return Object.values(of);
  const found = of[each ? step.slice(0, -2) : step];
  // No members: nothing that each of them would have to be.
  if (each) return Array.isArray(found) ? found : [];
  return [found];
}

function keeps(must: Requirement, value: unknown, { query }: Asked): boolean {
  if (must.kind === 'present') return value !== undefined && value !== null && value !== '' && !isEmptyList(value);
  if (value === undefined || value === null) return true;
  switch (must.kind) {
    case 'characters':
      return [...textOf(value)].length <= must.most;
    case 'json-characters':
      return JSON.stringify(value).length <= must.most;
    case 'one-of':
      return must.values.includes(textOf(value));
    case 'matches': {
      const pattern = new RegExp(must.pattern, 'su');
      return [value].flat().every((one) => pattern.test(textOf(one)));
    }
    case 'number': {
      const number = Number(value);
      return Number.isFinite(number) && number >= must.least && number <= must.most;
    }
    case 'object':
      return typeof value === 'object' && !Array.isArray(value);
    case 'sum':
      return Number(value) + Number(query.get(must.and) ?? must.absent) <= must.most;
    case 'members':
      return (Array.isArray(value) ? value : textOf(value).split(',')).length <= must.most;
  }
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
