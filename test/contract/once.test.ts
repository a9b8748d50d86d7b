import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openStore } from '../../src/store/store.ts';
import { memoryLedger } from '../activities/memory-ledger.ts';
import { type TestPostgres, testPostgres } from '../store/test-postgres.ts';
import { OPERATIONS, type ProvenOperation, type Scene } from './idempotent-operations.ts';
import { closing, vendorWorld } from './vendor.ts';

// ADR 0010: what we do to a system is done once, although the answer is lost after the work was done, and although two
// workers do it at the same moment (the engine runs an activity at least once). Systems that have these two among their
// own cases are named below with the file; the others have them here, with the real ledger of two workers.

const closed = closing();
let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await testPostgres();
}, 120_000);
afterEach(() => closed.all());
afterAll(() => postgres.stop());

const NOW = '2024-10-23T14:40:00Z';
/** So slow that each worker has asked before either is answered. */
const SLOW_SECONDS = 0.25;
const MOST_REQUESTS = 12;

type Begin = (scene: Scene) => Promise<ProvenOperation>;

/** The world of a operation in which the answer to its n-th request is lost, after the work was done. */
async function losing(
  nth: number,
  begin: Begin,
): Promise<{ deed: ProvenOperation; asked: () => number; mend: () => void }> {
  const world = vendorWorld(NOW);
  const ledger = memoryLedger();
  const operation = await begin({ world, ledgers: [ledger, ledger], closed });
  let asked = 0;
  let mended = false;
  world.log.onHeard(({ system }) => {
    if (mended || system !== operation.system) return;
    asked += 1;
    if (asked === nth) world.faults.set(system, { kind: 'lost-answer', times: 1 });
  });
  const mend = () => {
    mended = true;
    world.faults.clearAll();
  };
  return { deed: operation, asked: () => asked, mend };
}

describe.each(Object.entries(OPERATIONS))('%s', (_what, begin) => {
  it('is there once, whichever answer was lost', async () => {
    let lostAfterTheWork = false;
    for (let nth = 1; nth <= MOST_REQUESTS; nth += 1) {
      const { deed: operation, asked, mend } = await losing(nth, begin);
      const first = await operation.attempt(0).catch((error: { type?: string }) => error);
      const wasLost = (first as { type?: string } | undefined)?.type === 'Unavailable';
      const there = operation.there();
      lostAfterTheWork ||= operation.system === null || (wasLost && there === 1);
      const requests = asked();
      mend();
      const known = await operation.attempt(1);
      expect(operation.there()).toBe(wasLost && there === 1 ? (operation.copiesAfterLostAnswer ?? 1) : 1);
      expect(await operation.attempt(0)).toEqual(known);
      expect(operation.there()).toBe(wasLost && there === 1 ? (operation.copiesAfterLostAnswer ?? 1) : 1);
      await closed.all();
      if (requests < nth) break;
    }
    expect(lostAfterTheWork).toBe(true);
  }, 60_000);

  it('is there once when two workers race', async () => {
    const url = await postgres.fresh();
    const stores = [await openStore({ url }), await openStore({ url })] as const;
    for (const store of stores) closed.add(() => store.close());
    const world = vendorWorld(NOW);
    const operation = await begin({ world, ledgers: [stores[0].ledger, stores[1].ledger], closed });
    if (operation.system !== null) world.faults.set(operation.system, { kind: 'slow', seconds: SLOW_SECONDS });
    const both = await Promise.all([operation.attempt(0), operation.attempt(1)]);
    expect(operation.there()).toBe(1);
    // Both know the same one from now on.
    expect(both[0]).toEqual(both[1]);
  });
});

/** Where its two cases are: a lost answer, and a race. */
const ELSEWHERE: Readonly<Record<string, readonly [file: string, lost: RegExp, race: RegExp]>> = {
  'kubernetes: remedies': ['../activities/kubernetes/remedies.test.ts', /lost/i, /two workers race/],
  'kubernetes: manifests, ConfigMaps, claims': [
    '../activities/kubernetes/temporary-changes.test.ts',
    /lost/i,
    /two workers with the same plan/,
  ],
  'admin API of the service': ['../activities/admin-api/activities.test.ts', /lost answers/, /two workers race/],
  'PostgreSQL: indexes': ['postgres/migration.contract.test.ts', /answer was lost/, /two workers race/],
  'PostgreSQL: failover': ['postgres/failover.contract.test.ts', /answer is lost/, /two workers race/],
  'git: branches, documents': ['git/git.test.ts', /lost its answer/, /two workers race/],
  'GitHub: pull requests and merges': ['changes/changes.test.ts', /answer was lost/, /two workers race/],
  'Zendesk: tickets': ['zendesk/client.test.ts', /lost/i, /two workers at once/],
  'customers’ mail': ['../activities/customers/activities.test.ts', /killed midway/, /one worker send at a time/],
};

describe('docs/idempotency.md', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/idempotency.md'), 'utf8');
  const rows = [...page.matchAll(/^\| (?!act |---)([^|]+) \| [^|]+ \| ([^|]+) \|$/gm)];
  const residual = rows.filter(([, , left]) => left !== '–').map(([, act]) => act);

  it('names every act, and what is left open of which', () => {
    expect(rows.map(([, act]) => act).sort()).toEqual([...Object.keys(OPERATIONS), ...Object.keys(ELSEWHERE)].sort());
    console.log(`once: ${rows.length} acts, ${residual.length} with a window that stays open: ${residual.join(', ')}`);
  });

  it('leaves open what the cases show to be open, and the customers’ mail', async () => {
    const open: string[] = [];
    for (const [act, begin] of Object.entries(OPERATIONS)) {
      const ledger = memoryLedger();
      const operation = await begin({ world: vendorWorld(NOW), ledgers: [ledger, ledger], closed });
      if (operation.copiesAfterLostAnswer !== undefined) open.push(act);
      await closed.all();
    }
    expect([...open, 'customers’ mail'].sort()).toEqual([...residual].sort());
  });
});

describe('every system that is acted on', () => {
  it.each(Object.entries(ELSEWHERE))('%s', (_system, [file, lost, race]) => {
    const texts = [file, ...(file.startsWith('zendesk') ? ['tickets.ts'] : [])].map((one) =>
      readFileSync(join(import.meta.dirname, one), 'utf8'),
    );
    const names = texts.flatMap((text) =>
      [...text.matchAll(/(?:\bit(?:\.each\([^)]*\))?\(|name: )\s*'([^']+)'/g)].map(([, name]) => name ?? ''),
    );
    expect(names.filter((name) => lost.test(name))).not.toEqual([]);
    expect(names.filter((name) => race.test(name))).not.toEqual([]);
  });
});
