import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { drillFiles } from '../../src/config/drill-files.ts';
import { loadPolicy } from '../../src/config/policy.ts';
import { correlatedSection } from '../../src/console/correlated-section.ts';
import { draftSection } from '../../src/console/draft-section.ts';
import { fixSection } from '../../src/console/fix-section.ts';
import { mailSection } from '../../src/console/mail-section.ts';
import { type DrillFile, drillBody, drillsBody } from '../../src/console/pages/drills.ts';
import { healthBody } from '../../src/console/pages/health.ts';
import { incidentBody } from '../../src/console/pages/incident.ts';
import { policyBody } from '../../src/console/pages/policy.ts';
import { recordBody } from '../../src/console/pages/record.ts';
import { pastSection } from '../../src/console/past-section.ts';
import { stateOf } from '../../src/console/reading.ts';
import { trendsOf } from '../../src/console/trend.ts';
import type { EvidenceItem, Finding } from '../../src/domain/evidence.ts';
import type { FixStage } from '../../src/domain/timeline.ts';
import { chainOfR9 } from '../domain/chain-scene.ts';
import { event, FACTS } from '../views/facts.ts';
import { story } from '../views/story.ts';
import { REPORT } from './kept-report.ts';

const NOW = '2024-10-23T14:50:00.000Z';
const CONTEXT = { incidentId: 'incident-20241023-1430', roles: ['commander', 'approver'] as const, people: [] };
const answer = (finding: Finding): EvidenceItem => ({
  id: 'e1',
  probe: finding.probe,
  source: 'prometheus',
  collectedAt: NOW,
  command: '',
  link: null,
  words: 'x',
  abnormal: true,
  finding,
  excerpt: '',
  digest: null,
  sizeBytes: 0,
});

function progressed(...stages: readonly FixStage[]) {
  const steps = stages.map((stage) =>
    event('14:49', { kind: 'fix-progressed', stage, words: `at ${stage}`, link: null }),
  );
  return [...story().filter(({ kind }) => kind !== 'closed'), ...steps].map((one, index) => ({
    ...one,
    seq: index + 1,
  }));
}

describe('the incident page', () => {
  it('shows what led to what, each line with its two clocks, its meaning and how it is known (R5.5)', () => {
    const shown = correlatedSection(chainOfR9(), 'Europe/Berlin').text;
    const order = [
      'noa-mcp was rolled out',
      'began to climb <',
      'went above 80',
      'The error rate went above',
      'Alertmanager',
      'rollback of noa-mcp',
      'The error rate came back',
    ];
    const places = order.map((words) => shown.indexOf(words));
    expect(places).not.toContain(-1);
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(shown).toContain('>14:15 (16:15)</time>');
    expect(shown).toContain('the explanation names it');
    expect(shown).toContain('<code>kubectl rollout undo deployment/noa-mcp</code>');
    expect(shown).toContain('href="https://grafana.example/d/overview"');
    expect(correlatedSection([], 'UTC').text).toContain('hidden');
    const incident = {
      id: FACTS.incidentId,
      title: 'x',
      service: 'api',
      status: 'open' as const,
      openedAt: NOW,
      detectedAt: NOW,
      closedAs: null,
      mergedInto: null,
      previousIncidentId: null,
    };
    const page = incidentBody({
      reading: { incident, facts: FACTS, notes: [] },
      timeline: { events: chainOfR9(), complete: true, timeZone: 'Asia/Kolkata' },
      state: stateOf('i', chainOfR9()),
      me: { id: 'jane', name: 'Jane', roles: [] },
      people: [],
      now: NOW,
      historyUrl: null,
      allEvents: false,
      mails: {
        mails: [{ edition: 'resolved-0', subject: 's', waiting: 0, sent: 1, refused: 0, bounced: 0, notDelivered: [] }],
      },
    });
    expect(page.text).toContain('1 sent, 0 came back');
    expect(page.text).toContain('>14:15 (19:45)</time>');
  });

  it('draws a trend whose gaps are gaps, and says it in words for whoever does not see it (R2.9)', () => {
    const trend = [
      [0, 0.01],
      [60, null],
      [120, 0.45],
    ] as const;
    const drawn = trendsOf(answer({ probe: 'error-rate', ratio: 0.45, trend, roseAt: '1970-01-01T00:01:30.000Z' }));
    expect(drawn?.text).toContain('requests that fail: 45% now, 45% at most, rose at 00:01 UTC');
    expect(drawn?.text.match(/d="([^"]*)"/)?.[1]?.match(/M/g)).toHaveLength(2);
    expect(drawn?.text).toContain('class="rose"');
    expect(trendsOf(answer({ probe: 'error-rate', ratio: null, trend: [[0, null]], roseAt: null }))).toBeNull();
  });

  it('shows how far the permanent fix is, with the brakes that make sense at that stage (R5.11)', () => {
    const shown = (...stages: readonly FixStage[]) => {
      const events = progressed(...stages);
      return fixSection(events, stateOf('i', events), CONTEXT, NOW).text;
    };
    expect(shown('pull-request')).not.toContain('abort-canary');
    expect(shown('pull-request', 'canary-watched')).toContain('data-decision="abort-canary"');
    expect(shown('canary-paused')).toContain('Let the canary go on');
    expect(shown('canary-aborted')).not.toContain('data-decision="pause-canary"');
    expect(shown('window-planned')).toMatch(/data-decision="call-off"[\s\S]*value="migration"/);
    expect(shown('migrated')).not.toContain('data-decision');
    expect(shown()).not.toContain('Permanent fix');
  });

  it('shows how the mails to customers stand, and why some came back, five of them (R4.5)', () => {
    const notDelivered = Array.from({ length: 7 }, (_, index) => ({
      customerId: `c${index}`,
      words: `550 no <b>${index}</b>`,
    }));
    const mail = {
      edition: 'resolved-0',
      subject: 'Service <Disruption>',
      waiting: 3,
      sent: 40,
      refused: 2,
      bounced: 5,
      notDelivered,
    };
    const shown = mailSection({ mails: [mail, { ...mail, edition: 'reopened-1', notDelivered: [] }] }).text;
    expect(shown.match(/40 sent, 5 came back, 2 refused, 3 to go/g)).toHaveLength(2);
    expect(shown).toContain('Service &lt;Disruption&gt;');
    expect(shown).toContain('c4: 550 no &lt;b&gt;4&lt;/b&gt;');
    expect(shown).not.toContain('c5:');
    expect(shown).toContain('reopened-1');
    for (const none of [null, { mails: [] }]) expect(mailSection(none).text).toMatch(/id="mails"[^>]* hidden/);
  });

  it('shows what was like it in the record, and what goes out when nobody writes (R2.19, R4.1)', () => {
    const incidents = [
      {
        id: 'incident-1',
        title: 'Pool exhausted',
        severity: 'P1',
        resolvedAt: NOW,
        cause: 'slow query',
        fix: 'an index',
        resolveMinutes: 35,
        score: 1,
        why: ['the same alert'],
      },
    ];
    const bundle = {
      purpose: 'investigation',
      collectedAt: NOW,
      items: [answer({ probe: 'past-incidents', incidents })],
      gaps: [],
    } as const;
    const past = pastSection([bundle]).text;
    for (const words of ['Pool exhausted', 'an index', 'the same alert', '35 minutes']) expect(past).toContain(words);
    expect(pastSection([]).text).toContain('Not looked up yet');
    const draft = { id: 'draft-1', text: 'No change since 14:50.', dueAt: NOW };
    const state = stateOf('i', progressed());
    expect(draftSection({ ...FACTS, draft }, state, CONTEXT, NOW).text).toMatch(/No change since 14:50[\s\S]*draft-1/);
    expect(draftSection({ ...FACTS, draft }, state, { ...CONTEXT, roles: ['viewer'] }, NOW).text).not.toContain(
      'button',
    );
  });
});

describe('the pages of the team', () => {
  it('show the policy without anything secret', async () => {
    const policy = await loadPolicy('policy/noa.yaml');
    const people = policy.people.map((person) => ({ ...person, tokenSha256: 'ab'.repeat(32) }));
    const { text } = policyBody({ ...policy, people });
    for (const name of Object.keys(policy.approvals)) expect(text).toContain(`>${name}<`);
    expect(text).toContain(policy.severities.P0.definition.slice(0, 20));
    expect(text).not.toContain('abab');
  });

  it('show figures with how many incidents each rests on, and never a zero for what is not known (R6.7)', () => {
    const known = { recorded: 3, medianSeconds: 300, invalid: 0 };
    const lengths = { acknowledge: known, mitigate: known, resolve: { recorded: 0, medianSeconds: null, invalid: 1 } };
    const group = { group: 'P1', incidents: 4, lengths, promises: { kept: 9, late: 1, missed: 0 }, relapses: 1 };
    const { text } = recordBody({ total: null, groups: [group] }, 'severity', [], NOW);
    expect(text).toContain('5 minutes <span class="hint">(3)</span>');
    expect(text).toContain('none</span> <span class="hint">1 not usable');
    expect(recordBody({ total: null, groups: [] }, 'month', [], NOW).text).toContain('No incident is over yet');
  });

  it('say what does not answer, and what is missing without it', () => {
    const readiness = {
      ready: false,
      store: 'The store is away.',
      temporal: 'ok',
      inboxPending: null,
      incidentsPending: null,
      reportsPending: null,
      forwarding: 0,
      trouble: null,
    };
    const { text } = healthBody(readiness, [{ name: 'Slack', configured: false, without: 'No chat.' }]);
    for (const words of ['The store is away.', 'Alerts are refused', 'No chat.', 'not known'])
      expect(text).toContain(words);
  });

  it('show how each drill went the last time, and how to play one when no report was kept', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'drills-'));
    try {
      mkdirSync(join(folder, 'kept'));
      writeFileSync(join(folder, 'one.yaml'), '# Rolled back (R3.2.4, R9).\nabout: "a bad <deploy>"\n');
      writeFileSync(join(folder, 'two.yaml'), 'about: nothing yet\n');
      writeFileSync(join(folder, 'kept', 'one.json'), JSON.stringify({ playedAt: NOW, report: REPORT }));
      writeFileSync(join(folder, 'kept', 'two.json'), 'half of a rep');
      const [one, two] = (await drillFiles(folder, join(folder, 'kept'))) as [DrillFile, DrillFile];
      expect([one.rows, one.last?.report.passed, two.last]).toEqual([['R3.2.4', 'R9'], false, null]);
      const list = drillsBody([one, two], NOW).text;
      for (const words of [
        'a bad &lt;deploy&gt;',
        'R3.2.4, R9',
        'FAILED',
        'bad deploy (noa-mcp)',
        'rollback',
        '4.5 min',
      ])
        expect(list).toContain(words);
      expect(list).toContain('1 of 2 were played, <strong class="bad">1 drill failed');
      expect(drillsBody([two], NOW).text).toContain('incident drill run drills/</code>');
      const page = drillBody(one, NOW).text;
      for (const words of [
        '3 kept, 1 late, 0 missed',
        'expected true, was [1]',
        'Alert received',
        '1 of 2 invariants hold',
      ])
        expect(page).toContain(words);
      expect(page).not.toContain('Step x finished');
      expect(drillBody(two, NOW).text).toContain('was not played here yet');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('know every drill by its sentence', async () => {
    const drills = await drillFiles('drills', 'no-such-folder');
    expect(drills.length).toBeGreaterThan(10);
    expect(drills.find(({ name }) => name === 'approver-answers-late')?.about).toContain('twenty minutes');
    expect(await drillFiles('no-such-folder', 'no-such-folder')).toEqual([]);
  });
});
