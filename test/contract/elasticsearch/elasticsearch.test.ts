import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createElasticsearch, type Elasticsearch } from '../../../lab/simulation/systems/elasticsearch.ts';
import type { PodView } from '../../../lab/simulation/world/api.ts';
import { createElasticsearchClient, type LogSearch } from '../../../src/activities/elasticsearch/client.ts';
import { rison } from '../../../src/activities/elasticsearch/rison.ts';
import { openWire } from '../../activities/wire.ts';
import { closing, thrown, vendorWorld } from '../vendor.ts';

const KEY = 'cGxhbnRlZDpzZWNyZXQ=';
const at = (time: string) => `2024-10-23T${time}.000Z`;
const SEARCH: LogSearch = {
  namespace: 'shop',
  selectors: ['app=web', 'app=worker'],
  anyOf: ['ERROR', 'FATAL'],
  fromAt: at('14:00:00'),
  untilAt: at('14:40:00'),
  limit: 500,
  deadlineMilliseconds: 2_000,
};
const LINES: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  'web-1': [
    [at('13:59:59'), 'ERROR before the window'],
    [at('14:10:00'), 'ERROR too many clients already'],
    [at('14:20:00'), 'INFO all is well'],
    [at('14:30:00'), 'fatal: cannot go on'],
  ],
  'worker-1': [[at('14:15:00'), 'ERROR timeout']],
  'other-1': [[at('14:16:00'), 'ERROR of something else']],
};
const closed = closing();
afterEach(() => closed.all());

let world: ReturnType<typeof vendorWorld>;
let elasticsearch: Elasticsearch;
let url: string;
beforeEach(async () => {
  world = vendorWorld('2024-10-23T14:40:00Z');
  const pods = Object.keys(LINES).map(
    (name) => ({ name, node: 'n', labels: { app: name.split('-')[0] ?? '' } }) as unknown as PodView,
  );
  elasticsearch = createElasticsearch({
    ...world.common,
    apiKey: KEY,
    namespace: 'shop',
    pods: () => pods,
    world: {
      logs: (pod, fromMs, untilMs) =>
        (LINES[pod] ?? [])
          .map(([when, line]) => ({ atMs: Date.parse(when), line }))
          .filter(({ atMs }) => atMs >= fromMs && atMs <= untilMs),
    },
  });
  ({ url } = await elasticsearch.listen());
  closed.add(() => elasticsearch.close());
});

const client = (more: { url?: string; apiKey?: string; timeoutMilliseconds?: number } = {}) =>
  createElasticsearchClient({
    url,
    apiKey: KEY,
    index: 'logs-*',
    kibana: { url: 'https://kibana.example/s/ops/', dataViewId: 'logs-*' },
    timeoutMilliseconds: 10_000,
    ...more,
  });

describe('a search of the logs (R2.7)', () => {
  it('finds what says one of the words, of these workloads, in this window, oldest first', async () => {
    expect(await client().search(SEARCH)).toEqual({
      matched: 3,
      lines: [
        { pod: 'web-1', at: at('14:10:00'), line: 'ERROR too many clients already' },
        { pod: 'worker-1', at: at('14:15:00'), line: 'ERROR timeout' },
        { pod: 'web-1', at: at('14:30:00'), line: 'fatal: cannot go on' },
      ],
    });
  });

  it('reads the newest when there are more, and counts all', async () => {
    const { matched, lines } = await client().search({ ...SEARCH, limit: 1 });
    expect([matched, lines.map(({ line }) => line)]).toEqual([3, ['fatal: cannot go on']]);
  });

  it('finds nothing without calling it trouble', async () => {
    expect(await client().search({ ...SEARCH, namespace: 'elsewhere' })).toEqual({ matched: 0, lines: [] });
  });

  it('takes part of an answer for no answer', async () => {
    elasticsearch.trouble = { timedOut: false, failedShards: 3 };
    expect(await thrown(client().search(SEARCH))).toMatchObject({
      type: 'Unavailable',
      message: expect.stringContaining('3 of 5 shards failed'),
    });
    elasticsearch.trouble = { timedOut: true, failedShards: 0 };
    expect(await thrown(client().search(SEARCH))).toMatchObject({
      type: 'Unavailable',
      message: expect.stringContaining('out of time'),
    });
  });

  it.each([200, 2_000, 8_000])(
    'asks the server to give up before we do, whatever the deadline: %d ms',
    async (ours) => {
      const theirs: number[] = [];
      const wire = await openWire(({ body }) => {
        theirs.push(Number(/^(\d+)ms$/.exec((JSON.parse(body) as { timeout: string }).timeout)?.[1]));
        return {
          body: { timed_out: false, _shards: { total: 1, failed: 0 }, hits: { total: { value: 0 }, hits: [] } },
        };
      });
      closed.add(() => wire.close());
      await client({ url: wire.url }).search({ ...SEARCH, deadlineMilliseconds: ours });
      // Of a wait of its own making the client keeps the shorter one.
      await client({ url: wire.url, timeoutMilliseconds: 100 }).search({ ...SEARCH, deadlineMilliseconds: ours });
      expect(theirs[0]).toBeGreaterThan(ours / 2);
      expect(theirs[0]).toBeLessThan(ours);
      expect(theirs[1]).toBeLessThan(100);
      expect(client().command({ ...SEARCH, deadlineMilliseconds: ours })).toContain(`"timeout":"${theirs[0]}ms"`);
    },
  );

  it('waits no longer than whoever asks', async () => {
    world.faults.set('elasticsearch', { kind: 'timeout', times: 1 });
    const begunMs = performance.now();
    const error = await thrown(client().search({ ...SEARCH, deadlineMilliseconds: 300 }));
    expect(error).toMatchObject({ type: 'Unavailable', message: expect.stringContaining('within 0.3 s') });
    expect(performance.now() - begunMs).toBeLessThan(5_000);
  });

  it('has the same search in Kibana', () => {
    const link = client().link(SEARCH) ?? '';
    expect(link.startsWith('https://kibana.example/s/ops/app/discover#/?_g=')).toBe(true);
    const [, global = '', app = ''] = /_g=([^&]*)&_a=(.*)$/.exec(link) ?? [];
    expect(decodeURIComponent(global)).toBe(`(time:(from:'${at('14:00:00')}',to:'${at('14:40:00')}'))`);
    expect(decodeURIComponent(app)).toBe(
      `(dataViewId:'logs-*',query:(language:kuery,query:'kubernetes.namespace : "shop" and ((kubernetes.labels.app : "web") or (kubernetes.labels.app : "worker")) and message : ("ERROR" or "FATAL")'))`,
    );
  });
});

describe('Elasticsearch refuses and breaks', () => {
  it('a wrong key, without our showing it', async () => {
    const error = await thrown(client({ apiKey: 'cGxhbnRlZDp3cm9uZw==' }).search(SEARCH));
    expect(error).toMatchObject({ type: 'Unauthorised', message: expect.stringContaining('unable to authenticate') });
    expect(JSON.stringify(error) + error.stack).not.toContain('cGxhbnRlZDp3cm9uZw');
  });

  it('what it would refuse', async () => {
    const ask = (body: unknown) =>
      fetch(`${url}/logs-*/_search`, {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json', authorization: `ApiKey ${KEY}` },
      }).then(async (answer) => [answer.status, ((await answer.json()) as { error: { type: string } }).error.type]);
    expect(await ask({ size: 10_001 })).toEqual([400, 'illegal_argument_exception']);
    expect(await ask({ query: { guess: {} } })).toEqual([400, 'parsing_exception']);
  });

  it.each([
    ['rate-limited', 'RateLimited'],
    ['error-500', 'Unavailable'],
    ['error-503', 'Unavailable'],
    ['malformed', 'Unavailable'],
    ['unauthorised', 'Unauthorised'],
    ['timeout', 'Unavailable'],
    ['half-open', 'Unavailable'],
    ['reset-mid-body', 'Unavailable'],
  ] as const)('%s', async (kind, type) => {
    world.faults.set(
      'elasticsearch',
      kind === 'rate-limited' ? { kind, retryAfterSeconds: 9, times: 1 } : { kind, times: 1 },
    );
    const impatient = kind === 'timeout' || kind === 'half-open' ? { timeoutMilliseconds: 400 } : {};
    expect(await thrown(client(impatient).search(SEARCH))).toMatchObject({ type });
  });

  it.each([
    [
      'an index that is not there',
      { status: 404, body: { error: { type: 'index_not_found_exception', reason: 'no such index' } } },
      'NotFound',
    ],
    ['HTML of a proxy', { body: '<!doctype html>' }, 'Unavailable'],
    ['nothing', { body: '' }, 'Unavailable'],
    [
      'an older shape of totals',
      { body: { timed_out: false, _shards: { total: 1, failed: 0 }, hits: { total: 3, hits: [] } } },
      'Unavailable',
    ],
  ])('%s', async (_what, answer, type) => {
    const wire = await openWire(() => answer);
    closed.add(() => wire.close());
    expect(await thrown(client({ url: wire.url }).search(SEARCH))).toMatchObject({ type });
  });
});

describe('rison', () => {
  it.each([
    [{ a: 'b', c: [1, -2.5, true, null] }, '(a:b,c:!(1,-2.5,!t,!n))'],
    ['', "''"],
    ["it's!", "'it!'s!!'"],
    ['2024-10-23', "'2024-10-23'"],
    ['-x', "'-x'"],
    ['a b', "'a b'"],
    [{ 'a.b': 'x' }, '(a.b:x)'],
    [Number.NaN, '!n'],
  ])('writes %j', (value, text) => {
    expect(rison(value)).toBe(text);
  });
});
