import { z } from 'zod';
import { type Instant, instant } from '../../domain/instant.ts';
import { createHttpClient, type HttpClient } from '../http.ts';

export interface AlertmanagerOptions {
  readonly baseUrl: string;
  readonly bearerToken?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMilliseconds: number;
}

export interface AlertmanagerAlert {
  readonly fingerprint: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: Instant;
  readonly state: 'active' | 'suppressed' | 'unprocessed';
  /** Why nobody is told of it, in words: the silence (whose, until when, why), or the alert above it; null when told. */
  readonly heldBack: string | null;
}

export interface AlertmanagerClient {
  /** Alerts that fit all matchers (`alertname="X"`), also those of which nobody is told. */
  alerts(filters: readonly string[]): Promise<readonly AlertmanagerAlert[]>;
}

/** Only reads: whom a silence keeps from being told is for people to decide. Throws the failures of failures.ts. */
export function createAlertmanagerClient(options: AlertmanagerOptions): AlertmanagerClient {
  const http = createHttpClient({
    name: 'Alertmanager',
    baseUrl: options.baseUrl,
    headers: {
      ...options.headers,
      ...(options.bearerToken === undefined ? {} : { authorization: `Bearer ${options.bearerToken}` }),
    },
    secrets: options.bearerToken === undefined ? [] : [options.bearerToken],
    timeoutMilliseconds: options.timeoutMilliseconds,
  });
  return {
    async alerts(filters) {
      const query = filters.map((filter) => `filter=${encodeURIComponent(filter)}`).join('&');
      const answer = await http.json({ path: `/api/v2/alerts${query === '' ? '' : `?${query}`}` }, z.array(alertShape));
      const alerts = answer.slice(0, ALERTS_LIMIT);
      const isSilenced = alerts.some(({ status }) => (status.silencedBy ?? []).length > 0);
      const silences = isSilenced ? await silencesOf(http) : new Map<string, string>();
      const names = new Map(answer.map(({ fingerprint, labels }) => [fingerprint, labels.alertname ?? fingerprint]));
      return alerts.map((alert) => alertOf(alert, silences, names));
    },
  };
}

const ALERTS_LIMIT = 500;
const COMMENT_CHARACTERS = 120;

const alertShape = z.object({
  fingerprint: z.string(),
  labels: z.record(z.string(), z.string()),
  annotations: z.record(z.string(), z.string()).nullish(),
  startsAt: z.string(),
  status: z.object({
    state: z.enum(['active', 'suppressed', 'unprocessed']),
    silencedBy: z.array(z.string()).nullish(),
    inhibitedBy: z.array(z.string()).nullish(),
  }),
});
const silenceShape = z.object({ id: z.string(), createdBy: z.string(), comment: z.string(), endsAt: z.string() });

/** Silences by their id, in words. */
async function silencesOf(http: HttpClient): Promise<ReadonlyMap<string, string>> {
  const silences = await http.json({ path: '/api/v2/silences' }, z.array(silenceShape));
  return new Map(silences.map(({ id, createdBy, comment, endsAt }) => [id, silenceWords(createdBy, comment, endsAt)]));
}

function silenceWords(createdBy: string, comment: string, endsAt: string): string {
  const until = instant(Date.parse(endsAt)).slice(0, 16).replace('T', ' ');
  return `silenced by ${createdBy} until ${until} UTC: ${comment.slice(0, COMMENT_CHARACTERS)}`;
}

function alertOf(
  { fingerprint, labels, annotations, startsAt, status }: z.infer<typeof alertShape>,
  silences: ReadonlyMap<string, string>,
  names: ReadonlyMap<string, string>,
): AlertmanagerAlert {
  const [silence] = status.silencedBy ?? [];
  const [above] = status.inhibitedBy ?? [];
  const silenced = silence === undefined ? null : (silences.get(silence) ?? `silenced by ${silence}`);
  const inhibited = above === undefined ? null : `inhibited by ${names.get(above) ?? above}`;
  const startsAtMs = Date.parse(startsAt);
  return {
    fingerprint,
    labels,
    annotations: annotations ?? {},
    startsAt: instant(startsAtMs),
    state: status.state,
    heldBack: silenced ?? inhibited,
  };
}
