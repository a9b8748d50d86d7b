import { http, system } from '../system.ts';

export const prometheus = system({
  name: 'Prometheus',
  settings: {
    PROMETHEUS_URL: { readBy: ['worker'], schema: http.optional(), meaning: 'The team’s Prometheus.' },
  },
});
