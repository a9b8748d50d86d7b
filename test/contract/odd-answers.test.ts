import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createAlertmanagerClient } from '../../src/activities/alertmanager/client.ts';
import { createElasticsearchClient } from '../../src/activities/elasticsearch/client.ts';
import { createGitHubClient } from '../../src/activities/github/client.ts';
import { createPullRequestClient } from '../../src/activities/github/pull-requests.ts';
import { createGrafanaClient } from '../../src/activities/grafana/client.ts';
import { createJenkinsClient } from '../../src/activities/jenkins/client.ts';
import { createJiraClient } from '../../src/activities/jira/client.ts';
import { createKubernetesClient } from '../../src/activities/kubernetes/client.ts';
import { connectToKubernetes } from '../../src/activities/kubernetes/connection.ts';
import { createPagerDutyClient } from '../../src/activities/pagerduty/client.ts';
import { createPagerDutyRest } from '../../src/activities/pagerduty/rest.ts';
import { createPrometheusClient } from '../../src/activities/prometheus/client.ts';
import { createProvidersClient } from '../../src/activities/providers/client.ts';
import { ports as serviceApiPorts } from '../../src/activities/service-api/ports.ts';
import { createSlackClient } from '../../src/activities/slack/client.ts';
import { createBlueskySearch } from '../../src/activities/social/bluesky.ts';
import { createMastodonSearch } from '../../src/activities/social/mastodon.ts';
import { createXSearch } from '../../src/activities/social/x.ts';
import { createStatusPageClient } from '../../src/activities/status-page/client.ts';
import { createPublicStatusPage } from '../../src/activities/status-page/public-page.ts';
import { createZendeskClient } from '../../src/activities/zendesk/client.ts';
import { openWire, type WireAnswer } from '../activities/wire.ts';
import { holdsAgainstOddAnswers, type OddAnswerOptions } from './odd-answers.ts';
import { closing } from './vendor.ts';

// Replies that those APIs really give: each becomes the right failure of the closed list, at every client, in one
// attempt, and without the credential that a careless proxy repeats. X, Bluesky, Mastodon, Slack, Jira, Zendesk and
// PagerDuty's REST API have theirs beside their other cases; here are all the others, and all that page.
const TOKEN = 'planted0odd0answer0token';
const BASIC = Buffer.from(`bot:${TOKEN}`).toString('base64');
const WINDOW = { fromAt: '2024-10-23T12:40:00.000Z', untilAt: '2024-10-23T14:40:00.000Z' };
const closed = closing();
afterEach(() => closed.all());

const prometheus = (baseUrl: string, timeoutMilliseconds: number) =>
  createPrometheusClient({ baseUrl, bearerToken: TOKEN, timeoutMilliseconds });
const alertmanager = (baseUrl: string, timeoutMilliseconds: number) =>
  createAlertmanagerClient({ baseUrl, bearerToken: TOKEN, timeoutMilliseconds });
const grafana = (url: string, timeoutMilliseconds: number) =>
  createGrafanaClient({ url, token: TOKEN, timeoutMilliseconds });
const github = (apiUrl: string, timeoutMilliseconds: number) => ({
  apiUrl,
  token: TOKEN,
  repository: 'acme/shop',
  timeoutMilliseconds,
});
const kubernetes = (apiUrl: string, timeoutMilliseconds: number) =>
  createKubernetesClient(connectToKubernetes({ apiUrl, token: TOKEN, timeoutMilliseconds }));
const statusPage = (apiUrl: string, timeoutMilliseconds: number) =>
  createStatusPageClient({ apiUrl, apiKey: TOKEN, pageId: 'p', betweenRequestsMilliseconds: 0, timeoutMilliseconds });
const elasticsearch = (url: string, timeoutMilliseconds: number) =>
  createElasticsearchClient({ url, apiKey: TOKEN, index: 'logs-*', kibana: null, timeoutMilliseconds });
const jenkins = (url: string, timeoutMilliseconds: number) =>
  createJenkinsClient({ url, userId: 'bot', apiToken: TOKEN, jobs: ['deploy'], timeoutMilliseconds });

const SEARCH = {
  namespace: 'n',
  selectors: ['app=x'],
  anyOf: ['ERROR'],
  ...WINDOW,
  limit: 1,
  deadlineMilliseconds: 250,
};
const POST = {
  incidentId: 'incident-1',
  key: 'k',
  title: 't',
  status: 'investigating',
  body: 'b',
  impact: 'major',
  components: [],
} as const;
const PAGE = {
  action: 'trigger',
  pagingService: 'primary',
  dedupKey: 'd',
  summary: 's',
  source: 'api',
  severity: 'critical',
  at: WINDOW.fromAt,
  links: [],
  details: {},
} as const;
const ANNOTATION = { incidentId: 'i', key: 'k', text: 't', tags: [], at: WINDOW.fromAt, untilAt: null };
const PANEL = { dashboardUrl: 'https://g.example/d/x', panelId: 1, ...WINDOW };
/** What is only written is not read for its shape: an answer of 2xx is all that is asked. */
const CLIENTS: Readonly<Record<string, Omit<OddAnswerOptions, 'secrets'>>> = {
  'Prometheus, a query': { call: (url, timeoutMilliseconds) => prometheus(url, timeoutMilliseconds).instant('up') },
  'Prometheus, a range': {
    call: (url, timeoutMilliseconds) =>
      prometheus(url, timeoutMilliseconds).range({ query: 'up', ...WINDOW, stepSeconds: 60 }),
  },
  'Prometheus, alerts': { call: (url, timeoutMilliseconds) => prometheus(url, timeoutMilliseconds).firingAlerts() },
  'Alertmanager, alerts': { call: (url, timeoutMilliseconds) => alertmanager(url, timeoutMilliseconds).alerts([]) },
  'Grafana, an annotation': {
    call: (url, timeoutMilliseconds) => grafana(url, timeoutMilliseconds).annotate(ANNOTATION),
  },
  'Grafana, a panel': {
    call: (url, timeoutMilliseconds) => grafana(url, timeoutMilliseconds).panel(PANEL),
  },
  Elasticsearch: { call: (url, timeoutMilliseconds) => elasticsearch(url, timeoutMilliseconds).search(SEARCH) },
  'GitHub, commits': {
    call: (url, timeoutMilliseconds) => createGitHubClient(github(url, timeoutMilliseconds)).commits(WINDOW),
  },
  'GitHub, runs': {
    call: (url, timeoutMilliseconds) => createGitHubClient(github(url, timeoutMilliseconds)).runs(WINDOW),
  },
  'GitHub, a pull request': {
    call: (url, timeoutMilliseconds) =>
      createPullRequestClient(github(url, timeoutMilliseconds)).open({
        branch: 'b',
        base: 'main',
        title: 't',
        body: '',
      }),
  },
  Jenkins: { call: (url, timeoutMilliseconds) => jenkins(url, timeoutMilliseconds).builds(WINDOW) },
  'Kubernetes, pods': { call: (url, timeoutMilliseconds) => kubernetes(url, timeoutMilliseconds).pods('n', 'app=x') },
  'status page, looked for': {
    call: (url, timeoutMilliseconds) => statusPage(url, timeoutMilliseconds).find('incident-1', null),
  },
  'status page, created': { call: (url, timeoutMilliseconds) => statusPage(url, timeoutMilliseconds).create(POST) },
  'PagerDuty, an event': {
    call: (eventsUrl, timeoutMilliseconds) =>
      createPagerDutyClient({ eventsUrl, routingKeys: { primary: TOKEN }, timeoutMilliseconds }).page(PAGE),
  },
};

for (const [what, options] of Object.entries(CLIENTS))
  holdsAgainstOddAnswers(what, { ...options, secrets: [TOKEN, BASIC] });

holdsAgainstOddAnswers('the public status page', {
  call: (baseUrl, timeoutMilliseconds) => createPublicStatusPage({ baseUrl, timeoutMilliseconds }).summary(),
  secrets: [],
  // It carries no credential, so it follows; nobody is there.
  except: { 'a redirect to elsewhere': 'Unavailable' },
});

describe('a list whose end never comes', () => {
  /** Each page says that there is one more; so many requests are the most that anybody makes. */
  const MOST_REQUESTS = 25;
  const ENDLESS: Readonly<Record<string, readonly [WireAnswer, (url: string) => Promise<unknown>]>> = {
    'GitHub, by Link': [
      { headers: { link: '<https://api.github.com/x?page=2>; rel="next"' }, body: [commit()] },
      (url) => createGitHubClient(github(url, 5_000)).commits(WINDOW),
    ],
    'PagerDuty, by more': [
      { body: { oncalls: [], more: true } },
      (apiUrl) =>
        createPagerDutyRest({
          apiUrl,
          apiToken: TOKEN,
          fromEmail: 'a@b.example',
          timeoutMilliseconds: 5_000,
        }).onCalls(),
    ],
    'Jira, by token': [
      { body: { issues: [], isLast: false, nextPageToken: 'again' } },
      (baseUrl) =>
        createJiraClient({ baseUrl, email: 'e', apiToken: TOKEN, project: 'NOA', timeoutMilliseconds: 5_000 }).since(
          WINDOW.fromAt,
          WINDOW.untilAt,
        ),
    ],
    'Slack, by cursor': [
      { body: { ok: true, channels: [], messages: [], response_metadata: { next_cursor: 'again' } } },
      (url) =>
        createSlackClient({ token: TOKEN, apiUrl: `${url}/api/`, timeoutMilliseconds: 5_000 }).findPosted(
          'incidents',
          'k',
        ),
    ],
    'X, by token': [
      { body: { data: [], meta: { result_count: 0, next_token: 'again' } } },
      (apiUrl) => createXSearch({ apiUrl, bearerToken: TOKEN, timeoutMilliseconds: 5_000 }).since('@x', WINDOW.fromAt),
    ],
    'Bluesky, by cursor': [
      { body: { accessJwt: 'j', posts: [], cursor: 'again' } },
      (apiUrl) =>
        createBlueskySearch({ apiUrl, identifier: 'i', appPassword: TOKEN, timeoutMilliseconds: 5_000 }).since(
          '@x',
          WINDOW.fromAt,
        ),
    ],
    'Mastodon, by offset': [
      { body: { statuses: Array.from({ length: 40 }, () => toot()) } },
      (apiUrl) =>
        createMastodonSearch({ apiUrl, accessToken: TOKEN, timeoutMilliseconds: 5_000 }).since('@x', WINDOW.fromAt),
    ],
    'Zendesk, by more': [
      { body: { tickets: [], count: 9_999, results: [], meta: { has_more: true } } },
      (baseUrl) =>
        createZendeskClient({ baseUrl, email: 'e', apiToken: TOKEN, timeoutMilliseconds: 5_000 }).since(
          WINDOW.fromAt,
          WINDOW.untilAt,
        ),
    ],
  };

  it.each(Object.entries(ENDLESS))(
    '%s: is left after so many pages, or said not to be whole',
    async (_what, [page, call]) => {
      const wire = await openWire(() => page);
      closed.add(() => wire.close());
      await call(wire.url).catch((error: { type?: string }) => expect(error.type).toBeDefined());
      expect(wire.requests.length).toBeGreaterThan(0);
      expect(wire.requests.length).toBeLessThanOrEqual(MOST_REQUESTS);
    },
  );

  function commit() {
    const who = { name: 'a', email: 'a@b.example', date: WINDOW.fromAt };
    return {
      sha: 'a'.repeat(40),
      html_url: 'https://x.example',
      commit: { message: 'm', author: who, committer: who },
    };
  }
  function toot() {
    return {
      id: '1',
      url: 'https://x.example/1',
      content: 'c',
      created_at: '2030-01-01T00:00:00.000Z',
      account: { acct: 'a' },
    };
  }
});

describe('who never fails says that nothing is known', () => {
  it.each([
    ['429 without a time', { status: 429 }],
    ['HTML', { body: '<html>' }],
    ['nothing', { body: '' }],
    ['a redirect', { status: 302, headers: { location: 'http://127.0.0.1:9/' } }],
    ['another shape', { body: '[]' }],
  ] satisfies readonly (readonly [string, WireAnswer])[])(
    'a provider that answers with %s is unknown, and never down',
    async (_what, answer) => {
      const wire = await openWire(() => answer);
      closed.add(() => wire.close());
      const endpoint = { kind: 'anthropic', apiUrl: wire.url, apiKey: TOKEN, statusUrl: wire.url } as const;
      const health = await createProvidersClient({
        endpoints: { claude: endpoint },
        timeoutMilliseconds: 5_000,
      }).health('claude');
      expect(health).toMatchObject({ api: 'unknown', statusPage: 'unknown' });
      expect(health.detail).not.toContain(TOKEN);
    },
  );
});

describe('the service’s own API', () => {
  it('is told as it answers, and as away when nobody does', async () => {
    const wire = await openWire(() => ({ status: 500, body: '<html>' }));
    const { serviceApi } = serviceApiPorts({ SERVICE_API_URL: wire.url });
    expect(await serviceApi?.check('/health')).toMatchObject({ status: 500, ok: false });
    await wire.close();
    expect(await serviceApi?.check('/health')).toMatchObject({ status: null, ok: false });
  });
});

describe('every client that speaks HTTP', () => {
  it('is in one of these tables', () => {
    const root = join(import.meta.dirname, '../..');
    const files = filesUnder(join(root, 'src/activities')).filter((file) =>
      /createHttpClient\(|\bfetch\(|connectToKubernetes\(options/.test(readFileSync(file, 'utf8')),
    );
    const held = filesUnder(join(root, 'test/contract'))
      .map((file) => readFileSync(file, 'utf8'))
      .filter((text) => text.includes('holdsAgainstOddAnswers('))
      .join('\n');
    const missing = files
      .map((file) => relative(join(root, 'src/activities'), file))
      .filter((file) => !ELSEWHERE.includes(file) && !held.includes(`/activities/${file}'`));
    expect(missing).toEqual([]);
    expect(files.length).toBeGreaterThan(15);
  });

  /** The shared client itself; Slack's parts, held by its client; what never fails, held above or by doctor's tests. */
  const ELSEWHERE = [
    'http.ts',
    'slack/web.ts',
    'slack/files.ts',
    'service-api/ports.ts',
    'accounts/check.ts',
    'kubernetes/check.ts',
  ];

  function filesUnder(folder: string): readonly string[] {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => join(folder, name));
  }
});
