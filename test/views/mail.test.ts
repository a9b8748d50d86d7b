import { describe, expect, it } from 'vitest';
import { mailMessage } from '../../src/views/mail.ts';
import { pageView } from '../../src/views/page.ts';
import { FACTS, HOSTILE_FACTS, RESOLVED, TEMPLATES } from './facts.ts';

describe('mailMessage', () => {
  it('writes an escalation with its reason (R4.6)', () => {
    const mail = mailMessage('escalation', FACTS, 'Nobody acknowledged within 15 minutes.', TEMPLATES);
    expect(mail.subject).toBe('[P1] API High Error Rate: still open (incident-20241023-1430)');
    expect(mail.text).toBe(
      'Nobody acknowledged within 15 minutes.\n\nincident-20241023-1430, P1 (SEV2), open since 14:30 UTC (20 minutes).\nIssue: High API error rate (45%) detected at 14:30 UTC\nhttps://console.example.com/i/1',
    );
    expect(mail.html).toContain(
      '<p>Nobody acknowledged within 15 minutes.</p><p>incident-20241023-1430, P1 (SEV2), open since 14:30 UTC (20 minutes).<br>Issue',
    );
  });

  it('tells how it was resolved (R4.6)', () => {
    const mail = mailMessage('resolved', RESOLVED, null, TEMPLATES);
    expect(mail.subject).toBe('[P1] Resolved: API High Error Rate (incident-20241023-1430)');
    expect(mail.text).toMatch(
      /Errors: 45%, p95: 1.2 s\n\nFix applied: Restarted application pods, connection pool healthy\nVerification: /u,
    );
  });

  it('gives hostile text no markup, header or link', () => {
    const mail = mailMessage('opened', HOSTILE_FACTS, null, TEMPLATES);
    expect(mail.subject).not.toMatch(/[\r\n]/u);
    expect(mail.subject.length).toBeLessThanOrEqual(200);
    expect(mail.html).not.toMatch(/<(script|a)\b/iu);
    expect(mail.html).toContain('&lt;script&gt;');
  });
});

describe('pageView', () => {
  it('says what, why and what to do', () => {
    expect(pageView(FACTS, 'The primary did not acknowledge.', TEMPLATES)).toEqual({
      summary: '[P1] API High Error Rate (API) [incident-20241023-1430]',
      severity: 'error',
      links: [
        { href: 'https://console.example.com/i/1', text: 'Console' },
        { href: 'https://grafana.example.com/d/overview', text: 'Overview' },
      ],
      details: {
        incident: 'incident-20241023-1430',
        severity: 'P1',
        issue: 'High API error rate (45%) detected at 14:30 UTC',
        impact: 'All users experiencing intermittent failures',
        why: 'The primary did not acknowledge.',
        next: 'Acknowledge this page, then follow the incident in its channel.',
      },
    });
  });

  it('drops links nobody should follow and keeps the summary short', () => {
    const page = pageView(HOSTILE_FACTS, null, TEMPLATES);
    expect(page.links.map((link) => link.href)).toEqual([
      'https://console.example.com/i/1',
      'https://a.example/|%3C!channel%3E',
    ]);
    expect(page.summary.length).toBeLessThanOrEqual(1024);
  });
});
