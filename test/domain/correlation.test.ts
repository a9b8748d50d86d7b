import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { correlate } from '../../src/domain/correlation.ts';
import { incidentName, incidentNamedBy } from '../../src/domain/incident-name.ts';
import { wellFormedJson } from '../../src/domain/well-formed.ts';
import { INTAKE_POLICY } from '../store/examples.ts';

describe('correlate (R1.9)', () => {
  it('relates what stands above and below, with the same other labels', () => {
    const of = (service: string, cluster: string) => correlate({ service, labels: { cluster } }, INTAKE_POLICY);
    expect(of('shop', 'a').related).toEqual([of('database', 'a').key]);
    expect(of('database', 'a').related).toEqual([of('search', 'a').key, of('shop', 'a').key]);
    expect(of('shop', 'a').key).not.toBe(of('shop', 'b').key);
  });

  it('is symmetric and ends, whatever the map, cycles included', () => {
    const service = fc.constantFrom('a', 'b', 'c', 'd');
    const map = fc.dictionary(service, fc.array(service, { maxLength: 4 }));
    fc.assert(
      fc.property(map, service, service, (dependsOn, one, other) => {
        const intake = { ...INTAKE_POLICY, dependsOn };
        const of = (name: string) => correlate({ service: name, labels: {} }, intake);
        expect(of(one).related.includes(of(other).key)).toBe(of(other).related.includes(of(one).key));
      }),
    );
  });
});

describe('names', () => {
  it('are UTC minutes of detection, and are recognised at the start of our keys', () => {
    expect(incidentName('2024-10-23T14:30:59.999Z')).toBe('incident-20241023-1430');
    expect(incidentNamedBy('incident-20241023-1430-2/page/1')).toBe('incident-20241023-1430-2');
    expect(incidentNamedBy('incident-20241023-1430')).toBe('incident-20241023-1430');
    expect(incidentNamedBy('incident-20241023-1430x')).toBeNull();
    expect(incidentNamedBy('an incident-20241023-1430')).toBeNull();
  });
});

describe('wellFormedJson', () => {
  it('holds nothing that PostgreSQL refuses', () => {
    const text = wellFormedJson({ 'k\0': ['\ud800', '\\u0000', '😀'] });
    expect(JSON.parse(text)).toEqual({ 'k\uFFFD': ['\uFFFD', '\\u0000', '😀'] });
  });
});
