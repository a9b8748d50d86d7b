import { z } from 'zod';
import { epochMs, type Instant, instant } from '../../domain/instant.ts';
import { createHttpClient, failureOfAnswer } from '../http.ts';

export interface AlertmanagerOptions {
  readonly baseUrl: string;
  readonly bearerToken?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMilliseconds: number;
}

export interface AlertmanagerAlert {
  readonly fingerprint: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly startsAt: Instant;
  readonly state: 'active' | 'suppressed' | 'unprocessed';
  readonly silencedBy: readonly string[];
}

export interface SilenceMatcher {
  readonly name: string;
  readonly value: string;
  readonly isRegex: boolean;
}

export interface SilenceWish {
  /** Found again by it: incident + step, e.g. `incident-20260303-0915/silence-1`. */
  readonly key: string;
  readonly matchers: readonly SilenceMatcher[];
  readonly startsAt: Instant;
  readonly endsAt: Instant;
  readonly createdBy: string;
  /** For people; the key is put behind it. */
  readonly because: string;
}

export interface AlertmanagerClient {
  /** Alerts that fit all matchers (`alertname="X"`), also silenced ones. */
  alerts(filters: readonly string[]): Promise<readonly AlertmanagerAlert[]>;
  /**
   * The silence of that key: the one that is there, or a new one. Without an id the API makes a second one of the same
   * kind, so after a lost answer it is looked for first.
   */
  silence(wish: SilenceWish): Promise<{ readonly id: string; readonly made: boolean }>;
  /** Ends the silence of that key; false when there is none that could end. */
  endSilence(key: string): Promise<boolean>;
  version(): Promise<string>;
}

export function createAlertmanagerClient(options: AlertmanagerOptions): AlertmanagerClient {
  const http = createHttpClient({
    name: SYSTEM,
    baseUrl: options.baseUrl,
    headers: {
      ...options.headers,
      ...(options.bearerToken === undefined ? {} : { authorization: `Bearer ${options.bearerToken}` }),
    },
    secrets: options.bearerToken === undefined ? [] : [options.bearerToken],
    timeoutMilliseconds: options.timeoutMilliseconds,
  });
  const find = async (key: string): Promise<string | null> => {
    const silences = await http.json({ path: '/api/v2/silences' }, z.array(silenceShape));
    const ours = silences.find(({ comment, status }) => status.state !== 'expired' && comment.endsWith(markOf(key)));
    return ours?.id ?? null;
  };
  return {
    async alerts(filters) {
      const query = filters.map((filter) => `filter=${encodeURIComponent(filter)}`).join('&');
      const answer = await http.json({ path: `/api/v2/alerts${query === '' ? '' : `?${query}`}` }, z.array(alertShape));
      return answer.slice(0, ALERTS_LIMIT).map(alertOf);
    },
    async silence(wish) {
      const found = await find(wish.key);
      if (found !== null) return { id: found, made: false };
      const { silenceID } = await http.json(
        { method: 'POST', path: '/api/v2/silences', json: bodyOf(wish) },
        z.object({ silenceID: z.string() }),
      );
      return { id: silenceID, made: true };
    },
    async endSilence(key) {
      const id = await find(key);
      if (id === null) return false;
      const answer = await http.send({ method: 'DELETE', path: `/api/v2/silence/${encodeURIComponent(id)}` });
      if (answer.status < 300) return true;
      throw failureOfAnswer(SYSTEM, answer);
    },
    async version() {
      return (await http.json({ path: '/api/v2/status' }, statusShape)).versionInfo.version;
    },
  };
}

const SYSTEM = 'Alertmanager';
const ALERTS_LIMIT = 500;

const alertShape = z.object({
  fingerprint: z.string(),
  labels: z.record(z.string(), z.string()),
  startsAt: z.string(),
  status: z.object({
    state: z.enum(['active', 'suppressed', 'unprocessed']),
    silencedBy: z.array(z.string()).nullish(),
  }),
});
const silenceShape = z.object({
  id: z.string(),
  comment: z.string(),
  status: z.object({ state: z.enum(['active', 'pending', 'expired']) }),
});
const statusShape = z.object({ versionInfo: z.object({ version: z.string() }) });

function alertOf({ fingerprint, labels, startsAt, status }: z.infer<typeof alertShape>): AlertmanagerAlert {
  return {
    fingerprint,
    labels,
    startsAt: instant(Date.parse(startsAt)),
    state: status.state,
    silencedBy: status.silencedBy ?? [],
  };
}

function bodyOf({ key, matchers, startsAt, endsAt, createdBy, because }: SilenceWish): unknown {
  return {
    matchers: matchers.map((matcher) => ({ ...matcher, isEqual: true })),
    startsAt: new Date(epochMs(startsAt)).toISOString(),
    endsAt: new Date(epochMs(endsAt)).toISOString(),
    createdBy,
    comment: `${because} ${markOf(key)}`,
  };
}

function markOf(key: string): string {
  return `[${key}]`;
}
