import { goTime } from '../promql/literals.ts';
import { anchoredRegExp } from '../promql/store.ts';
import { WireError } from '../wire/server.ts';
import type { HeldAlert } from './alertmanager-payload.ts';

interface SilenceMatcher {
  readonly name: string;
  readonly value: string;
  readonly isRegex: boolean;
  readonly isEqual: boolean;
}

interface Silence {
  readonly id: string;
  readonly matchers: readonly SilenceMatcher[];
  readonly startsAtMs: number;
  readonly endsAtMs: number;
  readonly updatedAtMs: number;
  readonly createdBy: string;
  readonly comment: string;
}

/** Silences of the API v2. Ids count up, so that a drill with the same seed sees the same ones. */
export class Silences {
  readonly #silences = new Map<string, Silence>();
  #created = 0;

  /** A body without an id always makes a new silence, as in the real one. Returns the id. */
  put(body: unknown, atMs: number): string {
    const fields = record(body);
    const given = typeof fields.id === 'string' && fields.id !== '' ? fields.id : null;
    if (given !== null && !this.#silences.has(given)) throw refusal(404, 'silence not found');
    const matchers = (Array.isArray(fields.matchers) ? fields.matchers : []).map(matcherOf);
    const [startsAtMs, endsAtMs] = [instant(fields.startsAt), instant(fields.endsAt)];
    if (matchers.length === 0) throw refusal(400, 'at least one matcher required');
    if (endsAtMs < startsAtMs) throw refusal(400, 'start time must not be after end time');
    if (endsAtMs < atMs) throw refusal(400, "end time can't be in the past");
    this.#created += given === null ? 1 : 0;
    const id = given ?? `00000000-0000-4000-8000-${String(this.#created).padStart(12, '0')}`;
    this.#silences.set(id, {
      id,
      matchers,
      startsAtMs: Math.max(startsAtMs, atMs),
      endsAtMs,
      updatedAtMs: atMs,
      createdBy: String(fields.createdBy ?? ''),
      comment: String(fields.comment ?? ''),
    });
    return id;
  }

  /** Ends a silence now; false when there is none of that id. */
  expire(id: string, atMs: number): boolean {
    const silence = this.#silences.get(id);
    if (silence === undefined) return false;
    this.#silences.set(id, { ...silence, endsAtMs: Math.min(silence.endsAtMs, atMs), updatedAtMs: atMs });
    return true;
  }

  silencedBy(alert: HeldAlert, atMs: number): string[] {
    return [...this.#silences.values()]
      .filter((silence) => stateOf(silence, atMs) === 'active' && silence.matchers.every((one) => matches(one, alert)))
      .map((silence) => silence.id);
  }

  json(atMs: number, id?: string): unknown[] {
    return [...this.#silences.values()]
      .filter((silence) => id === undefined || silence.id === id)
      .map(({ startsAtMs, endsAtMs, updatedAtMs, ...silence }) => ({
        ...silence,
        startsAt: goTime(startsAtMs),
        endsAt: goTime(endsAtMs),
        updatedAt: goTime(updatedAtMs),
        status: { state: stateOf({ startsAtMs, endsAtMs }, atMs) },
      }));
  }
}

/** `alertname="X"` and its three sisters, as in `?filter=`. */
export function parseFilter(text: string): (labels: Readonly<Record<string, string>>) => boolean {
  const match = /^\s*([a-zA-Z_]\w*)\s*(=~|!~|!=|=)\s*(.*?)\s*$/s.exec(text);
  if (match === null) throw refusal(400, `bad matcher format: ${text}`);
  const [, name = '', operator = '=', quoted = ''] = match;
  const value = /^".*"$/s.test(quoted) ? String(JSON.parse(quoted)) : quoted;
  const matcher = { name, value, isRegex: operator.endsWith('~'), isEqual: !operator.startsWith('!') };
  return (labels) => matches(matcher, { labels });
}

function stateOf(silence: Pick<Silence, 'startsAtMs' | 'endsAtMs'>, atMs: number): 'active' | 'expired' | 'pending' {
  if (atMs < silence.startsAtMs) return 'pending';
  return atMs >= silence.endsAtMs ? 'expired' : 'active';
}

function matches(matcher: SilenceMatcher, alert: Pick<HeldAlert, 'labels'>): boolean {
  const value = alert.labels[matcher.name] ?? '';
  const fits = matcher.isRegex ? anchoredRegExp(matcher.value).test(value) : value === matcher.value;
  return fits === matcher.isEqual;
}

function matcherOf(value: unknown): SilenceMatcher {
  const fields = record(value);
  if (typeof fields.name !== 'string' || typeof fields.value !== 'string') {
    throw refusal(400, 'a matcher needs a name and a value');
  }
  return {
    name: fields.name,
    value: fields.value,
    isRegex: fields.isRegex === true,
    isEqual: fields.isEqual !== false,
  };
}

function instant(value: unknown): number {
  const ms = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(ms)) throw refusal(400, `bad time ${JSON.stringify(value)}`);
  return ms;
}

export function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function refusal(status: number, message: string): WireError {
  return new WireError({ status, body: message });
}
