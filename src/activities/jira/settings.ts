import { http, secret, system, text } from '../system.ts';

export const jira = system({
  name: 'Jira',
  door: { name: 'Jira’s webhook', needs: 'JIRA_WEBHOOK_SECRET', without: 'Tickets are not taken for reports.' },
  settings: {
    JIRA_WEBHOOK_SECRET: {
      readBy: ['gateway'],
      schema: secret.optional(),
      meaning: 'The same for Jira.',
      secret: true,
    },
    JIRA_URL: { readBy: ['worker'], schema: http.optional(), meaning: 'Jira Cloud’s address.' },
    JIRA_EMAIL: { readBy: ['worker'], schema: text.optional(), meaning: 'The account whose token it is.' },
    JIRA_API_TOKEN: { readBy: ['worker'], schema: secret.optional(), meaning: 'Its API token.', secret: true },
    JIRA_PROJECT: {
      readBy: ['worker'],
      schema: text.optional(),
      meaning: 'Key of the project in which tickets are made and found.',
    },
    JIRA_ISSUE_TYPE: { readBy: ['worker'], schema: text.default('Task'), meaning: 'Type of the issues that are made.' },
  },
});
