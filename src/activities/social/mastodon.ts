import { z } from 'zod';
import { epochMs } from '../../domain/instant.ts';
import { createHttpClient } from '../http.ts';
import { type NetworkSearch, postText, SEARCH_PAGES } from './network.ts';

/** Mastodon, version 2: full-text search of one server; it needs a user's token. */
export function createMastodonSearch(settings: {
  readonly apiUrl: string;
  readonly accessToken: string;
  readonly timeoutMilliseconds: number;
}): NetworkSearch {
  const http = createHttpClient({
    name: 'Mastodon',
    baseUrl: settings.apiUrl,
    headers: { authorization: `Bearer ${settings.accessToken}` },
    secrets: [settings.accessToken],
    timeoutMilliseconds: settings.timeoutMilliseconds,
  });
  return {
    network: 'Mastodon',
    async since(handle, at) {
      const found: z.infer<typeof STATUS>[] = [];
      let exact = false;
      for (let pages = 0; pages < SEARCH_PAGES && !exact; pages += 1) {
        const { statuses } = await http.json(
          {
            path: '/api/v2/search',
            query: { q: handle, type: 'statuses', resolve: 'false', limit: PAGE, offset: pages * PAGE },
          },
          z.object({ statuses: z.array(STATUS) }),
        );
        found.push(...statuses);
        // Newest first, and the server does not take a time to begin from.
        const oldest = statuses.at(-1);
        exact = oldest === undefined || statuses.length < PAGE || epochMs(oldest.created_at) < epochMs(at);
      }
      const recent = found.filter((status) => epochMs(status.created_at) >= epochMs(at));
      const posts = recent.map((status) => ({
        url: status.url ?? status.uri,
        text: postText(status.content),
        at: status.created_at,
      }));
      return { count: recent.length, exact, posts };
    },
  };
}

/** The server's largest page. */
const PAGE = 40;
const STATUS = z.object({ uri: z.string(), url: z.string().nullish(), content: z.string(), created_at: z.string() });
