import { z } from 'zod';
import { createHttpClient } from '../http.ts';
import { type NetworkSearch, postText, SEARCH_PAGES } from './network.ts';

/** Bluesky (AT protocol): search of posts within a session; without one, pages after the first are refused. */
export function createBlueskySearch(settings: {
  /** The service that holds the account: `https://bsky.social`. */
  readonly apiUrl: string;
  readonly identifier: string;
  readonly appPassword: string;
  readonly timeoutMilliseconds: number;
}): NetworkSearch {
  const { timeoutMilliseconds } = settings;
  const http = createHttpClient({
    name: 'Bluesky',
    baseUrl: settings.apiUrl,
    secrets: [settings.appPassword],
    timeoutMilliseconds,
  });
  return {
    network: 'Bluesky',
    async since(handle, at) {
      // A session for each look: they are rare, and a kept one would have to be renewed and hidden.
      const { accessJwt } = await http.json(
        {
          method: 'POST',
          path: '/xrpc/com.atproto.server.createSession',
          json: { identifier: settings.identifier, password: settings.appPassword },
        },
        z.object({ accessJwt: z.string().min(1) }),
      );
      const inSession = createHttpClient({
        name: 'Bluesky',
        baseUrl: settings.apiUrl,
        headers: { authorization: `Bearer ${accessJwt}` },
        secrets: [accessJwt, settings.appPassword],
        timeoutMilliseconds,
      });
      const posts: z.infer<typeof POST>[] = [];
      let cursor: string | null = null;
      for (let pages = 0; pages < SEARCH_PAGES; pages += 1) {
        const answer: z.infer<typeof FOUND> = await inSession.json(
          {
            path: '/xrpc/app.bsky.feed.searchPosts',
            query: {
              q: handle,
              since: at,
              sort: 'latest',
              limit: PAGE,
              ...(cursor === null ? {} : { cursor }),
            },
          },
          FOUND,
        );
        posts.push(...answer.posts);
        cursor = answer.posts.length === 0 ? null : (answer.cursor ?? null);
        if (cursor === null) break;
      }
      const shown = posts.map((post) => ({
        url: `https://bsky.app/profile/${encodeURIComponent(post.author.handle)}/post/${encodeURIComponent(post.uri.split('/').at(-1) ?? '')}`,
        text: postText(post.record.text ?? ''),
        at: post.indexedAt,
      }));
      return { count: posts.length, exact: cursor === null, posts: shown };
    },
  };
}

const PAGE = 100;
const POST = z.object({
  uri: z.string(),
  author: z.object({ handle: z.string() }),
  record: z.object({ text: z.string().optional() }),
  indexedAt: z.string(),
});
const FOUND = z.object({ posts: z.array(POST), cursor: z.string().nullish() });
