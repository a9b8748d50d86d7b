import { describe, expect, it } from 'vitest';
import { createJira } from '../../../lab/simulation/systems/jira.ts';
import { createSocial } from '../../../lab/simulation/systems/social.ts';
import { createStatusPage, DEFAULT_STATUS_PAGE } from '../../../lab/simulation/systems/status-page.ts';
import { createZendesk } from '../../../lab/simulation/systems/zendesk.ts';
import { collect } from '../../../src/activities/evidence/collect.ts';
import type { EvidencePorts } from '../../../src/activities/evidence/ports.ts';
import { createJiraClient } from '../../../src/activities/jira/client.ts';
import { createSocialClient } from '../../../src/activities/social/client.ts';
import { createPublicStatusPage } from '../../../src/activities/status-page/public-page.ts';
import { createZendeskClient } from '../../../src/activities/zendesk/client.ts';
import { loadPolicy } from '../../../src/config/policy.ts';
import { bench } from '../../contract/simulated.ts';

const at = bench();
const NOW = '2026-03-03T09:00:00.000Z';
const SECRET = 'planted-secret-of-customers';
const EMAIL = 'bot@noaserver.com';

async function look() {
  const common = { clock: at.clock, faults: at.faults, log: at.log };
  const written = (['zendesk', 'zendesk', 'zendesk', 'jira'] as const).map((through, index) => ({
    id: String(100 + index),
    atMs: Date.parse(NOW) - index * 60_000,
    subject: `it fails ${index}`,
    through,
    flagged: false,
  }));
  const zendesk = createZendesk({ ...common, email: EMAIL, apiToken: SECRET, agents: [], written: () => written });
  const jira = createJira({
    ...common,
    email: EMAIL,
    apiToken: SECRET,
    project: 'NOA',
    accounts: {},
    written: () => written,
  });
  const posts = [
    { id: '1', network: 'x' as const, atMs: Date.parse(NOW) - 1000, author: 'u', text: '@noaserver down?' },
  ];
  const social = createSocial({
    ...common,
    secrets: { xBearerToken: SECRET, blueskyIdentifier: 'i', blueskyAppPassword: SECRET, mastodonToken: SECRET },
    written: () => posts,
  });
  const page = createStatusPage({ ...common, settings: DEFAULT_STATUS_PAGE, apiKey: SECRET });
  const urls = await Promise.all([zendesk.listen(), jira.listen(), social.listen(), page.listen()]);
  at.stops.push(async () => {
    await Promise.all([zendesk.close(), jira.close(), social.close(), page.close()]);
  });
  const [{ url: zendeskUrl }, { url: jiraUrl }, { xUrl, blueskyUrl }, { url: pageUrl }] = urls;
  const policy = await loadPolicy('policy/noa.yaml');
  const ports: EvidencePorts = {
    cluster: null,
    metrics: null,
    alertRouting: null,
    database: null,
    cache: null,
    providers: null,
    serviceApi: null,
    record: null,
    code: [],
    builds: [],
    logSearch: null,
    panels: null,
    statusPage: createPublicStatusPage({ baseUrl: pageUrl }),
    tickets: [
      createZendeskClient({ baseUrl: zendeskUrl, email: EMAIL, apiToken: SECRET }),
      createJiraClient({ baseUrl: jiraUrl, email: EMAIL, apiToken: SECRET, project: 'NOA' }),
    ],
    social: createSocialClient({
      x: { apiUrl: xUrl, bearerToken: SECRET },
      bluesky: { apiUrl: blueskyUrl, identifier: 'i', appPassword: 'wrong' },
      mastodon: null,
    }),
    store: { put: async (body) => ({ digest: 'd', sizeBytes: body.length }) },
    clock: () => NOW,
  };
  const request = {
    incidentId: 'incident-1',
    purpose: 'investigation' as const,
    probes: ['support-tickets', 'social-mentions', 'status-page'] as const,
    aroundAt: '2026-03-03T08:50:00.000Z',
    at: NOW,
  };
  const { service, evidence, reports } = policy;
  return { page, pageUrl, collect: () => collect(ports, { request, service, evidence, reports }) };
}

describe('what customers say and see', () => {
  it('tickets are counted by system with the newest linked (R2.16)', async () => {
    const { items } = await (await look()).collect();
    const item = items.find(({ probe }) => probe === 'support-tickets');
    expect(item?.words).toContain('Zendesk: 3 tickets; Jira: 1 ticket');
    expect(item?.abnormal).toBe(true);
    expect(item?.link).toContain('/agent/tickets/100');
    expect(item?.finding).toMatchObject({ systems: [{ count: 3 }, { count: 1, newest: [{ ref: 'NOA-103' }] }] });
    expect(item?.command).toContain('/rest/api/3/search/jql');
  });

  it('mentions are counted by network, and one that refuses is named (R2.17)', async () => {
    const { items } = await (await look()).collect();
    const item = items.find(({ probe }) => probe === 'social-mentions');
    expect(item?.words).toContain(
      'Mentions of @noaserver since 08:50 UTC: X 1, Bluesky gave no answer (Bluesky answered 401',
    );
    expect(item?.finding).toMatchObject({ networks: [{ count: 1 }, { network: 'Bluesky', count: null }] });
    expect(JSON.stringify(items)).not.toContain(SECRET);
  });

  it('the status page is read as everybody sees it (R2.18)', async () => {
    const { page, pageUrl, collect: again } = await look();
    expect((await again()).items.find(({ probe }) => probe === 'status-page')?.words).toBe(
      'The status page says "none" and shows no open incident.',
    );
    const json = {
      incident: {
        name: 'API errors',
        status: 'investigating',
        impact_override: 'major',
        components: { api: 'partial_outage' },
      },
    };
    await fetch(`${pageUrl}/v1/pages/${DEFAULT_STATUS_PAGE.pageId}/incidents`, {
      method: 'POST',
      headers: { authorization: `OAuth ${SECRET}`, 'content-type': 'application/json' },
      body: JSON.stringify(json),
    });
    expect(page.incidents).toHaveLength(1);
    const item = (await again()).items.find(({ probe }) => probe === 'status-page');
    expect(item?.words).toBe(
      'The status page says "major" and shows: API errors (investigating); API is partial outage.',
    );
    expect(item?.abnormal).toBe(true);
  });

  it('a system that is away is a named gap, and costs no other answer', async () => {
    const { collect: again } = await look();
    at.faults.set('zendesk', { kind: 'error-500' });
    at.faults.set('social', { kind: 'down' });
    const { items, gaps } = await again();
    expect(items.find(({ probe }) => probe === 'support-tickets')?.words).toContain('Zendesk gave no answer');
    expect(gaps.map(({ probe }) => probe)).toEqual(['social-mentions']);
  });
});
