import type { SeriesPoint } from '../domain/crossings.ts';
import { epochMs, type Instant, instant } from '../domain/instant.ts';
import { html } from './escape.ts';

export interface ChartSeries {
  readonly name: string;
  /** `ratio` is drawn in percent, `bytes` in MiB, everything else as it is. */
  readonly unit: string;
  readonly points: readonly SeriesPoint[];
}

export interface ChartInput {
  readonly title: string;
  readonly fromAt: Instant;
  readonly untilAt: Instant;
  /** At most six; each in a panel of its own, since their units differ. */
  readonly series: readonly ChartSeries[];
  /** Vertical lines, such as when the problem began. */
  readonly marks: readonly { readonly at: Instant; readonly label: string }[];
}

/**
 * Our own picture of a series (R2.9, R5.4), for when the dashboard cannot render one: an SVG of fixed size with nothing
 * in it that runs or is fetched. A gap in the data is a gap in the line. The same input gives the same bytes.
 */
export function chart(input: ChartInput): string {
  const panels = input.series.slice(0, MOST_PANELS);
  const height = HEADER + panels.length * PANEL + FOOTER;
  const time = timeScale(input);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" font-family="sans-serif" font-size="11">`,
    `<title>${html(input.title.slice(0, TITLE_CHARACTERS))}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    `<text x="${LEFT}" y="20" font-size="14" fill="#1f2328">${html(input.title.slice(0, TITLE_CHARACTERS))}</text>`,
    ...panels.map((series, index) => panel(series, HEADER + index * PANEL, time)),
    ...input.marks.slice(0, MOST_MARKS).map((mark) => markLine(mark, height, time)),
    ...ticks(time).map(
      ({ x, label }) => `<text x="${x}" y="${height - 8}" text-anchor="middle" fill="#59636e">${label}</text>`,
    ),
    '</svg>',
  ].join('\n');
}

const WIDTH = 720;
const LEFT = 64;
const RIGHT = 16;
const HEADER = 32;
const FOOTER = 28;
const PANEL = 130;
const PLOT = 92;
const MOST_PANELS = 8;
const MOST_MARKS = 8;
const TITLE_CHARACTERS = 120;
const NAME_CHARACTERS = 60;
const TICKS = 6;

interface TimeScale {
  readonly fromMs: number;
  readonly untilMs: number;
  x(ms: number): number;
}

function timeScale({ fromAt, untilAt }: ChartInput): TimeScale {
  const fromMs = epochMs(fromAt);
  const untilMs = Math.max(epochMs(untilAt), fromMs + 1000);
  const x = (ms: number) => round(LEFT + ((ms - fromMs) / (untilMs - fromMs)) * (WIDTH - LEFT - RIGHT));
  return { fromMs, untilMs, x };
}

function panel(series: ChartSeries, top: number, time: TimeScale): string {
  const { scale, unit } = shownUnit(series.unit);
  const points = series.points
    .filter(([at]) => at * 1000 >= time.fromMs && at * 1000 <= time.untilMs)
    .map(([at, value]) => [at * 1000, value === null || !Number.isFinite(value) ? null : value * scale] as const);
  const values = points.flatMap(([, value]) => value ?? []);
  const highest = niceTop(values.reduce((most, value) => Math.max(most, value), 0));
  const bottom = top + 24 + PLOT;
  const y = (value: number) => round(bottom - (Math.max(0, value) / highest) * PLOT);
  const name = `${series.name.slice(0, NAME_CHARACTERS)}${unit === '' ? '' : ` (${unit})`}`;
  return [
    `<text x="${LEFT}" y="${top + 14}" fill="#1f2328">${html(name)}</text>`,
    ...[0, highest / 2, highest].map(
      (value) =>
        `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(value)}" y2="${y(value)}" stroke="#d1d9e0"/><text x="${LEFT - 6}" y="${y(value) + 4}" text-anchor="end" fill="#59636e">${figure(value)}</text>`,
    ),
    values.length === 0
      ? `<text x="${LEFT + 8}" y="${bottom - PLOT / 2}" fill="#59636e">no data</text>`
      : `<path d="${pathOf(points, time, y)}" fill="none" stroke="#0969da" stroke-width="1.5"/>`,
  ].join('\n');
}

/** A new stroke begins after each gap; a lone point between two gaps is a dot of its own. */
function pathOf(
  points: readonly (readonly [ms: number, value: number | null])[],
  time: TimeScale,
  y: (value: number) => number,
): string {
  let path = '';
  let drawing = false;
  for (const [ms, value] of points) {
    if (value !== null) path += `${drawing ? 'L' : 'M'}${time.x(ms)} ${y(value)}${drawing ? '' : 'h0.5'}`;
    drawing = value !== null;
  }
  return path;
}

function markLine({ at, label }: ChartInput['marks'][number], height: number, time: TimeScale): string {
  const ms = epochMs(at);
  if (ms < time.fromMs || ms > time.untilMs) return '';
  const x = time.x(ms);
  const nearEnd = x > WIDTH - 180;
  const text = html(label.slice(0, NAME_CHARACTERS));
  return `<line x1="${x}" x2="${x}" y1="${HEADER}" y2="${height - FOOTER}" stroke="#cf222e" stroke-dasharray="4 3"/><text x="${nearEnd ? x - 4 : x + 4}" y="${HEADER + 10}" text-anchor="${nearEnd ? 'end' : 'start'}" fill="#cf222e">${text}</text>`;
}

function ticks(time: TimeScale): readonly { readonly x: number; readonly label: string }[] {
  const step = (time.untilMs - time.fromMs) / TICKS;
  return Array.from({ length: TICKS }, (_, index) => {
    const ms = time.fromMs + step * (index + 0.5);
    return { x: time.x(ms), label: instant(ms).slice(11, 16) };
  });
}

function shownUnit(unit: string): { readonly scale: number; readonly unit: string } {
  if (unit === 'ratio') return { scale: 100, unit: '%' };
  if (unit.startsWith('bytes')) return { scale: 1 / 1024 / 1024, unit: unit.replace('bytes', 'MiB') };
  return { scale: 1, unit };
}

/** The next of 1, 2, 5 × a power of ten above, so that the axis reads well. */
function niceTop(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 5, 10].find((one) => one * power >= value) ?? 10;
  return step * power;
}

function figure(value: number): string {
  return value >= 100 || Number.isInteger(value) ? value.toFixed(0) : value.toPrecision(2);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
