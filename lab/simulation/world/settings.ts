/** What a healthy production looks like. Every key of a drill's `world:` is one of these; the rest keeps its default. */

export interface EndpointSettings {
  readonly path: string;
  readonly method: string;
  /** Share of all requests. */
  readonly share: number;
  /** Half of the requests take less than this. */
  readonly medianSeconds: number;
  /** How long a request holds a database connection. */
  readonly databaseSeconds: number;
  /** True when a request calls an AI provider. */
  readonly callsProvider: boolean;
  readonly deployment: string;
}

export interface WorldSettings {
  readonly requestsPerMinute: number;
  readonly deployments: Readonly<
    Record<string, { readonly replicas: number; readonly requestsPerMinutePerPod?: number }>
  >;
  readonly database: { readonly pool: number };
  readonly endpoints: readonly EndpointSettings[];
  /** Active users; they are counted in metrics as at most `MAX_USER_LABELS` labels of equal standing. */
  readonly users: number;
  /** Share of the provider calls that goes to each. */
  readonly providers: Readonly<Record<string, number>>;
  readonly cacheHitRate: number;
  readonly baselineErrorRate: number;
  readonly scrapeSeconds: number;
  /** Failed requests, beyond what users shrug off, for each support ticket. */
  readonly failuresPerTicket: number;
}

/** A user label stands for several users when there are more of them; series must stay countable. */
export const MAX_USER_LABELS = 50;

const AI_SERVICE = 'noa-mcp';
const FLOW_SERVICE = 'noa-claude-flow';

export const WORLD_DEFAULTS: WorldSettings = {
  requestsPerMinute: 1000,
  deployments: { [AI_SERVICE]: { replicas: 3 }, [FLOW_SERVICE]: { replicas: 2, requestsPerMinutePerPod: 400 } },
  database: { pool: 100 },
  endpoints: [
    endpoint('/api/v1/chat/completions', 'POST', 0.45, 0.62, 0.2, true, AI_SERVICE),
    endpoint('/api/v1/messages', 'POST', 0.15, 0.55, 0.2, true, AI_SERVICE),
    endpoint('/api/v1/embeddings', 'POST', 0.1, 0.18, 0.1, true, AI_SERVICE),
    endpoint('/api/v1/requests', 'GET', 0.08, 0.06, 0.3, false, AI_SERVICE),
    endpoint('/api/v1/providers', 'GET', 0.07, 0.02, 0.05, false, AI_SERVICE),
    endpoint('/api/v1/flows', 'POST', 0.15, 0.12, 0.25, false, FLOW_SERVICE),
  ],
  users: 500,
  providers: { claude: 0.6, openai: 0.4 },
  cacheHitRate: 0.9,
  baselineErrorRate: 0.002,
  scrapeSeconds: 15,
  failuresPerTicket: 382,
};

/** Settings as a drill gives them: any part of them. Deployments not named keep their default. */
export type WorldOptions = { readonly [K in keyof WorldSettings]?: WorldSettings[K] | undefined };

/** Throws an error that names the key when a value cannot be. */
export function completeSettings(options: WorldOptions): WorldSettings {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const unknown = Object.keys(given).filter((key) => !(key in WORLD_DEFAULTS));
  if (unknown.length > 0) {
    throw new Error(
      `world: ${unknown.join(', ')} is not a setting; there are ${Object.keys(WORLD_DEFAULTS).join(', ')}.`,
    );
  }
  const settings: WorldSettings = { ...WORLD_DEFAULTS, ...given };
  const whole = { ...settings, deployments: { ...WORLD_DEFAULTS.deployments, ...options.deployments } };
  mustBe(whole.requestsPerMinute > 0, 'requestsPerMinute', 'above 0');
  mustBe(whole.database.pool >= 10, 'database.pool', 'at least 10');
  mustBe(whole.users >= 1, 'users', 'at least 1');
  mustBe(
    whole.scrapeSeconds >= STEP_SECONDS && whole.scrapeSeconds % STEP_SECONDS === 0,
    'scrapeSeconds',
    'a multiple of 5',
  );
  mustBe(whole.endpoints.length > 0, 'endpoints', 'a list of at least one');
  mustBe(whole.cacheHitRate >= 0 && whole.cacheHitRate <= 1, 'cacheHitRate', 'between 0 and 1');
  return whole;
}

/** The world moves in steps of this length, on a grid of its own whatever instants it is asked about. */
export const STEP_SECONDS = 5;
/** It has been healthy for this long when it starts. */
export const HISTORY_HOURS = 2;

function endpoint(
  path: string,
  method: string,
  share: number,
  medianSeconds: number,
  databaseSeconds: number,
  callsProvider: boolean,
  deployment: string,
): EndpointSettings {
  return { path, method, share, medianSeconds, databaseSeconds, callsProvider, deployment };
}

function mustBe(fine: boolean, key: string, rule: string): void {
  if (!fine) throw new Error(`world.${key} must be ${rule}.`);
}
