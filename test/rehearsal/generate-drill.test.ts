import { describe, expect, it } from 'vitest';
import { parseDrill } from '../../src/rehearsal/drill-file.ts';
import { generateDrill, INCIDENT_KINDS } from '../../src/rehearsal/generate-drill.ts';

const SET = Array.from({ length: 200 }, (_, index) => generateDrill(7, index));

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
      if (plan === 'benign') expect(truth.never).toContain('rollback');
      else
        expect(truth.cause?.kind ?? truth.causes?.[0]?.kind).toBe(
          faults.find(({ spec }) => spec.kind === (truth.cause?.kind ?? truth.causes?.[0]?.kind))?.spec.kind,
        );
    }
  });

  it('draw every kind of incident, two at once, and benign ones', () => {
    const drawn = new Set(
      SET.flatMap(({ text }) => parseDrill(text, 'generated.yaml').faults.map(({ spec }) => spec.kind)),
    );
    for (const kind of INCIDENT_KINDS) expect(drawn).toContain(kind);
    expect(new Set(SET.map(({ plan }) => plan))).toEqual(new Set(['single', 'two', 'benign']));
  });
});
