import { describe, expect, it } from 'vitest';
import type { SeriesPoint } from '../../src/domain/crossings.ts';
import { chart } from '../../src/views/chart.ts';

const FROM = '2024-10-23T12:00:00.000Z';
const seconds = Date.parse(FROM) / 1000;
const points = (...values: readonly (number | null)[]): SeriesPoint[] =>
  values.map((value, index) => [seconds + index * 600, value]);
const INPUT = {
  title: 'Error rate, incident-a',
  fromAt: FROM,
  untilAt: '2024-10-23T13:00:00.000Z',
  series: [{ name: 'errors', unit: 'ratio', points: points(0, 0.1, null, 0.45, 0.4) }],
  marks: [{ at: '2024-10-23T12:30:00.000Z', label: 'detected' }],
};

describe('our own chart (R2.9, R5.4)', () => {
  it('draws a line for each stretch of data and none across a gap', () => {
    const svg = chart(INPUT);
    const path = /<path d="([^"]+)"/u.exec(svg)?.[1] ?? '';
    expect(path.match(/M/gu)).toHaveLength(2);
    expect(path.startsWith('M64 ')).toBe(true);
    expect(svg).toContain('errors (%)');
    expect(svg).toContain('>50<');
    expect(svg).toContain('detected');
    expect(chart(INPUT)).toBe(svg);
  });

  it('says when there is nothing to draw', () => {
    expect(chart({ ...INPUT, series: [{ name: 'x', unit: 's', points: points(null, Number.NaN) }] })).toContain(
      'no data',
    );
    expect(chart({ ...INPUT, series: [] })).toContain('</svg>');
  });

  it('holds nothing that runs or is fetched, whatever it is called', () => {
    const evil = '</title><script>alert(1)</script><image href="http://evil.example"/>';
    const svg = chart({
      ...INPUT,
      title: evil,
      series: [{ name: evil, unit: 's', points: points(1) }],
      marks: [{ at: FROM, label: evil }],
    });
    expect(svg).not.toMatch(/<script|<image|<foreignObject| on\w+=/iu);
  });

  it('is bounded', () => {
    const many = Array.from({ length: 50 }, (_, index) => ({ name: `s${index}`, unit: 's', points: points(1, 2) }));
    expect(chart({ ...INPUT, series: many }).match(/<path/gu)).toHaveLength(8);
  });
});
