import { describe, expect, it } from 'vitest';
import type { TimelineEvent } from '../../../src/domain/timeline.ts';
import { parseDrill } from '../../rehearsal/drill-file.ts';
import { type PageSeen, People, type PersonDecision } from '../../rehearsal/people.ts';
import type { TrackedWorkflow } from '../../rehearsal/workflow-tracker.ts';

const START_MS = Date.UTC(2026, 2, 3, 9);
const ID = 'incident-20260303-0900';

function drillPolicy(people: string, timeline: readonly TimelineEvent[], pages: readonly PageSeen[] = []) {
  const drill = parseDrill(`drill: one\nversion: 1\nstart: 2026-03-03T09:00:00Z\npeople:\n${people}`, 'one.yaml');
  const decided: PersonDecision[] = [];
  const incident: TrackedWorkflow = { workflowId: ID, isIncident: true, timeline, running: true };
  const player = new People({
    drill,
    incidents: () => [incident],
    pages: () => pages,
    acknowledgeInPagerduty: async () => undefined,
    decide: async (decision) => {
      decided.push(decision);
      return { accepted: true, words: '' };
    },
  });
  return { player, decided };
}

function asked(options: readonly string[], atMs: number, approver = 'approver'): TimelineEvent {
  const requestedAt = new Date(atMs).toISOString();
  const approval = {
    id: 'r1.1',
    mode: 'ask',
    approver,
    options: options.map((name) => ({ name, plan: null, preview: name })),
    requestedAt,
  };
  return { kind: 'approval-requested', approval, seq: 1, at: requestedAt } as unknown as TimelineEvent;
}

describe('people of a drill', () => {
  it('acknowledge so long after their own first page, and only once', async () => {
    const page: PageSeen = { atMs: START_MS, incidentId: ID, pagerdutyId: 'Q1', contacts: ['oncall-primary'] };
    const { player, decided } = drillPolicy(
      '  - { who: a, roles: [responder], acknowledges: { after: 2m } }\n',
      [],
      [page, { ...page, atMs: START_MS + 60_000 }],
    );
    expect(player.nextActAtMs(START_MS)).toBe(START_MS + 120_000);
    expect(await player.act(START_MS + 119_000)).toBe(false);
    expect(await player.act(START_MS + 120_000)).toBe(true);
    expect(await player.act(START_MS + 121_000)).toBe(false);
    expect(decided).toMatchObject([{ who: 'a', name: 'acknowledge', incidentId: ID, via: 'slack' }]);
  });

  it('do not answer a page that rang for somebody else', () => {
    const page: PageSeen = { atMs: START_MS, incidentId: ID, pagerdutyId: 'Q1', contacts: ['oncall-backup'] };
    const { player } = drillPolicy('  - { who: a, roles: [responder], acknowledges: { after: 2m } }\n', [], [page]);
    expect(player.nextActAtMs(START_MS)).toBeNull();
  });

  it('approve what is proposed when they approve everything, and their own choice when they name one', async () => {
    const question = [asked(['rollback', 'restart'], START_MS)];
    const all = drillPolicy('  - { who: a, roles: [approver], approves: { what: "*", after: 1m } }\n', question);
    await all.player.act(START_MS + 60_000);
    expect(all.decided).toMatchObject([{ name: 'approve', body: { approvalId: 'r1.1', option: 'rollback' } }]);
    const one = drillPolicy('  - { who: a, roles: [approver], approves: { what: [restart], after: 1m } }\n', question);
    await one.player.act(START_MS + 60_000);
    expect(one.decided).toMatchObject([{ body: { option: 'restart' } }]);
  });

  it('leave alone what they may not approve, what they did not name, and what was answered', () => {
    const rule = '  - { who: a, roles: [approver], approves: { what: "publish-*", after: 1m } }\n';
    expect(drillPolicy(rule, [asked(['rollback'], START_MS)]).player.nextActAtMs(START_MS)).toBeNull();
    expect(
      drillPolicy(rule, [asked(['publish-status'], START_MS, 'commander')]).player.nextActAtMs(START_MS),
    ).toBeNull();
    const granted = { kind: 'approval-granted', approvalId: 'r1.1' } as unknown as TimelineEvent;
    expect(drillPolicy(rule, [asked(['publish-status'], START_MS), granted]).player.nextActAtMs(START_MS)).toBeNull();
    expect(drillPolicy(rule, [asked(['publish-status'], START_MS)]).player.nextActAtMs(START_MS)).toBe(
      START_MS + 60_000,
    );
  });

  it('do what the drill says when it says, and wait when there is nothing yet to do it to', async () => {
    const people = '  - { who: a, roles: [approver] }\n  - { who: a, at: 5m, does: approve, what: restart }\n';
    const early = drillPolicy(people, []);
    expect(await early.player.act(START_MS + 300_000)).toBe(false);
    expect(early.player.undone()).toEqual(['a could not approve restart']);
    const later = drillPolicy(people, [asked(['rollback', 'restart'], START_MS)]);
    expect(later.player.nextActAtMs(START_MS)).toBe(START_MS + 300_000);
    expect(await later.player.act(START_MS + 300_000)).toBe(true);
    expect(later.decided).toMatchObject([{ body: { option: 'restart' } }]);
    expect(later.player.undone()).toEqual([]);
  });
});
