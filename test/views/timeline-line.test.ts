import { expect, describe as group, it } from 'vitest';
import type { TimelineFact, TimelineKind } from '../../src/domain/timeline.ts';
import { describe, namesIn } from '../../src/views/timeline-line.ts';
import { event, FACTS, HOSTILE, hiddenCharacters } from './facts.ts';
import { ALERT, PLAN } from './story.ts';

const at = '2024-10-23T15:00:00.000Z';
const approval = {
  id: 'a1',
  mode: 'ask',
  risk: 'high',
  approver: 'commander',
  why: 'the pool is exhausted',
  options: [{ name: 'restart', plan: PLAN, preview: 'Restarts noa-mcp.' }],
  digest: 'd',
  requestedAt: at,
  remindAt: at,
  deadlineAt: at,
} as const;
const lease = { id: 'l1', plan: PLAN, expiresAt: '2024-10-23T18:00:00.000Z' };
const message = {
  key: 'k',
  medium: 'status-page',
  what: 'identified',
  to: 'the public',
  text: 't',
  ref: null,
  coversSeq: 3,
} as const;
const bundle = {
  purpose: 'investigation',
  collectedAt: at,
  items: [],
  gaps: [{ probe: 'nodes', source: 'kubernetes', kind: 'no-answer', reason: 'timeout' }],
} as const;

/** One sentence for each kind; the type makes the compiler ask for the next kind that is added. */
const SENTENCES: { readonly [K in TimelineKind]: readonly [Omit<Extract<TimelineFact, { kind: K }>, 'kind'>, string] } =
  {
    opened: [
      { title: 'API errors', service: 'API', detectedAt: at, previousIncidentId: 'incident-0' },
      'Incident opened: API errors (API), after incident-0',
    ],
    'alert-received': [{ alert: ALERT, repeats: 0 }, 'Alert received from alertmanager: API Error Rate >10%'],
    'alert-cleared': [{ fingerprint: 'f', name: 'HighErrorRate', clearedAt: at }, 'Alert cleared: HighErrorRate'],
    'severity-assessed': [
      { severity: 'P1', provisional: false, reasons: ['a', 'b', 'c'] },
      'Severity assessed as P1: a, b and c',
    ],
    'severity-set': [{ severity: 'P0', because: 'all users' }, 'jane set the severity to P0: all users'],
    'phase-entered': [{ phase: 'mitigation', because: 'cause known' }, 'Phase mitigation began: cause known'],
    'phase-overrun': [{ phase: 'detection', windowMinutes: 5 }, 'Phase detection took longer than its 5 minutes'],
    'status-changed': [{ status: 'monitoring', because: 'errors fell' }, 'Status is now Monitoring: errors fell'],
    acknowledged: [{}, 'jane acknowledged'],
    'on-call-read': [
      { holders: [], until: null, words: 'On call now: bob (On-call primary).' },
      'On call now: bob (On-call primary).',
    ],
    'commander-changed': [
      { person: 'jane', because: 'first to acknowledge' },
      'jane is incident commander: first to acknowledge',
    ],
    assigned: [{ person: 'bob', what: 'database' }, 'jane assigned bob: database'],
    noted: [{ text: 'looks like DNS' }, 'jane noted: looks like DNS'],
    'channel-opened': [{ channelId: 'C1', name: '#incident-1', link: null }, 'Channel #incident-1 opened'],
    paged: [{ contact: 'oncall-primary', key: 'k', ref: null, because: 'P1' }, 'Paged on-call primary: P1'],
    escalated: [
      { to: ['engineering-manager', 'cto'], byTime: true, because: 'P0' },
      'Escalated to engineering manager and the CTO: P0',
    ],
    'evidence-collected': [
      { bundle },
      'Evidence collected (0 answers; no answer from nodes), nothing out of the ordinary',
    ],
    explained: [
      { hypotheses: FACTS.cause === null ? [] : [FACTS.cause], changed: 'x' },
      'Likely cause (82% sure): Database connection pool exhaustion due to long-running queries',
    ],
    'approval-requested': [{ approval }, 'Asked commander about restart: the pool is exhausted'],
    'approval-reminded': [{ approvalId: 'a1', to: 'jane' }, 'Reminded jane of the open question'],
    'approval-extended': [{ approvalId: 'r1.1', deadlineAt: at }, 'The question stays open until 15:00 UTC'],
    'approval-granted': [
      { approvalId: 'a1', option: 'restart', how: 'no-objection', because: null },
      'restart goes ahead, nobody objected',
    ],
    'approval-rejected': [{ approvalId: 'a1', because: 'too risky' }, 'jane rejected what was asked: too risky'],
    'approval-withdrawn': [{ approvalId: 'a1', because: 'recovered' }, 'The question was withdrawn: recovered'],
    'remedy-intended': [{ plan: PLAN, approvalId: 'a1' }, 'About to act: Restarts noa-mcp.'],
    'remedy-carried-out': [
      { key: 'k', action: 'restart', outcome: { result: 'unknown', readBack: 'no answer', observed: {} } },
      'It is not known whether restart was carried out; a person has to look: no answer',
    ],
    'remedy-verified': [
      { key: 'k', action: 'restart', helped: false, words: 'still 44%' },
      'restart did not help: still 44%',
    ],
    'remedy-skipped': [{ action: 'scale', because: 'already at 6' }, 'scale was not done: already at 6'],
    'lease-opened': [{ lease }, 'Temporary change in place until 18:00 UTC: Restarts noa-mcp.'],
    'lease-due': [{ leaseId: 'l1' }, 'A temporary change is due: keep, renew or revert it'],
    'lease-revert-ordered': [{ leaseId: 'l1' }, 'jane takes a temporary change back'],
    'lease-renewed': [
      { leaseId: 'l1', expiresAt: '2024-10-24T02:00:00.000Z' },
      'jane renewed a temporary change until 2024-10-24 02:00 UTC',
    ],
    'lease-settled': [
      { leaseId: 'l1', how: 'reverted', because: 'load is normal' },
      'A temporary change was taken back: load is normal',
    ],
    promised: [
      { promise: { id: 'p', kind: 'update', words: 'the next update', dueAt: at } },
      'Promised by 15:00 UTC: the next update',
    ],
    'promise-ended': [{ promiseId: 'p', how: 'late', because: 'Slack was down' }, 'Promise kept late: Slack was down'],
    'update-written': [
      { text: 'we restart', expectedRecoveryAt: at },
      'jane wrote: we restart (recovery expected 15:00 UTC)',
    ],
    'update-drafted': [
      { draftId: 'draft-9', text: 'No change since 14:30 UTC.', dueAt: at },
      'An update is due 15:00 UTC; unless somebody writes one, this goes out: No change since 14:30 UTC.',
    ],
    'update-snoozed': [
      { until: at, because: 'nothing new' },
      'jane snoozed the next update until 15:00 UTC: nothing new',
    ],
    published: [{ message, late: true }, 'Sent late identified to the public (status page)'],
    'publication-failed': [
      { key: 'k', medium: 'mail', what: 'escalation', reason: 'refused', retryAt: null, coversSeq: 1, delivery: null },
      'Could not send escalation (mail): refused; it is not tried again',
    ],
    'publication-superseded': [{ key: 'k1', newerKey: 'k2' }, 'An unsent message was replaced by a newer one'],
    'status-page-edited': [
      { from: 'identified', to: 'resolved', words: 'it is taken as it is' },
      'The status page was changed by hand from Identified to Resolved: it is taken as it is',
    ],
    'customer-mail-prepared': [
      {
        edition: 'resolved-0',
        subject: 'S',
        digest: 'd',
        customers: 2,
        words: '3 users had failed requests',
        formula: 'f',
      },
      'Mail to 2 affected customers prepared (S): 3 users had failed requests',
    ],
    'customer-mail-test-asked': [{ edition: 'resolved-0' }, 'jane asked for a test of the customer mail'],
    'customer-mail-tested': [
      { edition: 'resolved-0', to: 'jane@example.com', words: 'sent' },
      'Test of the customer mail to jane@example.com: sent',
    ],
    'customer-mail-progress': [
      { edition: 'resolved-0', sent: 8, refused: 1, left: 3, inDoubt: 0 },
      'Customer mail: 8 sent, 1 refused, 3 to go',
    ],
    mitigated: [{ remedy: null, words: 'error rate 2%' }, 'Mitigated by jane: error rate 2%'],
    relapsed: [{ words: 'error rate 30%' }, 'The problem came back: error rate 30%'],
    resolved: [
      { fix: 'Restarted.', verification: 'errors gone', followUp: 'review' },
      'Incident resolved: Restarted. Verification: errors gone',
    ],
    reopened: [{ because: 'it is back' }, 'jane reopened the incident: it is back'],
    'review-scheduled': [
      { meetingAt: '2024-10-24T10:00:00.000Z', attendees: ['a', 'b'], ref: null },
      'Review scheduled for 2024-10-24 10:00 UTC with 2 attendees',
    ],
    'post-mortem-written': [
      { location: 'https://d.example/x', digest: 'd', approved: false },
      'Post-mortem written: https://d.example/x',
    ],
    'runbook-changed': [
      { stage: 'proposed', file: 'docs/runbooks/A.md', words: '#7 is open', link: 'https://g.example/7' },
      'Change of the runbook docs/runbooks/A.md proposed: #7 is open (https://g.example/7)',
    ],
    'ticket-opened': [
      { what: 'Profile noa-mcp', ref: 'NOA-7', url: 'https://j.example/NOA-7' },
      'Ticket NOA-7 opened: Profile noa-mcp (https://j.example/NOA-7)',
    ],
    'fix-progressed': [
      { stage: 'pull-request', words: '#7 is open.', link: 'https://git.example/7' },
      'Permanent fix, pull request: #7 is open. (https://git.example/7)',
    ],
    'decision-refused': [
      { decision: 'approve', reason: 'not an approver' },
      'The decision approve of jane was refused: not an approver',
    ],
    'asked-person': [{ question: 'Which one?' }, 'Asked people: Which one?'],
    trouble: [{ where: 'slow-query playbook', words: 'it failed' }, 'Trouble in slow-query playbook: it failed'],
    closed: [{ as: 'false-alarm', into: null, because: 'a test' }, 'Closed as false alarm: a test'],
    'step-finished': [{ step: 'mitigation', outcome: null }, 'Step mitigation finished'],
  };

group('describe', () => {
  it.each(Object.entries(SENTENCES))('says %s in one sentence', (kind, [fact, sentence]) => {
    expect(describe(event('14:50', { kind, ...fact } as TimelineFact, 'jane'))).toBe(sentence);
  });

  it('says what is meant instead of its id, once the timeline has told what that is', () => {
    const status = { ...approval, id: 'r1.1', options: [{ ...approval.options[0], name: 'publish-status' }] };
    const promise = { id: 'p7', kind: 'update', words: 'Next update', dueAt: at };
    const told = [
      event('14:50', { kind: 'approval-requested', approval: status } as TimelineFact),
      event('14:50', { kind: 'lease-opened', lease } as TimelineFact),
      event('14:50', { kind: 'promised', promise } as unknown as TimelineFact),
      event('14:51', { kind: 'approval-reminded', approvalId: 'r1.1', to: 'approver' }),
      event('14:52', { kind: 'approval-extended', approvalId: 'r1.1', deadlineAt: at }),
      event('14:53', { kind: 'approval-rejected', approvalId: 'r1.1', because: 'too early' }, 'jane'),
      event('14:54', { kind: 'lease-due', leaseId: 'l1' }),
      event('14:55', { kind: 'promise-ended', promiseId: 'p7', how: 'kept', because: 'sent' }),
    ];
    const named = namesIn(told);
    expect(told.slice(3).map((one) => describe(one, named))).toEqual([
      'Reminded approver of the open question about publish status',
      'The question about publish status stays open until 15:00 UTC',
      'jane rejected publish status: too early',
      `A temporary change is due: keep, renew or revert it (${PLAN.preview.replace(/\.$/, '')})`,
      'Promise kept: sent (Next update)',
    ]);
    expect(told.map((one) => describe(one, named)).join()).not.toMatch(/r1\.1|l1|p7/);
  });

  it('names the runbook itself, and kinds of a newer version', () => {
    expect(describe(event('14:50', { kind: 'acknowledged' }))).toBe('The runbook acknowledged');
    expect(describe(event('14:50', { kind: 'from-the-future' } as never))).toBe(
      'An event of the unknown kind from-the-future',
    );
  });

  it('is one clean line of bounded length, whatever it tells', () => {
    const line = describe(event('14:50', { kind: 'noted', text: HOSTILE.repeat(100) }, 'jane'));
    expect(line.length).toBeLessThanOrEqual(400);
    expect(hiddenCharacters(line, 'hidden')).toEqual([]);
  });
});
