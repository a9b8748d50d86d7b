import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { epochMs } from '../../../src/domain/instant.ts';
import type { DrillRun } from '../play-drill.ts';
import type { TrackedWorkflow } from '../workflow-tracker.ts';
import { eventsOf } from './evidence.ts';
import { firstAlertMs, firstSymptomMs } from './measures.ts';
import { productionChanges } from './production-changes.ts';

/** A link of the chain as the world knows it: what the post-mortem has to say, and when it was. */
interface Link {
  readonly told: RegExp;
  readonly atMs: number;
}

/** Documents tell minutes, series are read every half minute, and a rate over a minute follows it by as much. */
const EXACT_MS = 60_000;
const MEASURED_MS = 120_000;

/** Post-mortems whose timeline tells, in order and at the world's own times, what led to what (R5.5). */
export function toldChains(drillRun: DrillRun): number {
  return drillRun.incidents.filter((workflow) => {
    const text = documentOf(drillRun, workflow);
    return text !== null && tellsInOrder(rowsOf(text, drillRun.drill.startAtMs), linksOf(drillRun, workflow));
  }).length;
}

function documentOf({ environment }: DrillRun, workflow: TrackedWorkflow): string | null {
  const path = eventsOf(workflow, 'post-mortem-written').findLast((event) => event.path != null)?.path;
  return path == null ? null : readFileSync(join(environment.documentsDir, path), 'utf8');
}

/** Deploy, climb and exhaustion where there were such, errors, what was done first, and that they went. */
function linksOf(drillRun: DrillRun, workflow: TrackedWorkflow): readonly Link[] {
  const alertMs = firstAlertMs(workflow) ?? 0;
  const symptomMs = firstSymptomMs(drillRun, alertMs) ?? alertMs;
  const { world } = drillRun.environment.production;
  const deploys = world.truths().filter(({ kind, startMs }) => kind === 'bad-deploy' && startMs <= symptomMs);
  const deployLinks = deploys.map(({ names, startMs }) => ({
    told: new RegExp(`${escaped(names[0] ?? '')} was rolled out`),
    atMs: startMs,
  }));
  const first = productionChanges(drillRun)[0];
  const acts =
    first === undefined ? [] : [{ told: new RegExp(`^${escaped(first.action)} carried out`), atMs: first.atMs }];
  const wellMs = first === undefined ? symptomMs : first.atMs + MEASURED_MS;
  return [
    ...deployLinks,
    ...exhaustion(drillRun, symptomMs),
    { told: /^The error rate went above/, atMs: symptomMs },
    ...acts,
    { told: /^The error rate came back/, atMs: wellMs },
  ];
}

function exhaustion({ environment, drillPolicy, drill }: DrillRun, symptomMs: number): readonly Link[] {
  const above = drillPolicy.policy.service.database?.exhaustedAbove;
  const busy = [
    { name: '__name__', op: '=' as const, value: 'pg_stat_activity_count' },
    { name: 'state', op: '=' as const, value: 'active' },
  ];
  const [series] = environment.production.world.series.select(busy, drill.startAtMs, symptomMs + MEASURED_MS);
  const full =
    above === undefined || series === undefined ? -1 : [...series.values].findIndex((value) => value > above);
  const atMs = full < 0 ? undefined : series?.times[full];
  if (atMs === undefined) return [];
  return [
    { told: /^The number of busy database connections began to climb/, atMs: Number.NaN },
    { told: /^The number of busy database connections went above/, atMs },
  ];
}

interface Row {
  readonly atMs: number;
  readonly words: string;
}

function rowsOf(text: string, startAtMs: number): readonly Row[] {
  const day = new Date(startAtMs).toISOString().slice(0, 10);
  const section = text.slice(text.indexOf('## Timeline'), text.indexOf('## Root Cause'));
  return section.split('\n').flatMap((line) => {
    const [, date, clock, words] = /^- (?:(\d{4}-\d\d-\d\d) )?(\d\d:\d\d)(?: \([^)]*\))? - (.*)$/.exec(line) ?? [];
    return clock === undefined || words === undefined
      ? []
      : [{ atMs: epochMs(`${date ?? day}T${clock}:00.000Z`), words }];
  });
}

function tellsInOrder(rows: readonly Row[], links: readonly Link[]): boolean {
  let from = 0;
  return links.every(({ told, atMs }) => {
    const found = rows.findIndex(
      (row, index) => index >= from && told.test(row.words) && (Number.isNaN(atMs) || isAt(row, atMs)),
    );
    from = found + 1;
    return found >= 0;
  });
}

/** The row shows the minute in which it was, or a little later for what is measured. */
function isAt(row: Row, atMs: number): boolean {
  return row.atMs >= atMs - EXACT_MS && row.atMs <= atMs + MEASURED_MS;
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
