import { afterEach, describe, expect, it } from 'vitest';
import { createChangeActivities } from '../../src/activities/changes/activities.ts';
import { createElasticsearchClient } from '../../src/activities/elasticsearch/client.ts';
import { createGitClient } from '../../src/activities/git/client.ts';
import { createGitHubClient } from '../../src/activities/github/client.ts';
import { createPullRequestClient } from '../../src/activities/github/pull-requests.ts';
import { createGrafanaClient } from '../../src/activities/grafana/client.ts';
import { createJenkinsClient } from '../../src/activities/jenkins/client.ts';
import { openWire, type WireAnswer } from '../activities/wire.ts';
import { closing } from './vendor.ts';

/** Looks like no known kind of key, so that only knowing it can blank it out. */
const SECRET = 'planted0zebra0quartz';
const BASIC = Buffer.from(`bot:${SECRET}`).toString('base64');
const WINDOW = { fromAt: '2024-10-23T12:40:00.000Z', untilAt: '2024-10-23T14:40:00.000Z' };
const timeoutMilliseconds = 10_000;
const closed = closing();
afterEach(() => closed.all());

/** A vendor that repeats whatever it was told, as debug pages of proxies do. */
const ECHOES: readonly (readonly [string, WireAnswer])[] = [
  ['in a refusal', { status: 401, body: { message: `bad token ${SECRET} (${BASIC})` } }],
  ['in a conflict', { status: 409, body: { error: { message: `${SECRET} ${BASIC}` } } }],
  ['in a failure', { status: 500, body: `Traceback: Authorization: Basic ${BASIC}, Bearer ${SECRET}` }],
  [
    'in a list of reasons',
    { status: 422, body: { message: 'Validation Failed', errors: [{ message: SECRET }, BASIC] } },
  ],
  ['in a limit', { status: 429, body: SECRET }],
  ['in a redirect', { status: 302, headers: { location: `https://evil.example/?token=${SECRET}` } }],
  ['in what is no JSON', { body: `{"token": "${SECRET}` }],
];

describe.each(ECHOES)('a secret that comes back %s', (_where, answer) => {
  it('is in no failure that could reach a log, a payload or a history', async () => {
    // It repeats what it was told and nothing else: only some were told the Basic form.
    const plain = JSON.parse(JSON.stringify(answer).replaceAll(BASIC, '')) as WireAnswer;
    const wire = await openWire(({ headers }) => (headers.authorization?.startsWith('Basic') ? answer : plain));
    closed.add(() => wire.close());
    const github = { apiUrl: wire.url, token: SECRET, repository: 'acme/shop', timeoutMilliseconds };
    const pulls = createPullRequestClient(github);
    const search = {
      namespace: 'n',
      selectors: ['app=x'],
      anyOf: ['ERROR'],
      ...WINDOW,
      limit: 1,
      deadlineMilliseconds: timeoutMilliseconds,
    };
    const changes = createChangeActivities({
      branches: createGitClient({
        url: `${wire.url}/x.git`,
        username: 'bot',
        token: SECRET,
        timeoutMilliseconds,
        committer: { name: 'i', email: 'i@example.com' },
      }),
      reviews: pulls,
      texts: { get: async () => null },
      baseBranch: 'main',
    });
    const fix = {
      incidentId: 'i',
      key: 'k',
      prefix: 'fix/',
      about: 'x',
      message: 'm',
      files: [{ path: 'a', text: '' }],
      at: WINDOW.fromAt,
    };
    const calls: readonly Promise<unknown>[] = [
      createGitHubClient(github).commits(WINDOW),
      createGitHubClient(github).runs(WINDOW),
      pulls.open({ branch: 'b', base: 'main', title: 't', body: '' }),
      pulls.reviews(1),
      pulls.merge(1, 'abc'),
      createJenkinsClient({ url: wire.url, userId: 'bot', apiToken: SECRET, jobs: ['a'], timeoutMilliseconds }).builds(
        WINDOW,
      ),
      createElasticsearchClient({
        url: wire.url,
        apiKey: SECRET,
        index: 'logs',
        kibana: null,
        timeoutMilliseconds,
      }).search(search),
      createGrafanaClient({ url: wire.url, token: SECRET, timeoutMilliseconds }).panel({
        dashboardUrl: 'https://g.example/d/x',
        panelId: 1,
        ...WINDOW,
      }),
      createGrafanaClient({ url: wire.url, token: SECRET, timeoutMilliseconds }).annotate({
        incidentId: 'i',
        key: 'k',
        text: 't',
        tags: [],
        at: WINDOW.fromAt,
        untilAt: null,
      }),
      changes.openFixBranch(fix),
    ];
    const settled = await Promise.allSettled([...calls, pulls.requestReviewers(1, ['alice'])]);
    const errors = settled.flatMap((one) => (one.status === 'rejected' ? [one.reason as Error] : []));
    // Of a request for reviewers only the status is read.
    expect(errors.length).toBeGreaterThanOrEqual(calls.length);
    for (const error of errors) {
      const shown = [error.message, error.stack, JSON.stringify(error), String(error.cause ?? '')].join('\n');
      expect(shown).not.toContain(SECRET);
      expect(shown).not.toContain(BASIC);
    }
  });
});
