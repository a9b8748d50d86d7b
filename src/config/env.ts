import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** Every problem of the environment at once, a sentence each: which variable, what is wrong, what to do. */
export class EnvironmentError extends Error {
  override readonly name = 'EnvironmentError';
}

const url = (protocols: readonly string[]) =>
  z.string().refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol), {
    message: `must be an address that begins with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
  });
const http = url(['http:', 'https:']);
/** Who vouches for people must not be somebody else on the way; on this machine itself nobody is in between. */
const issuer = http.refine((text) => !text.startsWith('http:') || isLoopback(new URL(text).hostname), {
  message: 'must be https, unless it is on this machine',
});
const postgres = url(['postgres:', 'postgresql:']);
const redis = url(['redis:', 'rediss:']);
const secret = z.string().min(1, 'must not be empty');
const port = z.coerce.number('must be a port number').int('must be a whole number').min(0).max(65_535);
const speed = z.coerce.number('must be a number').positive('must be above 0').max(100_000);
const routingKeys = z.string().transform((text, context) => {
  const parsed = z.record(z.string(), z.string().min(1)).safeParse(safeJson(text));
  if (parsed.success) return parsed.data as Readonly<Record<string, string>>;
  context.addIssue({
    code: 'custom',
    message: 'must be JSON such as {"primary":"R0UT1NGKEY"}: a routing key for each pagingService of the policy',
  });
  return z.NEVER;
});

/** Keys of one kind, commas between them while one is being exchanged: the first makes, each is accepted. */
export type Keys = readonly [string, ...string[]];
const SHORTEST_KEY_CHARACTERS = 16;
const signingKeys = secret.transform((text, context): Keys => {
  const [first, ...others] = rotatedSecrets(text);
  if (first !== undefined && [first, ...others].every((key) => key.length >= SHORTEST_KEY_CHARACTERS))
    return [first, ...others];
  context.addIssue({ code: 'custom', message: `must have at least ${SHORTEST_KEY_CHARACTERS} characters in each key` });
  return z.NEVER;
});

const names = z.string().transform((text) => text.split(',').flatMap((name) => name.trim() || []));

/** What gateway and worker share. */
const common = {
  DATABASE_URL: postgres,
  TEMPORAL_ADDRESS: z.string().optional(),
  TEMPORAL_NAMESPACE: z.string().optional(),
  INCIDENT_POLICY: z.string().min(1),
  INCIDENT_CLOCK_FILE: z.string().optional(),
  /** JSON file `{ "<person>": "<SHA-256 of the API token, hex>" }`, beside those of the policy. */
  INCIDENT_TOKENS_FILE: z.string().optional(),
  INCIDENT_SPEED: speed.default(1),
  DECISION_SIGNING_KEY: signingKeys,
  /** Traces (docs/operations.md): a collector of OTLP over HTTP, e.g. http://otel-collector:4318. */
  OTEL_EXPORTER_OTLP_ENDPOINT: http.optional(),
  OTEL_EXPORTER_OTLP_HEADERS: secret.optional(),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
};

const gatewaySchema = z.object({
  ...common,
  PORT: port.default(8080),
  HOST: z.string().default('127.0.0.1'),
  ALERTMANAGER_TOKEN: secret,
  /** Where `incident drill run` keeps its reports, for the console. */
  DRILL_REPORTS_DIR: z.string().default('.cache/drill-reports'),
  PAGERDUTY_WEBHOOK_SECRET: secret.optional(),
  /** Signing secrets of the webhooks by which tickets arrive as reports (R1.7). */
  ZENDESK_WEBHOOK_SECRET: secret.optional(),
  JIRA_WEBHOOK_SECRET: secret.optional(),
  /** What the mail server sends with each report of a mail that came back (R4.5). */
  BOUNCES_TOKEN: secret.optional(),
  SLACK_API_URL: http.default('https://slack.com/api/'),
  SLACK_BOT_TOKEN: secret.optional(),
  SLACK_SIGNING_SECRET: secret.optional(),
  /** Socket Mode, for a gateway that Slack cannot reach (docs/slack.md). */
  SLACK_APP_TOKEN: secret.optional(),
  /** The team's own accounts, by OpenID Connect (docs/running.md); tokens go on working beside them. */
  OIDC_ISSUER: issuer.optional(),
  OIDC_CLIENT_ID: z.string().optional(),
  OIDC_CLIENT_SECRET: secret.optional(),
  OIDC_CLIENT_AUTH: z.enum(['basic', 'post']).default('basic'),
  OIDC_SCOPE: z
    .string()
    .regex(/\bopenid\b/, 'must contain openid')
    .default('openid email profile'),
  OIDC_PERSON_CLAIM: z.string().default('email'),
  /** Where people open Temporal Web; the console links each incident's history there. */
  TEMPORAL_UI_URL: http.optional(),
});

const statusPageSchema = z.object({
  DATABASE_URL: postgres,
  INCIDENT_POLICY: z.string().min(1),
  LOG_LEVEL: common.LOG_LEVEL,
  PORT: port.default(8090),
  HOST: z.string().default('127.0.0.1'),
});

const workerSchema = z.object({
  ...common,
  KUBERNETES_API_URL: http.optional(),
  KUBERNETES_API_TOKEN: secret.optional(),
  KUBECONFIG: z.string().optional(),
  /** The cluster's certificate authority, for an API address that is not signed by a public one. */
  KUBERNETES_CA_FILE: z.string().optional(),
  /** How the service's admin API is reached in each pod: through the API server's proxy, or by curl in the pod (R3.2.3). */
  ADMIN_API_THROUGH: z.enum(['proxy', 'exec']).default('proxy'),
  /** A checkout of the team's manifests, in which the policy's paths are found (R3.3.5, R5.10). */
  MANIFESTS_DIR: z.string().optional(),
  PROMETHEUS_URL: http.optional(),
  ALERTMANAGER_URL: http.optional(),
  ALERTMANAGER_API_TOKEN: secret.optional(),
  SLACK_API_URL: http.default('https://slack.com/api/'),
  SLACK_BOT_TOKEN: secret.optional(),
  PAGERDUTY_EVENTS_URL: http.default('https://events.pagerduty.com'),
  PAGERDUTY_ROUTING_KEYS: routingKeys.optional(),
  PAGERDUTY_API_URL: http.default('https://api.pagerduty.com'),
  PAGERDUTY_API_TOKEN: secret.optional(),
  /** A user's address: PagerDuty wants to know on whose behalf its API writes. */
  PAGERDUTY_FROM_EMAIL: z.string().optional(),
  STATUSPAGE_API_URL: http.default('https://api.statuspage.io'),
  STATUSPAGE_API_KEY: secret.optional(),
  STATUSPAGE_PAGE_ID: z.string().optional(),
  /** The API takes one request a second for a token; a page of one's own may take more. */
  STATUSPAGE_REQUEST_INTERVAL_MS: z.coerce.number('must be a number of milliseconds').min(0).default(1_100),
  /** The page as everybody sees it, e.g. https://status.example.com (R2.18). */
  STATUSPAGE_PUBLIC_URL: http.optional(),
  ZENDESK_URL: http.optional(),
  ZENDESK_EMAIL: z.string().optional(),
  ZENDESK_API_TOKEN: secret.optional(),
  JIRA_URL: http.optional(),
  JIRA_EMAIL: z.string().optional(),
  JIRA_API_TOKEN: secret.optional(),
  JIRA_PROJECT: z.string().optional(),
  JIRA_ISSUE_TYPE: z.string().default('Task'),
  X_API_URL: http.default('https://api.x.com'),
  X_BEARER_TOKEN: secret.optional(),
  BLUESKY_API_URL: http.default('https://bsky.social'),
  BLUESKY_IDENTIFIER: z.string().optional(),
  BLUESKY_APP_PASSWORD: secret.optional(),
  MASTODON_URL: http.optional(),
  MASTODON_ACCESS_TOKEN: secret.optional(),
  SMTP_URL: url(['smtp:', 'smtps:']).optional(),
  /** The mail server's certificate authority, for one that is not signed by a public one. */
  SMTP_CA_FILE: z.string().optional(),
  SERVICE_DATABASE_URL: postgres.optional(),
  /** Who stands behind the users of the metrics: a CSV file, or the database that the policy's query asks. */
  CUSTOMERS_CSV: z.string().optional(),
  CUSTOMERS_DATABASE_URL: postgres.optional(),
  /** The database's streaming replica, by the same role. */
  SERVICE_DATABASE_REPLICA_URL: postgres.optional(),
  /** A role that owns the tables, for migrations only (R5.8), and the same in staging (R5.7). */
  SERVICE_MIGRATION_URL: postgres.optional(),
  STAGING_DATABASE_URL: postgres.optional(),
  SERVICE_CACHE_URL: redis.optional(),
  ANTHROPIC_API_URL: http.default('https://api.anthropic.com'),
  ANTHROPIC_API_KEY: secret.optional(),
  ANTHROPIC_STATUS_URL: http.default('https://status.claude.com'),
  OPENAI_API_URL: http.default('https://api.openai.com'),
  OPENAI_API_KEY: secret.optional(),
  OPENAI_STATUS_URL: http.default('https://status.openai.com'),
  SERVICE_API_URL: http.optional(),
  GITHUB_API_URL: http.default('https://api.github.com'),
  GITHUB_TOKEN: secret.optional(),
  /** `owner/name` of the team's code. */
  GITHUB_REPOSITORY: z
    .string()
    .regex(/^[\w.-]+\/[\w.-]+$/, 'must be owner/name')
    .optional(),
  /** A checkout or mirror on this machine, whose commits are read as well. */
  GIT_REPOSITORY_DIR: z.string().optional(),
  /** Where fixes and documents are pushed: https, ssh or a path. */
  GIT_REPOSITORY_URL: z.string().optional(),
  GIT_USERNAME: z.string().default('x-access-token'),
  GIT_TOKEN: secret.optional(),
  GIT_BASE_BRANCH: z.string().default('main'),
  GIT_COMMITTER_NAME: z.string().default('Incident Runbook'),
  GIT_COMMITTER_EMAIL: z.string().default('incident-runbook@localhost'),
  /** A repository for post-mortems instead of DOCUMENTS_DIR. */
  DOCUMENTS_REPOSITORY_URL: z.string().optional(),
  JENKINS_URL: http.optional(),
  JENKINS_USER_ID: z.string().optional(),
  JENKINS_API_TOKEN: secret.optional(),
  JENKINS_JOBS: names.optional(),
  ELASTICSEARCH_URL: http.optional(),
  ELASTICSEARCH_API_KEY: secret.optional(),
  ELASTICSEARCH_INDEX: z.string().min(1).default('logs-*,filebeat-*'),
  GRAFANA_URL: http.optional(),
  GRAFANA_TOKEN: secret.optional(),
  KIBANA_URL: http.optional(),
  KIBANA_DATA_VIEW: z.string().default('logs-*'),
  DOCUMENTS_DIR: z.string().default('documents'),
  WORKER_HEALTH_PORT: port.optional(),
  /** 0.0.0.0 where a kubelet asks from outside. */
  WORKER_HEALTH_HOST: z.string().default('127.0.0.1'),
  /** Where the Temporal SDK serves its own metrics, e.g. 0.0.0.0:8082. */
  WORKER_SDK_METRICS_ADDRESS: z.string().optional(),
  WORKER_BUILD_ID: z.string().optional(),
});

export type GatewayEnv = z.infer<typeof gatewaySchema>;
export type WorkerEnv = z.infer<typeof workerSchema>;

/** Variables that hold secrets: each may also be given as NAME_FILE, the path of a file that holds the value. */
const SECRETS: ReadonlySet<string> = new Set([
  'DATABASE_URL',
  'DECISION_SIGNING_KEY',
  'ALERTMANAGER_TOKEN',
  'PAGERDUTY_WEBHOOK_SECRET',
  'KUBERNETES_API_TOKEN',
  'SLACK_BOT_TOKEN',
  'SLACK_SIGNING_SECRET',
  'SLACK_APP_TOKEN',
  'OIDC_CLIENT_SECRET',
  'OTEL_EXPORTER_OTLP_HEADERS',
  'PAGERDUTY_ROUTING_KEYS',
  'PAGERDUTY_API_TOKEN',
  'ALERTMANAGER_API_TOKEN',
  'STATUSPAGE_API_KEY',
  'ZENDESK_API_TOKEN',
  'ZENDESK_WEBHOOK_SECRET',
  'JIRA_API_TOKEN',
  'JIRA_WEBHOOK_SECRET',
  'BOUNCES_TOKEN',
  'X_BEARER_TOKEN',
  'BLUESKY_APP_PASSWORD',
  'MASTODON_ACCESS_TOKEN',
  'SMTP_URL',
  'SERVICE_DATABASE_URL',
  'CUSTOMERS_DATABASE_URL',
  'SERVICE_DATABASE_REPLICA_URL',
  'SERVICE_MIGRATION_URL',
  'STAGING_DATABASE_URL',
  'SERVICE_CACHE_URL',
  'ANTHROPIC_API_KEY',
  'OPENAI_API_KEY',
  'GITHUB_TOKEN',
  'GIT_TOKEN',
  'JENKINS_API_TOKEN',
  'ELASTICSEARCH_API_KEY',
  'GRAFANA_TOKEN',
]);

export type ProcessName = 'gateway' | 'worker' | 'status page';
export type VariableName =
  | keyof typeof gatewaySchema.shape
  | keyof typeof workerSchema.shape
  | keyof typeof statusPageSchema.shape;

/** A variable as docs/configuration.md shows it. */
export interface EnvironmentVariable {
  readonly name: VariableName;
  readonly processes: readonly ProcessName[];
  readonly needed: boolean;
  /** What is taken when it is left out; null: nothing is. */
  readonly standard: string | null;
  readonly secret: boolean;
}

/** Every variable of every process, in the order of the schemas. */
export function environmentVariables(): readonly EnvironmentVariable[] {
  const schemas: readonly (readonly [ProcessName, z.ZodObject])[] = [
    ['gateway', gatewaySchema],
    ['worker', workerSchema],
    ['status page', statusPageSchema],
  ];
  const names = new Set(schemas.flatMap(([, schema]) => Object.keys(schema.shape)));
  return [...names].map((name) => {
    const having = schemas.filter(([, schema]) => name in schema.shape);
    const standards = having.map(([process, schema]) => {
      const leftOut = (schema.shape[name] as z.ZodType).safeParse(undefined);
      return { process, needed: !leftOut.success, value: leftOut.success ? leftOut.data : undefined };
    });
    const values = new Set(standards.map(({ value }) => value));
    const words = (value: unknown) => (value === undefined ? null : String(value));
    return {
      name: name as VariableName,
      processes: having.map(([process]) => process),
      needed: standards.some(({ needed }) => needed),
      standard:
        values.size === 1
          ? words([...values][0])
          : standards.map(({ process, value }) => `${words(value) ?? 'none'} (${process})`).join(', '),
      secret: SECRETS.has(name),
    };
  });
}

/** What to do about a variable that is missing or wrong. */
const ADVICE: Readonly<Record<string, string>> = {
  DATABASE_URL:
    'Give the PostgreSQL that keeps inbox and projection, e.g. postgres://incident:secret@db:5432/incident.',
  INCIDENT_POLICY: 'Give the path of the team’s policy file, e.g. policy/noa.yaml.',
  DECISION_SIGNING_KEY:
    'Give gateway and workers the same random text, e.g. the output of `openssl rand -hex 32`; two, while it is being exchanged, are separated by a comma.',
  ALERTMANAGER_TOKEN:
    'Give the token that Alertmanager sends as `authorization: credentials:`; several, while it is being changed, are separated by commas.',
  INCIDENT_SPEED:
    'Leave it out in production (1); a demo that hurries says how many incident seconds pass in a second.',
  PORT: 'Give a free port, e.g. 8080.',
};

/** Throws EnvironmentError. */
export function gatewayEnv(env: NodeJS.ProcessEnv = process.env): GatewayEnv {
  return parse(gatewaySchema, env);
}

/** Throws EnvironmentError. */
export function statusPageEnv(env: NodeJS.ProcessEnv = process.env): z.infer<typeof statusPageSchema> {
  return parse(statusPageSchema, env);
}

/** Throws EnvironmentError. */
export function workerEnv(env: NodeJS.ProcessEnv = process.env): WorkerEnv {
  return parse(workerSchema, env);
}

/** The values of a secret that is being rotated: all of them are right (no 4xx while both are in use). */
export function rotatedSecrets(value: string | undefined): readonly string[] {
  return (value ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function parse<T extends z.ZodObject>(schema: T, env: NodeJS.ProcessEnv): z.infer<T> {
  const problems: string[] = [];
  const values: Record<string, string> = {};
  for (const name of Object.keys(schema.shape)) {
    const value = textOf(name, env, problems);
    if (value !== undefined && value !== '') values[name] = value;
  }
  const result = schema.safeParse(values);
  if (!result.success) problems.push(...result.error.issues.map((issue) => sentence(issue, values)));
  if (problems.length > 0 || !result.success) {
    throw new EnvironmentError(
      `The environment is not complete:\n${problems.map((problem) => `  ${problem}`).join('\n')}`,
    );
  }
  return result.data;
}

function textOf(name: string, env: NodeJS.ProcessEnv, problems: string[]): string | undefined {
  const file = env[`${name}_FILE`];
  if (!SECRETS.has(name) || file === undefined || file === '') return env[name];
  if (env[name] !== undefined && env[name] !== '') {
    problems.push(`${name} and ${name}_FILE are both set. Keep one of them.`);
    return undefined;
  }
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    problems.push(
      `${name}_FILE names ${file}, which cannot be read (${(error as Error).message}). Correct the path or its permissions.`,
    );
    return undefined;
  }
}

/** Never shows the value: it may be a secret. */
function sentence(issue: z.core.$ZodIssue, values: Readonly<Record<string, string>>): string {
  const name = String(issue.path[0] ?? '');
  const what = values[name] === undefined ? 'is missing' : issue.message;
  const alternative = SECRETS.has(name) ? ` ${name}_FILE may name a file that holds it.` : '';
  return `${name} ${what}. ${ADVICE[name] ?? 'Correct it or leave it out.'}${alternative}`;
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
