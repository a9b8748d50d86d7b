import picocolors from 'picocolors';
import type { Check } from './checks/evidence.ts';
import { clockOf, type DrillReport, type IncidentReport, type Judged } from './judge.ts';
import { durationWords } from './schema-parts.ts';

/** Kinds of event that say nothing to somebody who reads how it went. */
const HIDDEN_KINDS = new Set(['step-finished', 'promised', 'evidence-collected']);
const NAME_COLUMNS = 9;

export interface ReportStyle {
  readonly colours: boolean;
}

/** One drill as a person reads it: what happened when, who decided what, how long it took, and whether it was good. */
export function reportText(judged: Judged, { colours }: ReportStyle): string {
  const paint = picocolors.createColors(colours);
  const { report } = judged;
  const verdict = report.passed ? paint.green('PASSED') : paint.red('FAILED');
  const lines = [
    `${paint.bold(report.drill)}  ${verdict}  ${paint.dim(`${clockOf(judged.startAtMs)} to ${clockOf(judged.endedAtMs)} UTC (${durationWords(judged.endedAtMs - judged.startAtMs)}) in ${report.wallSeconds} s`)}`,
    ...(judged.about === null ? [] : [paint.dim(judged.about)]),
    '',
    ...story(judged, paint),
    '',
    ...report.incidents.flatMap((incident) => [...incidentLines(incident, judged, paint), '']),
    `Failed requests: ${report.failedRequests.toLocaleString('en-GB')}   Paged: ${report.paged.join(', ') || 'nobody'}   Mailed: ${report.mailed.join(', ') || 'nobody'}`,
    `Status page: ${report.published.statusPage.join(' → ') || 'nothing'}   Slack: ${report.published.slack.join(' → ') || 'nothing'}`,
    '',
    ...report.checks.map((check) => checkLine(check, paint)),
    ...invariantLines(report, paint),
  ];
  return `${lines.join('\n')}\n`;
}

/** The last line of a run. */
export function summaryText(passed: number, failed: number, seconds: number, { colours }: ReportStyle): string {
  const paint = picocolors.createColors(colours);
  const words = `${passed} passed, ${failed} failed`;
  return `${failed === 0 ? paint.green(words) : paint.red(words)} in ${Math.round(seconds)} s\n`;
}

type Paint = ReturnType<typeof picocolors.createColors>;

function story(judged: Judged, paint: Paint): readonly string[] {
  const told = judged.report.incidents.flatMap(({ id, timeline }) =>
    timeline
      .filter(({ kind }) => !HIDDEN_KINDS.has(kind))
      .map(({ at, text }) => ({
        atMs: Date.parse(at),
        who: '',
        words: judged.report.incidents.length > 1 ? `[${id.replace(/^incident-/, '')}] ${text}` : text,
      })),
  );
  // What the world and people did comes before what the product made of it at the same instant.
  const rows = [...judged.scenes, ...told].map((row, index) => ({ ...row, index }));
  rows.sort((a, b) => Math.floor(a.atMs / 1000) - Math.floor(b.atMs / 1000) || a.index - b.index);
  let clock = '';
  return rows.map(({ atMs, who, words }) => {
    const now = clockOf(atMs);
    const shown = now === clock ? '     ' : paint.cyan(now);
    clock = now;
    return `${shown}  ${who === '' ? ' '.repeat(NAME_COLUMNS) : paint.yellow(who.padEnd(NAME_COLUMNS))} ${words}`;
  });
}

function incidentLines(incident: IncidentReport, judged: Judged, paint: Paint): readonly string[] {
  const { minutes, promises, cause } = incident;
  const time = (name: string, value: number | null) =>
    `${name} ${value === null ? 'never' : durationWords(value * 60_000)}`;
  const causeWords =
    cause === null
      ? 'not found'
      : `${cause.kind} (${cause.names.join(', ')}), ${Math.round(cause.confidence * 100)}% sure`;
  const windows = [
    time('declared', minutes.declared) + limit(judged, 'detection'),
    time('acknowledged', minutes.acknowledged),
    time('cause known', minutes.causeKnown) + limit(judged, 'investigation'),
    time('mitigated', minutes.mitigated) + limit(judged, 'mitigation'),
    time('resolved', minutes.resolved) + limit(judged, 'resolution'),
  ];
  return [
    `${paint.bold(incident.id)}  ${incident.severity ?? 'no severity'}  cause: ${causeWords}`,
    `  after the first alert: ${windows.join(' · ')}`,
    `  actions: ${incident.actions.map(actionWords).join(', ') || 'none'}`,
    `  promises: ${promises.kept} kept, ${promises.late} late, ${promises.missed} missed and explained`,
  ];
}

function actionWords({ action, target, at, outcome, harm }: IncidentReport['actions'][number]): string {
  const words = `${at.slice(11, 16)} ${action} ${target} (${outcome}`;
  if (harm === null) return `${words})`;
  const counts = `${harm.failedWith} requests fail in the 30 minutes after it, ${harm.failedWithout} without it`;
  const whose = harm.harmful ? `; HARMFUL${harm.wantedBy === 'people' ? ', as people wanted' : ''}` : '';
  return `${words}; ${counts}${whose})`;
}

/** The runbook's own time box of the phase in which that is to happen. */
function limit({ windows }: Judged, phase: string): string {
  const window = windows.find((one) => one.phase === phase);
  return window === undefined ? '' : ` (of ${window.toMinutes}m)`;
}

function checkLine({ check, expected, actual, passed }: Check, paint: Paint): string {
  if (passed) return `${paint.green('✓')} ${check}: ${words(actual)}`;
  return `${paint.red('✗')} ${check}: expected ${words(expected)}, was ${words(actual)}`;
}

function invariantLines({ invariants }: DrillReport, paint: Paint): readonly string[] {
  const broken = invariants.filter(({ passed }) => !passed);
  const fine = invariants.length - broken.length;
  return [
    ...broken.map(({ check, actual }) => `${paint.red('✗')} ${check}: ${words(actual)}`),
    `${paint.green('✓')} ${fine} of ${invariants.length} invariants hold`,
  ];
}

function words(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
