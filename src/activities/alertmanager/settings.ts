import { http, secret, system } from '../system.ts';

export const alertmanager = system({
  name: 'Alertmanager',
  door: { name: 'Alertmanager', needs: 'ALERTMANAGER_TOKEN', without: '' },
  settings: {
    ALERTMANAGER_TOKEN: {
      readBy: ['gateway'],
      schema: secret,
      meaning: 'What Alertmanager sends as bearer credentials; several separated by commas.',
      secret: true,
      advice:
        'Give the token that Alertmanager sends as `authorization: credentials:`; several, while it is being changed, are separated by commas.',
    },
    ALERTMANAGER_URL: {
      readBy: ['worker'],
      schema: http.optional(),
      meaning: 'The team’s Alertmanager: asked which firing alerts are silenced or inhibited.',
    },
    ALERTMANAGER_API_TOKEN: {
      readBy: ['worker'],
      schema: secret.optional(),
      meaning: 'Bearer token of a proxy in front of it.',
      secret: true,
    },
  },
});
