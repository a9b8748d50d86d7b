import { z } from 'zod';
import { http, secret, system } from '../system.ts';

export const gitHub = system({
  name: 'GitHub',
  settings: {
    GITHUB_API_URL: {
      readBy: ['worker'],
      schema: http.default('https://api.github.com'),
      meaning: 'GitHub’s API; of an Enterprise Server its own.',
    },
    GITHUB_TOKEN: {
      readBy: ['worker'],
      schema: secret.optional(),
      meaning: 'Contents and pull requests read and write, Actions read.',
      secret: true,
    },
    GITHUB_REPOSITORY: {
      readBy: ['worker'],
      schema: z
        .string()
        .regex(/^[\w.-]+\/[\w.-]+$/, 'must be owner/name')
        .optional(),
      meaning: 'owner/name of the team’s code.',
    },
  },
});
