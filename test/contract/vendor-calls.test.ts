import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Production, startProduction } from '../../lab/simulation/production.ts';
import { isCall, type RequestRule } from '../../lab/simulation/vendor-rules/rule.ts';
import { createElasticsearchClient } from '../../src/activities/elasticsearch/client.ts';
import { createGitHubClient } from '../../src/activities/github/client.ts';
import { createPullRequestClient } from '../../src/activities/github/pull-requests.ts';
import { createGrafanaClient } from '../../src/activities/grafana/client.ts';
import { createJenkinsClient } from '../../src/activities/jenkins/client.ts';
import { createJiraClient } from '../../src/activities/jira/client.ts';
import { createPagerDutyClient } from '../../src/activities/pagerduty/client.ts';
import { createPagerDutyRest } from '../../src/activities/pagerduty/rest.ts';
import { createProvidersClient, type ProviderEndpoint } from '../../src/activities/providers/client.ts';
import { createSlackClient } from '../../src/activities/slack/client.ts';
import { createStatusPageClient } from '../../src/activities/status-page/client.ts';
import { createZendeskClient } from '../../src/activities/zendesk/client.ts';
import { TICKET } from './tickets.ts';

// Each method of each client is called once against the simulated vendors; every call on the wire has a rule, or is named
// here with the reason why there is none.

const FOLDER = join(import.meta.dirname, '../../lab/simulation/vendor-rules');
/** Files that hold no rules about requests to a vendor. */
const OTHERS = ['rule.ts', 'pagerduty-webhooks.ts'];

/** By the system's name in the wire's ledger; whoever adds a file of rules need not name it here. */
async function rulesBySystem(): Promise<Readonly<Record<string, readonly RequestRule[]>>> {
  const files = readdirSync(FOLDER).filter((name) => !OTHERS.includes(name));
  const found = files.map(async (name) => {
    const rules = Object.values((await import(join(FOLDER, name))) as Record<string, unknown>).filter(Array.isArray);
    return [name === 'statuspage.ts' ? 'status-page' : name.replace('.ts', ''), rules.flat() as RequestRule[]];
  });
  return Object.fromEntries(await Promise.all(found));
}

const BY_ID = 'it says nothing but the id in its path';
const OPTIONAL = 'its page requires no argument';
const WITHOUT_RULE: Readonly<Record<string, string>> = {
  'pagerduty GET /incidents/:id/notes': BY_ID,
  'slack * /api/auth.test': OPTIONAL,
  'slack * /api/conversations.list': OPTIONAL,
  'slack * /api/bookmarks.list': OPTIONAL,
  'slack * /api/usergroups.list': OPTIONAL,
  'slack * /upload/:ticket': 'the bytes of a file, to an address of its own',
  'status-page GET /pages/:page/incidents/unresolved': OPTIONAL,
  'status-page GET /pages/:page/incidents/:id': BY_ID,
  'github GET /pulls/:number': BY_ID,
  'github GET /pulls/:number/reviews': OPTIONAL,
  'github POST /pulls/:number/requested_reviewers': 'two lists of names, neither of which is required',
  'jira GET /rest/api/3/issue/:key': BY_ID,
  'jira GET /rest/api/3/issue/:key/comment': OPTIONAL,
  'zendesk GET /api/v2/tickets/:id': BY_ID,
  'zendesk GET /api/v2/tickets/:id/audits.json': OPTIONAL,
  'grafana GET /render/d-solo/:uid/:slug':
    'the image renderer’s own address, of which Grafana publishes no description',
};

let production: Production;
let rules: Readonly<Record<string, readonly RequestRule[]>>;
beforeAll(async () => {
  rules = await rulesBySystem();
  production = await startProduction({
    seed: 1,
    startMs: Date.parse('2024-10-23T14:00:00Z'),
    mode: 'virtual',
    rules: [],
  });
}, 60_000);
afterAll(() => production?.stop());

const AT = '2024-10-23T14:00:00.000Z';
const WINDOW = { fromAt: '2024-10-23T13:00:00.000Z', untilAt: AT };
const MODAL = { type: 'modal', title: { type: 'plain_text', text: 'T' }, blocks: [] };

type Drive<C> = {
  readonly [M in keyof C as C[M] extends (...args: never[]) => Promise<unknown> ? M : never]: () => unknown;
};

/** Every method of the client that goes over the wire: one that is missing here does not compile. */
const drives = {
  pagerDuty() {
    const { endpoints: env, pagerDuty } = production;
    const events = createPagerDutyClient({
      eventsUrl: env.PAGERDUTY_EVENTS_URL ?? '',
      routingKeys: pagerDuty.routingKeys,
    });
    const rest = createPagerDutyRest({
      apiUrl: env.PAGERDUTY_API_URL ?? '',
      apiToken: env.PAGERDUTY_API_TOKEN ?? '',
      fromEmail: env.PAGERDUTY_FROM_EMAIL ?? '',
    });
    const [pagingService = ''] = Object.keys(pagerDuty.routingKeys);
    const page = {
      action: 'trigger',
      pagingService,
      dedupKey: 'd',
      summary: 's',
      source: 'a',
      severity: 'error',
    } as const;
    const id = () => pagerDuty.incidents[0]?.id ?? '';
    return {
      page: () => events.page({ ...page, at: AT, links: [], details: {} }),
      onCalls: () => rest.onCalls(),
      newestOfKey: () => rest.newestOfKey('d'),
      incident: () => rest.incident(id()),
      note: () => rest.note(id(), { key: 'k', text: 't' }),
    } satisfies Drive<typeof events> & Drive<typeof rest>;
  },
  slack() {
    const { endpoints: env } = production;
    const slack = createSlackClient({ token: env.SLACK_BOT_TOKEN ?? '', apiUrl: env.SLACK_API_URL ?? '' });
    const channel = 'incidents';
    const message = { channel, text: 't', blocks: [], incidentId: 'incident-1', key: 'k' };
    const opened = { incidentId: 'incident-1', name: 'incident-1', topic: 'P1', inviteChatIds: ['U0ALICE'] };
    const bookmark = { title: 'Overview', url: 'https://g.example/d' };
    let ref = '';
    const file = { channel, filename: 'f', title: 'f', content: Buffer.from('x'), comment: '', threadRef: null };
    return {
      openChannel: () => slack.openChannel({ ...opened, bookmarks: [bookmark] }),
      setTopic: () => slack.setTopic('incident-1', 'P0'),
      invite: () => slack.invite('incident-1', ['U0ALICE']),
      addBookmark: () => slack.addBookmark('incident-1', bookmark),
      post: async () => {
        ({ ref } = await slack.post(message));
      },
      edit: () => slack.edit({ ...message, ref }),
      whisper: () => slack.whisper({ channel, user: 'U0ALICE', text: 't', blocks: [] }),
      pin: () => slack.pin(channel, ref),
      permalink: () => slack.permalink(channel, ref),
      findPosted: async () => {
        await slack.findPosted(channel, 'k');
        await slack.findPosted(channel, 'k', ref);
      },
      groupMentions: () => slack.groupMentions(['oncall-engineers']),
      personByEmail: () => slack.personByEmail('alice@noaserver.com'),
      openView: () => slack.openView('1.T0SIM01', MODAL),
      updateView: () => slack.updateView({ id: 'V1', hash: 'h' }, MODAL),
      publishHome: () => slack.publishHome('U0ALICE', { type: 'home', blocks: [] }),
      upload: () => slack.upload(file),
      self: () => slack.self(),
      archiveChannel: () => slack.archiveChannel('incident-1'),
    } satisfies Drive<typeof slack>;
  },
  statusPage() {
    const { endpoints: env } = production;
    const page = createStatusPageClient({
      apiUrl: env.STATUSPAGE_API_URL ?? '',
      apiKey: env.STATUSPAGE_API_KEY ?? '',
      pageId: env.STATUSPAGE_PAGE_ID ?? '',
      betweenRequestsMilliseconds: 0,
    });
    const post = {
      incidentId: 'i',
      key: 'k',
      title: 't',
      status: 'investigating',
      body: 'b',
      impact: 'major',
    } as const;
    let ref = '';
    return {
      find: () => page.find('i', null),
      create: async () => {
        ({ ref } = await page.create({ ...post, components: [] }));
      },
      update: () => page.update(ref, { ...post, components: [] }),
    } satisfies Drive<typeof page>;
  },
  gitHub() {
    const { endpoints: env } = production;
    const settings = {
      apiUrl: env.GITHUB_API_URL ?? '',
      token: env.GITHUB_TOKEN ?? '',
      repository: env.GITHUB_REPOSITORY ?? '',
      timeoutMilliseconds: 5_000,
    };
    const [github, pulls] = [createGitHubClient(settings), createPullRequestClient(settings)];
    return {
      commits: () => github.commits(WINDOW),
      runs: () => github.runs(WINDOW),
      open: () => pulls.open({ branch: 'b', base: 'main', title: 't', body: 'b' }),
      requestReviewers: () => pulls.requestReviewers(1, ['alice']),
      reviews: () => pulls.reviews(1),
      // There is no pull request 1, so that the merge itself is asked for as its client would.
      merge: async () => {
        await pulls.merge(1, 'sha').catch(() => undefined);
        await fetch(`${settings.apiUrl}/repos/${settings.repository}/pulls/1/merge`, { method: 'PUT' });
      },
    } satisfies Drive<typeof github> & Drive<typeof pulls>;
  },
  jira() {
    const { endpoints: env } = production;
    const jira = createJiraClient({
      baseUrl: env.JIRA_URL ?? '',
      email: env.JIRA_EMAIL ?? '',
      apiToken: env.JIRA_API_TOKEN ?? '',
      project: env.JIRA_PROJECT ?? '',
    });
    let ref = '';
    return {
      since: () => jira.since(WINDOW.fromAt, AT),
      find: () => jira.find('x'),
      create: async () => {
        ref = (await jira.create(TICKET)).ticket.ref;
      },
      read: () => jira.read(ref),
      comment: () => jira.comment(ref, { key: 'k', text: 't', solve: false }),
      link: () => jira.link(ref, { globalId: 'g', url: 'https://x.example', title: 't' }),
    } satisfies Drive<typeof jira>;
  },
  zendesk() {
    const { endpoints: env } = production;
    const zendesk = createZendeskClient({
      baseUrl: env.ZENDESK_URL ?? '',
      email: env.ZENDESK_EMAIL ?? '',
      apiToken: env.ZENDESK_API_TOKEN ?? '',
    });
    let ref = '';
    return {
      since: () => zendesk.since(WINDOW.fromAt, AT),
      find: () => zendesk.find('x'),
      create: async () => {
        ref = (await zendesk.create({ ...TICKET, ownerEmail: null })).ticket.ref;
      },
      read: () => zendesk.read(ref),
      comment: () => zendesk.comment(ref, { key: 'k', text: 't', solve: false }),
    } satisfies Drive<typeof zendesk>;
  },
  others() {
    const { endpoints: env } = production;
    const timeoutMilliseconds = 5_000;
    // Whoever lists models is a provider of them.
    const kinds = Object.keys(rules).filter((name) => rules[name]?.some(({ call }) => call === 'GET /v1/models'));
    const endpoints = kinds.map((kind): [string, ProviderEndpoint] => {
      const name = kind.toUpperCase();
      const [apiUrl = '', apiKey = null] = [env[`${name}_API_URL`], env[`${name}_API_KEY`]];
      return [kind, { kind: kind as ProviderEndpoint['kind'], apiUrl, apiKey, statusUrl: null }];
    });
    const grafana = createGrafanaClient({
      url: env.GRAFANA_URL ?? '',
      token: env.GRAFANA_TOKEN ?? '',
      timeoutMilliseconds,
    });
    const jenkins = createJenkinsClient({
      url: env.JENKINS_URL ?? '',
      userId: env.JENKINS_USER_ID ?? '',
      apiToken: env.JENKINS_API_TOKEN ?? '',
      jobs: ['noa/deploy'],
      timeoutMilliseconds,
    });
    const logs = createElasticsearchClient({
      url: env.ELASTICSEARCH_URL ?? '',
      apiKey: env.ELASTICSEARCH_API_KEY ?? '',
      index: 'logs-*',
      kibana: null,
      timeoutMilliseconds,
    });
    const providers = createProvidersClient({ endpoints: Object.fromEntries(endpoints), timeoutMilliseconds });
    const words = { namespace: 'noa-server', selectors: ['app=noa'], anyOf: ['error'] };
    const note = { incidentId: 'i', key: 'k', text: 't', tags: [], at: AT, untilAt: null };
    return {
      annotate: () => grafana.annotate(note),
      panel: () => grafana.panel({ ...WINDOW, dashboardUrl: 'https://g.example/d/errors/all-errors', panelId: 2 }),
      builds: () => jenkins.builds(WINDOW),
      search: () => logs.search({ ...WINDOW, ...words, limit: 5, deadlineMilliseconds: 2_000 }),
      health: () => Promise.all(kinds.map((kind) => providers.health(kind))),
    } satisfies Drive<typeof grafana> & Drive<typeof jenkins> & Drive<typeof providers> & Drive<typeof logs>;
  },
};

describe('every call of our clients', () => {
  it('has a rule, or a reason why it has none', async () => {
    const before = production.log.size;
    for (const drive of Object.values(drives)) {
      // What an answer says is other tests' business: the request is what counts here.
      for (const call of Object.values(drive()))
        await Promise.resolve((call as () => unknown)()).catch(() => undefined);
    }
    const calls = production.log.entries().slice(before);
    const used = new Set<string>();
    const without = new Set<string>();
    for (const { system, method, path } of calls) {
      const own = rules[system];
      if (own === undefined || own.some(({ call }) => isCall(call, { method, path }))) continue;
      const named = Object.keys(WITHOUT_RULE).find(
        (name) => name.startsWith(`${system} `) && isCall(name.slice(system.length + 1), { method, path }),
      );
      if (named === undefined) without.add(`${system} ${method} ${path}`);
      else used.add(named);
    }
    expect([...without]).toEqual([]);
    expect(Object.keys(WITHOUT_RULE).filter((name) => !used.has(name))).toEqual([]);
    for (const system of Object.keys(rules)) expect(calls.map((one) => one.system)).toContain(system);
    console.log(`calls: ${calls.length} on the wire, ${used.size} kinds without a rule, each with its reason`);
  });
});
