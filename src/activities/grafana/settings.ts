import { http, secret, system } from '../system.ts';

export const grafana = system({
  name: 'Grafana',
  settings: {
    GRAFANA_URL: {
      readBy: ['worker'],
      schema: http.optional(),
      meaning: 'The team’s Grafana, for pictures of panels and annotations.',
    },
    GRAFANA_TOKEN: {
      readBy: ['worker'],
      schema: secret.optional(),
      meaning: 'A service account’s token.',
      secret: true,
    },
  },
});
