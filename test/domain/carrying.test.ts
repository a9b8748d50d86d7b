import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadPolicy } from '../../src/config/policy.ts';
import { carriedOver } from '../../src/domain/carrying.ts';
import { documentTimeline } from '../../src/domain/document-timeline.ts';
import { gatherFacts } from '../../src/domain/gather-facts.ts';
import { approvalById, nextPromiseNumber, openApprovals } from '../../src/domain/incident.ts';
import { jsonBytes, newestWithin, oldestWithin, stretchesOf } from '../../src/domain/sizes.ts';
import type { TimelineEvent } from '../../src/domain/timeline.ts';
import { bundle, LongIncident } from './long-incident.ts';

const KB = 1024;
/** What the workflow leaves for state and tail beside a large policy (run.ts). */
const ROOM_BYTES = 180 * KB;
const ALL_RECORDED = Number.MAX_SAFE_INTEGER;

function carry({ state, timeline }: LongIncident, recordedThroughSeq = ALL_RECORDED) {
  return carriedOver(state, timeline, { bytes: ROOM_BYTES, tailEvents: 200, recordedThroughSeq });
}

describe('an incident that is not mitigated for 72 hours', () => {
  it('is carried in less than a quarter of a megabyte, in one run or in many', () => {
    const inOneRun = new LongIncident();
    inOneRun.goOn(72);
    expect(jsonBytes(inOneRun.timeline)).toBeGreaterThan(20 * KB * KB);
    expect(jsonBytes(carry(inOneRun))).toBeLessThan(ROOM_BYTES + KB);

    const inManyRuns = new LongIncident();
    let runs = 0;
    inManyRuns.goOn(72, (incident) => {
      // The workflow begins a new run at two megabytes of history.
      if (jsonBytes(incident.timeline) < 2 * KB * KB) return;
      const { state, tail } = carry(incident);
      expect(jsonBytes({ state, tail })).toBeLessThan(ROOM_BYTES + KB);
      expect(jsonBytes(incident.state)).toBeLessThan(KB * KB);
      incident.state = state;
      incident.timeline = [...tail];
      runs += 1;
    });
    expect(runs).toBeGreaterThan(10);
    // Attempts are numbered on through all runs, and promises too: no id comes twice.
    expect(Object.keys(inManyRuns.state.steps)).toContain('r1.72/ended');
    expect(nextPromiseNumber(inManyRuns.state)).toBe(nextPromiseNumber(inOneRun.state));
  }, 60_000);

  it('makes no call bigger than half a megabyte: stretches of the record, the document, answers about the timeline', async () => {
    const policy = await loadPolicy(resolve(import.meta.dirname, '../../policy/noa.yaml'));
    const incident = new LongIncident();
    incident.goOn(72);
    const { state, timeline } = incident;
    const facts = gatherFacts(carry(incident).state, policy, timeline, incident.at);
    const stretches = stretchesOf(timeline, 384 * KB);
    for (const events of stretches) expect(jsonBytes({ events, facts })).toBeLessThan(512 * KB);
    expect(stretches.flat().map(({ seq }) => seq)).toEqual(timeline.map(({ seq }) => seq));
    expect(jsonBytes(newestWithin(documentTimeline(timeline), 384 * KB))).toBeLessThan(385 * KB);
    expect(newestWithin(documentTimeline(timeline), 384 * KB).at(-1)?.seq).toBe(documentTimeline(timeline).at(-1)?.seq);
    const answer = oldestWithin(timeline, 384 * KB);
    expect(jsonBytes(answer)).toBeLessThan(385 * KB);
    // Whoever gets less than half knows that it was all.
    expect(jsonBytes(answer)).toBeGreaterThan((384 * KB) / 2);
    expect(state.seq).toBe(timeline.at(-1)?.seq);
  }, 60_000);
});

describe('what is carried into the next run', () => {
  const incident = new LongIncident();
  incident.goOn(30);
  const { state } = incident;

  it('is everything that can be asked again: steps not of ended attempts, open questions, what was tried, open promises', () => {
    const open = new LongIncident();
    open.goOn(30);
    const unfinished = { kind: 'step-finished', step: 'r1.31/options', outcome: ['a plan'] } as const;
    open.record(unfinished);
    open.record({ kind: 'step-finished', step: 'asked-for-help/r1', outcome: true });
    const first = approvalById(open.state, 'r1.1')?.approval;
    if (first === undefined) throw new Error('nothing was asked');
    open.record({ kind: 'approval-requested', approval: { ...first, id: 'r1.31' } });
    open.record({ kind: 'approval-requested', approval: { ...first, id: 'customers.resolved-0' } });
    open.record({ kind: 'approval-rejected', approvalId: 'customers.resolved-0', because: 'not now' });
    const carried = carry(open).state;
    expect(carried.steps).toMatchObject({
      opening: true,
      'r1.31/options': ['a plan'],
      'asked-for-help/r1': true,
      'r1.30/ended': true,
      'r1.1/ended': true,
      'incident-20241023-1430/r1.1/rollback/noa-mcp/rolled-out': true,
    });
    expect(Object.keys(carried.steps).filter((step) => step.startsWith('r1.1/'))).toEqual(['r1.1/ended']);
    expect(openApprovals(carried)).toEqual(openApprovals(open.state));
    // Not asked again: a person has said no.
    expect(approvalById(carried, 'customers.resolved-0')?.state).toBe('rejected');
    const tried = carried.remedies.map(({ plan, helped }) => [plan.key, helped]);
    expect(tried).toEqual(open.state.remedies.slice(-tried.length).map(({ plan, helped }) => [plan.key, helped]));
    expect(tried.length).toBeGreaterThanOrEqual(10);
    expect(carried.promises.filter(({ ended }) => ended === null)).toEqual(
      open.state.promises.filter(({ ended }) => ended === null),
    );
    expect(nextPromiseNumber(carried)).toBe(nextPromiseNumber(open.state));
  });

  it('forgets the steps of a round that is over', () => {
    const again = new LongIncident();
    again.goOn(2);
    again.record({ kind: 'reopened', because: 'it fires again' });
    again.record({ kind: 'step-finished', step: 'r2/looked-again', outcome: true });
    const steps = Object.keys(carry(again).state.steps);
    expect(steps).toContain('r2/looked-again');
    expect(steps.filter((step) => /^r1[./]/.test(step))).toEqual([]);
  });

  it('keeps what the machine thinks with, and leaves excerpts to the store', () => {
    const roomy = { bytes: 2 * KB * KB, tailEvents: 200, recordedThroughSeq: ALL_RECORDED };
    const { evidence } = carriedOver(state, [], roomy).state;
    const findings = (one: typeof evidence) => one.investigation?.items.map(({ finding, words }) => [finding, words]);
    expect(findings(evidence)).toEqual(findings(state.evidence));
    expect(JSON.stringify(evidence)).not.toContain('x'.repeat(1000));
  });

  it('has the newest events that the store could not take yet: whole where there is room, else in short, never none', () => {
    const newest = looked(state.openedAt, state.seq + 1);
    const tail = (recordedThroughSeq: number, bytes: number) =>
      carriedOver(state, [...incident.timeline, newest], { bytes, tailEvents: 200, recordedThroughSeq }).tail.at(-1);
    expect(tail(state.seq, 2 * KB * KB)).toEqual(newest);
    for (const short of [tail(state.seq, ROOM_BYTES), tail(state.seq + 1, 2 * KB * KB)]) {
      expect(short?.seq).toBe(newest.seq);
      expect(JSON.stringify(short)).not.toContain('x'.repeat(1000));
    }
  });

  it('leaves no event behind that the store could not take yet, however many, while there is room', () => {
    const away = new LongIncident();
    const recordedThroughSeq = away.state.seq;
    for (let count = 0; count < 900; count += 1) away.record({ kind: 'noted', text: `note ${count}` });
    const limits = { bytes: 2 * KB * KB, tailEvents: 200, recordedThroughSeq };
    const seqs = carriedOver(away.state, away.timeline, limits).tail.map(({ seq }) => seq);
    expect(seqs[0]).toBeLessThanOrEqual(recordedThroughSeq + 1);
    expect(seqs).toHaveLength(900);
  });
});

describe('jsonBytes', () => {
  it('counts what the wire counts', () => {
    for (const value of ['plain', 'Ähre', '漢字', '🙂🙂', { key: ['é', null, 1] }])
      expect(jsonBytes(value)).toBe(Buffer.byteLength(JSON.stringify(value)));
  });
});

function looked(at: string, seq: number): TimelineEvent {
  const by = { person: 'machine', roles: [], via: 'machine' } as const;
  return { kind: 'evidence-collected', bundle: bundle('investigation', at), seq, at, by, decisionId: null };
}
