import { describe, expect, it } from 'vitest';
import { invariantChecks } from '../../../rehearsal/checks/invariants.ts';
import { at, incident, played, type Told } from './played.ts';

const TWICE = 'no remedy carried out twice';
const TOLD = 'the timeline tells what the systems saw';
const BORN_BEFORE = at(-600);

/** A remedy that was intended and carried out, by a plan that fixes its target. */
function remedy(
  minute: number,
  action: string,
  target: object,
  parameters: object = {},
  result = 'done',
): readonly Told[] {
  const key = `a/${action}/${minute}`;
  const plan = { key, action, target, parameters, temporary: false };
  return [
    [minute, { kind: 'remedy-intended', plan, approvalId: null } as never],
    [minute, { kind: 'remedy-carried-out', key, action, outcome: { result, readBack: 'so it is' } } as never],
  ];
}

function write(minute: number, name: string, effect: object, verb = 'patch') {
  return { atMs: at(minute), verb, resource: 'r', name, dryRun: false, effects: [effect] };
}

function evicted(minute: number, uid: string, bornMs: number) {
  return write(minute, `noa-mcp-${uid}`, { kind: 'evict-pod', uid, owner: 'noa-mcp', bornMs }, 'delete');
}

function broken(name: string, told: readonly Told[], actions: readonly object[], postgres: object = {}) {
  const systems = { kubernetes: { actions, adminActions: [] }, postgres, journal: [] };
  const found = invariantChecks(played({ incidents: [incident('a', ...told)], systems }));
  return found.find(({ check }) => check === name)?.actual;
}

const DEPLOYMENT = { kind: 'deployment', name: 'noa-mcp' };
const LIMIT = { kind: 'manifest', name: 'k8s/overlays/prod/rate-limit-strict.yaml' };
const LIMITED = { objects: 'networking.k8s.io/v1/Ingress/noa-mcp' };

describe('no remedy carried out twice', () => {
  it('takes pods that go one after another for one change, as long as they were there when it began', () => {
    const told = remedy(10, 'replace-pods', DEPLOYMENT);
    const first = [evicted(10, 'u1', BORN_BEFORE), evicted(14, 'u2', BORN_BEFORE), evicted(55, 'u3', BORN_BEFORE)];
    expect(broken(TWICE, told, first)).toBe('holds');
    expect(broken(TWICE, told, [...first, evicted(56, 'u4', at(10) + 500)])).toContain('replace-pods on noa-mcp');
  });

  it('tells a migration from another by its index, and sees one that runs again', () => {
    const told = remedy(10, 'migrate', { kind: 'database', name: 'noa' }, { index: 'requests_status_idx' });
    const sql = 'CREATE INDEX CONCURRENTLY requests_status_idx ON requests (status);';
    const statements = [{ atMs: at(10), applicationName: 'us', sql }];
    expect(broken(TWICE, told, [], { statements })).toBe('holds');
    expect(broken(TWICE, told, [], { statements: [...statements, ...statements] })).toContain('was done 2 times');
  });
});

describe('what the timeline tells and what the systems saw', () => {
  it('agree on the objects of a manifest, not only on its action', () => {
    const told = remedy(10, 'rate-limit', LIMIT, LIMITED);
    const effect = { kind: 'rate-limit', before: null, after: 600 };
    expect(broken(TOLD, told, [write(10, 'noa-mcp', effect, 'apply')])).toBe('holds');
    expect(broken(TOLD, told, [write(10, 'noa-claude-flow', effect, 'apply')])).toBe(
      'the timeline tells of rate-limit on noa-mcp, which no system saw; rate-limit on noa-claude-flow was done and the timeline does not tell of it',
    );
  });

  it('agree about pods that had gone by themselves, but not about pods that are said to have been replaced', () => {
    expect(broken(TOLD, remedy(10, 'replace-pods', DEPLOYMENT, {}, 'already-done'), [])).toBe('holds');
    expect(broken(TOLD, remedy(10, 'replace-pods', DEPLOYMENT), [])).toContain('which no system saw');
  });

  it('disagree about a migration that no database saw', () => {
    const told = remedy(10, 'migrate', { kind: 'database', name: 'noa' }, { index: 'requests_status_idx' });
    expect(broken(TOLD, told, [], { statements: [] })).toContain('migrate on requests_status_idx, which no system saw');
  });

  it('disagree about something taken back of which no timeline tells, unless it was left in place', () => {
    const back = [write(40, 'noa-mcp', { kind: 'scale', from: 6, to: 3 })];
    expect(broken(TOLD, [], back)).toContain('revert-scale on noa-mcp was done');
    const own = remedy(40, 'scale', DEPLOYMENT, { revert: 1 });
    expect(broken(TOLD, own, back)).toBe('holds');
    const moved: Told = [30, { kind: 'lease-settled', how: 'moved' } as never];
    expect(broken(TOLD, [moved], back)).toBe('holds');
  });
});

describe('the gateway', () => {
  it('fails the drill when it does not take what Slack sends, although people got on another way', () => {
    const found = invariantChecks(
      played({ slackRefused: ['a slash command for note of alice was refused with 401: no'] }),
    );
    expect(found.find(({ check }) => check === 'the gateway takes what Slack sends')).toMatchObject({ passed: false });
    const well = invariantChecks(played({}));
    expect(well.every(({ passed }) => passed)).toBe(true);
  });
});
