import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HostedCommit } from '../../../lab/simulation/systems/git/git-host.ts';
import { createJenkins } from '../../../lab/simulation/systems/jenkins.ts';
import { createJenkinsClient } from '../../../src/activities/jenkins/client.ts';
import { openWire } from '../../activities/wire.ts';
import { closing, thrown, vendorWorld } from '../vendor.ts';

const TOKEN = 'planted-jenkins-secret';
const WINDOW = { fromAt: '2024-10-23T12:40:00.000Z', untilAt: '2024-10-23T14:40:00.000Z' };
const closed = closing();
afterEach(() => closed.all());

function deployed(at: string, message: string): HostedCommit {
  const atMs = Date.parse(at);
  const rollout = { deployment: 'web', image: `registry.example/web:${message}`, atMs };
  return {
    sha: 'a'.repeat(40),
    parent: null,
    author: 'Bob',
    atMs,
    message,
    change: { atMs, author: 'Bob', message, rollout, fails: false },
  };
}

let world: ReturnType<typeof vendorWorld>;
let url: string;
beforeEach(async () => {
  world = vendorWorld('2024-10-23T14:40:00Z');
  const commits = [
    deployed('2024-10-20T14:00:00Z', 'old'),
    deployed('2024-10-23T14:15:00Z', 'feature X'),
    deployed('2024-10-23T14:40:20Z', 'under way'),
  ];
  const jenkins = createJenkins({ ...world.common, userId: 'bot', apiToken: TOKEN, commits: () => commits });
  ({ url } = await jenkins.listen());
  closed.add(() => jenkins.close());
});

const client = (
  more: { url?: string; apiToken?: string; jobs?: readonly string[]; timeoutMilliseconds?: number } = {},
) =>
  createJenkinsClient({
    url,
    userId: 'bot',
    apiToken: TOKEN,
    jobs: ['noa/deploy'],
    timeoutMilliseconds: 10_000,
    ...more,
  });

describe('builds of Jenkins (R2.13)', () => {
  it('are those that ran in the window, with what they were made of and told to do', async () => {
    const { found, complete } = await client().builds(WINDOW);
    expect(complete).toBe(true);
    expect(found.map(({ number, result }) => [number, result])).toEqual([
      [3, 'running'],
      [2, 'succeeded'],
    ]);
    expect(found[1]).toEqual({
      system: 'Jenkins',
      name: 'noa/deploy',
      number: 2,
      result: 'succeeded',
      startedAt: '2024-10-23T14:14:00.000Z',
      finishedAt: '2024-10-23T14:15:30.000Z',
      branch: 'main',
      changes: ['feature X', 'DEPLOYMENT=web', 'IMAGE=registry.example/web:feature X', 'BRANCH=main'],
      link: 'https://jenkins.noaserver.com/job/noa/job/deploy/2/',
    });
  });

  it('asks for no more fields than it uses, and the simulator tells no others', async () => {
    await client().builds(WINDOW);
    const text = await fetch(`${url}/job/noa/job/deploy/api/json?tree=builds[number,actions[parameters[name]]]{0,1}`, {
      headers: { authorization: `Basic ${Buffer.from(`bot:${TOKEN}`).toString('base64')}` },
    }).then((answer) => answer.json());
    expect(text).toEqual({
      builds: [
        {
          number: 3,
          actions: [{}, { parameters: [{ name: 'DEPLOYMENT' }, { name: 'IMAGE' }, { name: 'BRANCH' }] }, {}],
        },
      ],
    });
  });

  it('says that a folder is no job', async () => {
    expect(await thrown(client({ jobs: ['noa'] }).builds(WINDOW))).toMatchObject({
      type: 'Invalid',
      message: expect.stringContaining('"noa" is a folder'),
    });
  });
});

describe('Jenkins refuses and breaks', () => {
  it('a wrong token by a page of HTML', async () => {
    const error = await thrown(client({ apiToken: 'planted-wrong-secret' }).builds(WINDOW));
    expect(error).toMatchObject({ type: 'Unauthorised', message: 'Jenkins answered 401: a page of HTML' });
    const shown = JSON.stringify(error) + error.stack;
    expect(shown).not.toContain('planted-wrong-secret');
    expect(shown).not.toContain(Buffer.from('bot:planted-wrong-secret').toString('base64'));
  });

  it('a job that is not there', async () => {
    expect(await thrown(client({ jobs: ['noa/other'] }).builds(WINDOW))).toMatchObject({ type: 'NotFound' });
  });

  it.each([
    ['error-500', 'Unavailable'],
    ['error-503', 'Unavailable'],
    ['rate-limited', 'RateLimited'],
    ['unauthorised', 'Unauthorised'],
    ['malformed', 'Unavailable'],
    ['half-open', 'Unavailable'],
  ] as const)('%s', async (kind, type) => {
    world.faults.set(
      'jenkins',
      kind === 'rate-limited' ? { kind, retryAfterSeconds: 7, times: 1 } : { kind, times: 1 },
    );
    const impatient = client(kind === 'half-open' ? { timeoutMilliseconds: 400 } : {});
    expect(await thrown(impatient.builds(WINDOW))).toMatchObject({ type });
  });

  it.each([
    ['a log-in page with 200', { body: '<html>Jenkins</html>' }, 'Unavailable'],
    [
      'a crumb that a password needs',
      { status: 403, body: '<html>No valid crumb was included in the request</html>' },
      'Unauthorised',
    ],
    ['an empty answer', { body: '' }, 'Unavailable'],
    ['a redirect to the log-in', { status: 302, headers: { location: '/login?from=%2Fjob' } }, 'Invalid'],
  ])('%s', async (_what, answer, type) => {
    const wire = await openWire(() => answer);
    closed.add(() => wire.close());
    expect(await thrown(client({ url: wire.url }).builds(WINDOW))).toMatchObject({ type });
  });
});
