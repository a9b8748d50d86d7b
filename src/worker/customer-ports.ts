import type { MentionsPort, StatusPagePort, WrittenTicketsPort } from '../activities/evidence/ports.ts';
import { createJiraClient, type JiraClient } from '../activities/jira/client.ts';
import { createSlackClient, type SlackClient } from '../activities/slack/client.ts';
import { createSocialClient } from '../activities/social/client.ts';
import { createPublicStatusPage } from '../activities/status-page/public-page.ts';
import { createZendeskClient, type ZendeskClient } from '../activities/zendesk/client.ts';
import type { WorkerEnv } from '../config/env.ts';

/** Where customers are heard and where work is written down; what the environment does not name is left out. */
export interface TicketSystems {
  readonly zendesk: ZendeskClient | null;
  readonly jira: JiraClient | null;
}

export function ticketSystems(env: WorkerEnv): TicketSystems {
  const { ZENDESK_URL, ZENDESK_EMAIL, ZENDESK_API_TOKEN, JIRA_URL, JIRA_EMAIL, JIRA_API_TOKEN, JIRA_PROJECT } = env;
  return {
    zendesk:
      ZENDESK_URL === undefined || ZENDESK_EMAIL === undefined || ZENDESK_API_TOKEN === undefined
        ? null
        : createZendeskClient({ baseUrl: ZENDESK_URL, email: ZENDESK_EMAIL, apiToken: ZENDESK_API_TOKEN }),
    jira:
      JIRA_URL === undefined || JIRA_EMAIL === undefined || JIRA_API_TOKEN === undefined || JIRA_PROJECT === undefined
        ? null
        : createJiraClient({
            baseUrl: JIRA_URL,
            email: JIRA_EMAIL,
            apiToken: JIRA_API_TOKEN,
            project: JIRA_PROJECT,
            issueType: env.JIRA_ISSUE_TYPE,
          }),
  };
}

/** Null: reports from chat cannot be answered there. */
export function answeringChat(env: WorkerEnv): SlackClient | null {
  return env.SLACK_BOT_TOKEN === undefined
    ? null
    : createSlackClient({ token: env.SLACK_BOT_TOKEN, apiUrl: env.SLACK_API_URL });
}

export function writtenTickets({ zendesk, jira }: TicketSystems): readonly WrittenTicketsPort[] {
  return [zendesk, jira].filter((one) => one !== null);
}

export function mentionsPort(env: WorkerEnv): MentionsPort | null {
  const { X_BEARER_TOKEN: bearerToken, MASTODON_URL, MASTODON_ACCESS_TOKEN } = env;
  const { BLUESKY_IDENTIFIER: identifier, BLUESKY_APP_PASSWORD: appPassword } = env;
  const client = createSocialClient({
    x: bearerToken === undefined ? null : { apiUrl: env.X_API_URL, bearerToken },
    bluesky:
      identifier === undefined || appPassword === undefined
        ? null
        : { apiUrl: env.BLUESKY_API_URL, identifier, appPassword },
    mastodon:
      MASTODON_URL === undefined || MASTODON_ACCESS_TOKEN === undefined
        ? null
        : { apiUrl: MASTODON_URL, accessToken: MASTODON_ACCESS_TOKEN },
  });
  return client.networks.length === 0 ? null : client;
}

export function publicStatusPort(env: WorkerEnv): StatusPagePort | null {
  return env.STATUSPAGE_PUBLIC_URL === undefined
    ? null
    : createPublicStatusPage({ baseUrl: env.STATUSPAGE_PUBLIC_URL });
}
