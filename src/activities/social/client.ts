import type { Instant } from '../../domain/instant.ts';
import { createBlueskySearch } from './bluesky.ts';
import { createMastodonSearch } from './mastodon.ts';
import type { NetworkSearch, SocialPost } from './network.ts';
import { createXSearch } from './x.ts';

export type { NetworkSearch, SocialPost } from './network.ts';

/** Each network is optional. */
export interface SocialSettings {
  readonly x: { readonly apiUrl: string; readonly bearerToken: string } | null;
  readonly bluesky: { readonly apiUrl: string; readonly identifier: string; readonly appPassword: string } | null;
  readonly mastodon: { readonly apiUrl: string; readonly accessToken: string } | null;
  readonly timeoutMilliseconds?: number;
}

export interface Mentions {
  readonly networks: readonly {
    readonly network: string;
    /** Null when the network gave no answer. */
    readonly count: number | null;
    /** False when there are more than were counted. */
    readonly exact: boolean;
    /** Why there is no count; null when there is one. */
    readonly gap: string | null;
  }[];
  /** The newest of all networks, at most twenty. */
  readonly newest: readonly (SocialPost & { readonly network: string })[];
}

/** One port, several networks (R2.17): what one of them does not tell is its own gap and never hides the others. */
export interface SocialClient {
  /** The names of the networks that are configured; with none, only a person can count. */
  readonly networks: readonly string[];
  /** Posts since that instant in which this is written, such as `@example`. */
  mentions(handle: string, sinceAt: Instant): Promise<Mentions>;
}

/** Of the networks that are configured. */
export function networkSearches(settings: SocialSettings): readonly NetworkSearch[] {
  const common = { timeoutMilliseconds: settings.timeoutMilliseconds ?? TIMEOUT_MILLISECONDS };
  return [
    ...(settings.x === null ? [] : [createXSearch({ ...settings.x, ...common })]),
    ...(settings.bluesky === null ? [] : [createBlueskySearch({ ...settings.bluesky, ...common })]),
    ...(settings.mastodon === null ? [] : [createMastodonSearch({ ...settings.mastodon, ...common })]),
  ];
}

export function createSocialClient(settings: SocialSettings): SocialClient {
  const searches = networkSearches(settings);
  return {
    networks: searches.map(({ network }) => network),
    async mentions(handle, sinceAt) {
      const answers = await Promise.all(searches.map((one) => answerOf(one, handle, sinceAt)));
      const newest = answers
        .flatMap(({ network, posts }) => posts.map((post) => ({ ...post, network })))
        .sort((a, b) => b.at.localeCompare(a.at))
        .slice(0, NEWEST);
      return { networks: answers.map(({ posts: _posts, ...rest }) => rest), newest };
    },
  };
}

const TIMEOUT_MILLISECONDS = 5_000;
const NEWEST = 20;

async function answerOf(search: NetworkSearch, handle: string, sinceAt: Instant) {
  const { network } = search;
  try {
    const { count, exact, posts } = await search.since(handle, sinceAt);
    return { network, count, exact, gap: null, posts };
  } catch (error) {
    return { network, count: null, exact: false, gap: (error as Error).message, posts: [] };
  }
}
