import { createHash } from 'node:crypto';
import type { Markup } from '../markup.ts';

/**
 * Which rendering of each region somebody has, in the order of `REGIONS`; empty where the page has no such region. It is
 * what a browser comes back with, so that it is sent what differs and nothing else, by whichever gateway.
 */
export type Have = readonly string[];

const KEY_CHARACTERS = 12;
const COUNTED_BY_THE_PAGE = /(<time class="countdown)[^"]*("[^>]*>)[^<]*/gu;

export function keysOf(regions: Regions): Have {
  return REGIONS.map((id) => keyOf(regions[id]?.text));
}

/** What the page's own clocks count makes no other rendering: else every question would be sent anew each second. */
export function keyOf(markup: string | undefined): string {
  if (markup === undefined) return '';
  return createHash('sha256')
    .update(markup.replace(COUNTED_BY_THE_PAGE, '$1$2'))
    .digest('base64url')
    .slice(0, KEY_CHARACTERS);
}

export function haveOf(keys: Have): string {
  return keys.join('.');
}

/** Anything that is not ours is taken for having nothing. */
export function readHave(text: unknown): Have {
  const keys = typeof text === 'string' && text.length < 1_000 ? text.split('.') : [];
  return keys.length === REGIONS.length ? keys : REGIONS.map(() => '');
}

/** The regions that differ from what somebody has. */
export function differing(keys: Have, have: Have): readonly RegionId[] {
  return REGIONS.filter((_, index) => keys[index] !== '' && keys[index] !== have[index]);
}

/** The parts of the page that change, each an element of its own (`data-live`) with this id. */
export const REGIONS = [
  'head',
  'notes',
  'brief',
  'lead',
  'due',
  'asked',
  'fix',
  'drafts',
  'mails',
  'timeline',
  'situation',
  'acts',
  'chain',
  'causes',
  'evidence',
  'past',
  'more',
] as const;
export type RegionId = (typeof REGIONS)[number];

/** Only `head` and `notes` until Temporal has begun the incident. */
export type Regions = Readonly<Partial<Record<RegionId, Markup>>>;
