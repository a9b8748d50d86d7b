import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Production, startProduction } from '../../lab/simulation/production.ts';
import { ANTHROPIC_REQUEST_RULES } from '../../lab/simulation/vendor-rules/anthropic.ts';
import { ELASTICSEARCH_REQUEST_RULES } from '../../lab/simulation/vendor-rules/elasticsearch.ts';
import { GITHUB_REQUEST_RULES } from '../../lab/simulation/vendor-rules/github.ts';
import { GRAFANA_REQUEST_RULES } from '../../lab/simulation/vendor-rules/grafana.ts';
import { JENKINS_REQUEST_RULES } from '../../lab/simulation/vendor-rules/jenkins.ts';
import { JIRA_REQUEST_RULES } from '../../lab/simulation/vendor-rules/jira.ts';
import { OPENAI_REQUEST_RULES } from '../../lab/simulation/vendor-rules/openai.ts';
import { PAGERDUTY_REQUEST_RULES } from '../../lab/simulation/vendor-rules/pagerduty.ts';
import { isCall, type Place, type RequestRule } from '../../lab/simulation/vendor-rules/rule.ts';
import { SLACK_REQUEST_RULES } from '../../lab/simulation/vendor-rules/slack.ts';
import { STATUSPAGE_REQUEST_RULES } from '../../lab/simulation/vendor-rules/statuspage.ts';
import { ZENDESK_REQUEST_RULES } from '../../lab/simulation/vendor-rules/zendesk.ts';

// Vendors' APIs cannot run here, so what they document about requests is data, and the simulated ones refuse what breaks
// it. Each rule is broken once, alone, in a request that is good otherwise; that request itself is taken.

interface Request {
  readonly method: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** Where only the request is good, and what it names is not there. */
  readonly answers?: number;
}

interface Vendor {
  readonly name: string;
  readonly rules: readonly RequestRule[];
  readonly url: (env: Readonly<Record<string, string>>) => string;
  readonly headers: (env: Readonly<Record<string, string>>) => Readonly<Record<string, string>>;
  /** A good request for each call; the incident, ticket and pull request that they name were made by those before. */
  readonly good: readonly Request[];
  /** What of a rule the answer shows; its words when left out. */
  readonly shows?: (rule: RequestRule) => string;
}

const basic = (user: string, password: string) => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
const post = (path: string, body: unknown): Request => ({ method: 'POST', path, body });
const KEY = 'R0UT1NGKEY';
const event = { routing_key: KEY, event_action: 'trigger', dedup_key: 'd-1' };
const payload = { summary: 's', source: 'api', severity: 'critical', timestamp: '2024-10-23T14:30:00.000Z' };
const slackApi = (method: string, body: unknown) => post(`/${method}`, body);
const modal = { type: 'modal', callback_id: 'c', private_metadata: 'p', title: { type: 'plain_text', text: 'T' } };
const incident = {
  name: 'API errors',
  status: 'investigating',
  impact_override: 'major',
  body: 'We look into it.',
  metadata: { incident_runbook: { key: 'k' } },
};
const document = { type: 'doc', version: 1, content: [{ type: 'paragraph', content: [{ type: 'text', text: 'x' }] }] };
const issue = {
  project: { key: 'NOA' },
  issuetype: { name: 'Task' },
  summary: 'Add an index',
  labels: ['a'],
  duedate: '2024-11-01',
};
const ticket = {
  subject: 'Add an index',
  comment: { body: 'because' },
  type: 'task',
  priority: 'high',
  status: 'open',
  due_at: '2024-11-01T00:00:00Z',
  tags: ['incident'],
};

const VENDORS: readonly Vendor[] = [
  {
    name: 'PagerDuty Events',
    rules: PAGERDUTY_REQUEST_RULES.filter(({ call }) => call.includes('/v2/')),
    url: (env) => env.PAGERDUTY_EVENTS_URL ?? '',
    headers: () => ({}),
    good: [
      post('/v2/enqueue', {
        ...event,
        payload,
        links: [{ href: 'https://x.example' }],
        images: [{ src: 'https://x.example/i' }],
      }),
      post('/v2/change/enqueue', { routing_key: KEY, payload: { summary: 'deployed' } }),
    ],
  },
  {
    name: 'PagerDuty REST',
    rules: PAGERDUTY_REQUEST_RULES.filter(({ call }) => !call.includes('/v2/')),
    url: (env) => env.PAGERDUTY_API_URL ?? '',
    headers: (env) => ({
      authorization: `Token token=${env.PAGERDUTY_API_TOKEN}`,
      from: env.PAGERDUTY_FROM_EMAIL ?? '',
      accept: 'application/vnd.pagerduty+json;version=2',
    }),
    good: [
      post('/incidents/INCIDENT/notes', { note: { content: 'n' } }),
      {
        method: 'GET',
        path: '/incidents',
        query: { 'statuses[]': 'triggered', offset: '0', sort_by: 'created_at:desc', date_range: 'all' },
      },
      { method: 'GET', path: '/incidents/INCIDENT' },
      { method: 'GET', path: '/oncalls', query: { 'include[]': 'users' } },
    ],
  },
  {
    name: 'Slack',
    rules: SLACK_REQUEST_RULES,
    url: (env) => (env.SLACK_API_URL ?? '').replace(/\/$/, ''),
    headers: (env) => ({ authorization: `Bearer ${env.SLACK_BOT_TOKEN}` }),
    good: [
      slackApi('conversations.create', { name: 'incident-1' }),
      slackApi('conversations.setTopic', { channel: 'general', topic: 't' }),
      slackApi('conversations.setPurpose', { channel: 'general', purpose: 'p' }),
      slackApi('conversations.invite', { channel: 'general', users: 'USER', force: true }),
      slackApi('chat.postMessage', {
        channel: 'general',
        text: 'hello',
        blocks: [{ type: 'divider' }],
        metadata: { event_type: 'e', event_payload: {} },
      }),
      slackApi('chat.update', { channel: 'general', ts: 'TS', text: 'hello', blocks: [{ type: 'divider' }] }),
      slackApi('pins.add', { channel: 'general', timestamp: 'TS' }),
      slackApi('bookmarks.add', { channel_id: 'general', title: 't', type: 'link', link: 'https://x.example' }),
      {
        ...slackApi('views.open', {
          trigger_id: 'TRIGGER',
          view: { ...modal, submit: { type: 'plain_text', text: 'S' }, blocks: [{ type: 'divider' }] },
        }),
        answers: 200,
      },
      slackApi('files.getUploadURLExternal', { filename: 'f.txt', length: 3 }),
      { ...slackApi('files.completeUploadExternal', { files: [{ id: 'FILE' }] }), answers: 200 },
      slackApi('conversations.history', { channel: 'CHANNEL' }),
      slackApi('conversations.replies', { channel: 'CHANNEL', ts: 'TS' }),
      slackApi('chat.postEphemeral', { channel: 'CHANNEL', user: 'USER', text: 'only you' }),
      slackApi('chat.getPermalink', { channel: 'CHANNEL', message_ts: 'TS' }),
      slackApi('users.lookupByEmail', { email: 'alice@noaserver.com' }),
      slackApi('views.publish', { user_id: 'USER', view: { type: 'home', blocks: [] } }),
      { ...slackApi('views.update', { view_id: 'VIEW', view: modal }), answers: 200 },
      slackApi('conversations.archive', { channel: 'incident-1' }),
    ],
  },
  {
    name: 'Statuspage',
    rules: STATUSPAGE_REQUEST_RULES,
    url: (env) => `${env.STATUSPAGE_API_URL}/pages/${env.STATUSPAGE_PAGE_ID}`,
    headers: (env) => ({ authorization: `OAuth ${env.STATUSPAGE_API_KEY}` }),
    good: [
      post('/incidents', { incident }),
      { method: 'PATCH', path: '/incidents/sp0000000001', body: { incident: { ...incident, status: 'monitoring' } } },
      { method: 'PATCH', path: '/components/api', body: { component: { status: 'major_outage' } } },
    ],
  },
  {
    name: 'GitHub',
    rules: GITHUB_REQUEST_RULES,
    url: (env) => `${env.GITHUB_API_URL}/repos/${env.GITHUB_REPOSITORY}`,
    headers: (env) => ({ authorization: `Bearer ${env.GITHUB_TOKEN}`, 'user-agent': 'test' }),
    good: [
      { ...post('/pulls', { title: 't', head: 'BRANCH', base: 'main', body: 'b' }), answers: 422 },
      { method: 'GET', path: '/pulls', query: { state: 'open', sort: 'created', direction: 'desc' } },
      { method: 'PUT', path: '/pulls/1/merge', body: { merge_method: 'squash' }, answers: 404 },
      { method: 'GET', path: '/commits', query: { since: '2024-10-23T14:00:00Z', until: '2024-10-23T15:00:00Z' } },
      { method: 'GET', path: '/actions/runs', query: { created: '2024-10-23T14:00:00Z..2024-10-23T15:00:00Z' } },
    ],
    shows: ({ at }) => at.split(' ')[1] ?? '',
  },
  {
    name: 'Jira',
    rules: JIRA_REQUEST_RULES,
    url: (env) => env.JIRA_URL ?? '',
    headers: (env) => ({ authorization: basic(env.JIRA_EMAIL ?? '', env.JIRA_API_TOKEN ?? '') }),
    good: [
      post('/rest/api/3/issue', { fields: { ...issue, description: document } }),
      post('/rest/api/3/issue/NOA-1/comment', { body: document }),
      post('/rest/api/3/issue/NOA-1/remotelink', { globalId: 'g', object: { url: 'https://x.example', title: 't' } }),
      post('/rest/api/3/search/jql', { jql: 'project = NOA', fields: ['id'], maxResults: 10, properties: ['p'] }),
      { method: 'GET', path: '/rest/api/3/user/search', query: { query: 'someone@x.example' } },
    ],
  },
  {
    name: 'Zendesk',
    rules: ZENDESK_REQUEST_RULES,
    url: (env) => env.ZENDESK_URL ?? '',
    headers: (env) => ({ authorization: basic(`${env.ZENDESK_EMAIL}/token`, env.ZENDESK_API_TOKEN ?? '') }),
    good: [
      post('/api/v2/tickets.json', { ticket }),
      { method: 'PUT', path: '/api/v2/tickets/900001.json', body: { ticket: { status: 'open' } } },
      {
        method: 'GET',
        path: '/api/v2/search.json',
        query: { query: 'type:ticket', sort_by: 'created_at', sort_order: 'asc' },
      },
      { method: 'GET', path: '/api/v2/search/count.json', query: { query: 'type:ticket' } },
      { method: 'GET', path: '/api/v2/tickets.json', query: { 'page[size]': '100' } },
    ],
  },
  {
    name: 'Jenkins',
    rules: JENKINS_REQUEST_RULES,
    url: (env) => env.JENKINS_URL ?? '',
    headers: (env) => ({ authorization: basic(env.JENKINS_USER_ID ?? '', env.JENKINS_API_TOKEN ?? '') }),
    good: [{ method: 'GET', path: '/job/noa/job/deploy/api/json', query: { tree: 'builds[number,result]{0,10}' } }],
  },
  {
    name: 'Grafana',
    rules: GRAFANA_REQUEST_RULES,
    url: (env) => env.GRAFANA_URL ?? '',
    headers: (env) => ({ authorization: `Bearer ${env.GRAFANA_TOKEN}` }),
    good: [
      post('/api/annotations', { text: 't', time: 1_729_693_800_000, timeEnd: 1_729_693_900_000, tags: ['a'] }),
      {
        method: 'GET',
        path: '/api/annotations',
        query: { tags: 'a', limit: '1', type: 'annotation', matchAny: 'false' },
      },
    ],
  },
  {
    name: 'Elasticsearch',
    rules: ELASTICSEARCH_REQUEST_RULES,
    url: (env) => env.ELASTICSEARCH_URL ?? '',
    headers: (env) => ({ authorization: `ApiKey ${env.ELASTICSEARCH_API_KEY}` }),
    good: [post('/logs-*/_search', { size: 10, from: 0, timeout: '1500ms' })],
  },
  {
    name: 'Anthropic',
    rules: ANTHROPIC_REQUEST_RULES,
    url: (env) => env.ANTHROPIC_API_URL ?? '',
    headers: (env) => ({ 'x-api-key': env.ANTHROPIC_API_KEY ?? '', 'anthropic-version': '2023-06-01' }),
    good: [{ method: 'GET', path: '/v1/models', query: { limit: '1' } }],
  },
  {
    name: 'OpenAI',
    rules: OPENAI_REQUEST_RULES,
    url: (env) => env.OPENAI_API_URL ?? '',
    headers: (env) => ({ authorization: `Bearer ${env.OPENAI_API_KEY}` }),
    good: [{ method: 'GET', path: '/v1/models' }],
  },
];

let production: Production;
/** What stands for names that only the running systems know. */
const names = new Map<string, string>();

beforeAll(async () => {
  production = await startProduction({
    seed: 1,
    startMs: Date.parse('2024-10-23T14:00:00Z'),
    mode: 'virtual',
    rules: [],
  });
  const [routingKey = ''] = Object.values(production.pagerDuty.routingKeys);
  const [person] = production.people.people;
  names.set(KEY, routingKey).set('USER', person?.chatId ?? '');
  const pagerduty = VENDORS[0] as Vendor;
  await ask(pagerduty, post('/v2/enqueue', { ...event, payload }));
  names.set('INCIDENT', production.pagerDuty.incidents[0]?.id ?? '');
  const slack = VENDORS[2] as Vendor;
  const posted = await ask(slack, slackApi('chat.postMessage', { channel: 'general', text: 'first' }));
  const { ts, channel } = JSON.parse(posted.text) as { ts: string; channel: string };
  names.set('TS', ts).set('CHANNEL', channel);
}, 60_000);
afterAll(() => production?.stop());

function named(text: string): string {
  return [...names].reduce((rest, [name, value]) => rest.replaceAll(name, value), text);
}

async function ask(vendor: Vendor, request: Request): Promise<{ readonly status: number; readonly text: string }> {
  const env = production.endpoints;
  const url = new URL(`${vendor.url(env)}${named(request.path)}`);
  for (const [name, value] of Object.entries(request.query ?? {})) url.searchParams.set(name, value);
  const headers = Object.entries({ 'content-type': 'application/json', ...vendor.headers(env), ...request.headers });
  const answer = await fetch(url, {
    method: request.method,
    headers: Object.fromEntries(headers.filter(([, value]) => value !== '')),
    ...(request.body === undefined ? {} : { body: named(JSON.stringify(request.body)) }),
    signal: AbortSignal.timeout(10_000),
  });
  return { status: answer.status, text: await answer.text() };
}

/** The good request with that one thing wrong. */
function breaking(rule: RequestRule, good: Request): Request {
  const { when } = rule;
  const meant = when !== undefined && when.is !== 'anything' ? placed(good, when.at, () => when.is[0]) : good;
  return placed(meant, rule.at, (value) => wrong(rule, value));
}

function wrong({ must }: RequestRule, value: unknown): unknown {
  switch (must.kind) {
    case 'present':
      return undefined;
    case 'characters':
      return 'x'.repeat(must.most + 1);
    case 'json-characters':
      return [{ type: 'section', text: { type: 'mrkdwn', text: 'x'.repeat(must.most) } }];
    case 'one-of':
    case 'object':
      return 'nonsense';
    case 'matches': {
      const pattern = new RegExp(must.pattern, 'su');
      const bad = ['No such Thing!', 'two\nlines'].find((one) => !pattern.test(one));
      return Array.isArray(value) ? [bad] : bad;
    }
    case 'number':
    case 'sum':
      return must.most + 1;
    case 'members':
      return typeof value === 'string' ? 'x,'.repeat(must.most + 1) : Array(must.most + 1).fill([value].flat()[0]);
  }
}

function placed(request: Request, place: Place, change: (value: unknown) => unknown): Request {
  const [where = '', ...rest] = place.split(' ');
  const name = rest.join(' ');
  if (where === 'body') return { ...request, body: changed(request.body, name.split('.'), change) };
  const part = where === 'header' ? 'headers' : 'query';
  const others = request[part] ?? {};
  const value = change(others[name]);
  const kept = Object.entries(others).filter(([key]) => key !== name);
  // A header that is sent by itself is taken away by an empty value.
  const added = value === undefined ? (part === 'headers' ? [[name, '']] : []) : [[name, String(value)]];
  return { ...request, [part]: Object.fromEntries([...kept, ...added]) };
}

function changed(value: unknown, path: readonly string[], change: (value: unknown) => unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return change(value);
  const of = (value ?? {}) as Readonly<Record<string, unknown>>;
  const key = step === '*' ? (Object.keys(of)[0] ?? '') : step.replace('[]', '');
  const inner = step.endsWith('[]')
    ? [changed((of[key] as unknown[])[0], rest, change)]
    : changed(of[key], rest, change);
  return { ...of, [key]: inner };
}

const words = ({ says }: RequestRule): string => says.split(': ').at(-1) ?? says;

describe.each(VENDORS.map((vendor) => [vendor.name, vendor] as const))('what %s documents', (_name, vendor) => {
  const goodFor = ({ call }: RequestRule): Request => {
    const prefix = vendor.name === 'Slack' ? '/api' : '';
    const found = vendor.good.find(({ method, path }) =>
      isCall(call, { method, path: `${prefix}${withPage(vendor, path)}` }),
    );
    if (found === undefined) throw new Error(`There is no good request for ${call}.`);
    return found;
  };

  it('is data: a rule has an id of its own, a source and a date', () => {
    expect(new Set(vendor.rules.map(({ id }) => id)).size).toBe(vendor.rules.length);
    for (const { source, readOn, says } of vendor.rules) {
      expect(URL.canParse(source)).toBe(true);
      if (readOn !== null) expect(readOn).toMatch(/^\d{4}-\d\d-\d\d$/);
      expect(says).not.toBe('');
    }
  });

  it.each(vendor.good.map((good) => [`${good.method} ${good.path}`, good] as const))(
    'takes %s',
    async (_what, good) => {
      const { status, text } = await ask(vendor, good);
      if (good.answers === undefined) expect(status, text).toBeLessThan(300);
      else expect(status).toBe(good.answers);
      for (const rule of vendor.rules.filter((one) => goodFor(one) === good)) {
        if (vendor.name === 'Slack') expect(text).not.toContain(`"${rule.says}"`);
        else if (vendor.shows === undefined) expect(text).not.toContain(words(rule));
      }
      if (vendor.name === 'Slack' && good.answers === undefined && !good.path.includes('upload'))
        expect(text).toContain('"ok":true');
      expect(text).not.toContain('"code":"missing_field"');
    },
  );

  it.each(vendor.rules.map((rule) => [rule.id, rule] as const))('refuses what breaks %s', async (_id, rule) => {
    const answer = await ask(vendor, breaking(rule, goodFor(rule)));
    expect(answer.status).toBe(rule.status);
    const expected = vendor.shows?.(rule) ?? words(rule);
    expect(answer.text).toContain(JSON.stringify(expected).slice(1, -1));
  });
});

/** Statuspage's and GitHub's paths begin with the page and the repository. */
function withPage(vendor: Vendor, path: string): string {
  return vendor.name === 'Statuspage' ? `/pages/p${path}` : path;
}

it('is told of every vendor that has no free server to test against, and how many rules were held against a page', () => {
  expect(VENDORS.length).toBe(12);
  for (const { name, rules } of VENDORS) {
    const remembered = rules.filter(({ readOn }) => readOn === null).map(({ id }) => id);
    const rest = remembered.length === 0 ? '' : `, without a page: ${remembered.join(', ')}`;
    console.log(`rules of ${name}: ${rules.length - remembered.length} of ${rules.length} opened${rest}`);
  }
  expect(VENDORS.flatMap(({ rules }) => rules).length).toBeGreaterThan(100);
});
