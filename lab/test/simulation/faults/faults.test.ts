import { describe, expect, it } from 'vitest';
import { FAULT_KINDS, kindsOf, namesOf, slowStatementOf } from '../../../simulation/faults/faults.ts';
import { at, scene } from '../world/scene.ts';

describe('faults', () => {
  it('knows its own kinds', () => {
    expect(new Set(FAULT_KINDS).size).toBe(FAULT_KINDS.length);
  });

  it('is refused by a world that does not play it', () => {
    expect(() => scene().world.addFault({ kind: 'meteor' } as never, at('14:00'))).toThrow(/does not play meteor/);
  });

  it('completes a slow statement and finds its table', () => {
    expect(slowStatementOf('SELECT * FROM invoices WHERE paid = false')).toMatchObject({
      table: 'invoices',
      seconds: 6,
    });
    expect(slowStatementOf({ seconds: 9 })).toMatchObject({ table: 'requests', seconds: 9 });
    expect(slowStatementOf(false)).toBeNull();
  });

  it('names what an explanation must name, and both kinds of a deploy that carries a mechanism', () => {
    const deploy = { kind: 'bad-deploy', deployment: 'noa-mcp', change: 'feature X', slowQuery: true } as const;
    expect(namesOf(deploy)).toEqual(['noa-mcp', 'feature X']);
    expect(kindsOf(deploy)).toEqual(['bad-deploy', 'slow-query']);
    expect(kindsOf({ kind: 'bad-deploy', errorRate: 0.2 })).toEqual(['bad-deploy']);
  });
});
