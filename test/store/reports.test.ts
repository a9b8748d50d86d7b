import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { UserReport } from '../../src/domain/user-report.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { type TestPostgres, testPostgres } from './test-postgres.ts';

let postgres: TestPostgres;
let url: string;
let stores: readonly [Store, Store];

beforeAll(async () => {
  postgres = await testPostgres();
  url = await postgres.fresh();
  stores = [await openStore({ url }), await openStore({ url })];
});
afterAll(async () => {
  for (const store of stores) await store.close();
  await postgres.stop();
});

const AT = '2026-03-03T09:12:30.000Z';
const report = (id: string, receivedAt = AT): UserReport => ({
  id,
  through: 'zendesk',
  text: 'down',
  reporter: null,
  channel: null,
  ref: id,
  receivedAt,
});

describe('reports in the store (R1.7)', () => {
  it('two gateways that take many reports of one problem at once begin one verification, and know a repeat', async () => {
    const [a, b] = stores;
    const ids = ['z:1', 'z:2', 'z:3', 'z:1', 'z:2', 'z:3'];
    const taken = await Promise.all(
      ids.map((id, index) => (index % 2 === 0 ? a : b).reports.takeReport(report(id), 'api')),
    );
    expect(new Set(taken.map(({ verificationId }) => verificationId))).toEqual(new Set(['user-report-20260303-0912']));
    expect(taken.filter(({ joined }) => !joined)).toHaveLength(1);
    expect(taken.filter(({ repeats }) => repeats === 1)).toHaveLength(3);
    expect(await a.reports.of('user-report-20260303-0912')).toHaveLength(3);
    expect(await a.reports.countPending()).toBe(1);
  });

  it('another service has a verification of its own; a settled one takes no more', async () => {
    const [a] = stores;
    const other = await a.reports.takeReport(report('z:9'), 'batch');
    expect(other).toMatchObject({ verificationId: 'user-report-20260303-0912-2', joined: false, state: 'pending' });
    await a.reports.markRunning('user-report-20260303-0912');
    const outcome = {
      id: 'user-report-20260303-0912',
      confirmed: false,
      incidentId: null,
      words: 'all is well',
      at: AT,
    };
    expect(await a.reports.settle(outcome)).toHaveLength(3);
    await a.reports.settle({ ...outcome, confirmed: true, words: 'changed' });
    const again = await a.reports.takeReport(report('z:1'), 'api');
    expect(again).toMatchObject({ verificationId: 'user-report-20260303-0912', state: 'settled' });
    const next = await a.reports.takeReport(report('z:4'), 'api');
    expect(next).toMatchObject({ verificationId: 'user-report-20260303-0912-3', joined: false });
    const settled = (await a.reports.list(10)).find(({ id }) => id === 'user-report-20260303-0912');
    expect(settled).toMatchObject({ state: 'settled', confirmed: false, words: 'all is well' });
  });

  it('one whose workflow came to nothing within a day swallows no more reports', async () => {
    const [a] = stores;
    const later = await a.reports.takeReport(report('z:5', '2026-03-05T09:12:30.000Z'), 'batch');
    expect(later).toMatchObject({ verificationId: 'user-report-20260305-0912', joined: false });
  });
});
