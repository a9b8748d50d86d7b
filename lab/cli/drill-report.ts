import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { CliFailure, EXIT } from '../../src/cli/failure.ts';
import type { Io } from '../../src/cli/io.ts';
import { table } from '../../src/cli/table.ts';
import type { DrillReport, IncidentReport } from '../rehearsal/judge.ts';
import { type DrillRunOptions, runDrillFiles } from './drill.ts';

const HEADER = ['DRILL', 'PASSED', 'SEVERITY', 'CAUSE', 'KNOWN', 'ACTIONS', 'WRONG', 'MITIGATED', 'PROMISES'];

/**
 * What a team wants to know of its drills at a glance, a row each. Plays them, or reads what `drill run --json` printed
 * (a *.json file). The exit code is that of the drills.
 */
export async function reportDrills(io: Io, paths: readonly string[], options: DrillRunOptions): Promise<number> {
  const kept = paths.filter((path) => path.endsWith('.json'));
  const played = paths.filter((path) => !path.endsWith('.json'));
  const reports = kept.flatMap((path) => readReports(io, path));
  if (played.length > 0) {
    let printed = '';
    const hear = (text: string): void => {
      printed += text;
    };
    const quiet = { ...io, draw: hear };
    const code = await runDrillFiles(quiet, played, { ...options, json: true });
    if (code === EXIT.usage) return code;
    reports.push(...reportsOf(printed, 'what was played'));
  }
  const failed = reports.filter(({ passed }) => !passed).length;
  if (options.json === true) io.out(JSON.stringify({ drills: reports, passed: reports.length - failed, failed }));
  else for (const line of table(HEADER, reports.map(rowOf), io)) io.out(line);
  return failed === 0 ? EXIT.ok : 1;
}

function readReports(io: Io, path: string): readonly DrillReport[] {
  try {
    return reportsOf(readFileSync(resolve(io.cwd, path), 'utf8'), path);
  } catch (error) {
    if (error instanceof CliFailure) throw error;
    throw new CliFailure(
      'usage',
      `${path} cannot be read: ${(error as Error).message}`,
      'Give what `incident drill run --json` printed.',
    );
  }
}

function reportsOf(text: string, where: string): readonly DrillReport[] {
  const { drills } = JSON.parse(text) as { readonly drills?: readonly DrillReport[] };
  if (Array.isArray(drills)) return drills;
  throw new CliFailure('usage', `${where} holds no drills.`, 'Give what `incident drill run --json` printed.');
}

function rowOf(report: DrillReport): readonly string[] {
  const { incidents } = report;
  const each = (cell: (incident: IncidentReport) => string): string => incidents.map(cell).join('; ') || '–';
  return [
    report.drill,
    report.passed ? 'yes' : 'NO',
    each(({ severity }) => severity ?? 'none'),
    each(({ cause }) => (cause === null ? 'not found' : `${cause.kind} (${cause.names.join(', ')})`)),
    each(({ minutes }) => minutesWords(minutes.causeKnown)),
    each(({ actions }) => actions.map(({ action }) => action).join(', ') || 'none'),
    wrongActions(report).join(', ') || 'none',
    each(({ minutes }) => minutesWords(minutes.mitigated)),
    each(({ promises: { kept, late, missed } }) => `${kept} kept, ${late} late, ${missed} missed`),
  ];
}

/** Actions that did harm, that the drill forbids, or another than it wanted first. */
function wrongActions({ checks, incidents }: DrillReport): readonly string[] {
  const harmful = incidents.flatMap(({ actions }) =>
    actions.flatMap(({ action, harm }) => {
      // Reports that an older version kept say nothing of harm.
      if (harm?.harmful !== true) return [];
      return [`${action} (harmful${harm.wantedBy === 'people' ? ", people's choice" : ''})`];
    }),
  );
  const unwanted = checks.flatMap(({ check, passed, actual }) => {
    if (passed) return [];
    if (check.startsWith('never ')) return [check.slice('never '.length)];
    return check === 'firstAction' && actual !== 'none' ? [`${String(actual)} first`] : [];
  });
  return [...harmful, ...unwanted];
}

function minutesWords(minutes: number | null): string {
  return minutes === null ? 'never' : `${Math.round(minutes * 10) / 10} min`;
}
