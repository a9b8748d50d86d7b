import { http, system } from '../system.ts';

export const serviceApi = system({
  name: 'The service’s API',
  settings: {
    SERVICE_API_URL: {
      readBy: ['worker'],
      schema: http.optional(),
      meaning: 'The service as users reach it, for its health paths (R1.7).',
    },
  },
});
