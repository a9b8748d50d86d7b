import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadPolicy } from '../../src/config/policy.ts';
import { classify, type SeverityFacts } from '../../src/domain/classify.ts';
import { oneHigher, SEVERITIES, type Severity } from '../../src/domain/severity.ts';
import { severityFacts } from '../../src/domain/severity-facts.ts';
import { alert, bundle, databaseAnswers, errors, item, latency, providers } from './diagnosis-scene.ts';

const { classification } = await loadPolicy('policy/noa.yaml');

/** Measured and well: what a case changes is what it is about. */
const WELL: SeverityFacts = {
  down: false,
  usersAffectedRatio: 0,
  dataLoss: 'none',
  errorRatio: 0,
  p95Seconds: 0.3,
  claimed: [],
  texts: [],
  failingProviders: [],
  minorFeature: false,
  impactKnownMinimal: true,
  measured: true,
};

function severityOf(facts: Partial<SeverityFacts>): Severity {
  return classify({ ...WELL, impactKnownMinimal: false, ...facts }, classification).severity;
}

function users(ratio: number) {
  return item({ probe: 'affected-users', affected: Math.round(ratio * 400), total: 400, ratio });
}

describe('the decision tree (R0.5)', () => {
  it.each<[string, Partial<SeverityFacts>, Severity]>([
    ['down', { down: true }, 'P0'],
    ['more than half of the users', { usersAffectedRatio: 0.501 }, 'P0'],
    ['exactly half of the users', { usersAffectedRatio: 0.5 }, 'P1'],
    ['full data loss', { dataLoss: 'full' }, 'P0'],
    ['partial corruption', { dataLoss: 'partial' }, 'P1'],
    ['more than a quarter of the users', { usersAffectedRatio: 0.251 }, 'P1'],
    ['exactly a quarter of the users', { usersAffectedRatio: 0.25 }, 'P2'],
    ['more than 10% errors', { errorRatio: 0.1001 }, 'P1'],
    ['exactly 10% errors', { errorRatio: 0.1 }, 'P2'],
    ['exactly 5% errors', { errorRatio: 0.05 }, 'P2'],
    ['more than 5 s', { p95Seconds: 5.01 }, 'P1'],
    ['exactly 5 s', { p95Seconds: 5 }, 'P2'],
    ['exactly 2 s', { p95Seconds: 2 }, 'P2'],
    ['a minor feature', { minorFeature: true }, 'P2'],
    ['one provider failing completely', { failingProviders: ['claude'] }, 'P1'],
    ['less than 5% errors and known to be minimal', { errorRatio: 0.0499, impactKnownMinimal: true }, 'P3'],
    ['less than 2 s and known to be minimal', { p95Seconds: 1.999, impactKnownMinimal: true }, 'P3'],
    ['an alert that claims more than is measured', { claimed: ['P0'], errorRatio: 0.07 }, 'P0'],
    ['an alert that claims less than is measured', { claimed: ['P3'], errorRatio: 0.2 }, 'P1'],
  ])('%s', (_, facts, severity) => {
    expect(severityOf(facts)).toBe(severity);
  });

  it('never says P3 of an impact that nobody knows', () => {
    const answer = classify(
      { ...WELL, impactKnownMinimal: false, errorRatio: null, p95Seconds: null, usersAffectedRatio: null },
      classification,
    );
    expect(answer).toMatchObject({ severity: 'P2', provisional: true });
  });

  it('raises by one level and says so when affected users are unknown', () => {
    const slow = classify({ ...WELL, p95Seconds: 3, errorRatio: null, usersAffectedRatio: null }, classification);
    expect(slow).toMatchObject({ severity: 'P1', provisional: true });
    expect(slow.reasons[0]).toContain('one level above what is known');
    expect(classify({ ...WELL, errorRatio: 0.45, usersAffectedRatio: null }, classification)).toMatchObject({
      severity: 'P0',
      provisional: true,
    });
  });

  it('does not raise what the measured errors rule out, nor before anybody looked', () => {
    expect(classify({ ...WELL, errorRatio: 0.07, usersAffectedRatio: null }, classification)).toMatchObject({
      severity: 'P2',
      provisional: true,
    });
    expect(classify({ ...WELL, errorRatio: 0.2, usersAffectedRatio: null }, classification)).toMatchObject({
      severity: 'P1',
      provisional: true,
    });
    expect(
      classify(
        { ...WELL, claimed: ['P1'], errorRatio: null, usersAffectedRatio: null, measured: false },
        classification,
      ),
    ).toMatchObject({ severity: 'P1', provisional: true });
  });
});

describe("the runbook's examples (R0.6)", () => {
  it.each<[string, Severity]>([
    ['P0 Alert: API Error Rate >50% for 5 minutes', 'P0'],
    ['API completely down, all requests failing', 'P0'],
    ['Database unavailable', 'P0'],
    ['Authentication system broken', 'P0'],
    ['Data corruption in the orders table', 'P0'],
    ['Active security breach', 'P0'],
    ['Complete infrastructure failure', 'P0'],
    ['Single AI provider completely failing', 'P1'],
    ['Partial data corruption', 'P1'],
    ['Major feature unavailable: chat', 'P1'],
    ['Severe performance degradation since noon', 'P1'],
    ['Non-critical feature unavailable', 'P2'],
    ['Minor cache issues', 'P2'],
    ['Elevated but acceptable latency', 'P2'],
    ['UI bug: the button overlaps', 'P3'],
    ['Documentation error on the start page', 'P3'],
    ['Logging issues in staging', 'P3'],
    ['Minor performance optimization needed', 'P3'],
    ['Something feels odd; no data loss', 'P2'],
    ['SEV2: checkout', 'P1'],
  ])('%s', (summary, severity) => {
    const facts = severityFacts([alert(summary, { name: 'x' })], null, classification);
    expect(classify(facts, classification).severity).toBe(severity);
  });
});

describe('severityFacts', () => {
  it('asks again before it raises for users that the first look could not count (R0.5)', () => {
    const late = [
      { probe: 'affected-users', source: 'Prometheus', kind: 'no-answer', reason: 'did not answer within 2 s' },
    ] as const;
    const look = (purpose: 'first-assessment' | 'investigation') =>
      classify(severityFacts([], { ...bundle([errors(0.3)]), purpose, gaps: late }, classification), classification);
    expect(look('first-assessment')).toMatchObject({ severity: 'P1', provisional: true });
    expect(look('investigation')).toMatchObject({ severity: 'P0', provisional: true });
  });

  it('takes a resolved alert for no evidence', () => {
    expect(severityFacts([alert('P0 Alert', { status: 'resolved' })], null, classification).claimed).toEqual([]);
  });

  it("assesses the runbook's incident as P1 (R9)", () => {
    const evidence = bundle([errors(0.45), latency(8), users(0.42), ...providers(0.01, 0.01)]);
    const answer = classify(
      severityFacts([alert('API Error Rate >10%: 45%', { claimedSeverity: 'P1' })], evidence, classification),
      classification,
    );
    expect(answer).toMatchObject({ severity: 'P1', provisional: false });
    expect(answer.reasons).toContain('P1: 45% of the requests fail, more than 10%');
  });

  it('takes a full pool for no outage, and a database that is gone for one', () => {
    const full = bundle([errors(0.6), users(0.4), databaseAnswers(false, 'FATAL: sorry, too many clients already')]);
    expect(severityFacts([alert()], full, classification).down).toBe(false);
    const gone = bundle([errors(0.97), users(0.4), databaseAnswers(false, 'connect ECONNREFUSED 10.0.0.5:5432')]);
    expect(severityFacts([alert()], gone, classification).down).toBe(true);
  });

  it('calls measurements that are all well minimal, and a gap unknown', () => {
    const well = bundle([errors(0.001), latency(0.3), users(0)]);
    expect(classify(severityFacts([alert('odd')], well, classification), classification).severity).toBe('P3');
    const gap = bundle([errors(0.001), latency(Number.NaN), users(0)]);
    expect(severityFacts([alert('odd')], gap, classification)).toMatchObject({
      p95Seconds: null,
      impactKnownMinimal: false,
    });
  });
});

describe('classify, whatever the facts', () => {
  const ratio = fc.double({ min: 0, max: 1, noNaN: true });
  const facts: fc.Arbitrary<SeverityFacts> = fc.record({
    down: fc.boolean(),
    usersAffectedRatio: ratio,
    dataLoss: fc.constantFrom('none', 'partial', 'full', null),
    errorRatio: ratio,
    p95Seconds: fc.double({ min: 0, max: 20, noNaN: true }),
    claimed: fc.subarray([...SEVERITIES]),
    texts: fc.constant([]),
    failingProviders: fc.subarray(['claude', 'openai']),
    minorFeature: fc.boolean(),
    impactKnownMinimal: fc.boolean(),
    measured: fc.boolean(),
  });
  const level = (severity: Severity) => SEVERITIES.indexOf(severity);

  it('worse evidence never lowers the severity', () => {
    const worse = fc.record({
      users: ratio,
      errors: ratio,
      p95: fc.double({ min: 0, max: 20, noNaN: true }),
      claimed: fc.constantFrom(...SEVERITIES),
      down: fc.boolean(),
    });
    fc.assert(
      fc.property(facts, worse, (before, more) => {
        const after: SeverityFacts = {
          ...before,
          usersAffectedRatio: Math.max(before.usersAffectedRatio ?? 0, more.users),
          errorRatio: Math.max(before.errorRatio ?? 0, more.errors),
          p95Seconds: Math.max(before.p95Seconds ?? 0, more.p95),
          claimed: [...before.claimed, more.claimed],
          down: before.down || more.down,
        };
        expect(level(classify(after, classification).severity)).toBeLessThanOrEqual(
          level(classify(before, classification).severity),
        );
      }),
    );
  });

  it('unknown users raise by one level at most, and are marked', () => {
    fc.assert(
      fc.property(facts, (known) => {
        const base = classify({ ...known, usersAffectedRatio: 0 }, classification);
        const blind = classify({ ...known, usersAffectedRatio: null }, classification);
        expect([base.severity, oneHigher(base.severity)]).toContain(blind.severity);
        if (blind.severity !== base.severity) expect(blind.provisional).toBe(true);
      }),
    );
  });

  it('always gives reasons and never P3 without knowing', () => {
    fc.assert(
      fc.property(facts, (any) => {
        const answer = classify(any, classification);
        expect(answer.reasons.length).toBeGreaterThan(0);
        if (answer.severity === 'P3') expect(any.impactKnownMinimal).toBe(true);
      }),
    );
  });
});
