import { http, secret, system, text } from '../system.ts';

export const zendesk = system({
  name: 'Zendesk',
  door: { name: 'Zendesk’s webhook', needs: 'ZENDESK_WEBHOOK_SECRET', without: 'Tickets are not taken for reports.' },
  settings: {
    ZENDESK_WEBHOOK_SECRET: {
      readBy: ['gateway'],
      schema: secret.optional(),
      meaning: 'Signing secret of the webhook by which tickets arrive as reports (R1.7).',
      secret: true,
    },
    ZENDESK_URL: { readBy: ['worker'], schema: http.optional(), meaning: 'Zendesk’s address, https://….zendesk.com.' },
    ZENDESK_EMAIL: { readBy: ['worker'], schema: text.optional(), meaning: 'The agent whose token it is.' },
    ZENDESK_API_TOKEN: {
      readBy: ['worker'],
      schema: secret.optional(),
      meaning: 'An agent’s API token.',
      secret: true,
    },
  },
});
