import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createDocumentsClient } from '../../src/activities/documents/client.ts';
import { createPagerDutyClient } from '../../src/activities/pagerduty/client.ts';
import { createStatusPageClient } from '../../src/activities/status-page/client.ts';
import { createPagerDuty } from '../../src/simulation/systems/pagerduty.ts';
import { DEFAULT_PEOPLE } from '../../src/simulation/systems/people.ts';
import { createStatusPage, DEFAULT_STATUS_PAGE } from '../../src/simulation/systems/status-page.ts';
import { closing, vendorWorld } from './vendor.ts';

// Decision 4: what we do to a system is done once, although the answer is lost after the work was done, and although two
// workers do it at the same moment (the engine runs an activity at least once). Systems that have these two among their
// own cases are named below with the file; the others have them here.

const closed = closing();
afterEach(() => closed.all());
const NOW = '2024-10-23T14:40:00Z';

/** One thing that is done to a system, as each attempt of each worker does it, and how often it is there. */
interface Deed {
  readonly attempt: () => Promise<unknown>;
  readonly there: () => number;
  /** The next answer is lost after the work was done; a read before the write is answered. */
  readonly loseAnswer: () => void;
}

const DEEDS: Readonly<Record<string, () => Promise<Deed>>> = {
  async 'a page'() {
    const { common, faults } = vendorWorld(NOW);
    const pagerDuty = createPagerDuty({ ...common, people: DEFAULT_PEOPLE, apiToken: 'token' });
    const { url } = await pagerDuty.listen();
    closed.add(() => pagerDuty.close());
    const client = createPagerDutyClient({ eventsUrl: url, routingKeys: pagerDuty.routingKeys });
    const [pagingService = ''] = Object.keys(pagerDuty.routingKeys);
    const page = {
      action: 'trigger',
      dedupKey: 'incident-1/primary',
      summary: 's',
      source: 'api',
      severity: 'error',
    } as const;
    return {
      attempt: () => client.page({ ...page, pagingService, at: '2024-10-23T14:40:00.000Z', links: [], details: {} }),
      there: () => pagerDuty.pages.filter(({ paged }) => paged).length,
      loseAnswer: () => faults.set('pagerduty', { kind: 'lost-answer', times: 1 }),
    };
  },

  async 'an incident on the status page'() {
    const { common, faults, log } = vendorWorld(NOW);
    const page = createStatusPage({ ...common, settings: DEFAULT_STATUS_PAGE, apiKey: 'key' });
    const { url } = await page.listen();
    closed.add(() => page.close());
    const settings = { apiUrl: `${url}/v1`, apiKey: 'key', pageId: DEFAULT_STATUS_PAGE.pageId };
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
      async attempt() {
        const client = createStatusPageClient({ ...settings, betweenRequestsMilliseconds: 0 });
        const shown = await client.find(post.incidentId, null);
        return shown ?? client.create(post);
      },
      there: () => page.incidents.length,
      loseAnswer: () => afterRead(log, () => faults.set('status-page', { kind: 'lost-answer', times: 1 })),
    };
  },

  async 'a post-mortem in a folder'() {
    const directory = mkdtempSync(join(tmpdir(), 'documents-'));
    closed.add(() => rmSync(directory, { recursive: true, force: true }));
    const text = '# Post-Mortem\n'.repeat(2_000);
    const whole = () => readFileSync(join(directory, '2024', 'incident-1.md'), 'utf8') === text;
    return {
      attempt: () => createDocumentsClient({ directory }).write('2024/incident-1.md', text),
      there: () => (whole() ? readdirSync(join(directory, '2024')).length : 0),
      // There is no wire: whoever is killed after the write writes the same again.
      loseAnswer: () => undefined,
    };
  },
};

function afterRead(log: ReturnType<typeof vendorWorld>['log'], then: () => void): void {
  const record = log.record.bind(log);
  log.record = (entry) => {
    record(entry);
    if (entry.method !== 'GET') return;
    log.record = record;
    then();
  };
}

describe.each(Object.entries(DEEDS))('%s', (_what, begin) => {
  it('is there once though the answer was lost', async () => {
    const { attempt, there, loseAnswer } = await begin();
    loseAnswer();
    await attempt().catch((error: { type?: string }) => expect(error.type).toBe('Unavailable'));
    expect(there()).toBe(1);
    await attempt();
    expect(there()).toBe(1);
  });

  it('is there once when two workers race', async () => {
    const { attempt, there } = await begin();
    const both = await Promise.all([attempt(), attempt()]);
    expect(there()).toBe(1);
    // Both know the same one from now on.
    expect(both[0]).toEqual(both[1]);
  });
});

describe('every system that is acted on', () => {
  /** Where its two cases are: a lost answer, and a race. */
  const ELSEWHERE: Readonly<Record<string, readonly [file: string, lost: RegExp, race: RegExp]>> = {
    'kubernetes: remedies': ['../activities/kubernetes/remedies.test.ts', /lost/i, /two workers race/],
    'kubernetes: manifests, ConfigMaps, claims': [
      '../activities/kubernetes/temporary-changes.test.ts',
      /lost/i,
      /two workers with the same plan/,
    ],
    'admin API of the service': ['../activities/admin-api/activities.test.ts', /lost answers/, /two workers race/],
    'PostgreSQL: indexes': ['postgres/migration.contract.test.ts', /answer was lost/, /two workers race/],
    'PostgreSQL: failover': ['postgres/failover.contract.test.ts', /answer is lost/, /two workers race/],
    'Slack: channels, messages, files': ['slack/client.test.ts', /answer was lost/, /two workers at once/],
    'git: branches': ['git/git.test.ts', /lost its answer/, /two workers race/],
    'GitHub: pull requests and merges': ['changes/changes.test.ts', /answer was lost/, /two workers race/],
    'Jira and Zendesk: tickets': ['../activities/tickets/activities.test.ts', /lost/i, /two workers at once/],
    'customers’ mail': ['../activities/customers/activities.test.ts', /killed midway/, /one worker send at a time/],
  };

  it.each(Object.entries(ELSEWHERE))('%s', (_system, [file, lost, race]) => {
    const text = readFileSync(join(import.meta.dirname, file), 'utf8');
    const names = [...text.matchAll(/(?:\bit(?:\.each\([^)]*\))?\(|name: )\s*'([^']+)'/g)].map(
      ([, name]) => name ?? '',
    );
    expect(names.filter((name) => lost.test(name))).not.toEqual([]);
    expect(names.filter((name) => race.test(name))).not.toEqual([]);
  });
});
