import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StoreUnavailable } from '../../src/store/database.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { anEvent, anIntake, someFacts } from './examples.ts';
import { type TestPostgres, testPostgres } from './test-postgres.ts';

let postgres: TestPostgres;
const stores: Store[] = [];

async function freshStore(): Promise<{ store: Store; url: string }> {
  const url = await postgres.fresh();
  const store = await openStore({ url });
  stores.push(store);
  return { store, url };
}

async function another(url: string): Promise<Store> {
  const store = await openStore({ url });
  stores.push(store);
  return store;
}

beforeAll(async () => {
  postgres = await testPostgres();
});
afterAll(async () => {
  for (const store of stores) await store.close();
  await postgres.stop();
});

const RESOLVED = { kind: 'resolved', fix: 'rollback', verification: 'error rate 0.2%', followUp: 'none' } as const;

describe('intake', () => {
  it('names the incident by detection time in UTC and opens one for each problem', async () => {
    const { store } = await freshStore();
    const first = await store.inbox.take(anIntake());
    const other = await store.inbox.take(anIntake({ fingerprint: 'x', service: 'mail', labels: { service: 'mail' } }));
    const third = await store.inbox.take(anIntake({ fingerprint: 'y', service: 'pay', labels: { service: 'pay' } }));
    expect([first.incidentId, other.incidentId, third.incidentId]).toEqual([
      'incident-20241023-1430',
      'incident-20241023-1430-2',
      'incident-20241023-1430-3',
    ]);
    expect(first).toMatchObject({ joined: false, repeats: 0, state: 'pending' });
  });

  it('counts the duplicates of an HA pair and forwards the alert once (R1.9)', async () => {
    const { store, url } = await freshStore();
    const second = await another(url);
    const answers = await Promise.all([1, 2, 3, 4, 5, 6].map((n) => (n % 2 ? store : second).inbox.take(anIntake())));
    expect(new Set(answers.map(({ incidentId }) => incidentId)).size).toBe(1);
    expect(answers.map(({ repeats }) => repeats).sort()).toEqual([0, 1, 2, 3, 4, 5]);
    expect(await store.inbox.counts()).toEqual({ pending: 1, incidents: 1 });
  });

  it('opens one incident when two gateways take different alerts of one fault at once', async () => {
    const { store, url } = await freshStore();
    const second = await another(url);
    const takes = Array.from({ length: 20 }, (_, n) =>
      (n % 2 ? store : second).inbox.take(
        anIntake({ fingerprint: `f${n}`, service: ['shop', 'database', 'search'][n % 3], labels: {} }),
      ),
    );
    const ids = new Set((await Promise.all(takes)).map(({ incidentId }) => incidentId));
    // `shop` and `search` are related through the database only, so at most those two may have been first alone.
    expect(ids.size).toBeLessThanOrEqual(2);
    const sameKey = Array.from({ length: 20 }, (_, n) =>
      (n % 2 ? store : second).inbox.take(anIntake({ fingerprint: `g${n}`, service: 'pay', labels: {} })),
    );
    expect(new Set((await Promise.all(sameKey)).map(({ incidentId }) => incidentId)).size).toBe(1);
  });

  it('joins the alerts of a database and of what depends on it', async () => {
    const { store } = await freshStore();
    const shop = await store.inbox.take(anIntake());
    const database = await store.inbox.take(anIntake({ fingerprint: 'db', service: 'database', labels: {} }));
    const search = await store.inbox.take(anIntake({ fingerprint: 'se', service: 'search', labels: {} }));
    const elsewhere = await store.inbox.take(
      anIntake({ fingerprint: 'db2', service: 'database', labels: { cluster: 'b' } }),
    );
    expect(database).toMatchObject({ incidentId: shop.incidentId, joined: true });
    expect(search).toMatchObject({ incidentId: shop.incidentId, joined: true });
    expect(elsewhere.joined).toBe(false);
  });

  it('records a resolved alert without an incident, and what fired before it arrives late', async () => {
    const { store } = await freshStore();
    const resolved = await store.inbox.take(anIntake({ status: 'resolved', endsAt: '2024-10-23T14:31:00.000Z' }));
    const late = await store.inbox.take(anIntake());
    expect([resolved, late].map(({ incidentId, state }) => [incidentId, state])).toEqual([
      [null, 'ignored'],
      [null, 'ignored'],
    ]);
    expect(await store.projection.list({ state: 'all', limit: 10 })).toEqual([]);
  });

  it('holds the key through the reopen window and then opens a linked incident', async () => {
    const { store } = await freshStore();
    const first = await store.inbox.take(anIntake());
    const id = first.incidentId ?? '';
    await store.projection.append(
      id,
      [anEvent(1, '2024-10-23T15:00:00.000Z', RESOLVED)],
      someFacts(id, '2024-10-23T15:00:00.000Z'),
    );
    const within = anIntake({ startsAt: '2024-10-23T15:29:00.000Z', receivedAt: '2024-10-23T15:29:59.000Z' });
    const after = anIntake({ startsAt: '2024-10-23T15:31:00.000Z', receivedAt: '2024-10-23T15:31:10.000Z' });
    expect(await store.inbox.take(within)).toMatchObject({ incidentId: id, joined: true });
    const next = await store.inbox.take(after);
    expect(next).toMatchObject({ incidentId: 'incident-20241023-1531', joined: false });
    expect(await store.incidents.get('incident-20241023-1531')).toMatchObject({
      previousIncidentId: id,
      status: 'open',
    });
  });

  it('opens again for an alert that never cleared, but not for a late duplicate of one that did', async () => {
    const { store } = await freshStore();
    const still = await store.inbox.take(anIntake());
    const batch = await store.inbox.nextBatch(still.incidentId ?? '', 10);
    await store.inbox.markForwarded(batch?.ids ?? [], '2024-10-23T14:30:06.000Z');
    const id = still.incidentId ?? '';
    await store.projection.append(
      id,
      [anEvent(1, '2024-10-23T15:00:00.000Z', RESOLVED)],
      someFacts(id, '2024-10-23T15:00:00.000Z'),
    );
    const repeat = anIntake({ receivedAt: '2024-10-23T18:30:00.000Z' });
    const reopened = await store.inbox.take(repeat);
    expect(reopened).toMatchObject({ incidentId: 'incident-20241023-1830', joined: false });
    expect(await store.inbox.take(repeat)).toMatchObject({ incidentId: 'incident-20241023-1830', repeats: 1 });
    await store.inbox.take(anIntake({ status: 'resolved', receivedAt: '2024-10-23T18:40:00.000Z' }));
    const next = 'incident-20241023-1830';
    await store.projection.append(
      next,
      [anEvent(9, '2024-10-23T19:00:00.000Z', RESOLVED)],
      someFacts(next, '2024-10-23T19:00:00.000Z'),
    );
    const lateDuplicate = await store.inbox.take(anIntake({ receivedAt: '2024-10-23T22:00:00.000Z' }));
    expect(lateDuplicate).toMatchObject({ incidentId: next, state: 'repeat' });
  });

  it('gives the key to the incident that another was merged into', async () => {
    const { store } = await freshStore();
    const shop = (await store.inbox.take(anIntake())).incidentId ?? '';
    const pay = (await store.inbox.take(anIntake({ fingerprint: 'p', service: 'pay', labels: {} }))).incidentId ?? '';
    const merged = anEvent(4, '2024-10-23T14:40:00.000Z', {
      kind: 'closed',
      as: 'merged',
      into: shop,
      because: 'same fault',
    });
    await store.projection.append(pay, [merged], someFacts(pay, '2024-10-23T14:40:00.000Z'));
    const next = await store.inbox.take(anIntake({ fingerprint: 'p2', service: 'pay', labels: {} }));
    expect(next).toMatchObject({ incidentId: shop, joined: true });
  });

  it('moves what is pending for an ended incident to a linked one, in order', async () => {
    const { store } = await freshStore();
    const id = (await store.inbox.take(anIntake())).incidentId ?? '';
    const first = await store.inbox.nextBatch(id, 10);
    await store.inbox.markForwarded(first?.ids ?? [], '2024-10-23T14:30:06.000Z');
    await store.inbox.take(anIntake({ status: 'resolved' }));
    await store.inbox.take(anIntake({ fingerprint: 'n1', startsAt: '2024-10-23T16:00:00.000Z' }));
    await store.inbox.take(anIntake({ fingerprint: 'n2', startsAt: '2024-10-23T16:01:00.000Z' }));
    const next = await store.inbox.moveOn(id, '2024-10-23T16:02:00.000Z');
    expect(next).not.toBe(id);
    expect(await store.incidents.get(next ?? '')).toMatchObject({ previousIncidentId: id });
    const batch = await store.inbox.nextBatch(next ?? '', 10);
    expect(batch?.alerts.map(({ fingerprint }) => fingerprint)).toEqual(['n1', 'n2']);
    expect(await store.inbox.moveOn(id, '2024-10-23T16:03:00.000Z')).toBe(next);
    expect((await store.inbox.take(anIntake({ fingerprint: 'n3' }))).incidentId).toBe(next);
  });

  it('hands over no more at once than a message of Temporal may carry', async () => {
    const { store } = await freshStore();
    const annotations = Object.fromEntries(Array.from({ length: 60 }, (_, n) => [`a${n}`, 'x'.repeat(1_000)]));
    let id = '';
    for (let n = 0; n < 8; n++)
      id = (await store.inbox.take(anIntake({ fingerprint: `b${n}`, annotations }))).incidentId ?? '';
    expect((await store.inbox.nextBatch(id, 100))?.alerts.map(({ fingerprint }) => fingerprint)).toEqual([
      'b0',
      'b1',
      'b2',
      'b3',
    ]);
  });

  it('stores NUL, half characters and __proto__ in texts', async () => {
    const { store } = await freshStore();
    const labels = JSON.parse('{"__proto__":"x","a":"b"}') as Record<string, string>;
    const id = (await store.inbox.take(anIntake({ summary: 'nul \0 half \ud800 end', labels }))).incidentId ?? '';
    expect((await store.inbox.nextBatch(id, 1))?.alerts[0]?.summary).toBe('nul \uFFFD half \uFFFD end');
  });
});

describe('projection', () => {
  it('replaces an event of a step that was never accepted by what really became of it', async () => {
    const { store } = await freshStore();
    const id = 'incident-20241023-1430';
    const at = '2024-10-23T14:40:00.000Z';
    const phantom = anEvent(7, at, { kind: 'noted', text: 'said by a worker that was killed before its step counted' });
    const after = anEvent(8, at, { kind: 'noted', text: 'and what would have followed' });
    await store.projection.append(id, [phantom, after], someFacts(id, at));
    // Readers may fill gaps with what they have meanwhile: that does not decide which of two is true.
    const real = anEvent(7, at, { kind: 'noted', text: 'what the next worker did instead' });
    await store.projection.fill(id, [real]);
    expect(await store.projection.timelineSince(id, 6, 10)).toEqual([phantom, after]);
    await store.projection.append(id, [real], someFacts(id, at));
    expect(await store.projection.timelineSince(id, 6, 10)).toEqual([real, after]);
  });

  it('takes events in any order and any number of times, and tells readers', async () => {
    const { store, url } = await freshStore();
    const reader = await another(url);
    const heard: string[] = [];
    reader.projection.listen((id) => heard.push(id));
    const opened = anEvent(1, '2024-10-23T14:30:00.000Z', { kind: 'noted', text: 'one' });
    const second = anEvent(2, '2024-10-23T14:31:00.000Z', { kind: 'noted', text: 'two' });
    await expect
      .poll(async () => {
        await store.projection.append(
          'i',
          [second],
          someFacts('i', '2024-10-23T14:31:00.000Z', { phase: 'investigation' }),
        );
        return heard.length;
      })
      .toBeGreaterThan(0);
    expect(await store.projection.facts('i')).toMatchObject({ lastSeq: 2, storedEvents: 1 });
    await store.projection.append('i', [opened, second], someFacts('i', '2024-10-23T14:30:00.000Z'));
    expect(await store.projection.timelineSince('i', 0, 10)).toEqual([opened, second]);
    expect(await store.projection.timelineSince('i', 1, 10)).toEqual([second]);
    expect((await store.projection.facts('i'))?.facts.phase).toBe('investigation');
  });

  it('lets only the newest lifecycle event count', async () => {
    const { store } = await freshStore();
    const id = (await store.inbox.take(anIntake())).incidentId ?? '';
    const at = '2024-10-23T15:00:00.000Z';
    await store.projection.append(id, [anEvent(7, at, { kind: 'reopened', because: 'relapse' })], someFacts(id, at));
    await store.projection.append(id, [anEvent(5, at, RESOLVED)], someFacts(id, at));
    expect(await store.incidents.get(id)).toMatchObject({ status: 'open', resolvedAt: null });
  });
});

describe('record', () => {
  it('chains stretches by digest, answers repeats alike, and notices a changed event', async () => {
    const { store } = await freshStore();
    const at = '2024-10-23T15:00:00.000Z';
    const facts = someFacts('r', at);
    const first = {
      incidentId: 'r',
      events: [anEvent(1, at, { kind: 'acknowledged' }), anEvent(2, at, { kind: 'noted', text: 'a' })],
      facts,
    };
    const last = {
      incidentId: 'r',
      events: [anEvent(3, at, { kind: 'closed', as: 'resolved', into: null, because: 'done' })],
      facts,
    };
    const one = await store.record.recordTimeline(first);
    expect(await store.record.recordTimeline(first)).toEqual(one);
    const two = await store.record.recordTimeline(last);
    expect(two.digest).not.toBe(one.digest);
    expect(await store.record.closed('r')).toMatchObject({ closedAs: 'resolved', lastSeq: 3, digest: two.digest });
    expect(await store.record.verify('r')).toMatchObject({ intact: true });
    await store.record.recordTimeline({ ...first, events: [anEvent(2, at, { kind: 'noted', text: 'forged' })] });
    expect(await store.record.verify('r')).toMatchObject({ intact: false });
  });
});

describe('ledger and evidence', () => {
  it('tells what was never begun from what is in doubt and what is done', async () => {
    const { store } = await freshStore();
    const [begunAt, at] = ['2024-10-23T15:00:00.000Z', '2024-10-23T15:01:00.000Z'];
    expect(await store.ledger.begin({ key: 'k', at: begunAt })).toEqual({ kind: 'first' });
    expect(await store.ledger.begin({ key: 'k', at })).toEqual({ kind: 'in-doubt', begunAt, underWay: true });
    await store.ledger.putDown({ key: 'k', begunAt, at });
    expect(await store.ledger.begin({ key: 'k', at })).toEqual({ kind: 'in-doubt', begunAt, underWay: false });
    await store.ledger.forget({ key: 'k', begunAt });
    expect(await store.ledger.begin({ key: 'k', at })).toEqual({ kind: 'first' });
    await store.ledger.done({ key: 'k', at, ref: '1.2' });
    await store.ledger.forget({ key: 'k', begunAt: at });
    expect(await store.ledger.begin({ key: 'k', at })).toEqual({ kind: 'done', ref: '1.2' });
    expect(await store.ledger.doneOf(['k', 'another'])).toEqual(['k']);
  });

  it('lets one of many begin a operation, and one of many take over what was put down', async () => {
    const { store, url } = await freshStore();
    const others = [store, await another(url), await another(url)];
    const at = '2024-10-23T15:00:00.000Z';
    const begun = await Promise.all(others.map(({ ledger }) => ledger.begin({ key: 'k', at })));
    expect(begun.filter(({ kind }) => kind === 'first')).toHaveLength(1);
    await store.ledger.putDown({ key: 'k', begunAt: at, at });
    const taken = await Promise.all(others.map(({ ledger }) => ledger.takeOver({ key: 'k', begunAt: at, at })));
    expect(taken.filter(Boolean)).toHaveLength(1);
    // Whoever was slow cannot put down what another has taken over since.
    const later = '2024-10-23T15:05:00.000Z';
    expect(await store.ledger.takeOver({ key: 'k', begunAt: at, at: later })).toBe(true);
    await store.ledger.putDown({ key: 'k', begunAt: at, at: later });
    expect(await store.ledger.begin({ key: 'k', at: later })).toMatchObject({ underWay: true });
  });

  it('keeps evidence by its digest', async () => {
    const { store } = await freshStore();
    const put = await store.evidence.put({
      body: 'log line\n',
      mediaType: 'text/plain',
      at: '2024-10-23T15:00:00.000Z',
    });
    expect(put).toEqual({ digest: createHash('sha256').update('log line\n').digest('hex'), sizeBytes: 9 });
    expect((await store.evidence.get(put.digest))?.body.toString()).toBe('log line\n');
    expect(await store.evidence.get('00')).toBeNull();
  });
});

describe('a store that is away', () => {
  it('says so by StoreUnavailable', async () => {
    await expect(openStore({ url: 'postgres://nobody@127.0.0.1:1/none' })).rejects.toBeInstanceOf(StoreUnavailable);
  });
});
