import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { IncidentClient } from '../../src/client/incident-client.ts';
import type { Hypothesis } from '../../src/domain/diagnosis.ts';
import { instant } from '../../src/domain/instant.ts';
import type { Severity } from '../../src/domain/severity.ts';
import type { TimelineFact } from '../../src/domain/timeline.ts';
import { createHistoryKeeper } from '../../src/gateway/history-keeper.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { anAlert, anEvent, someFacts } from './examples.ts';
import { type TestPostgres, testPostgres } from './test-postgres.ts';

let postgres: TestPostgres;
const stores: Store[] = [];

beforeAll(async () => {
  postgres = await testPostgres();
});
afterAll(async () => {
  for (const store of stores) await store.close();
  await postgres.stop();
});

async function freshStore(): Promise<Store> {
  const store = await openStore({ url: await postgres.fresh() });
  stores.push(store);
  return store;
}

interface Told {
  readonly id: string;
  readonly openedMinute?: number;
  readonly severity?: Severity;
  readonly acknowledgedAfter?: number;
  readonly resolvedAfter?: number;
  readonly cause?: Hypothesis['cause'];
  readonly alert?: string;
  readonly closedAs?: 'resolved' | 'false-alarm';
}

const START = Date.parse('2024-10-23T14:00:00.000Z');

/** One incident as it closes; minutes. */
async function tell(store: Store, told: Told): Promise<void> {
  const opened = told.openedMinute ?? 0;
  const facts: [number, TimelineFact][] = [
    [0, { kind: 'opened', title: 'API errors', service: 'api', detectedAt: instant(START), previousIncidentId: null }],
    [0, { kind: 'alert-received', alert: anAlert({ name: told.alert ?? 'APIErrorRateHigh' }), repeats: 1 }],
    [0, { kind: 'severity-assessed', severity: told.severity ?? 'P1', provisional: false, reasons: [] }],
  ];
  if (told.cause !== undefined) {
    const hypothesis: Hypothesis = {
      id: told.cause,
      cause: told.cause,
      names: [`${told.cause}-1`],
      words: `It is ${told.cause}.`,
      confidence: 0.9,
      supports: [],
      contradicts: [],
      wouldTellApart: null,
      suggests: [],
    };
    facts.push([1, { kind: 'explained', hypotheses: [hypothesis], changed: '' }]);
  }
  if (told.acknowledgedAfter !== undefined) facts.push([told.acknowledgedAfter, { kind: 'acknowledged' }]);
  facts.push([2, { kind: 'promise-ended', promiseId: 'update-1', how: 'kept', because: 'sent' }]);
  if (told.resolvedAfter !== undefined)
    facts.push([told.resolvedAfter, { kind: 'resolved', fix: 'rollback', verification: 'well', followUp: 'none' }]);
  if (told.closedAs !== undefined)
    facts.push([999, { kind: 'closed', as: told.closedAs, into: null, because: 'over' }]);
  const events = facts.map(([minute, fact], index) =>
    anEvent(index + 1, instant(START + (opened + minute) * 60_000), fact),
  );
  await store.record.recordTimeline({ incidentId: told.id, events, facts: someFacts(told.id, instant(START)) });
}

describe('figures over incidents (R6.7)', () => {
  it('gives medians by group with how many each rests on, and leaves false alarms out', async () => {
    const store = await freshStore();
    await tell(store, { id: 'a', severity: 'P0', acknowledgedAfter: 2, resolvedAfter: 20, closedAs: 'resolved' });
    await tell(store, { id: 'b', severity: 'P0', acknowledgedAfter: 4, resolvedAfter: 40, closedAs: 'resolved' });
    await tell(store, { id: 'c', severity: 'P1', resolvedAfter: 10, closedAs: 'resolved' });
    await tell(store, { id: 'd', severity: 'P0', acknowledgedAfter: 1, closedAs: 'false-alarm' });
    const { groups, total } = await store.measures.statistics({ by: 'severity', since: null });
    expect(groups.map(({ group, incidents }) => [group, incidents])).toEqual([
      ['P0', 2],
      ['P1', 1],
    ]);
    expect(groups[0]?.lengths.acknowledge).toMatchObject({ recorded: 2, medianSeconds: 180 });
    expect(groups[1]?.lengths.acknowledge).toMatchObject({ recorded: 0, notApplicable: 1, medianSeconds: null });
    expect(total).toMatchObject({ group: 'all', incidents: 3, promises: { kept: 3, late: 0, missed: 0 } });
    expect((await store.measures.statistics({ by: 'month', since: instant(START + 86_400_000) })).total).toBeNull();
  });

  it('groups by cause, with a name for those whose cause was not found', async () => {
    const store = await freshStore();
    await tell(store, { id: 'a', cause: 'slow-query', resolvedAfter: 20, closedAs: 'resolved' });
    await tell(store, { id: 'b', resolvedAfter: 20, closedAs: 'resolved' });
    const { groups } = await store.measures.statistics({ by: 'cause', since: null });
    expect(groups.map(({ group }) => group).sort()).toEqual(['not known', 'slow-query']);
  });
});

describe('seen before?', () => {
  it('finds past incidents of one cause first, and never one that is still open or was a false alarm', async () => {
    const store = await freshStore();
    await tell(store, { id: 'past-same', cause: 'slow-query', resolvedAfter: 20, closedAs: 'resolved' });
    await tell(store, {
      id: 'past-alert',
      cause: 'memory-leak',
      resolvedAfter: 20,
      openedMinute: 60,
      closedAs: 'resolved',
    });
    await tell(store, { id: 'past-false', cause: 'slow-query', closedAs: 'false-alarm' });
    await tell(store, {
      id: 'past-other',
      cause: 'node-down',
      alert: 'NodeDown',
      resolvedAfter: 5,
      closedAs: 'resolved',
    });
    await tell(store, { id: 'now', cause: 'slow-query' });
    const similar = await store.measures.similar('now', 5);
    expect(similar.map(({ incidentId }) => incidentId)).toEqual(['past-same', 'past-alert']);
    expect(similar[0]).toMatchObject({ fix: 'rollback', resolveSeconds: 1200 });
    expect(await store.measures.similar('nobody-knows', 5)).toEqual([]);
  });
});

describe('the engine’s history', () => {
  it('is kept once for each closed incident, and asked for again while it cannot be had', async () => {
    const store = await freshStore();
    await tell(store, { id: 'over', resolvedAfter: 20, closedAs: 'resolved' });
    await tell(store, { id: 'running', resolvedAfter: 20 });
    let away = true;
    const asked: string[] = [];
    const client = {
      async history(id: string) {
        asked.push(id);
        return away
          ? { ok: false, why: 'away', words: 'Temporal does not answer' }
          : { ok: true, value: { workflowId: id, runs: [{ runId: 'r1', history: { events: [] } }] } };
      },
    } as unknown as IncidentClient;
    const warnings: string[] = [];
    const log = { info: () => {}, warn: (words: string) => void warnings.push(words), error: () => {} };
    const keeper = createHistoryKeeper({ store, client, clock: () => instant(START), log });
    expect(await keeper.round()).toBe(0);
    expect(warnings[0]).toMatch(/over could not be exported: Temporal does not answer/);
    away = false;
    expect(await keeper.round()).toBe(1);
    expect(await keeper.round()).toBe(0);
    expect(asked).toEqual(['over', 'over']);
    expect(await store.record.historyDigest('over')).toMatch(/^[0-9a-f]{64}$/);
  });
});
