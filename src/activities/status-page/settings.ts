import { z } from 'zod';
import { http, secret, system, text } from '../system.ts';

export const statusPage = system({
  name: 'Status page',
  settings: {
    STATUSPAGE_API_URL: {
      readBy: ['worker'],
      schema: http.default('https://api.statuspage.io'),
      meaning: 'The status page provider’s API.',
    },
    STATUSPAGE_API_KEY: {
      readBy: ['worker'],
      schema: secret.optional(),
      meaning:
        'Key of Atlassian Statuspage, to publish there too; the product’s own page at /status is always written.',
      secret: true,
    },
    STATUSPAGE_PAGE_ID: { readBy: ['worker'], schema: text.optional(), meaning: 'Which page.' },
    STATUSPAGE_REQUEST_INTERVAL_MS: {
      readBy: ['worker'],
      schema: z.coerce.number('must be a number of milliseconds').min(0).default(1_100),
      meaning: 'Milliseconds between two requests; the API takes one a second for a token.',
    },
    STATUSPAGE_PUBLIC_URL: {
      readBy: ['worker'],
      schema: http.optional(),
      meaning: 'The page as everybody sees it, read as evidence (R2.18).',
    },
  },
});
