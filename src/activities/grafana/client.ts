import { z } from 'zod';
import { epochMs, type Instant } from '../../domain/instant.ts';
import { failure } from '../failures.ts';
import { createHttpClient, failureOfAnswer, type HttpClient } from '../http.ts';

export interface GrafanaSettings {
  /** `https://grafana.example.com`, with the sub-path when it is served under one. */
  readonly url: string;
  /** Of a service account: `annotations:read`, `annotations:create`, `dashboards:read`. */
  readonly token: string;
  readonly timeoutMilliseconds: number;
}

export interface Annotation {
  readonly incidentId: string;
  /** Tells the annotations of one incident apart: the same key is never written twice. */
  readonly key: string;
  readonly text: string;
  readonly tags: readonly string[];
  readonly at: Instant;
  /** The end of a stretch of time; null for a moment. */
  readonly untilAt: Instant | null;
}

export interface Panel {
  /** The address of its dashboard, as people open it: `https://…/d/<uid>[/<slug>]`. */
  readonly dashboardUrl: string;
  readonly panelId: number;
  readonly fromAt: Instant;
  readonly untilAt: Instant;
}

export interface GrafanaClient {
  /** Finds our own by its tags before it writes, so that a second call finds the first one's. */
  annotate(annotation: Annotation): Promise<{ readonly id: number; readonly found: boolean }>;
  /** A PNG of one panel. Needs the image renderer beside Grafana; throws when what came is no picture. */
  panel(panel: Panel): Promise<Buffer>;
}

/** How it is signed in to. */
export function grafanaHttp({ url, token, timeoutMilliseconds }: GrafanaSettings): HttpClient {
  return createHttpClient({
    name: NAME,
    baseUrl: url,
    headers: { authorization: `Bearer ${token}` },
    secrets: [token],
    timeoutMilliseconds,
  });
}

export function createGrafanaClient(settings: GrafanaSettings): GrafanaClient {
  const { token } = settings;
  const http = grafanaHttp(settings);
  return {
    async annotate({ incidentId, key, text, tags, at, untilAt }) {
      const ours = [`incident:${incidentId}`, `key:${key}`];
      const query = new URLSearchParams([
        ...ours.map((tag): [string, string] => ['tags', tag]),
        ['type', 'annotation'],
        ['limit', '1'],
        ['matchAny', 'false'],
      ]);
      const [existing] = await http.json({ path: `/api/annotations?${query}` }, z.array(z.object({ id: z.number() })));
      if (existing !== undefined) return { id: existing.id, found: true };
      const time = epochMs(at);
      const json = {
        time,
        ...(untilAt === null ? {} : { timeEnd: Math.max(time, epochMs(untilAt)) }),
        tags: [...ours, ...tags],
        text,
      };
      const { id } = await http.json({ method: 'POST', path: '/api/annotations', json }, z.object({ id: z.number() }));
      return { id, found: false };
    },
    async panel({ dashboardUrl, panelId, fromAt, untilAt }) {
      const { uid, slug } = dashboardOf(dashboardUrl);
      const answer = await http.send({
        path: `/render/d-solo/${uid}/${slug}`,
        query: {
          orgId: 1,
          panelId,
          from: epochMs(fromAt),
          to: epochMs(untilAt),
          width: WIDTH,
          height: HEIGHT,
          tz: 'UTC',
          timeout: RENDER_SECONDS,
        },
        timeoutMilliseconds: RENDER_SECONDS * 1000,
      });
      if (answer.status !== 200) throw failureOfAnswer(NAME, answer, [token]);
      const type = answer.headers.get('content-type') ?? 'nothing that says what it is';
      if (!type.startsWith('image/png') || !answer.bytes.subarray(0, PNG.length).equals(PNG)) {
        throw failure('Unavailable', `${NAME} rendered no picture (it sent ${type}). Is its image renderer installed?`);
      }
      return answer.bytes;
    },
  };
}

const NAME = 'Grafana';
/** The renderer hangs to its own timeout on a broken panel; a picture is never worth more than this. */
const RENDER_SECONDS = 20;
const WIDTH = 1000;
const HEIGHT = 400;
const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

function dashboardOf(url: string): { readonly uid: string; readonly slug: string } {
  const match = /\/d\/([\w-]{1,40})(?:\/([\w-]+))?/.exec(URL.canParse(url) ? new URL(url).pathname : '');
  if (match === null) throw failure('Invalid', `${url} is no address of a dashboard (…/d/<uid>).`);
  const uid = match[1] ?? '';
  return { uid, slug: match[2] ?? uid };
}
