import { describe, expect, it } from 'vitest';
import type { Figure } from '../../src/domain/figure.ts';
import { documentAddress, postMortem, postMortemPath } from '../../src/views/post-mortem.ts';
import { chainOfR9, item, looked } from '../domain/chain-scene.ts';
import { event, FACTS, HOSTILE, HOSTILE_FACTS, RESOLVED } from './facts.ts';
import { PLAN, story } from './story.ts';

const FIGURES = {
  failedRequests: 15_750.4,
  failedRequestsFormula: 'sum(increase(x{code="500"}[2100s])) at T',
  affectedUsers: null,
  complaints: {
    status: 'recorded',
    value: 23,
    atLeast: false,
    source: 'Zendesk 23, written from 14:30 to 15:05 UTC',
  },
} as const;

describe('postMortem', () => {
  it("fills the runbook's template (R6.2)", () => {
    expect(postMortem({ facts: RESOLVED, timeline: story(), figures: FIGURES, items: [] })).toBe(GOLDEN);
  });

  it('puts what the systems showed between what people said, once each, with source and meaning, on two clocks (R5.5)', () => {
    const text = postMortem({
      facts: { ...RESOLVED, detectedAt: '2024-10-23T14:31:00.000Z' },
      timeline: chainOfR9(),
      figures: FIGURES,
      items: [],
      timeZone: 'Europe/Berlin',
    });
    const rows = text.slice(text.indexOf('## Timeline'), text.indexOf('## Root')).split('\n').slice(2, -2);
    expect(rows[0]).toBe('In brackets: the clock of Europe/Berlin.');
    expect(rows[2]).toBe(
      '- 14:15 (16:15) - noa-mcp was rolled out as revision 4: "feature X" (noa-mcp:v4) (10 minutes before the number of busy database connections began to climb; the explanation names it; Kubernetes: `ask rollouts`)',
    );
    const clocks = rows.slice(2).map((row) => row.slice(2, 7));
    expect(clocks).toEqual([...clocks].sort());
    for (const once of ['rollback carried out', 'Alert received', 'errors 2%', '3 pods are new', 'Incident resolved'])
      expect(rows.filter((row) => row.includes(once))).toHaveLength(1);
    expect(rows.find((row) => row.includes('The error rate went above'))).toMatch(
      /^- 14:30 \(16:30\) .* \(less than a minute after .*; Prometheus: `failed \/ all`, \[shown here\]\(https:\/\/grafana\.example\/d\/overview\)\)$/,
    );
  });

  it('lets a hostile command end no code and a hostile address be no link', () => {
    const evil = item(
      {
        probe: 'config-changes',
        changes: [{ configmap: '`x` [y](javascript:z)', changedAt: '2024-10-23T14:20:00.000Z', by: '<b>' }],
      },
      { command: 'a` <script>', link: 'javascript:alert(1)' },
    );
    const timeline = [...chainOfR9().slice(0, 2), looked('14:32', 'investigation', evil)];
    const row = postMortem({ facts: RESOLVED, timeline, figures: FIGURES, items: [] })
      .split('\n')
      .find((one) => one.includes('ConfigMap'));
    expect(row).toContain('The ConfigMap \\`x\\` \\[y\\](javascript:z) was changed by &lt;b>');
    expect(row).toContain('`aˋ <script>`)');
    expect(row).not.toContain('](javascript:alert');
  });

  it('shows items with owner, due date and status', () => {
    const items = [{ what: 'Add index | now', owner: 'Jane', dueAt: '2024-10-24T00:00:00.000Z', status: 'Done' }];
    expect(postMortem({ facts: RESOLVED, timeline: story(), figures: FIGURES, items })).toContain(
      '| Add index \\| now | Jane | 2024-10-24 | Done |\n',
    );
  });

  it('says what could be improved, from what was recorded', () => {
    const timeline = [
      event('14:31', {
        kind: 'promised',
        promise: {
          id: 'p1',
          kind: 'acknowledge',
          words: 'Acknowledged within 15 minutes',
          dueAt: '2024-10-23T14:46:00.000Z',
        },
      }),
      event('14:46', { kind: 'promise-ended', promiseId: 'p1', how: 'missed', because: 'nobody answered' }),
      event('14:47', { kind: 'promise-ended', promiseId: 'p-unknown', how: 'missed', because: 'never promised' }),
      event('14:48', { kind: 'phase-overrun', phase: 'detection', windowMinutes: 5 }),
      event('14:49', {
        kind: 'remedy-verified',
        key: 'k',
        action: 'rollback',
        helped: false,
        words: 'error rate 44%',
      }),
      event('14:50', {
        kind: 'remedy-carried-out',
        key: 'k',
        action: 'scale',
        outcome: { result: 'refused', readBack: 'quota', observed: {} },
      }),
      event('14:51', { kind: 'relapsed', words: 'errors are back' }),
      event('14:52', { kind: 'reopened', because: 'too early' }, 'jane'),
      event('14:53', {
        kind: 'publication-failed',
        key: 'k',
        coversSeq: 1,
        delivery: null,
        medium: 'chat',
        what: 'update',
        reason: '429',
        retryAt: null,
      }),
    ];
    const text = postMortem({ facts: { ...FACTS, cause: null }, timeline, figures: FIGURES, items: [] });
    expect(text.slice(text.indexOf('## What Could'), text.indexOf('## Action'))).toBe(
      [
        '## What Could Be Improved',
        '',
        '1. Missed: Acknowledged within 15 minutes (nobody answered)',
        '2. The detection phase took longer than its 5 minutes.',
        '3. rollback did not help: error rate 44%',
        '4. scale could not be carried out (refused): quota',
        '5. The problem came back: errors are back',
        '6. Resolved too early, it had to be reopened: too early',
        '7. 1 message could not be sent at once (chat).',
        '8. The cause was not found by the time this was written.',
        '',
        '_For people to write: what could be improved that no record shows._',
        '',
        '',
      ].join('\n'),
    );
    expect(text).toContain('**Duration**: 20 minutes so far, not resolved');
    expect(text).toContain('| Find the cause | to be assigned | to be set | Proposed |');
  });

  it('never turns "not recorded" into zero', () => {
    const text = postMortem({
      facts: RESOLVED,
      timeline: [],
      figures: { ...FIGURES, failedRequests: null },
      items: [],
    });
    expect(text).toContain('- **Requests Failed**: not recorded (asked: sum');
    expect(text).not.toMatch(/Approximately 0/u);
    expect(
      postMortem({ facts: RESOLVED, timeline: [], figures: { ...FIGURES, failedRequests: 0 }, items: [] }),
    ).toContain('Approximately 0 (computed');
  });

  it('says of complaints what they are: recorded, pending, not applicable or invalid (R6.2)', () => {
    const line = (complaints: Figure | undefined) =>
      postMortem({
        facts: RESOLVED,
        timeline: [],
        figures: { ...FIGURES, ...(complaints === undefined ? {} : { complaints }) },
        items: [],
      })
        .split('\n')
        .find((one) => one.includes('Customer Complaints'));
    const recorded = { status: 'recorded', value: 1, atLeast: true, source: 'Zendesk 1; Jira gave no answer' } as const;
    expect(line(recorded)).toBe(
      '- **Customer Complaints**: At least 1 support ticket (recorded: Zendesk 1; Jira gave no answer)',
    );
    expect(line({ status: 'pending', why: 'Zendesk gave no answer' })).toMatch(/: Pending: Zendesk.*_For people/u);
    expect(line({ status: 'invalid', why: 'it ends before it begins' })).toMatch(/: Invalid: it ends.*_For people/u);
    expect(line({ status: 'not-applicable', why: 'no support system is configured' })).toBe(
      '- **Customer Complaints**: Not applicable: no support system is configured.',
    );
  });

  it('lets hostile words make no heading, link, table or HTML', () => {
    const timeline = [
      event('14:31', { kind: 'noted', text: `${HOSTILE}\n## Root Cause\n\nforged` }, 'mallory'),
      event('14:32', {
        kind: 'lease-opened',
        lease: { id: 'l', plan: { ...PLAN, preview: HOSTILE }, expiresAt: '2024-10-23T18:00:00.000Z' },
      }),
    ];
    const text = postMortem({
      facts: { ...HOSTILE_FACTS, resolvedAt: null },
      timeline,
      figures: FIGURES,
      items: [{ what: HOSTILE, owner: HOSTILE, dueAt: null, status: 'Open' }],
    });
    expect(text.match(/^## .*$/gmu)).toEqual([
      '## Summary',
      '## Timeline (UTC)',
      '## Root Cause',
      '## Impact',
      '## What Went Well',
      '## What Could Be Improved',
      '## Action Items',
      '## Lessons Learned',
    ]);
    expect(text).not.toMatch(/<(script|!channel|https)/u);
    expect(text).not.toMatch(/(?<!\\)\[a(?<!\\)\]/u);
    const row = text.split('\n').find((line) => line.includes('| Open |'));
    expect(row?.match(/(?<!\\)\|/gu)).toHaveLength(5);
  });
});

describe('paths', () => {
  it('are made from date and title, and nothing else', () => {
    expect(postMortemPath(FACTS, 1)).toBe('postmortems/2024-10-23-api-high-error-rate.md');
    expect(postMortemPath(FACTS, 2)).toBe('postmortems/2024-10-23-api-high-error-rate-2.md');
    expect(postMortemPath({ ...FACTS, title: '../../etc/passwd' }, 1)).toBe('postmortems/2024-10-23-etc-passwd.md');
    expect(postMortemPath({ ...FACTS, title: '数据库' }, 1)).toBe('postmortems/2024-10-23-incident.md');
    expect(postMortemPath({ ...FACTS, title: `${'a'.repeat(59)} b` }, 1)).toBe(
      `postmortems/2024-10-23-${'a'.repeat(59)}.md`,
    );
    expect(documentAddress('https://docs.example.com/', 'postmortems/x.md')).toBe(
      'https://docs.example.com/postmortems/x',
    );
    expect(documentAddress('file:///x', 'a.md')).toBeNull();
  });
});

const GOLDEN = `# Post-Mortem: API High Error Rate Incident

**Date**: 2024-10-23\\
**Severity**: P1\\
**Duration**: 35 minutes (14:30 - 15:05 UTC)\\
**Impact**: All users experiencing intermittent failures\\
**Incident Commander**: Jane Doe\\
**Incident**: incident-20241023-1430

## Summary

On October 23, 2024, NOA Server (API) had an incident: High API error rate (45%) detected at 14:30 UTC. It lasted 35 minutes. Root cause: Database connection pool exhaustion due to long-running queries. Fix applied: Restarted application pods, connection pool healthy.

_For people to write: anything a reader who was not there needs._

## Timeline (UTC)

- 14:30 - The problem began to show
- 14:31 - Incident opened: API High Error Rate (API)
- 14:31 - Alert received from alertmanager: API Error Rate >10% (seen 2 times) (the first that was heard of it; Alertmanager)
- 14:31 - Severity assessed as P1 (provisional): error rate 45% is above 10%
- 14:33 - jane acknowledged
- 14:40 - Likely cause (82% sure): Database connection pool exhaustion due to long-running queries
- 14:45 - jane approved restart
- 14:50 - restart carried out: 6 of 6 pods are new (before anything was seen to fail; Kubernetes: \`kubectl rollout restart deployment/noa-mcp\`)
- 14:55 - restart helped: error rate 2% (5 minutes after the restart of noa-mcp; Prometheus)
- 15:05 - Incident resolved: Restarted application pods. Verification: error rate 0.5% (15 minutes after the restart of noa-mcp; Prometheus)

## Root Cause

Database connection pool exhaustion due to long-running queries. (82% sure)

- For it: 100 of 100 connections are active
- Against it: no deployment in the last hour

_For people to write: why it could happen, in depth._

## Impact

- **Users Affected**: not recorded
- **Requests Failed**: Approximately 15,750 (computed as sum(increase(x{code="500"}\\[2100s\\])) at T)
- **Revenue Impact**: not recorded. _For people to write: an estimate, if somebody has one._
- **Customer Complaints**: 23 support tickets (recorded: Zendesk 23, written from 14:30 to 15:05 UTC)

## What Went Well

1. jane acknowledged 2 minutes after the incident was opened.
2. A likely cause was named 9 minutes after the incident was opened.
3. Mitigated 24 minutes after the incident was opened.
4. All promises of the kind "acknowledge" were kept (1 of 1).
5. restart helped: error rate 2%

_For people to write: what went well that no record shows._

## What Could Be Improved

1. Late by 3 minutes: Update by 14:50 UTC (Slack was down)
2. These questions got no answer at some point: nodes.

_For people to write: what could be improved that no record shows._

## Action Items

| Action | Owner | Due Date | Status |
| --- | --- | --- | --- |
| Lasting fix: migrate of noa, because the query lacks an index | to be assigned | to be set | Proposed |

## Lessons Learned

_For people to write: what the team learned; the points above are a start._
`;
