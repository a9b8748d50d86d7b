import { join } from 'node:path';
import { type Credentials, SECRETS } from './credentials.ts';
import { EvaluationPace } from './evaluation-pace.ts';
import type { RecordedChange } from './journal.ts';
import { type AlertReceiver, DEFAULT_RECEIVER, MovableReceiver } from './movable-receiver.ts';
import type { AlertRule } from './promql/alert-rules.ts';
import type { SeriesSource as PrometheusSource } from './promql/store.ts';
import { createReporting, type Reporting, type ReportReceivers } from './reporting.ts';
import { Scheduler } from './scheduler.ts';
import { startDatabase } from './start-database.ts';
import type { Alertmanager } from './systems/alertmanager.ts';
import { createAlertmanager } from './systems/alertmanager.ts';
import type { Grouping } from './systems/alertmanager-groups.ts';
import { createCustomerDirectory, type DirectoryEntry } from './systems/customer-directory.ts';
import { createElasticsearch, type Elasticsearch } from './systems/elasticsearch.ts';
import { createGitHost, type GitHost } from './systems/git/git-host.ts';
import { createGitHub, type GitHub } from './systems/github/github.ts';
import { createGrafana, type Grafana } from './systems/grafana.ts';
import { createJenkins } from './systems/jenkins.ts';
import type { Kubernetes } from './systems/kubernetes/kubernetes.ts';
import { createKubernetes } from './systems/kubernetes/kubernetes.ts';
import type { ClusterSettings } from './systems/kubernetes/settings.ts';
import { clusterFor } from './systems/kubernetes/settings.ts';
import type { PagerDuty } from './systems/pagerduty.ts';
import { createPagerDuty } from './systems/pagerduty.ts';
import type { PeopleSettings } from './systems/people.ts';
import { DEFAULT_PEOPLE } from './systems/people.ts';
import type { LivePostgres } from './systems/postgres/live-postgres.ts';
import { createStagingPostgres } from './systems/postgres/staging-postgres.ts';
import type { VirtualPostgres } from './systems/postgres/virtual-postgres.ts';
import type { Prometheus } from './systems/prometheus.ts';
import { createPrometheus } from './systems/prometheus.ts';
import { ANTHROPIC, createProvider, OPENAI } from './systems/providers.ts';
import { createRedis } from './systems/redis/redis.ts';
import { createServiceApi } from './systems/service-api.ts';
import type { Slack } from './systems/slack/slack.ts';
import { createSlack } from './systems/slack/slack.ts';
import type { Smtp } from './systems/smtp.ts';
import { createSmtp } from './systems/smtp.ts';
import type { StatusPage, StatusPageSettings } from './systems/status-page.ts';
import { createStatusPage, DEFAULT_STATUS_PAGE } from './systems/status-page.ts';
import { WireFaults } from './wire/faults.ts';
import { WireLedger } from './wire/ledger.ts';
import { changesOf } from './world/changes.ts';
import type { WorldOptions } from './world/settings.ts';
import { completeSettings, MAX_USER_LABELS } from './world/settings.ts';
import { createWorld } from './world/simulated-world.ts';
import type { World } from './world/world.ts';

export interface ProductionOptions {
  readonly seed: number;
  /** World time at which the play begins; the world has been healthy for two hours by then. */
  readonly startMs: number;
  readonly mode: 'virtual' | 'live';
  readonly world?: WorldOptions;
  readonly cluster?: ClusterSettings;
  readonly people?: PeopleSettings;
  readonly statusPage?: StatusPageSettings;
  /** The channel in which people ask for help; `general` when left out. */
  readonly supportChannel?: string;
  readonly rules: readonly AlertRule[];
  readonly grouping?: Grouping;
  /** Who is told of alerts. Names are fixed here; addresses and tokens may follow with setReceivers. */
  readonly receivers?: readonly AlertReceiver[];
  /** Live mode only: a real PostgreSQL, by a role that may create databases. */
  readonly postgresAdminUrl?: string;
  /** What clients log in with, where it should be something else than what is simulated by default. */
  readonly credentials?: Partial<Credentials>;
  /** Virtual mode: a folder in which the database's empty cluster is kept from play to play. */
  readonly postgresTemplateFolder?: string;
}

export interface Production {
  readonly world: World;
  readonly kubernetes: Kubernetes;
  readonly prometheus: Prometheus;
  readonly alertmanager: Alertmanager;
  readonly slack: Slack;
  readonly pagerDuty: PagerDuty;
  readonly statusPage: StatusPage;
  readonly smtp: Smtp;
  readonly reporting: Reporting;
  readonly postgres: VirtualPostgres | LivePostgres;
  readonly git: GitHost;
  readonly github: GitHub;
  readonly grafana: Grafana;
  readonly elasticsearch: Elasticsearch;
  /** Everything that was done to it and that its world felt, in order: what a counterfactual of it has to be told. */
  readonly journal: readonly RecordedChange[];
  /** Each time the database's replica was made a primary. */
  readonly promotions: readonly { readonly atMs: number }[];
  readonly people: PeopleSettings;
  /** Who stands behind the world's users; a worker reads them as a CSV file (CUSTOMERS_CSV). */
  readonly customers: readonly DirectoryEntry[];
  readonly wires: WireFaults;
  /** Every request to every system. */
  readonly log: WireLedger;
  /** Environment variables with which a client finds everything here. */
  readonly endpoints: Readonly<Record<string, string>>;
  /** Gives known receivers their addresses; throws when there is none of that name. */
  setReceivers(receivers: readonly AlertReceiver[]): void;
  /** Where people's own reports are delivered; nowhere until it is said. */
  setReportReceivers(receivers: ReportReceivers): void;
  /** Moves world time forward, doing everything due on the way at its own instant; deliveries have been answered when it returns. */
  advanceTo(ms: number): Promise<void>;
  /** As advanceTo, but stops right after the first instant at which a notification reached its receiver; returns the instant. */
  advanceUntilReaction(ms: number): Promise<number>;
  /** As advanceTo, but stops at the first instant at which a notification is due, before it is sent; returns the instant. */
  advanceUntilDue(ms: number): Promise<number>;
  /** Whether a notification is due now. */
  isDue(): boolean;
  /** Sends the next notification that is due now: whether its receiver answered, or null when none is left. */
  sendNext(): Promise<boolean | null>;
  stop(): Promise<void>;
}

const DEFAULT_GROUPING: Grouping = {
  groupBy: ['alertname', 'service'],
  groupWaitSeconds: 10,
  groupIntervalSeconds: 60,
  repeatIntervalSeconds: 14_400,
};
/** The company's own manifests, as a checkout of its repository has them. */
const MANIFESTS = join(import.meta.dirname, 'manifests');
/** So long after they were asked, somebody of the company has looked at a change and finds it good. */
const REVIEW_AFTER_MS = 20 * 60_000;
const REPOSITORY = 'noa-server/noa-server';
const GIT_USER = 'x-access-token';
const JENKINS_USER = 'incident-bot';
const MAIL_USER = 'incidents';

/** Everything a company's production is to the outside: one world, and servers that speak each system's wire. */
export async function startProduction(options: ProductionOptions): Promise<Production> {
  const { seed, startMs } = options;
  const settings = completeSettings(options.world ?? {});
  const people = options.people ?? DEFAULT_PEOPLE;
  const secrets: Credentials = { ...SECRETS, ...options.credentials };
  const wires = new WireFaults();
  const log = new WireLedger();
  // Systems stamp what they are told with the world's time; before there is a world it stands at the start.
  let world: World | null = null;
  const clock = () => world?.nowMs ?? startMs;
  const common = { clock, faults: wires, log };

  const clusterSettings = options.cluster ?? clusterFor(settings.deployments);
  const journal: RecordedChange[] = [];
  const done = (one: RecordedChange): void => void journal.push(one);
  const kubernetes = createKubernetes({
    ...common,
    done,
    settings: clusterSettings,
    seed,
    startMs,
    token: secrets.kubernetes,
  });
  const made = createWorld({ seed, startMs, settings: options.world ?? {}, cluster: kubernetes.cluster });
  world = made;
  const service = { world: made, providers: Object.keys(settings.providers) };
  kubernetes.connect(service);

  const prometheus = createPrometheus({ ...common, source: scraped(made.series), rules: options.rules });
  const slack = createSlack({ ...common, people, botToken: secrets.slack });
  const pagerDuty = createPagerDuty({ ...common, people, apiToken: secrets.pagerDuty });
  const pageSettings = options.statusPage ?? DEFAULT_STATUS_PAGE;
  const statusPage = createStatusPage({ ...common, settings: pageSettings, apiKey: secrets.statusPage });
  const smtp = createSmtp({ ...common, ...(secrets.smtp === '' ? {} : { accounts: { [MAIL_USER]: secrets.smtp } }) });
  const supportChannel = options.supportChannel ?? 'general';
  const reporting = createReporting({ ...common, world: made, people, slack, supportChannel, secrets });
  const customers = createCustomerDirectory(settings.users, MAX_USER_LABELS);
  const deployment = settings.endpoints[0]?.deployment ?? '';
  const serviceApi = createServiceApi({ ...common, cluster: kubernetes.cluster, service, deployment });
  const provider = (vendor: typeof ANTHROPIC, apiKey: string) =>
    createProvider({ ...common, vendor, apiKey, truth: () => made.provider(vendor.provider) });
  const anthropic = provider(ANTHROPIC, secrets.anthropic);
  const openai = provider(OPENAI, secrets.openai);
  const changes = () => changesOf({ seed, startMs, nowMs: made.nowMs, cluster: kubernetes.cluster });
  const git = createGitHost({ ...common, changes, user: GIT_USER, token: secrets.github });
  const github = createGitHub({
    ...common,
    repository: REPOSITORY,
    token: secrets.github,
    git,
    collaborators: people.people.map(({ handle }) => handle),
    teams: people.groups.map(({ handle }) => handle),
    reviewAfterMs: REVIEW_AFTER_MS,
  });
  const commits = () => git.main();
  const jenkins = createJenkins({ ...common, userId: JENKINS_USER, apiToken: secrets.jenkins, commits });
  const elasticsearch = createElasticsearch({
    ...common,
    apiKey: secrets.elasticsearch,
    namespace: clusterSettings.namespace,
    world: made,
    pods: () => kubernetes.cluster.pods(),
  });
  const grafana = createGrafana({ ...common, token: secrets.grafana });
  const truth = () => made.database();
  const replica = {
    truth: () => made.replica(),
    promote() {
      made.promoteReplica();
      done({ kind: 'promotion', act: { atMs: made.nowMs } });
    },
  };
  const { postgres, live, replicaUrl, promotions } = await startDatabase(options, { ...common, truth }, replica);

  const listening = await Promise.all([
    kubernetes.listen(),
    prometheus.listen(),
    slack.listen(),
    pagerDuty.listen(),
    statusPage.listen(),
    smtp.listen(),
    serviceApi.listen(),
    postgres.listen(),
  ]);
  const [kubernetesUrl, prometheusUrl, slackUrl, pagerDutyUrl, statusPageUrl, smtpUrl, serviceUrl, postgresUrl] =
    listening.map(({ url }) => url);
  const staging = createStagingPostgres(common);
  const { url: stagingUrl } = await staging.listen();
  const redis = createRedis({
    ...common,
    truth: () => made.cache(),
    ...(secrets.redis === '' ? {} : { password: secrets.redis }),
  });
  const { url: redisUrl } = await redis.listen();
  const [gitUrl, githubUrl, jenkinsUrl, elasticsearchUrl, grafanaUrl] = (
    await Promise.all([git, github, jenkins, elasticsearch, grafana].map((system) => system.listen()))
  ).map(({ url }) => url);
  const [anthropicUrls, openaiUrls] = await Promise.all([anthropic.listen(), openai.listen()]);
  const reportingEndpoints = await reporting.listen();

  const receivers = (options.receivers ?? [DEFAULT_RECEIVER]).map((one) => new MovableReceiver(one));
  const alertmanager = createAlertmanager({
    ...common,
    grouping: options.grouping ?? DEFAULT_GROUPING,
    receivers,
    externalUrl: 'http://alertmanager.simulated',
    prometheusUrl: prometheusUrl ?? '',
  });
  const { url: alertmanagerUrl } = await alertmanager.listen();

  const endpoints: Record<string, string> = {
    KUBERNETES_API_URL: kubernetesUrl ?? '',
    KUBERNETES_API_TOKEN: secrets.kubernetes,
    KUBERNETES_TOKEN: secrets.kubernetes,
    MANIFESTS_DIR: MANIFESTS,
    PROMETHEUS_URL: prometheusUrl ?? '',
    ALERTMANAGER_URL: alertmanagerUrl,
    SLACK_API_URL: `${slackUrl}/api/`,
    SLACK_BOT_TOKEN: secrets.slack,
    PAGERDUTY_EVENTS_URL: pagerDutyUrl ?? '',
    PAGERDUTY_API_URL: pagerDutyUrl ?? '',
    PAGERDUTY_API_TOKEN: secrets.pagerDuty,
    // Every write is made in a user's name.
    PAGERDUTY_FROM_EMAIL: people.people[0]?.email ?? '',
    PAGERDUTY_ROUTING_KEYS: JSON.stringify(pagerDuty.routingKeys),
    STATUSPAGE_API_URL: `${statusPageUrl}/v1`,
    STATUSPAGE_API_KEY: secrets.statusPage,
    STATUSPAGE_PAGE_ID: pageSettings.pageId,
    STATUSPAGE_PUBLIC_URL: statusPageUrl ?? '',
    // This page takes more than Atlassian's one request a second.
    STATUSPAGE_REQUEST_INTERVAL_MS: '0',
    SMTP_URL: withUser(smtpUrl ?? '', secrets.smtp),
    SERVICE_DATABASE_URL: postgresUrl ?? '',
    ...(replicaUrl === null ? {} : { SERVICE_DATABASE_REPLICA_URL: replicaUrl }),
    // The simulated database has one role for everything.
    SERVICE_MIGRATION_URL: postgresUrl ?? '',
    STAGING_DATABASE_URL: stagingUrl,
    SERVICE_CACHE_URL: redisUrl,
    ANTHROPIC_API_URL: anthropicUrls.apiUrl,
    ANTHROPIC_API_KEY: secrets.anthropic,
    ANTHROPIC_STATUS_URL: anthropicUrls.statusUrl,
    OPENAI_API_URL: openaiUrls.apiUrl,
    OPENAI_API_KEY: secrets.openai,
    OPENAI_STATUS_URL: openaiUrls.statusUrl,
    SERVICE_API_URL: serviceUrl ?? '',
    GITHUB_API_URL: githubUrl ?? '',
    GITHUB_TOKEN: secrets.github,
    GITHUB_REPOSITORY: REPOSITORY,
    GIT_REPOSITORY_URL: gitUrl ?? '',
    GIT_USERNAME: GIT_USER,
    GIT_TOKEN: secrets.github,
    JENKINS_URL: jenkinsUrl ?? '',
    JENKINS_USER_ID: JENKINS_USER,
    JENKINS_API_TOKEN: secrets.jenkins,
    JENKINS_JOBS: jenkins.jobs.join(','),
    ELASTICSEARCH_URL: elasticsearchUrl ?? '',
    ELASTICSEARCH_API_KEY: secrets.elasticsearch,
    KIBANA_URL: 'https://kibana.noaserver.com',
    GRAFANA_URL: grafanaUrl ?? '',
    GRAFANA_TOKEN: secrets.grafana,
    ...reportingEndpoints,
    CUSTOMERS_CSV: customers.csvPath,
  };

  const scheduler = new Scheduler({
    world: made,
    kubernetes,
    prometheus,
    alertmanager,
    reporting,
    pagerDuty,
    log,
    live,
    pace: new EvaluationPace(options.rules, startMs),
  });
  return {
    world: made,
    kubernetes,
    prometheus,
    alertmanager,
    slack,
    pagerDuty,
    statusPage,
    smtp,
    reporting,
    postgres,
    git,
    github,
    grafana,
    elasticsearch,
    journal,
    promotions,
    people,
    customers: customers.entries,
    wires,
    log,
    endpoints,
    setReceivers(wanted) {
      for (const one of wanted) {
        const known = receivers.find(({ name }) => name === one.name);
        if (known === undefined)
          throw new Error(
            `There is no receiver ${one.name}; there are ${receivers.map(({ name }) => name).join(', ')}.`,
          );
        known.move(one);
      }
    },
    setReportReceivers: (wanted) => reporting.setReceivers(wanted),
    async advanceTo(ms) {
      await scheduler.advance(ms, 'on');
    },
    advanceUntilReaction: (ms) => scheduler.advance(ms, 'after-sending'),
    advanceUntilDue: (ms) => scheduler.advance(ms, 'before-sending'),
    isDue: () => scheduler.isDue(),
    sendNext: () => scheduler.sendNext(),
    async stop() {
      const servers = [
        kubernetes,
        prometheus,
        alertmanager,
        slack,
        pagerDuty,
        statusPage,
        smtp,
        reporting,
        serviceApi,
        anthropic,
        openai,
        postgres,
        staging,
        redis,
        git,
        github,
        jenkins,
        elasticsearch,
        grafana,
      ];
      await Promise.all(servers.map((server) => server.close()));
      customers.remove();
    },
  };
}

function withUser(smtpUrl: string, password: string): string {
  return password === '' ? smtpUrl : smtpUrl.replace('://', `://${MAIL_USER}:${encodeURIComponent(password)}@`);
}

/** The world's series as Prometheus's storage gives them. */
function scraped(series: World['series']): PrometheusSource {
  return {
    select: (matchers, fromMs, toMs) =>
      series.select(
        matchers.map(({ name, operator, value }) => ({ name, op: operator, value })),
        fromMs,
        toMs,
      ),
  };
}
