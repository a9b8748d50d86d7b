import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGrafana } from '../../lab/simulation/systems/grafana.ts';
import { createJira } from '../../lab/simulation/systems/jira.ts';
import { createPagerDuty } from '../../lab/simulation/systems/pagerduty.ts';
import { DEFAULT_PEOPLE } from '../../lab/simulation/systems/people.ts';
import { createSlack } from '../../lab/simulation/systems/slack/slack.ts';
import { createSmtp } from '../../lab/simulation/systems/smtp.ts';
import { createStatusPage, DEFAULT_STATUS_PAGE } from '../../lab/simulation/systems/status-page.ts';
import { createZendesk } from '../../lab/simulation/systems/zendesk.ts';
import { createDocumentsClient } from '../../src/activities/documents/client.ts';
import { createEmailClient } from '../../src/activities/email/client.ts';
import { createDashboardActivities } from '../../src/activities/grafana/activities.ts';
import { createGrafanaClient } from '../../src/activities/grafana/client.ts';
import { createJiraClient } from '../../src/activities/jira/client.ts';
import type { IdempotencyLedger } from '../../src/activities/once.ts';
import { createPagerDutyClient } from '../../src/activities/pagerduty/client.ts';
import { createPageNotes } from '../../src/activities/pagerduty/notes.ts';
import { createPagerDutyRest } from '../../src/activities/pagerduty/rest.ts';
import { createPublicationActivities } from '../../src/activities/publication/activities.ts';
import type { Delivery } from '../../src/activities/publication/api.ts';
import { createSlackClient } from '../../src/activities/slack/client.ts';
import { createStatusPageClient } from '../../src/activities/status-page/client.ts';
import { createTicketActivities } from '../../src/activities/tickets/activities.ts';
import { createUserReportActivities } from '../../src/activities/user-reports/activities.ts';
import { createZendeskClient } from '../../src/activities/zendesk/client.ts';
import { createTemplateRenderer } from '../../src/config/liquid.ts';
import { dedupKeyOf } from '../../src/domain/incident-name.ts';
import { COMMUNICATION, FACTS, RESOLVED } from '../views/facts.ts';
import { TICKET } from './tickets.ts';
import type { closing, vendorWorld } from './vendor.ts';

type World = ReturnType<typeof vendorWorld>;

/** What each operation is given: a world, two workers' ways to one ledger, and what closes it all. */
export interface Scene {
  readonly world: World;
  readonly ledgers: readonly [IdempotencyLedger, IdempotencyLedger];
  readonly closed: ReturnType<typeof closing>;
}

/** One thing that is done to a system, as each of two workers does it, and how often it is there. */
export interface ProvenOperation {
  /** The system by its name in the wire's ledger; null where there is no wire. */
  readonly system: string | null;
  /** What one worker does; it answers what names what is there. */
  readonly attempt: (worker: 0 | 1) => Promise<unknown>;
  readonly there: () => number;
  /** Where nothing can be done about a lost answer: how many copies there are then, all under one id. */
  readonly copiesAfterLostAnswer?: number;
}

const TOKEN = 'token';

/** The outcome of a publication, which is a receipt where others throw. */
async function receiptOf(
  publishing: Promise<readonly { result: string; ref: string | null; reason: string | null }[]>,
) {
  const [receipt] = await publishing;
  if (receipt?.result === 'failed') throw Object.assign(new Error(receipt.reason ?? ''), { type: 'Unavailable' });
  return receipt?.ref;
}

function publishing({ world, ledgers }: Scene, ports: object) {
  const workers = ledgers.map((ledger) =>
    createPublicationActivities({
      ledger,
      clock: () => new Date(world.clock.nowMs).toISOString(),
      render: createTemplateRenderer(),
      attempt: () => 1,
      ...ports,
    } as never),
  );
  const review = { meetingMinutes: 60, agenda: [{ what: 'Timeline review', minutes: 10 }] };
  return (worker: 0 | 1, delivery: Delivery) =>
    receiptOf(
      (workers[worker] as (typeof workers)[number]).publish({
        facts: delivery.medium === 'mail' ? RESOLVED : FACTS,
        texts: COMMUNICATION,
        chatGroups: [],
        review,
        deliveries: [delivery],
      }),
    );
}

async function slackScene(scene: Scene) {
  const slack = createSlack({ ...scene.world.common, people: DEFAULT_PEOPLE, botToken: TOKEN });
  const { url } = await slack.listen();
  scene.closed.add(() => slack.close());
  const chat = createSlackClient({ token: TOKEN, apiUrl: `${url}/api/` });
  return { slack, chat, publish: publishing(scene, { chat }) };
}

async function pagerDutyScene(scene: Scene) {
  const pagerDuty = createPagerDuty({ ...scene.world.common, people: DEFAULT_PEOPLE, apiToken: TOKEN });
  const { url } = await pagerDuty.listen();
  scene.closed.add(() => pagerDuty.close());
  const paging = createPagerDutyClient({ eventsUrl: url, routingKeys: pagerDuty.routingKeys });
  const rest = createPagerDutyRest({ apiUrl: url, apiToken: TOKEN, fromEmail: 'alice@noaserver.com' });
  const page = (dedupKey: string) =>
    paging.page({
      action: 'trigger',
      pagingService: 'oncall-primary',
      dedupKey,
      summary: 's',
      source: 'api',
      severity: 'error',
      at: '2024-10-23T14:40:00.000Z',
      links: [],
      details: {},
    });
  return { pagerDuty, page, publish: publishing(scene, { paging, pageNotes: createPageNotes(rest) }) };
}

const SHOWN = { ...DEFAULT_STATUS_PAGE, components: [{ id: 'cmp-api', name: 'API' }] };

async function statusScene(scene: Scene) {
  const page = createStatusPage({ ...scene.world.common, settings: SHOWN, apiKey: 'key' });
  const { url } = await page.listen();
  scene.closed.add(() => page.close());
  const settings = { apiUrl: `${url}/v1`, apiKey: 'key', pageId: DEFAULT_STATUS_PAGE.pageId };
  const client = () => createStatusPageClient({ ...settings, betweenRequestsMilliseconds: 0 });
  return { page, client, publish: publishing(scene, { statusPage: client() }) };
}

async function mailScene(scene: Scene) {
  const smtp = createSmtp(scene.world.common);
  const { port } = await smtp.listen();
  scene.closed.add(() => smtp.close());
  const mail = createEmailClient({ host: '127.0.0.1', port, secure: false, auth: null });
  return { smtp, publish: publishing(scene, { mail }) };
}

const REPORT = { id: 'report-1', text: 'it fails', by: 'a customer', at: FACTS.at, flagged: false } as const;
const VERDICT = { confirmed: false, checked: ['the error rate'], findings: [], ownIncidentId: null };

/** Answers one report through a door, as both workers do. */
function answering({ world, ledgers }: Scene, report: object, answers: object) {
  const ports = { reports: { of: async () => [{ ...REPORT, ...report }] }, answers };
  const clock = () => new Date(world.clock.nowMs).toISOString();
  const workers = ledgers.map((ledger) => createUserReportActivities({ ...ports, ledger, clock } as never));
  return (worker: 0 | 1) =>
    workers[worker]?.answerReports({
      verificationId: 'verification-1',
      verdict: VERDICT,
      incidentId: null,
      reports: { answers: { notConfirmed: 'We checked.', confirmed: 'Thank you.' } },
    } as never) ?? Promise.reject(new Error('There are two workers.'));
}

const CHAT = { medium: 'chat', channel: 'incidents' } as const;
const MAIL = { medium: 'mail', to: ['em@example.com', 'cto@example.com'], detail: 'Still open.' } as const;
const EMAIL = 'bot@noaserver.com';

export const OPERATIONS: Readonly<Record<string, (scene: Scene) => Promise<ProvenOperation>>> = {
  async 'a page'(scene) {
    const { pagerDuty, page } = await pagerDutyScene(scene);
    return {
      system: 'pagerduty',
      attempt: () => page('incident-1/primary'),
      there: () => pagerDuty.pages.filter(({ paged }) => paged).length,
    };
  },

  async 'a note at a page'(scene) {
    const { pagerDuty, page, publish } = await pagerDutyScene(scene);
    await page(dedupKeyOf(FACTS.incidentId, 'oncall-primary'));
    const key = 'incident-1/note declared/7';
    const delivery: Delivery = { medium: 'page-note', key, what: 'declared', page: { contact: 'oncall-primary' } };
    return {
      system: 'pagerduty',
      attempt: (worker) => publish(worker, delivery),
      there: () => pagerDuty.incidents.flatMap(({ notes }) => notes).length,
    };
  },

  async 'a message in chat'(scene) {
    const { slack, publish } = await slackScene(scene);
    const delivery: Delivery = { ...CHAT, key: 'incident-1/initial/1', what: 'initial', detail: null };
    return {
      system: 'slack',
      attempt: (worker) => publish(worker, delivery),
      there: () => slack.messages.length,
    };
  },

  async 'the pinned summary'(scene) {
    const { slack, publish } = await slackScene(scene);
    const delivery: Delivery = { ...CHAT, key: 'incident-1/pinned', what: 'pinned', ref: null };
    return {
      system: 'slack',
      attempt: (worker) => publish(worker, delivery),
      there: () => slack.messages.length,
    };
  },

  async 'a channel with its bookmarks'(scene) {
    const { slack, publish } = await slackScene(scene);
    const delivery: Delivery = {
      medium: 'chat',
      key: 'incident-1/open',
      what: 'open-channel',
      channelName: 'incident-1',
      topic: 'P1',
      inviteChatIds: ['U0ALICE'],
      bookmarks: [{ title: 'Overview', url: 'https://g.example/d' }],
    };
    const ours = () => slack.channels.filter(({ name }) => name.startsWith('incident-1'));
    return {
      system: 'slack',
      attempt: (worker) => publish(worker, delivery),
      there: () => (ours().length === 1 ? (ours()[0]?.bookmarks.length ?? 0) : ours().length),
    };
  },

  async 'an answer in a thread'(scene) {
    const { slack, chat } = await slackScene(scene);
    const { ref } = await chat.post({ ...CHAT, text: 'is it down?', blocks: [], incidentId: 'x', key: 'question' });
    const channel = slack.channels.find(({ name }) => name === 'incidents')?.id;
    return {
      system: 'slack',
      attempt: answering(scene, { through: 'slack', ref, channel }, { chat, zendesk: null, jira: null }),
      there: () => slack.messages.filter(({ threadTs }) => threadTs === ref).length,
    };
  },

  async 'an incident on the status page'(scene) {
    const { page, client } = await statusScene(scene);
    const post = {
      incidentId: 'incident-1',
      key: 'incident-1/status/1',
      title: 'API errors',
      status: 'investigating',
      body: 'We look into it.',
      impact: 'major',
      components: [],
    } as const;
    return {
      system: 'status-page',
      async attempt() {
        const one = client();
        return (await one.find(post.incidentId, null)) ?? one.create(post);
      },
      there: () => page.incidents.length,
    };
  },

  async 'an update on the status page'(scene) {
    const { page, publish } = await statusScene(scene);
    const post = { medium: 'status-page', ref: null, detail: null } as const;
    const ref = (await publish(0, { ...post, key: 'incident-1/status/1', what: 'investigating' })) ?? null;
    const delivery: Delivery = { ...post, key: 'incident-1/status/2', what: 'identified', ref };
    return {
      system: 'status-page',
      attempt: (worker) => publish(worker, delivery),
      there: () => (page.incidents[0]?.updates.length ?? 0) - 1,
    };
  },

  async 'a mark on a dashboard'(scene) {
    const { world, ledgers, closed } = scene;
    const grafana = createGrafana({ ...world.common, token: TOKEN });
    const { url } = await grafana.listen();
    closed.add(() => grafana.close());
    const note = { key: 'restart', text: 'noa restarted', tags: ['incident'], at: FACTS.at, untilAt: null };
    const workers = ledgers.map((ledger) =>
      createDashboardActivities(createGrafanaClient({ url, token: TOKEN, timeoutMilliseconds: 5_000 }), {
        ledger,
        clock: () => new Date(world.clock.nowMs).toISOString(),
      }),
    );
    return {
      system: 'grafana',
      async attempt(worker) {
        const marked = await workers[worker]?.annotateDashboards({ incidentId: 'incident-1', notes: [note] });
        return (marked?.written ?? 0) + (marked?.found ?? 0);
      },
      there: () => grafana.annotations.length,
    };
  },

  async 'a mail to colleagues'(scene) {
    const { smtp, publish } = await mailScene(scene);
    const delivery: Delivery = { ...MAIL, key: 'incident-1/mail/1', what: 'escalation' };
    return {
      system: 'smtp',
      attempt: (worker) => publish(worker, delivery),
      there: () => smtp.mails.length,
      copiesAfterLostAnswer: 2,
    };
  },

  async 'an invitation'(scene) {
    const { smtp, publish } = await mailScene(scene);
    const delivery: Delivery = { ...MAIL, key: 'incident-1/invite/1', what: 'invitation', sequence: 1 };
    return {
      system: 'smtp',
      attempt: (worker) => publish(worker, delivery),
      there: () => smtp.mails.length,
      copiesAfterLostAnswer: 2,
    };
  },

  async 'a comment on a Zendesk ticket'(scene) {
    const { world, closed } = scene;
    const account = { email: EMAIL, apiToken: TOKEN };
    const zendesk = createZendesk({ ...world.common, ...account, agents: [], written: () => [] });
    const { url } = await zendesk.listen();
    closed.add(() => zendesk.close());
    const client = createZendeskClient({ baseUrl: url, ...account });
    const { ticket } = await client.create({ ...TICKET, ownerEmail: null });
    return {
      system: 'zendesk',
      attempt: answering(scene, { through: 'zendesk', ref: ticket.ref, channel: null }, { zendesk: client }),
      there: () => zendesk.tickets.flatMap(({ comments }) => comments).length,
    };
  },

  async 'a comment on a Jira ticket'(scene) {
    const { jira, client } = await jiraScene(scene);
    const { ticket } = await client.create({ ...TICKET, ownerEmail: null });
    return {
      system: 'jira',
      attempt: answering(scene, { through: 'jira', ref: ticket.ref, channel: null }, { jira: client }),
      there: () => jira.issues.flatMap(({ comments }) => comments).length,
    };
  },

  async 'a Jira ticket'(scene) {
    const { jira, client } = await jiraScene(scene);
    const { world, ledgers } = scene;
    const workers = ledgers.map((ledger) =>
      createTicketActivities({
        systems: { jira: client, zendesk: null },
        ledger,
        clock: () => new Date(world.clock.nowMs).toISOString(),
      }),
    );
    return {
      system: 'jira',
      // Who comes second is told to come again when Jira's search shows it; the server does that.
      attempt: (worker) =>
        again(
          () =>
            workers[worker]?.createTicket({ ...TICKET, system: 'jira', ownerEmail: null }) ??
            Promise.reject(new Error('There are two workers.')),
          () => {
            world.clock.nowMs += 31_000;
          },
        ),
      there: () => jira.issues.length,
    };
  },

  async 'a post-mortem in a folder'({ closed }) {
    const directory = mkdtempSync(join(tmpdir(), 'documents-'));
    closed.add(() => rmSync(directory, { recursive: true, force: true }));
    const text = '# Post-Mortem\n'.repeat(2_000);
    const whole = () => readFileSync(join(directory, '2024', 'incident-1.md'), 'utf8') === text;
    return {
      // There is no wire: whoever is killed after the write writes the same again.
      system: null,
      attempt: () => createDocumentsClient({ directory }).write('2024/incident-1.md', text),
      there: () => (whole() ? readdirSync(join(directory, '2024')).length : 0),
    };
  },
};

async function jiraScene({ world, closed }: Scene) {
  const account = { email: EMAIL, apiToken: TOKEN, project: 'NOA' };
  const jira = createJira({ ...world.common, ...account, accounts: {}, written: () => [], searchLagMs: 5_000 });
  const { url } = await jira.listen();
  closed.add(() => jira.close());
  return { jira, client: createJiraClient({ baseUrl: url, ...account }) };
}

async function again<T>(call: () => Promise<T>, later: () => void): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call();
    } catch (error) {
      if ((error as { type?: string }).type !== 'NotYet' || attempt === 5) throw error;
      await new Promise((resolve) => setTimeout(resolve, 500));
      later();
    }
  }
}
