import type { SeriesPoint } from '../domain/crossings.ts';
import type { EvidenceItem } from '../domain/evidence.ts';
import { percent, secondsWords } from '../domain/format.ts';
import { epochMs, type Instant } from '../domain/instant.ts';
import { html, type Markup } from './markup.ts';

const WIDTH = 320;
const HEIGHT = 64;
const MOST_SERIES = 8;
const MOST_POINTS = 500;

interface Trend {
  readonly name: string;
  readonly points: readonly SeriesPoint[];
  readonly roseAt: Instant | null;
  readonly words: (value: number) => string;
}

/** Small pictures of what an answer says over time (R2.9): drawn in the page's own colours, in the dark too. */
export function trendsOf({ finding }: EvidenceItem): Markup | null {
  const trends = seriesOf(finding).filter(({ points }) => points.some(([, value]) => value !== null));
  return trends.length === 0 ? null : html`<div class="trends">${trends.slice(0, MOST_SERIES).map(trendFigure)}</div>`;
}

function seriesOf(finding: EvidenceItem['finding']): readonly Trend[] {
  switch (finding.probe) {
    case 'error-rate':
      return [{ name: 'requests that fail', points: finding.trend, roseAt: finding.roseAt, words: percent }];
    case 'latency':
      return [{ name: 'p95', points: finding.trend, roseAt: finding.roseAt, words: secondsWords }];
    case 'metrics-snapshot':
      return finding.series.map(({ name, unit, points }) => ({ name, points, roseAt: null, words: inUnit(unit) }));
    default:
      return [];
  }
}

function inUnit(unit: string): (value: number) => string {
  if (unit === 'ratio') return percent;
  if (unit.startsWith('bytes')) return (value) => `${Math.round(value / 1024 / 1024)} ${unit.replace('bytes', 'MiB')}`;
  return (value) => `${Number(value.toPrecision(3))} ${unit}`.trim();
}

function trendFigure({ name, points, roseAt, words }: Trend): Markup {
  const shown = points.slice(-MOST_POINTS).filter(([at]) => Number.isFinite(at));
  const values = shown.flatMap(([, value]) => (value === null || !Number.isFinite(value) ? [] : [value]));
  const highest = Math.max(...values);
  const last = values.at(-1) ?? 0;
  const fromSeconds = shown[0]?.[0] ?? 0;
  const span = Math.max(1, (shown.at(-1)?.[0] ?? 0) - fromSeconds);
  const x = (seconds: number): number => round(((seconds - fromSeconds) / span) * WIDTH);
  const y = (value: number): number => round(HEIGHT - 2 - (Math.max(0, value) / (highest || 1)) * (HEIGHT - 6));
  const rose = roseAt === null ? null : epochMs(roseAt) / 1000;
  const mark =
    rose !== null &&
    rose >= fromSeconds &&
    rose <= fromSeconds + span &&
    html`<line class="rose" x1="${x(rose)}" x2="${x(rose)}" y1="0" y2="${HEIGHT}"/>`;
  const said = `${name}: ${words(last)} now, ${words(highest)} at most${roseAt === null ? '' : `, rose at ${roseAt.slice(11, 16)} UTC`}`;
  return html`<figure class="trend"><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${said}" preserveAspectRatio="none"><path d="${pathOf(shown, x, y)}"/>${mark}</svg><figcaption class="hint">${said}</figcaption></figure>`;
}

/** A gap in the data is a gap in the line, never a zero. */
function pathOf(points: readonly SeriesPoint[], x: (seconds: number) => number, y: (value: number) => number): string {
  let path = '';
  let drawing = false;
  for (const [at, value] of points) {
    const known = value !== null && Number.isFinite(value);
    if (known) path += `${drawing ? 'L' : 'M'}${x(at)} ${y(value)}${drawing ? '' : 'h0.5'}`;
    drawing = known;
  }
  return path;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
