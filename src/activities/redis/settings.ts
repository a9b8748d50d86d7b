import { address, system } from '../system.ts';

export const redis = system({
  name: 'The service’s cache',
  settings: {
    SERVICE_CACHE_URL: {
      readBy: ['worker'],
      schema: address('redis:', 'rediss:').optional(),
      meaning: 'The service’s Redis, by a user that may ping and read info.',
      secret: true,
    },
  },
});
