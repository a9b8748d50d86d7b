import { z } from 'zod';
import { failure } from '../failures.ts';
import { createHttpClient, failureOfAnswer, type HttpRequest, parseJson } from '../http.ts';

export interface StatusPageSettings {
  /** `https://api.statuspage.io/v1`. */
  readonly apiUrl: string;
  readonly apiKey: string;
  readonly pageId: string;
  /** The API allows one request a second for a token; two requests are at least this far apart. */
  readonly betweenRequestsMilliseconds?: number;
  readonly timeoutMilliseconds?: number;
}

export type PageStatus = 'investigating' | 'identified' | 'monitoring' | 'resolved';

export interface StatusPagePost {
  readonly incidentId: string;
  readonly key: string;
  readonly title: string;
  readonly status: PageStatus;
  readonly body: string;
  readonly impact: 'none' | 'minor' | 'major' | 'critical';
  readonly components: readonly { readonly id: string; readonly status: string }[];
}

/** What the page shows now. `status` may be one of Statuspage's that we never set, such as `postmortem`. */
export interface ShownIncident {
  readonly ref: string;
  readonly status: string;
  readonly latestKey: string | null;
}

export interface StatusPageClient {
  /** By `ref` when it is known, else the open one that carries our incident id; null when there is none. */
  find(incidentId: string, ref: string | null): Promise<ShownIncident | null>;
  create(post: StatusPagePost): Promise<ShownIncident>;
  update(ref: string, post: StatusPagePost): Promise<ShownIncident>;
}

export function createStatusPageClient(settings: StatusPageSettings): StatusPageClient {
  const call = caller(settings);
  const page = `/pages/${encodeURIComponent(settings.pageId)}`;
  const one = (ref: string) => `${page}/incidents/${encodeURIComponent(ref)}`;
  const byId = async (ref: string) => shown(await call({ path: one(ref) }, INCIDENT));
  const write = async (request: HttpRequest, post: StatusPagePost) => {
    const answer = await call({ ...request, json: { incident: incidentBody(post) } }, INCIDENT);
    // The answer to a write says what was understood; what people see is read back.
    const now = await byId(answer.id);
    if (now.status === post.status) return now;
    throw failure(
      'Conflict',
      `The status page shows "${now.status}" after "${post.status}" was posted. Look at it before posting again.`,
    );
  };
  return {
    async find(incidentId, ref) {
      if (ref !== null) return byId(ref);
      const open = await call({ path: `${page}/incidents/unresolved` }, z.array(INCIDENT));
      const ours = open.find((incident) => markOf(incident)?.incident_id === incidentId);
      return ours === undefined ? null : shown(ours);
    },
    async create(post) {
      const made = await write({ method: 'POST', path: `${page}/incidents` }, post);
      // The API knows no key by which a second worker would be refused: of two the older one stays, and both see which.
      const open = await call({ path: `${page}/incidents/unresolved` }, z.array(INCIDENT));
      const [first] = open.filter((incident) => markOf(incident)?.incident_id === post.incidentId).sort(byAge);
      if (first === undefined || first.id === made.ref) return made;
      await call({ method: 'DELETE', path: one(made.ref) }, z.object({ id: z.string() }));
      return shown(first);
    },
    update: (ref, post) => write({ method: 'PATCH', path: one(ref) }, post),
  };
}

const TIMEOUT_MILLISECONDS = 7_000;
/** A tenth above the limit of one a second: what leaves a second apart may arrive a little closer together. */
const BETWEEN_REQUESTS_MILLISECONDS = 1_100;
const RATE_LIMITED_FALLBACK_SECONDS = 30;
/** A longer name is refused (422). */
const NAME_CHARACTERS = 255;
/** Our corner of the incident's metadata. */
const NAMESPACE = 'incident_runbook';

const MARK = z.object({ incident_id: z.string(), key: z.string() });
const INCIDENT = z.object({
  id: z.string(),
  status: z.string(),
  metadata: z.record(z.string(), z.unknown()).nullish(),
  created_at: z.string().nullish(),
});
type Incident = z.infer<typeof INCIDENT>;

function byAge(a: Incident, b: Incident): number {
  const [older, newer] = [a, b].map((incident) => `${incident.created_at ?? ''} ${incident.id}`);
  return (older ?? '') < (newer ?? '') ? -1 : 1;
}

function markOf(incident: Incident): z.infer<typeof MARK> | null {
  const parsed = MARK.safeParse(incident.metadata?.[NAMESPACE]);
  return parsed.success ? parsed.data : null;
}

function shown(incident: Incident): ShownIncident {
  return { ref: incident.id, status: incident.status, latestKey: markOf(incident)?.key ?? null };
}

function incidentBody(post: StatusPagePost) {
  return {
    name: [...post.title].slice(0, NAME_CHARACTERS).join(''),
    status: post.status,
    body: post.body,
    impact_override: post.impact,
    deliver_notifications: true,
    component_ids: post.components.map((component) => component.id),
    components: Object.fromEntries(post.components.map((component) => [component.id, component.status])),
    metadata: { [NAMESPACE]: { incident_id: post.incidentId, key: post.key } },
  };
}

type Call = <T>(request: HttpRequest, shape: z.ZodType<T>) => Promise<T>;

function caller(settings: StatusPageSettings): Call {
  const http = createHttpClient({
    name: 'The status page',
    baseUrl: settings.apiUrl,
    headers: { authorization: `OAuth ${settings.apiKey}` },
    secrets: [settings.apiKey],
    timeoutMilliseconds: settings.timeoutMilliseconds ?? TIMEOUT_MILLISECONDS,
  });
  const pause = pacer(settings.betweenRequestsMilliseconds ?? BETWEEN_REQUESTS_MILLISECONDS);
  return async (request, shape) => {
    await pause();
    const answer = await http.send(request);
    // 420 is this API's older way to say 429.
    if (answer.status === 420) {
      const seconds = Number(answer.headers.get('retry-after') ?? Number.NaN);
      throw failure('RateLimited', 'The status page limits our requests.', {
        retryAfterSeconds: seconds > 0 ? seconds : RATE_LIMITED_FALLBACK_SECONDS,
      });
    }
    if (answer.status < 200 || answer.status > 299) throw failureOfAnswer('The status page', answer, [settings.apiKey]);
    return parseJson('The status page', answer, shape);
  };
}

/** Each caller waits until the given time has passed since the one before it may have begun. */
function pacer(milliseconds: number): () => Promise<void> {
  let gate: Promise<void> = Promise.resolve();
  return () => {
    const turn = gate;
    gate = turn.then(() => new Promise((resolve) => setTimeout(resolve, milliseconds)));
    return turn;
  };
}
