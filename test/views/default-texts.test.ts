import { describe, expect, it } from 'vitest';
import { createTemplateRenderer } from '../../src/config/liquid.ts';
import { loadPolicy } from '../../src/config/policy.ts';
import { chatMessage } from '../../src/views/chat.ts';
import { customerMail } from '../../src/views/customer-mail.ts';
import { FACTS, RESOLVED } from './facts.ts';

/** The runbook's own wording is the default policy's, so it is the policy file that is held here, not a copy of it. */
const { communication } = await loadPolicy('policy/noa.yaml');
const TEMPLATES = { texts: communication, render: createTemplateRenderer() };

const CONTEXT = { ...TEMPLATES, detail: null, groups: {}, actionItems: null };

describe('the default texts', () => {
  it('begin with severity, status, issue, impact, teams and the next update (R4.1)', () => {
    expect(chatMessage('initial', FACTS, CONTEXT).text).toMatch(
      /^\[INITIAL ALERT - .+\]\n+Severity: P1.*\nStatus: .+\nIssue: .+\nImpact: .+\nTeams Notified: .+\nNext Update: \S+/u,
    );
  });

  it('go on with status, root cause, mitigation, expected recovery and the next update (R4.2)', () => {
    expect(chatMessage('update', FACTS, CONTEXT).text).toMatch(
      /^\[UPDATE - .+\][\s\S]+Status: .+[\s\S]+Root Cause: .+[\s\S]*Mitigation: .+[\s\S]*Expected Recovery: .+[\s\S]*Next Update: \S+/u,
    );
  });

  it('end with the fix, its verification and the follow-up (R4.3)', () => {
    expect(chatMessage('resolved', RESOLVED, CONTEXT).text).toMatch(
      /^\[RESOLVED - .+\][\s\S]+Status: .+[\s\S]+Fix Applied: .+[\s\S]*Verification: .+[\s\S]*Follow-up: .+/u,
    );
  });

  it.each([
    [0.45, 'Approximately 45% of API requests failed during the 35-minute incident window.'],
    [null, 'API requests failed during the 35-minute incident window.'],
    // Who cannot log in is refused, which is no server error: "0%" would deny what customers saw.
    [0.0004, 'API requests failed during the 35-minute incident window.'],
  ])('tell customers the share that failed, %s, or say no figure (R4.5)', (failedShare, words) => {
    const figures = { fromAt: '2024-10-23T14:30:00Z', untilAt: '2024-10-23T15:05:00Z', failedShare };
    const { text } = customerMail('notification', RESOLVED, figures, TEMPLATES);
    expect(text).toContain(`Impact:\n${words}`);
  });
});
