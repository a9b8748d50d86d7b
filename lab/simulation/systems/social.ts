import type { WireHandler, WireRequest, WireResponse } from '../wire/exchange.ts';
import type { WireFaults } from '../wire/faults.ts';
import type { WireLedger } from '../wire/ledger.ts';
import { createWireServer } from '../wire/server.ts';
import type { Network, Post } from '../world/posts.ts';

/** Three public networks, each on its own wire, at addresses of their own. Their wires are one system in a drill: `social`. */
export interface Social {
  listen(): Promise<{ readonly xUrl: string; readonly blueskyUrl: string; readonly mastodonUrl: string }>;
  close(): Promise<void>;
}

export interface SocialSecrets {
  readonly xBearerToken: string;
  readonly blueskyIdentifier: string;
  readonly blueskyAppPassword: string;
  readonly mastodonToken: string;
}

const SESSION = 'sim-session-jwt';
const RECENT_MS = 7 * 24 * 3_600_000;

export function createSocial(options: {
  readonly clock: () => number;
  readonly faults: WireFaults;
  readonly log: WireLedger;
  readonly secrets: SocialSecrets;
  /** What was written so far, oldest first. */
  readonly written: () => readonly Post[];
}): Social {
  const { clock, faults, log, secrets } = options;
  const server = () => createWireServer({ system: 'social', clock, faults, log });
  const [x, bluesky, mastodon] = [server(), server(), server()];
  const newest = (network: Network, text: string) =>
    options
      .written()
      .filter((post) => post.network === network && post.text.toLowerCase().includes(text.toLowerCase()))
      .toReversed();
  const bearer =
    (token: string, refusal: WireResponse, handler: WireHandler): WireHandler =>
    (request) =>
      request.headers.authorization === `Bearer ${token}` ? handler(request) : refusal;

  const notX = {
    status: 401,
    body: { title: 'Unauthorized', type: 'about:blank', status: 401, detail: 'Unauthorized' },
  };
  x.route(
    'GET',
    '/2/tweets/search/recent',
    bearer(secrets.xBearerToken, notX, (request) => searchX(request, newest)),
  );

  bluesky.route('POST', '/xrpc/com.atproto.server.createSession', (request) => {
    const { identifier, password } = request.json() as { identifier?: string; password?: string };
    if (identifier !== secrets.blueskyIdentifier || password !== secrets.blueskyAppPassword)
      return { status: 401, body: { error: 'AuthenticationRequired', message: 'Invalid identifier or password' } };
    return {
      status: 200,
      body: { accessJwt: SESSION, refreshJwt: 'sim-refresh', handle: identifier, did: 'did:plc:sim' },
    };
  });
  bluesky.route('GET', '/xrpc/app.bsky.feed.searchPosts', (request) => searchBluesky(request, newest));

  const notMastodon = { status: 401, body: { error: 'The access token is invalid' } };
  mastodon.route(
    'GET',
    '/api/v2/search',
    bearer(secrets.mastodonToken, notMastodon, (request) => {
      const limit = Math.min(40, Number(request.query.get('limit') ?? 20));
      const offset = Number(request.query.get('offset') ?? 0);
      const found = newest('mastodon', request.query.get('q') ?? '').slice(offset, offset + limit);
      const statuses = found.map((post) => ({
        id: post.id,
        uri: `https://sim.social/users/${post.author}/statuses/${post.id}`,
        url: `https://sim.social/@${post.author}/${post.id}`,
        content: `<p>${post.text}</p>`,
        created_at: new Date(post.atMs).toISOString(),
        account: { acct: post.author },
      }));
      return { status: 200, body: { accounts: [], statuses, hashtags: [] } };
    }),
  );

  return {
    async listen() {
      const [atX, atBluesky, atMastodon] = await Promise.all([x.listen(), bluesky.listen(), mastodon.listen()]);
      return { xUrl: atX.url, blueskyUrl: atBluesky.url, mastodonUrl: atMastodon.url };
    },
    async close() {
      await Promise.all([x.close(), bluesky.close(), mastodon.close()]);
    },
  };
}

type Newest = (network: Network, text: string) => readonly Post[];

function searchX(request: WireRequest, newest: Newest): WireResponse {
  const query = request.query.get('query') ?? '';
  const start = Date.parse(request.query.get('start_time') ?? new Date(request.atMs - RECENT_MS).toISOString());
  const size = Number(request.query.get('max_results') ?? 10);
  const wrong = (detail: string) => ({
    status: 400,
    body: {
      title: 'Invalid Request',
      detail,
      type: 'https://api.twitter.com/2/problems/invalid-request',
      errors: [{ message: detail }],
    },
  });
  if (query === '') return wrong('The `query` query parameter can not be empty');
  if (!(size >= 10 && size <= 100))
    return wrong(`The 'max_results' query parameter value [${size}] is not between 10 and 100`);
  if (Number.isNaN(start)) return wrong("Invalid 'start_time'");
  if (start < request.atMs - RECENT_MS) return wrong("Invalid 'start_time': must be on or after the last seven days");
  const words = query.split(/\s+/).filter((word) => !word.startsWith('-is:'));
  const found = newest('x', words.join(' ')).filter(({ atMs }) => atMs >= start);
  const from = Number(request.query.get('next_token')?.replace(/^t/, '') ?? 0);
  const page = found.slice(from, from + size);
  const more = from + size < found.length;
  return {
    status: 200,
    body: {
      ...(page.length === 0
        ? {}
        : {
            data: page.map(({ id, text, atMs }) => ({
              id,
              text,
              created_at: new Date(atMs).toISOString(),
              edit_history_tweet_ids: [id],
            })),
          }),
      meta: { result_count: page.length, ...(more ? { next_token: `t${from + size}` } : {}) },
    },
  };
}

function searchBluesky(request: WireRequest, newest: Newest): WireResponse {
  const cursor = request.query.get('cursor');
  const signedIn = request.headers.authorization === `Bearer ${SESSION}`;
  if (request.headers.authorization !== undefined && !signedIn)
    return { status: 401, body: { error: 'InvalidToken', message: 'Token could not be verified' } };
  // Whoever is not signed in sees the first page only.
  if (!signedIn && cursor !== null)
    return { status: 403, body: { error: 'Forbidden', message: 'Sign in to see more' } };
  const limit = Number(request.query.get('limit') ?? 25);
  if (!(limit >= 1 && limit <= 100))
    return {
      status: 400,
      body: { error: 'InvalidRequest', message: 'Error: Params must have the property "limit" within 1 and 100' },
    };
  const since = Date.parse(request.query.get('since') ?? '1970-01-01T00:00:00Z');
  const found = newest('bluesky', request.query.get('q') ?? '').filter(({ atMs }) => atMs >= since);
  const from = Number(cursor ?? 0);
  const posts = found.slice(from, from + limit).map((post) => ({
    uri: `at://did:plc:${post.author}/app.bsky.feed.post/${post.id}`,
    cid: `cid${post.id}`,
    author: { did: `did:plc:${post.author}`, handle: `${post.author}.bsky.social` },
    record: { $type: 'app.bsky.feed.post', text: post.text, createdAt: new Date(post.atMs).toISOString() },
    indexedAt: new Date(post.atMs).toISOString(),
  }));
  const more = from + limit < found.length;
  return { status: 200, body: { posts, ...(more ? { cursor: String(from + limit) } : {}) } };
}
