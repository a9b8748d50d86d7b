import { describe, expect, it } from 'vitest';
import { type ChatContext, type ChatKind, chatMessage } from '../../src/views/chat.ts';
import { COMMUNICATION, FACTS, HOSTILE, HOSTILE_FACTS, hiddenCharacters, RESOLVED, TEMPLATES } from './facts.ts';

const CONTEXT: ChatContext = {
  ...TEMPLATES,
  detail: null,
  groups: { 'oncall-engineers': '<!subteam^S1>', 'engineering-manager': null },
  actionItems: null,
};

const KINDS: readonly ChatKind[] = [
  'announcement',
  'initial',
  'update',
  'no-news',
  'resolved',
  'reopened',
  'question',
  'reminder',
  'note',
  'closed',
  'summary',
];

describe('chatMessage', () => {
  it('writes the initial alert as the runbook does, and calls the groups Slack knows (R4.1)', () => {
    const view = chatMessage(
      'initial',
      { ...FACTS, at: '2024-10-23T14:35:00.000Z', status: 'investigating', nextUpdateAt: '2024-10-23T14:50:00.000Z' },
      CONTEXT,
    );
    expect(view.text).toBe(
      [
        '[INITIAL ALERT - 14:35 UTC]',
        'Severity: P1',
        'Status: Investigating',
        'Issue: High API error rate (45%) detected at 14:30 UTC',
        'Impact: All users experiencing intermittent failures',
        'Teams Notified: <!subteam^S1> @engineering-manager',
        'Next Update: 14:50 UTC',
      ].join('\n'),
    );
    expect(view.blocks[0]).toEqual({
      type: 'header',
      text: { type: 'plain_text', text: 'P1 · API High Error Rate', emoji: false },
    });
    expect(view.blocks.map((block) => block.type)).toEqual(['header', 'section', 'section', 'context']);
  });

  it('writes an update with what a person said', () => {
    expect(chatMessage('update', FACTS, { ...CONTEXT, detail: 'Pods restart one by one.' }).text).toBe(
      [
        '[UPDATE - 14:50 UTC]',
        'Status: Identified',
        'Pods restart one by one.',
        'Root Cause: Database connection pool exhaustion due to long-running queries',
        'Mitigation: Restarting application pods to reset connection pool',
        'Expected Recovery: 15:00 UTC',
        'Next Update: 15:05 UTC',
      ].join('\n'),
    );
  });

  it('says honestly what is going on when nobody wrote', () => {
    const running = {
      action: 'restart' as const,
      target: 'noa-mcp',
      at: FACTS.at,
      outcome: 'in progress',
      helped: null,
    };
    expect(chatMessage('no-news', { ...FACTS, remedies: [running] }, CONTEXT).text).toContain(
      '\nNo change since 14:31 UTC; restart of noa-mcp is in progress.\n',
    );
    expect(
      chatMessage(
        'no-news',
        { ...FACTS, sinceLast: ['14:47 jane approved restart', '14:48 restart carried out'] },
        CONTEXT,
      ).text,
    ).toContain('Since the last message: 14:47 jane approved restart; 14:48 restart carried out.');
  });

  it('adds the news below a template that leaves them out', () => {
    const communication = {
      ...COMMUNICATION,
      templates: { ...COMMUNICATION.templates, chatUpdate: '[UPDATE - {{ time }}]' },
    };
    expect(chatMessage('update', FACTS, { ...CONTEXT, texts: communication, detail: 'Still <on> it' }).text).toBe(
      '[UPDATE - 14:50 UTC]\nStill &lt;on&gt; it',
    );
  });

  it('writes the resolution as the runbook does (R4.3)', () => {
    expect(chatMessage('resolved', RESOLVED, CONTEXT).text).toBe(
      [
        '[RESOLVED - 15:05 UTC]',
        'Status: Resolved',
        'Fix Applied: Restarted application pods, connection pool healthy',
        'Verification: Error rate dropped to 0.5%, response time normal',
        'Follow-up: Post-mortem scheduled for tomorrow 10am',
      ].join('\n'),
    );
  });

  it('asks a question with options, commands, and how to answer', () => {
    const view = chatMessage('question', { ...FACTS, openQuestions: [QUESTION] }, { ...CONTEXT, detail: 'a1' });
    expect(view.text).toBe(
      [
        '[QUESTION - 14:50 UTC]',
        'The connection pool is exhausted.',
        'Needs approval by commander before 15:00 UTC; unanswered, it is escalated and asked again.',
        '1. *restart* (proposed): Restarts noa-mcp.\nWould run: `kubectl rollout restart deployment/noa-mcp`',
        '2. *rollback*: Goes back to revision 6.',
        'Answer with a button, in chat `/incident approve incident-20241023-1430 a1 restart` or `/incident reject incident-20241023-1430 a1 &lt;why&gt;`, or on the command line with the same words.',
      ].join('\n'),
    );
    const actions = view.blocks.find((block) => block.type === 'actions');
    expect(actions?.elements.map((button) => [button.action_id, JSON.parse(button.value)])).toEqual([
      ['approve:0', { incidentId: 'incident-20241023-1430', approvalId: 'a1', option: 'restart' }],
      ['approve:1', { incidentId: 'incident-20241023-1430', approvalId: 'a1', option: 'rollback' }],
      ['reject:2', { incidentId: 'incident-20241023-1430', approvalId: 'a1' }],
    ]);
  });

  it('says when an objection is enough, and when the question is already over', () => {
    const objection = chatMessage(
      'question',
      { ...FACTS, openQuestions: [{ ...QUESTION, mode: 'objection' }] },
      CONTEXT,
    );
    expect(objection.text).toContain('Goes ahead at 15:00 UTC unless somebody objects.');
    expect(chatMessage('question', FACTS, { ...CONTEXT, detail: 'a1' }).text).toContain(
      'answered or withdrawn meanwhile; nothing to do',
    );
  });

  it('writes the summary for #engineering', () => {
    const facts = { ...RESOLVED, postMortemUrl: 'https://docs.example.com/postmortems/2024-10-23-api-high-error-rate' };
    expect(
      chatMessage('summary', facts, {
        ...CONTEXT,
        actionItems: 6,
        detail: '- Always profile queries before production',
      }).text,
    ).toBe(
      [
        '[POST-MORTEM SUMMARY]',
        'Incident: API High Error Rate - 2024-10-23',
        'Root Cause: Database connection pool exhaustion due to long-running queries',
        'Duration: 35 minutes',
        'Action Items: 6 items assigned',
        '',
        'Key Learnings:',
        '- Always profile queries before production',
        '',
        'Full report: https://docs.example.com/postmortems/2024-10-23-api-high-error-rate',
      ].join('\n'),
    );
  });

  it('writes the other kinds', () => {
    expect(chatMessage('announcement', FACTS, CONTEXT).text).toBe(
      'P1 API High Error Rate\nHigh API error rate (45%) detected at 14:30 UTC\nFollow it in #incident-20241023-1430.',
    );
    expect(chatMessage('reopened', FACTS, { ...CONTEXT, detail: 'errors are back' }).text).toBe(
      '[REOPENED - 14:50 UTC]\nStatus: Identified\nWhy: errors are back\nNext Update: 15:05 UTC',
    );
    expect(chatMessage('reminder', FACTS, { ...CONTEXT, detail: 'Draft.\nTwo lines.' }).text).toBe(
      'Jane Doe: an update is due at 15:05 UTC. Write one with `/incident update incident-20241023-1430 …`; if nobody does, this goes out:\n>Draft.\n>Two lines.',
    );
    expect(chatMessage('closed', RESOLVED, CONTEXT).text).toBe(
      '[CLOSED - 15:05 UTC]\nThe review is done.\nPost-mortem: none was written',
    );
    expect(chatMessage('note', FACTS, { ...CONTEXT, detail: 'a & b' }).text).toBe('a &amp; b');
  });

  it.each(KINDS)('lets no stranger mention, link or forge a message in %s', (kind) => {
    const detail = kind === 'question' ? (HOSTILE_FACTS.openQuestions[0]?.approvalId ?? '') : HOSTILE;
    const view = chatMessage(kind, HOSTILE_FACTS, { ...CONTEXT, detail });
    const everything = [view.text, ...shownStrings(view.blocks)].join('\n').replaceAll('<!subteam^S1>', '');
    expect(everything.match(/<(?!https:\/\/(?:console|grafana|a)\.example)[^>]*>?/gu)).toBeNull();
    expect(hiddenCharacters(everything)).toEqual([]);
    if (kind !== 'note' && kind !== 'reminder' && kind !== 'update' && kind !== 'no-news' && kind !== 'summary') {
      expect(
        view.text
          .split('\n')
          .slice(1)
          .some((line) => line.startsWith('[RESOLVED')),
      ).toBe(false);
    }
  });

  it.each(KINDS)('keeps %s within what Slack takes', (kind) => {
    const view = chatMessage(kind, HOSTILE_FACTS, { ...CONTEXT, detail: HOSTILE.repeat(200) });
    expect(view.text.length).toBeLessThan(12_000);
    expect(view.blocks.length).toBeLessThanOrEqual(50);
    expect(strings(view.blocks).join('').length).toBeLessThan(13_200);
    for (const block of view.blocks) {
      if (block.type === 'header') expect(block.text.text.length).toBeLessThanOrEqual(150);
      if (block.type === 'section' && 'text' in block) expect(block.text.text.length).toBeLessThanOrEqual(3000);
      if (block.type === 'section' && 'fields' in block)
        for (const field of block.fields) expect(field.text.length).toBeLessThanOrEqual(2000);
      if (block.type === 'actions')
        for (const button of block.elements) expect(button.text.text.length).toBeLessThanOrEqual(75);
    }
  });
});

const QUESTION = {
  approvalId: 'a1',
  name: 'restart',
  why: 'The connection pool is exhausted.',
  options: [
    { name: 'restart', preview: 'Restarts noa-mcp.', command: 'kubectl rollout restart deployment/noa-mcp' },
    { name: 'rollback', preview: 'Goes back to revision 6.', command: null },
  ],
  approver: 'commander',
  mode: 'ask',
  deadlineAt: '2024-10-23T15:00:00.000Z',
};

/** What Slack shows; ids and values of buttons travel as JSON and are never rendered. */
function shownStrings(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(shownStrings);
  if (value === null || typeof value !== 'object') return typeof value === 'string' ? [value] : [];
  return Object.entries(value).flatMap(([key, part]) =>
    key === 'value' || key === 'block_id' ? [] : shownStrings(part),
  );
}

function strings(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return value !== null && typeof value === 'object' ? Object.values(value).flatMap(strings) : [];
}
