import { describe, expect, it } from 'vitest';
import { allLogs, at, connections, failing, gained, type Scene, scene } from './scene.ts';

/** R9: the 35 minutes of 23 October 2024. */
function deployed(seed = 1): Scene {
  const made = scene('14:10', { seed });
  made.world.addFault({ kind: 'bad-deploy', deployment: 'noa-mcp', change: 'feature X', slowQuery: true }, at('14:15'));
  return made;
}

describe('a deploy with a statement that reads the whole table (R9)', () => {
  it('lets connections rise slowly, then fails nearly half of all requests at once', () => {
    const { world } = deployed();
    world.advanceTo(at('14:20'));
    expect(connections(world, 'active')).toBeLessThan(12);
    world.advanceTo(at('14:25'));
    expect(connections(world, 'active')).toBeGreaterThan(14);
    expect(connections(world, 'active')).toBeLessThan(40);
    expect(failing(world)).toBeLessThan(0.01);
    world.advanceTo(at('14:29'));
    expect(failing(world)).toBeLessThan(0.01);
    world.advanceTo(at('14:31'));
    expect(connections(world, 'active')).toBe(100);
    world.advanceTo(at('14:35'));
    expect(failing(world)).toBeGreaterThan(0.42);
    expect(failing(world)).toBeLessThan(0.48);
  });

  it('heals by a restart for about a quarter of an hour and then fails again', () => {
    const { world, cluster } = deployed();
    world.advanceTo(at('14:50'));
    cluster.restart('noa-mcp', at('14:50'));
    world.advanceTo(at('14:55'));
    expect(failing(world)).toBeGreaterThan(0.01);
    expect(failing(world)).toBeLessThan(0.03);
    world.advanceTo(at('15:00'));
    expect(failing(world)).toBeLessThan(0.01);
    world.advanceTo(at('15:05'));
    expect(failing(world)).toBeLessThan(0.01);
    expect(world.tickets(0)).toHaveLength(23);
    world.advanceTo(at('15:09'));
    expect(failing(world)).toBeGreaterThan(0.4);
  });

  it('heals by a rollback for good, under the new revision number that an undo gets', () => {
    const { world, cluster } = deployed();
    world.advanceTo(at('14:50'));
    cluster.undo('noa-mcp', 1, at('14:50'));
    world.advanceTo(at('15:00'));
    expect(failing(world)).toBeLessThan(0.01);
    world.advanceTo(at('18:00'));
    const since = world.requests(at('15:05'), at('18:00'));
    expect(since.failed / since.total).toBeLessThan(0.005);
    expect(connections(world, 'active')).toBeLessThan(10);
  });

  it('relapses when the bad revision is rolled out once more', () => {
    const { world, cluster } = deployed();
    world.advanceTo(at('14:40'));
    cluster.undo('noa-mcp', 1, at('14:40'));
    world.advanceTo(at('14:45'));
    cluster.undo('noa-mcp', 2, at('14:45'));
    world.advanceTo(at('15:05'));
    expect(failing(world)).toBeGreaterThan(0.4);
  });

  it('shows what node-postgres, the server and the statistics really show, and not the name of the fault', () => {
    const made = deployed();
    made.world.advanceTo(at('14:40'));
    const text = allLogs(made, 20);
    expect(text).toContain('timeout exceeded when trying to connect');
    expect(text).toContain('"code":"53300"');
    expect(text).toContain('FATAL:  sorry, too many clients already');
    expect(text).not.toMatch(/slow-query|bad-deploy|slowQuery|fault/);
    const slowest = made.world
      .database()
      .statements.reduce((most, one) => (one.meanExecMs > most.meanExecMs ? one : most));
    expect(slowest.query).toContain("status = 'pending'");
    expect(slowest.meanExecMs).toBeGreaterThan(5_000);
    expect(slowest.meanExecMs).toBeLessThan(10_000);
  });

  it('is told alike by the series and by the account of the judge', () => {
    const { world } = deployed();
    world.advanceTo(at('14:40'));
    const judged = world.requests(at('14:35'), at('14:40'));
    const all = gained(world, 'http_requests_total', {}, 5);
    const failed = gained(world, 'http_requests_total', { status: '5..' }, 5);
    expect(all / judged.total).toBeCloseTo(1, 1);
    expect(failed / all).toBeCloseTo(judged.failed / judged.total, 1);
    expect(failed / all).toBeGreaterThan(0.42);
  });

  it('fails nearly half for every user, and half or more for hardly any (R0.5)', () => {
    const { world } = deployed();
    world.advanceTo(at('14:40'));
    const shares = Array.from({ length: 50 }, (_, index) => {
      const user = `u${String(index + 1).padStart(3, '0')}`;
      const all = gained(world, 'http_requests_total', { user_id: user }, 5);
      return gained(world, 'http_requests_total', { user_id: user, status: '5..' }, 5) / all;
    });
    expect(Math.min(...shares)).toBeGreaterThan(0.38);
    expect(shares.filter((share) => share >= 0.5).length).toBeLessThanOrEqual(2);
  });
});
