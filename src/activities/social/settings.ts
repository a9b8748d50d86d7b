import { http, secret, system, text } from '../system.ts';

export const social = system({
  name: 'Social networks',
  settings: {
    X_API_URL: { readBy: ['worker'], schema: http.default('https://api.x.com'), meaning: 'X’s API.' },
    X_BEARER_TOKEN: {
      readBy: ['worker'],
      schema: secret.optional(),
      meaning: 'Reads mentions on X (R2.17).',
      secret: true,
    },
    BLUESKY_API_URL: { readBy: ['worker'], schema: http.default('https://bsky.social'), meaning: 'Bluesky’s server.' },
    BLUESKY_IDENTIFIER: { readBy: ['worker'], schema: text.optional(), meaning: 'Account that searches Bluesky.' },
    BLUESKY_APP_PASSWORD: {
      readBy: ['worker'],
      schema: secret.optional(),
      meaning: 'An app password of that account.',
      secret: true,
    },
    MASTODON_URL: { readBy: ['worker'], schema: http.optional(), meaning: 'Mastodon server to search.' },
    MASTODON_ACCESS_TOKEN: { readBy: ['worker'], schema: secret.optional(), meaning: 'A token there.', secret: true },
  },
});
