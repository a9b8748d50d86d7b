import { describe, expect, it } from 'vitest';
import { concurrentFaults, type Hypothesis } from '../../src/domain/diagnosis.ts';
import type { TimelineEvent } from '../../src/domain/timeline.ts';
import { describe as told } from '../../src/views/timeline-line.ts';

const PROVIDER = guess('provider-outage', 0.81, 'Provider claude is failing.');
const POOL = guess('slow-query', 0.8, 'A slow statement holds the connections.');
const HUNCH = guess('config-change', 0.6, 'Somebody edited noa-mcp-config.');
const UNKNOWN = guess('unknown', 0, 'Not known.');

function guess(cause: Hypothesis['cause'], confidence: number, words: string): Hypothesis {
  return {
    id: cause,
    cause,
    names: [],
    words,
    confidence,
    supports: [],
    contradicts: [],
    wouldTellApart: null,
    suggests: [],
  };
}

describe('R2.20: faults beside the first', () => {
  it('are those that are as good as sure, and none while the first is not known', () => {
    expect(concurrentFaults([PROVIDER, POOL, HUNCH])).toEqual([POOL]);
    expect(concurrentFaults([UNKNOWN, POOL])).toEqual([]);
    expect(concurrentFaults([])).toEqual([]);
  });

  it('are told in the same breath', () => {
    const event = { kind: 'explained', hypotheses: [PROVIDER, POOL, HUNCH], changed: '' } as unknown as TimelineEvent;
    expect(told(event)).toBe(
      'Likely cause (81% sure): Provider claude is failing. There as well (80% sure): A slow statement holds the connections.',
    );
  });
});
