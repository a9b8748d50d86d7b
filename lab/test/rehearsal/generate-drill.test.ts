import { describe, expect, it } from 'vitest';
import { parseDrill } from '../../rehearsal/drill-file.ts';
import { generateDrill, INCIDENT_KINDS } from '../../rehearsal/generate-drill.ts';
import { namesOf } from '../../simulation/faults/faults.ts';

const SET = Array.from({ length: 200 }, (_, index) => generateDrill(7, index));

function byKind<T extends { readonly kind: string }>(all: readonly T[]): readonly T[] {
  return [...all].sort((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)));
}

describe('generated drills', () => {
  it('are valid by the published format, every one of them', () => {
    for (const { name, text } of SET) expect(parseDrill(text, `${name}.yaml`).name).toBe(name);
  });

  it('are the same for the same seed and number, whatever was generated before, and others for another seed', () => {
    expect(generateDrill(7, 31).text).toBe(SET[31]?.text);
    expect(generateDrill(8, 31).text).not.toBe(SET[31]?.text);
  });

  it('have names of their own and know the truth that they are judged by', () => {
    expect(new Set(SET.map(({ name }) => name)).size).toBe(SET.length);
    for (const { plan, text } of SET) {
      const { expect: truth, faults } = parseDrill(text, 'generated.yaml');
      const real = faults.map(({ spec }) => spec).filter(({ kind }) => kind !== 'noise');
      if (plan === 'benign') {
        // Nothing but what the pods carry.
        for (const { spec } of faults)
          expect(spec.kind === 'noise' || (spec.kind === 'traffic-surge' && spec.factor)).toBeTruthy();
        expect(truth.never).toEqual(expect.arrayContaining(['rollback', 'restart', 'scale']));
        continue;
      }
      expect(real).toHaveLength({ single: 1, two: 2 }[plan]);
      const wanted = real.map((spec) => ({ kind: spec.kind, names: namesOf(spec) }));
      const told = [...(truth.cause === undefined ? [] : [truth.cause]), ...(truth.causes ?? [])];
      // Every fault that is there, with its names, and none that is not.
      expect(byKind(told.map(({ kind, names = [] }) => ({ kind, names })))).toEqual(byKind(wanted));
      expect(truth.declared).toBe(true);
    }
  });

  it('draw every kind of incident, two at once, and benign ones', () => {
    const drawn = new Set(
      SET.flatMap(({ text }) => parseDrill(text, 'generated.yaml').faults.map(({ spec }) => spec.kind)),
    );
    for (const kind of INCIDENT_KINDS) expect(drawn).toContain(kind);
    expect(new Set(SET.map(({ plan }) => plan))).toEqual(new Set(['single', 'two', 'benign']));
  });

  it('draw benign ones of every kind, with a rollback that nobody would be asked about', () => {
    const benign = Array.from({ length: 1_000 }, (_, index) => generateDrill(7, index)).filter(
      ({ plan }) => plan === 'benign',
    );
    const kinds = new Set(benign.map(({ name }) => name.replace(/-7-\d+$/, '')));
    const wanted = ['noise', 'spike', 'deploys', 'gap', 'no-traffic', 'stale-alerts'].map((kind) => `benign-${kind}`);
    expect([...kinds].sort()).toEqual(wanted.sort());
    for (const { name, text } of benign)
      expect(parseDrill(text, `${name}.yaml`).set).toEqual({ 'approvals.rollback': 'automatic' });
  });
});
