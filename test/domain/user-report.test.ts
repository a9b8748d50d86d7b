import { describe, expect, it } from 'vitest';
import { loadPolicy } from '../../src/config/policy.ts';
import type { EvidenceBundle, EvidenceItem, Finding } from '../../src/domain/evidence.ts';
import { answerText, type UserReport, verdictOf } from '../../src/domain/user-report.ts';

const { reports: rules } = await loadPolicy('policy/noa.yaml');
const AT = '2026-03-03T09:00:00.000Z';
const OWN = ['APIErrorRateHigh'];

function bundle(...findings: readonly Finding[]): EvidenceBundle {
  const items = findings.map(
    (finding) => ({ probe: finding.probe, words: `${finding.probe} looked at.`, finding }) as EvidenceItem,
  );
  return { purpose: 'user-report', collectedAt: AT, items, gaps: [] };
}
const healthy: Finding = {
  probe: 'service-health',
  checks: [{ url: '/health', status: 200, ok: true, detail: '' }],
};
const errors = (ratio: number | null): Finding => ({ probe: 'error-rate', ratio, trend: [], roseAt: null });
const report = (id: string, reporter: string | null): UserReport => ({
  id,
  through: 'slack',
  text: 'down',
  reporter,
  channel: 'C1',
  ref: '1.2',
  receivedAt: AT,
});

describe('the verdict on a report (R1.7)', () => {
  it('nothing measured, nothing confirmed, and what was looked at is said', () => {
    const verdict = verdictOf(bundle(healthy, errors(0.003)), [report('1', 'U1')], rules, OWN);
    expect(verdict).toEqual({
      confirmed: false,
      findings: [],
      checked: ['service-health looked at.', 'error-rate looked at.'],
    });
    const text = answerText(verdict, null, rules);
    expect(text).toContain('found nothing out of the ordinary: service-health looked at.');
  });

  it.each<[string, Finding, boolean]>([
    ['exactly the limit of errors', errors(0.02), true],
    ['just below it', errors(0.0199), false],
    ['no sample of errors', errors(null), false],
    ['exactly the limit of time', { probe: 'latency', p95Seconds: 2, trend: [], roseAt: null }, true],
    ['faster', { probe: 'latency', p95Seconds: 1.9, trend: [], roseAt: null }, false],
    [
      'a failing health check',
      { probe: 'service-health', checks: [{ url: '/health', status: 503, ok: false, detail: '' }] },
      true,
    ],
    [
      'a provider that is down',
      { probe: 'providers', providers: [{ name: 'claude', api: 'down', statusPage: 'unknown', detail: '' }] },
      true,
    ],
    [
      'a provider of which nothing is known',
      { probe: 'providers', providers: [{ name: 'claude', api: 'unknown', statusPage: 'unknown', detail: '' }] },
      false,
    ],
    [
      'an alert of ours',
      { probe: 'firing-alerts', alerts: [{ name: 'APIErrorRateHigh', severity: null, activeAt: AT, summary: '' }] },
      true,
    ],
    [
      "somebody else's alert",
      { probe: 'firing-alerts', alerts: [{ name: 'WikiCertificate', severity: null, activeAt: AT, summary: '' }] },
      false,
    ],
  ])('%s', (_what, finding, confirmed) => {
    expect(verdictOf(bundle(healthy, errors(0), finding), [report('1', 'U1')], rules, OWN).confirmed).toBe(confirmed);
  });

  it('several people who say the same confirm it, one who says it thrice does not', () => {
    const calm = bundle(healthy, errors(0));
    const people = ['U1', 'U2', 'U3'].map((who, index) => report(String(index), who));
    expect(verdictOf(calm, people, rules, OWN).confirmed).toBe(true);
    const insistent = ['U1', 'U1', 'U1'].map((who, index) => report(String(index), who));
    expect(verdictOf(calm, insistent, rules, OWN).confirmed).toBe(false);
  });

  it('when nothing could be asked, nothing speaks against the reporter', () => {
    const verdict = verdictOf(bundle(), [report('1', 'U1')], rules, OWN);
    expect(verdict).toMatchObject({
      confirmed: true,
      findings: ['neither the service nor its error rate could be asked'],
    });
    expect(answerText(verdict, 'incident-20260303-0900', rules)).toContain('working on it as incident-20260303-0900');
  });
});
