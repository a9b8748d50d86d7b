import { createJira, type Jira } from './systems/jira.ts';
import type { PeopleSettings } from './systems/people.ts';
import type { Slack } from './systems/slack/slack.ts';
import { createSocial, type Social } from './systems/social.ts';
import { createZendesk, type Zendesk } from './systems/zendesk.ts';
import type { WireFaults } from './wire/faults.ts';
import type { WireLedger } from './wire/ledger.ts';
import type { UserReport } from './world/user-reports.ts';
import type { World } from './world/world.ts';

/** Where what people report is delivered, and the secret by which each system signs it. */
export interface ReportReceivers {
  readonly slack: { readonly url: string; readonly signingSecret: string };
  readonly zendesk: { readonly url: string; readonly secret: string };
  readonly jira: { readonly url: string; readonly secret: string };
}

/** The systems by which people outside say that something is broken, and in which work is written down. */
export interface Reporting {
  readonly zendesk: Zendesk;
  readonly jira: Jira;
  readonly social: Social;
  /** Environment variables with which a client finds them; known once they listen. */
  listen(): Promise<Readonly<Record<string, string>>>;
  close(): Promise<void>;
  setReceivers(receivers: ReportReceivers): void;
  /** Brings these reports to whoever receives them; true when there was one. */
  deliver(reports: readonly UserReport[]): Promise<boolean>;
}

const BOT_EMAIL = 'incident-bot@noaserver.com';
const PROJECT = 'NOA';
export const REPORTING_SECRETS = {
  zendesk: 'simulated-zendesk-token',
  jira: 'simulated-jira-token',
  x: 'simulated-x-token',
  bluesky: 'simulated-bluesky-password',
  mastodon: 'simulated-mastodon-token',
};
/** A customer's engineer who shares a channel with us; nobody of the company. */
const CUSTOMER = 'U0CUSTOMER';

export function createReporting(options: {
  readonly clock: () => number;
  readonly faults: WireFaults;
  readonly log: WireLedger;
  readonly world: World;
  readonly people: PeopleSettings;
  readonly slack: Slack;
  /** The channel in which people ask for help. */
  readonly supportChannel: string;
  readonly secrets: typeof REPORTING_SECRETS;
}): Reporting {
  const { secrets } = options;
  const { clock, faults, log, world, people, slack } = options;
  const common = { clock, faults, log, written: () => world.tickets(Number.NEGATIVE_INFINITY) };
  const emails = people.people.map(({ email }) => email);
  const zendesk = createZendesk({ ...common, email: BOT_EMAIL, apiToken: secrets.zendesk, agents: emails });
  const jira = createJira({
    ...common,
    email: BOT_EMAIL,
    apiToken: secrets.jira,
    project: PROJECT,
    accounts: Object.fromEntries(people.people.map(({ email, handle }) => [email, `account-${handle}`])),
  });
  const social = createSocial({
    clock,
    faults,
    log,
    written: () => world.posts(Number.NEGATIVE_INFINITY),
    secrets: {
      xBearerToken: secrets.x,
      blueskyIdentifier: 'sim.bsky.social',
      blueskyAppPassword: secrets.bluesky,
      mastodonToken: secrets.mastodon,
    },
  });
  let receivers: ReportReceivers | null = null;

  async function bring(report: UserReport, to: ReportReceivers): Promise<void> {
    const { atMs } = report;
    switch (report.through) {
      case 'slack': {
        const { url, signingSecret } = to.slack;
        const message = slack.write({ user: CUSTOMER, channel: options.supportChannel, text: report.text });
        await slack.sendMessageEvent({ url, signingSecret, message, atMs });
        return;
      }
      case 'zendesk':
        await zendesk.sendTicketCreated({ ...to.zendesk, ticketId: report.ticketId ?? '', atMs });
        return;
      case 'jira':
        await jira.sendIssueCreated({ ...to.jira, key: `${PROJECT}-${report.ticketId ?? ''}`, atMs });
    }
  }

  return {
    zendesk,
    jira,
    social,
    async listen() {
      const [atZendesk, atJira, networks] = await Promise.all([zendesk.listen(), jira.listen(), social.listen()]);
      return {
        ZENDESK_URL: atZendesk.url,
        ZENDESK_EMAIL: BOT_EMAIL,
        ZENDESK_API_TOKEN: secrets.zendesk,
        JIRA_URL: atJira.url,
        JIRA_EMAIL: BOT_EMAIL,
        JIRA_API_TOKEN: secrets.jira,
        JIRA_PROJECT: PROJECT,
        X_API_URL: networks.xUrl,
        X_BEARER_TOKEN: secrets.x,
        BLUESKY_API_URL: networks.blueskyUrl,
        BLUESKY_IDENTIFIER: 'sim.bsky.social',
        BLUESKY_APP_PASSWORD: secrets.bluesky,
        MASTODON_URL: networks.mastodonUrl,
        MASTODON_ACCESS_TOKEN: secrets.mastodon,
      };
    },
    async close() {
      await Promise.all([zendesk.close(), jira.close(), social.close()]);
    },
    setReceivers(wanted) {
      receivers = wanted;
    },
    async deliver(reports) {
      for (const report of reports) if (receivers !== null) await bring(report, receivers);
      return receivers !== null && reports.length > 0;
    },
  };
}
