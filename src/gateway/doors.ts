import type { GatewayEnv } from '../config/env.ts';
import type { Door } from '../console/pages/health.ts';

/** Which integrations are configured, for the page of system health. Names only, never a value. */
export function doorsOf(env: GatewayEnv): readonly Door[] {
  return [
    { name: 'Alertmanager', configured: true, without: '' },
    {
      name: 'PagerDuty’s webhook',
      configured: env.PAGERDUTY_WEBHOOK_SECRET !== undefined,
      without: 'Acknowledging in PagerDuty is not seen here.',
    },
    {
      name: 'Slack',
      configured: env.SLACK_BOT_TOKEN !== undefined,
      without: 'Nobody can decide from chat; console and command line remain.',
    },
    {
      name: 'Zendesk’s webhook',
      configured: env.ZENDESK_WEBHOOK_SECRET !== undefined,
      without: 'Tickets are not taken for reports.',
    },
    {
      name: 'Jira’s webhook',
      configured: env.JIRA_WEBHOOK_SECRET !== undefined,
      without: 'Tickets are not taken for reports.',
    },
    {
      name: 'The team’s accounts (OIDC)',
      configured: env.OIDC_ISSUER !== undefined,
      without: 'People sign in by their API token.',
    },
    {
      name: 'Temporal Web',
      configured: env.TEMPORAL_UI_URL !== undefined,
      without: 'Incidents do not link to their history.',
    },
  ];
}
