import { describe, expect, it } from 'vitest';
import { createSocial } from '../../../lab/simulation/systems/social.ts';
import type { Network, Post } from '../../../lab/simulation/world/posts.ts';
import { createBlueskySearch } from '../../../src/activities/social/bluesky.ts';
import { createSocialClient } from '../../../src/activities/social/client.ts';
import { createMastodonSearch } from '../../../src/activities/social/mastodon.ts';
import { createXSearch } from '../../../src/activities/social/x.ts';
import { holdsAgainstOddAnswers } from '../odd-answers.ts';
import { bench } from '../simulated.ts';

const SECRETS = {
  xBearerToken: 'planted-x-token',
  blueskyIdentifier: 'noa.bsky.social',
  blueskyAppPassword: 'planted-bluesky-password',
  mastodonToken: 'planted-mastodon-token',
};
const HANDLE = '@noaserver';
const at = bench();

function posts(network: Network, count: number, minutesApart: number): readonly Post[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `${network}${index}`,
    network,
    atMs: Date.parse('2026-03-03T09:00:00Z') - (count - 1 - index) * minutesApart * 60_000,
    author: 'user1',
    text: `${HANDLE} fails ${index}`,
  }));
}

async function start(written: readonly Post[], wrong: Partial<typeof SECRETS> = {}) {
  const social = createSocial({
    clock: at.clock,
    faults: at.faults,
    log: at.log,
    secrets: SECRETS,
    written: () => written,
  });
  const { xUrl, blueskyUrl, mastodonUrl } = await social.listen();
  at.stops.push(() => social.close());
  const secrets = { ...SECRETS, ...wrong };
  return createSocialClient({
    x: { apiUrl: xUrl, bearerToken: secrets.xBearerToken },
    bluesky: {
      apiUrl: blueskyUrl,
      identifier: secrets.blueskyIdentifier,
      appPassword: secrets.blueskyAppPassword,
    },
    mastodon: { apiUrl: mastodonUrl, accessToken: secrets.mastodonToken },
    timeoutMilliseconds: 2_000,
  });
}

describe('social search (R2.17)', () => {
  it('counts on each network since then, over pages, newest first', async () => {
    const written = [...posts('x', 130, 0.1), ...posts('bluesky', 120, 0.1), ...posts('mastodon', 50, 0.2)];
    const client = await start(written);
    const { networks, newest } = await client.mentions(HANDLE, '2026-03-03T08:00:00.000Z');
    expect(networks).toEqual([
      { network: 'X', count: 130, exact: true, gap: null },
      { network: 'Bluesky', count: 120, exact: true, gap: null },
      { network: 'Mastodon', count: 50, exact: true, gap: null },
    ]);
    expect(newest).toHaveLength(20);
    expect(newest[0]?.at).toBe('2026-03-03T09:00:00.000Z');
    const recent = await client.mentions(HANDLE, '2026-03-03T08:59:00.000Z');
    expect(recent.networks.map(({ count }) => count)).toEqual([11, 11, 6]);
  });

  it('says when there are more than it counted', async () => {
    const client = await start(posts('x', 400, 0.01));
    expect((await client.mentions(HANDLE, '2026-03-03T08:00:00.000Z')).networks[0]).toMatchObject({
      count: 300,
      exact: false,
    });
  });

  it('a network that refuses is a gap of its own and hides no other', async () => {
    const client = await start(posts('x', 3, 1), { blueskyAppPassword: 'another-planted-one' });
    const { networks } = await client.mentions(HANDLE, '2026-03-03T08:00:00.000Z');
    expect(networks[0]).toMatchObject({ network: 'X', count: 3 });
    expect(networks[1]).toMatchObject({ count: null, gap: expect.stringContaining('Bluesky answered 401') });
    expect(networks[2]).toMatchObject({ count: 0, gap: null });
    expect(JSON.stringify(networks)).not.toContain('another-planted-one');
  });
});

const common = { timeoutMilliseconds: 250 };
holdsAgainstOddAnswers('X', {
  secrets: [SECRETS.xBearerToken],
  call: (apiUrl) =>
    createXSearch({ apiUrl, bearerToken: SECRETS.xBearerToken, ...common }).since(HANDLE, '2026-03-03T08:00:00Z'),
  // X names the end of its window otherwise; without one we wait a minute.
  except: { '429 without a time': 'RateLimited' },
});
holdsAgainstOddAnswers('Bluesky', {
  secrets: [SECRETS.blueskyAppPassword],
  call: (apiUrl) =>
    createBlueskySearch({ apiUrl, identifier: 'i', appPassword: SECRETS.blueskyAppPassword, ...common }).since(
      HANDLE,
      '2026-03-03T08:00:00Z',
    ),
});
holdsAgainstOddAnswers('Mastodon', {
  secrets: [SECRETS.mastodonToken],
  call: (apiUrl) =>
    createMastodonSearch({ apiUrl, accessToken: SECRETS.mastodonToken, ...common }).since(
      HANDLE,
      '2026-03-03T08:00:00Z',
    ),
});
