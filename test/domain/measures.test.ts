import { describe, expect, it } from 'vitest';
import { measuresOf } from '../../src/domain/measures.ts';
import { SIMILAR_ENOUGH, similarity } from '../../src/domain/similarity.ts';
import type { TimelineFact } from '../../src/domain/timeline.ts';
import { anEvent } from '../store/examples.ts';

const OPENED = {
  kind: 'opened',
  title: 'API slow',
  service: 'api',
  detectedAt: at(30),
  previousIncidentId: null,
} as const;
const RESOLVED = { kind: 'resolved', fix: 'rolled back', verification: 'well', followUp: 'none' } as const;

function at(minute: number): string {
  return `2024-10-23T14:${String(minute).padStart(2, '0')}:00.000Z`;
}

function timeline(...facts: readonly (readonly [minute: number, fact: TimelineFact])[]) {
  return facts.map(([minute, fact], index) => anEvent(index + 1, at(minute), fact));
}

describe('measures of an incident (R6.7)', () => {
  it('counts each length from the first alert, and says pending, never zero, for what has not come', () => {
    const measures = measuresOf(
      timeline(
        [30, OPENED],
        [31, { kind: 'severity-assessed', severity: 'P1', provisional: false, reasons: [] }],
        [32, { kind: 'acknowledged' }],
        [33, { kind: 'severity-set', severity: 'P2', because: 'less than thought' }],
      ),
    );
    expect(measures?.severity).toBe('P1');
    expect(measures?.lengths.acknowledge).toEqual({ status: 'recorded', seconds: 120 });
    expect(measures?.lengths.mitigate).toMatchObject({ status: 'pending' });
    expect(measures?.lengths.resolve).toMatchObject({ status: 'pending' });
  });

  it('is not applicable once it was closed without, and invalid when the clock contradicts itself', () => {
    const falseAlarm = measuresOf(
      timeline([30, OPENED], [31, { kind: 'closed', as: 'false-alarm', into: null, because: 'a test' }]),
    );
    expect(falseAlarm?.lengths.mitigate).toMatchObject({ status: 'not-applicable' });
    const backwards = measuresOf(timeline([30, OPENED], [29, { kind: 'acknowledged' }]));
    expect(backwards?.lengths.acknowledge).toMatchObject({ status: 'invalid' });
  });

  it('takes the resolution that stands: a reopened incident is not resolved', () => {
    const reopened = [
      [30, OPENED],
      [40, RESOLVED],
      [50, { kind: 'reopened', because: 'it is back' }],
    ] as const;
    expect(measuresOf(timeline(...reopened))?.resolvedAt).toBeNull();
    const again = measuresOf(timeline(...reopened, [59, { ...RESOLVED, fix: 'rolled back for good' }]));
    expect(again).toMatchObject({ resolvedAt: at(59), fix: 'rolled back for good', relapses: 1 });
    expect(again?.lengths.resolve).toEqual({ status: 'recorded', seconds: 29 * 60 });
  });

  it('has nothing to say about a timeline without a beginning', () => {
    expect(measuresOf([])).toBeNull();
  });
});

describe('seen before?', () => {
  const now = {
    title: 'API errors',
    service: 'api',
    cause: 'slow-query',
    causeNames: ['requests', 'noa-mcp'],
    alertNames: ['APIErrorRateHigh'],
  } as const;

  it('finds the same cause in the same place more alike than the same alert for another reason', () => {
    const same = similarity(now, { ...now, title: 'Timeouts' });
    const other = similarity(now, { ...now, cause: 'provider-outage', causeNames: ['claude'] });
    expect(same.score).toBeGreaterThan(other.score);
    expect(same.why.join()).toMatch(/same kind of cause \(slow-query\).*names requests, noa-mcp.*APIErrorRateHigh/);
    expect(other.score).toBeGreaterThanOrEqual(SIMILAR_ENOUGH);
  });

  it('does not call everything of one service alike', () => {
    const unlike = similarity(now, {
      title: 'Disk full',
      service: 'api',
      cause: 'node-pressure',
      causeNames: ['node-2'],
      alertNames: ['DiskFull'],
    });
    expect(unlike.score).toBeLessThan(SIMILAR_ENOUGH);
    expect(similarity(now, { title: '', service: 'mail', cause: null, causeNames: [], alertNames: [] })).toEqual({
      score: 0,
      why: [],
    });
  });
});
