import { sure } from '../../domain/format.ts';
import type { Instant } from '../../domain/instant.ts';
import { counted } from '../../views/words.ts';
import { html, type Markup } from '../markup.ts';
import { instantWords } from '../parts.ts';
import { table } from './policy.ts';

interface Check {
  readonly check: string;
  readonly expected?: unknown;
  readonly actual?: unknown;
  readonly passed: boolean;
}

interface PlayedIncident {
  readonly id: string;
  readonly severity: string | null;
  readonly cause: { readonly kind: string; readonly names: readonly string[]; readonly confidence: number } | null;
  readonly actions: readonly {
    readonly action: string;
    readonly target: string;
    readonly at: string;
    readonly outcome: string;
  }[];
  readonly minutes: Readonly<Record<'acknowledged' | 'causeKnown' | 'mitigated' | 'resolved', number | null>>;
  readonly promises: { readonly kept: number; readonly late: number; readonly missed: number };
  readonly timeline: readonly { readonly at: string; readonly kind: string; readonly text: string }[];
}

export interface DrillFile {
  readonly name: string;
  readonly about: string;
  /** The runbook's rows that it proves. */
  readonly rows: readonly string[];
  /** How it went when it was played last; null when no report was kept. */
  readonly last: {
    readonly playedAt: Instant;
    readonly report: {
      readonly passed: boolean;
      readonly checks: readonly Check[];
      readonly invariants: readonly Check[];
      readonly incidents: readonly PlayedIncident[];
      readonly failedRequests: number;
      readonly wallSeconds: number;
    };
  } | null;
}

const COLUMNS = ['Drill', 'Proves', 'Last played', 'Severity', 'Cause', 'Actions', 'Mitigated', 'Promises'];
/** Bookkeeping that tells a reader nothing of how it went. */
const HIDDEN_KINDS: ReadonlySet<string> = new Set(['step-finished', 'promised', 'evidence-collected']);

/** What can be rehearsed before the night it is needed, how it went the last time, and how to play it. */
export function drillsBody(drills: readonly DrillFile[], now: Instant): Markup {
  const played = drills.flatMap(({ last }) => last ?? []);
  const failed = played.filter(({ report }) => !report.passed).length;
  const how =
    played.length === 0
      ? html`<p class="note">None was played here yet, so there is no report. Play them all, and each leaves its report: <code>incident drill run drills/</code></p>`
      : html`<p class="hint">${played.length} of ${drills.length} were played, ${failed === 0 ? 'all passed' : html`<strong class="bad">${counted(failed, 'drill')} failed</strong>`}. Again: <code>incident drill run drills/NAME.yaml</code></p>`;
  return html`<h1>Drills</h1>
<p class="hint">A drill runs the whole product in virtual time against a simulated production.</p>
${
  drills.length === 0
    ? html`<p class="empty">No drill files lie beside this gateway.</p>`
    : html`${how}${table(
        `${drills.length} drills`,
        COLUMNS,
        drills.map((drill) => [drillCell(drill), drill.rows.join(', '), ...lastCells(drill, now)]),
      )}`
}`;
}

function drillCell({ name, about }: DrillFile): Markup {
  return html`<a href="/drills/${encodeURIComponent(name)}">${name}</a><br><span class="hint">${about}</span>`;
}

function lastCells({ last }: DrillFile, now: Instant): readonly (string | Markup)[] {
  if (last === null) return [html`<span class="hint">not yet</span>`, '', '', '', '', ''];
  const each = (cell: (incident: PlayedIncident) => string) => last.report.incidents.map(cell).join('; ') || 'none';
  return [
    html`${verdict(last.report.passed)} ${instantWords(last.playedAt, now)}`,
    each(({ severity }) => severity ?? 'none'),
    each(causeWords),
    each(({ actions }) => actions.map(({ action }) => action).join(', ') || 'none'),
    each(({ minutes }) => minutesWords(minutes.mitigated)),
    each(promiseWords),
  ];
}

/** One drill: what it is about, and how it went. */
export function drillBody({ name, about, rows, last }: DrillFile, now: Instant): Markup {
  return html`<article class="page"><p class="crumb"><a href="/drills">Drills</a> / ${name}</p>
<h1>${name}</h1>
<p>${about}</p>
${rows.length > 0 && html`<p class="hint">Proves ${rows.join(', ')} of the runbook.</p>`}
<p class="hint">Play it: <code>incident drill run drills/${name}.yaml</code></p>
${last === null ? html`<p class="note">It was not played here yet, so there is no report.</p>` : reportSections(last, now)}
</article>`;
}

function reportSections({ playedAt, report }: NonNullable<DrillFile['last']>, now: Instant): Markup {
  const broken = report.invariants.filter(({ passed }) => !passed);
  const fine = report.invariants.length - broken.length;
  return html`<section class="card"><h2>Last report</h2>
<p class="big">${verdict(report.passed)}</p>
<p class="hint">Played ${instantWords(playedAt, now)} UTC in ${report.wallSeconds} s; ${counted(report.failedRequests, 'request')} failed in the simulated production.</p>
<ul class="items">${[...report.checks, ...broken].map(checkItem)}</ul>
<p class="hint">${fine} of ${report.invariants.length} invariants hold.</p></section>
${report.incidents.length === 0 && html`<p class="empty">It opened no incident.</p>`}
${report.incidents.map(incidentCard)}`;
}

function checkItem({ check, expected, actual, passed }: Check): Markup {
  const words = passed ? wordsOf(actual) : `expected ${wordsOf(expected)}, was ${wordsOf(actual)}`;
  return html`<li class="${passed ? 'ordinary' : 'abnormal'}">${passed ? '✓' : html`<strong class="bad">✗</strong>`} ${check}: ${words}</li>`;
}

function incidentCard(incident: PlayedIncident): Markup {
  const { id, severity, minutes, actions, timeline } = incident;
  const told = timeline.filter(({ kind }) => !HIDDEN_KINDS.has(kind));
  return html`<section class="card"><h2>${id}</h2>
<dl class="facts">
<dt>Severity</dt><dd>${severity ?? 'none'}</dd>
<dt>Cause</dt><dd>${causeWords(incident)}${incident.cause !== null && html` <span class="hint">${sure(incident.cause.confidence)}</span>`}</dd>
<dt>Actions</dt><dd>${actions.length === 0 ? 'none' : actions.map(({ action, target, at, outcome }) => html`<div>${at.slice(11, 16)} ${action.replaceAll('-', ' ')} ${target} <span class="hint">${outcome}</span></div>`)}</dd>
<dt>Acknowledged</dt><dd>${minutesWords(minutes.acknowledged)}</dd>
<dt>Cause known</dt><dd>${minutesWords(minutes.causeKnown)}</dd>
<dt>Mitigated</dt><dd>${minutesWords(minutes.mitigated)}</dd>
<dt>Resolved</dt><dd>${minutesWords(minutes.resolved)}</dd>
<dt>Promises</dt><dd>${promiseWords(incident)}</dd>
</dl>
<details id="timeline-${id}"><summary>Timeline, ${counted(told.length, 'event')}</summary><ol class="timeline">${told.map(({ at, text }) => html`<li><time datetime="${at}">${at.slice(11, 16)}</time> <span>${text}</span></li>`)}</ol></details></section>`;
}

function verdict(passed: boolean): Markup {
  return passed ? html`<strong class="status resolved">passed</strong>` : html`<strong class="bad">FAILED</strong>`;
}

function causeWords({ cause }: PlayedIncident): string {
  return cause === null ? 'not found' : `${cause.kind.replaceAll('-', ' ')} (${cause.names.join(', ')})`;
}

function promiseWords({ promises: { kept, late, missed } }: PlayedIncident): string {
  return `${kept} kept, ${late} late, ${missed} missed`;
}

function minutesWords(minutes: number | null): string {
  return minutes === null ? 'never' : `${Math.round(minutes * 10) / 10} min`;
}

function wordsOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing');
}
