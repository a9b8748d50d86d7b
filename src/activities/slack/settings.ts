import { http, secret, system } from '../system.ts';

export const slack = system({
  name: 'Slack',
  door: {
    name: 'Slack',
    needs: 'SLACK_BOT_TOKEN',
    without: 'Nobody can decide from chat; console and command line remain.',
  },
  settings: {
    SLACK_API_URL: {
      readBy: ['gateway', 'worker'],
      schema: http.default('https://slack.com/api/'),
      meaning: 'Slack’s Web API.',
    },
    SLACK_BOT_TOKEN: {
      readBy: ['gateway', 'worker'],
      schema: secret.optional(),
      meaning: 'The app’s bot token, xoxb-….',
      secret: true,
    },
    SLACK_SIGNING_SECRET: {
      readBy: ['gateway'],
      schema: secret.optional(),
      meaning: 'Checks what Slack sends; not with Socket Mode.',
      secret: true,
    },
    SLACK_APP_TOKEN: {
      readBy: ['gateway'],
      schema: secret.optional(),
      meaning: 'App-level token, xapp-…: Socket Mode, for a gateway that Slack cannot reach (slack.md).',
      secret: true,
    },
  },
});
