import { z } from 'zod';
import { epochMs } from '../../domain/instant.ts';
import { failure } from '../failures.ts';
import { createHttpClient, failureOfAnswer, parseJson } from '../http.ts';
import { type NetworkSearch, postText, SEARCH_PAGES } from './network.ts';

/** X, API version 2: recent search (seven days, paid plans). */
export function createXSearch(settings: {
  readonly apiUrl: string;
  readonly bearerToken: string;
  readonly timeoutMilliseconds: number;
}): NetworkSearch {
  const http = createHttpClient({
    name: 'X',
    baseUrl: settings.apiUrl,
    headers: { authorization: `Bearer ${settings.bearerToken}` },
    secrets: [settings.bearerToken],
    timeoutMilliseconds: settings.timeoutMilliseconds,
  });
  const page = async (handle: string, sinceAt: string, token: string | null) => {
    const answer = await http.send({
      path: '/2/tweets/search/recent',
      query: {
        query: `${handle} -is:retweet`,
        start_time: `${sinceAt.slice(0, 19)}Z`,
        max_results: PAGE,
        'tweet.fields': 'created_at',
        ...(token === null ? {} : { next_token: token }),
      },
    });
    if (answer.status === 429) throw limited(answer.headers);
    if (answer.status < 200 || answer.status > 299) throw failureOfAnswer('X', answer, [settings.bearerToken]);
    return parseJson('X', answer, FOUND);
  };
  return {
    network: 'X',
    async since(handle, at) {
      const posts: z.infer<typeof TWEET>[] = [];
      let token: string | null = null;
      for (let pages = 0; pages < SEARCH_PAGES; pages += 1) {
        const answer: z.infer<typeof FOUND> = await page(handle, at, token);
        posts.push(...(answer.data ?? []));
        token = answer.meta.next_token ?? null;
        if (token === null) break;
      }
      const shown = posts.map((post) => ({
        url: `https://x.com/i/web/status/${encodeURIComponent(post.id)}`,
        text: postText(post.text),
        at: post.created_at,
      }));
      return { count: posts.length, exact: token === null, posts: shown.slice(0, PAGE) };
    },
  };
}

const PAGE = 100;
const FALLBACK_SECONDS = 60;
const TWEET = z.object({ id: z.string(), text: z.string(), created_at: z.string() });
/** Without a hit `data` is left out. */
const FOUND = z.object({
  data: z.array(TWEET).optional(),
  meta: z.object({ result_count: z.number(), next_token: z.string().optional() }),
});

/** X says when the window begins anew, as seconds since 1970, measured against the answer's own date. */
function limited(headers: Headers) {
  const asked = headers.get('retry-after');
  const resetSeconds = Number(headers.get('x-rate-limit-reset') ?? Number.NaN);
  const date = headers.get('date');
  const nowSeconds =
    date === null || Number.isNaN(Date.parse(date)) ? Number.NaN : epochMs(new Date(date).toISOString()) / 1000;
  const left = asked === null ? resetSeconds - nowSeconds : Number(asked);
  const retryAfterSeconds = Number.isFinite(left) ? Math.min(Math.max(1, Math.ceil(left)), 900) : FALLBACK_SECONDS;
  return failure('RateLimited', 'X limits our requests.', { retryAfterSeconds });
}
