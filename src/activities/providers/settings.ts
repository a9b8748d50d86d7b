import { http, secret, system } from '../system.ts';

export const providers = system({
  name: 'AI providers',
  settings: {
    ANTHROPIC_API_URL: {
      readBy: ['worker'],
      schema: http.default('https://api.anthropic.com'),
      meaning: 'Anthropic’s API.',
    },
    ANTHROPIC_API_KEY: {
      readBy: ['worker'],
      schema: secret.optional(),
      meaning: 'Asks whether the provider answers; no tokens are bought.',
      secret: true,
    },
    ANTHROPIC_STATUS_URL: {
      readBy: ['worker'],
      schema: http.default('https://status.claude.com'),
      meaning: 'Anthropic’s status page.',
    },
    OPENAI_API_URL: { readBy: ['worker'], schema: http.default('https://api.openai.com'), meaning: 'OpenAI’s API.' },
    OPENAI_API_KEY: { readBy: ['worker'], schema: secret.optional(), meaning: 'As ANTHROPIC_API_KEY.', secret: true },
    OPENAI_STATUS_URL: {
      readBy: ['worker'],
      schema: http.default('https://status.openai.com'),
      meaning: 'OpenAI’s status page.',
    },
  },
});
