import { percent } from '../../domain/format.ts';
import type { Instant } from '../../domain/instant.ts';
import { instant } from '../../domain/instant.ts';
import type { MeasureName } from '../../domain/measures.ts';
import { minutesOf } from '../../domain/written.ts';
import { cleanLine } from '../../views/escape.ts';
import { span } from '../countdown.ts';
import { CliFailure } from '../failure.ts';
import { at, resolveIncident } from '../incidents.ts';
import type { Session } from '../session.ts';
import { table } from '../table.ts';

interface LengthFigures {
  readonly recorded: number;
  readonly pending: number;
  readonly notApplicable: number;
  readonly invalid: number;
  readonly medianSeconds: number | null;
  readonly p90Seconds: number | null;
}

interface GroupFigures {
  readonly group: string;
  readonly incidents: number;
  readonly lengths: Readonly<Record<MeasureName, LengthFigures>>;
  readonly promises: { readonly kept: number; readonly late: number; readonly missed: number };
  readonly relapses: number;
}

interface Figures {
  readonly by: string;
  readonly total: GroupFigures | null;
  readonly groups: readonly GroupFigures[];
}

interface Similar {
  readonly incidentId: string;
  readonly title: string;
  readonly severity: string;
  readonly openedAt: Instant;
  readonly causeWords: string | null;
  readonly fix: string | null;
  readonly resolveSeconds: number | null;
  readonly score: number;
  readonly why: readonly string[];
}

export interface StatsOptions {
  readonly by?: string;
  readonly since?: string;
}

/** `incident stats`: medians over the incidents that are over, and how many of them the figure rests on (R6.7). */
export async function stats({ gateway, io, json }: Session, options: StatsOptions): Promise<void> {
  const query = new URLSearchParams();
  if (options.by !== undefined) query.set('by', options.by);
  const since = options.since === undefined ? null : sinceOf(options.since, io.nowMs());
  if (since !== null) query.set('since', since);
  const figures = await gateway.json<Figures>({ path: `/api/stats?${query}` });
  if (json) return io.out(JSON.stringify(figures));
  const { total, groups } = figures;
  if (total === null) return io.out('No incident is over yet, so there is nothing to measure.');
  const header = [
    figures.by.toUpperCase(),
    'INCIDENTS',
    'ACKNOWLEDGE',
    'MITIGATE',
    'RESOLVE',
    'PROMISES KEPT',
    'CAME BACK',
  ];
  for (const row of table(header, [...groups, total].map(rowOf), io)) io.out(row);
  io.err('Median (90th percentile) from the first alert; "of N" where fewer than all could be measured.');
}

/** `incident similar ID`: past incidents that were like this one, and what ended them. */
export async function similar({ gateway, io, json }: Session, reference: string | null): Promise<void> {
  const id = await resolveIncident(gateway, reference);
  const answer = await gateway.json<{ readonly similar: readonly Similar[] }>({ path: at(id, '/similar') });
  if (json) return io.out(JSON.stringify(answer));
  if (answer.similar.length === 0) return io.out(`Nothing like ${id} is on record.`);
  for (const one of answer.similar) {
    const long = one.resolveSeconds === null ? '' : ` in ${span(one.resolveSeconds)}`;
    io.out(`${one.incidentId}  ${one.severity}  ${percent(one.score)}  ${cleanLine(one.title)}`);
    io.out(`  alike: ${one.why.map(cleanLine).join(', ')}`);
    io.out(`  cause: ${cleanLine(one.causeWords ?? 'not found')}`);
    io.out(`  ended: ${cleanLine(one.fix ?? 'not recorded')}${long}`);
  }
}

/** `incident history ID`: the engine's own history of a closed incident, as JSON that replays. */
export async function history({ gateway, io }: Session, reference: string | null): Promise<void> {
  io.out(await gateway.text({ path: at(await resolveIncident(gateway, reference), '/history') }));
}

function rowOf({ group, incidents, lengths, promises, relapses }: GroupFigures): readonly string[] {
  const made = promises.kept + promises.late + promises.missed;
  const kept = made === 0 ? 'none made' : `${percent(promises.kept / made)} of ${made}`;
  const { acknowledge, mitigate, resolve } = lengths;
  return [
    cleanLine(group),
    String(incidents),
    lengthOf(acknowledge, incidents),
    lengthOf(mitigate, incidents),
    lengthOf(resolve, incidents),
    kept,
    String(relapses),
  ];
}

function lengthOf({ recorded, medianSeconds, p90Seconds, invalid }: LengthFigures, incidents: number): string {
  if (medianSeconds === null || p90Seconds === null) return 'not recorded';
  const of = recorded === incidents ? '' : ` of ${recorded}`;
  return `${span(medianSeconds)} (${span(p90Seconds)})${of}${invalid > 0 ? `, ${invalid} invalid` : ''}`;
}

/** `90d` ago, or a date. */
function sinceOf(text: string, nowMs: number): Instant {
  const minutes = minutesOf(text);
  if (minutes !== null) return instant(nowMs - minutes * 60_000);
  const ms = Date.parse(text);
  if (!Number.isNaN(ms)) return instant(ms);
  throw new CliFailure(
    'usage',
    `"${text}" is no date and no length of time.`,
    'Write 90d, or a date such as 2026-01-31.',
  );
}
