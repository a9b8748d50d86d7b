import type { Instant } from '../../domain/instant.ts';

export interface SocialPost {
  readonly url: string;
  readonly text: string;
  readonly at: Instant;
}

/** One network. `since` throws the failures of failures.ts. */
export interface NetworkSearch {
  readonly network: string;
  since(
    handle: string,
    at: Instant,
  ): Promise<{
    readonly count: number;
    /** False when there are more than were counted. */
    readonly exact: boolean;
    readonly posts: readonly SocialPost[];
  }>;
}

/** Posts are strangers' words: one line, and not more than one looks at. */
export function postText(text: string): string {
  return text
    .replace(/<[^>]{0,500}>/gu, ' ')
    .replace(/\s+/gu, ' ')
    .trim()
    .slice(0, 200);
}

/** Pages beyond this many are not counted; `exact` then says so. */
export const SEARCH_PAGES = 3;
