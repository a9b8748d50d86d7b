import type { Crossing } from './crossings.ts';
import type { EvidenceItem, Finding, LogPattern } from './evidence.ts';
import { percent } from './format.ts';
import { epochMs, type Instant, isBefore, plusMinutes, secondsBetween } from './instant.ts';
import type { EventOf, TimelineEvent } from './timeline.ts';

/** A line of the chain before it is known what stands beside it. */
export interface CorrelatedSign {
  readonly at: Instant;
  readonly role: CorrelatedRole;
  readonly system: string;
  readonly words: string;
  /** How other lines call it: "12 minutes after …". */
  readonly short: string;
  /** What an explanation would name. */
  readonly names: readonly string[];
  readonly source: { readonly command: string | null; readonly link: string | null };
  readonly seq: number | null;
}

/** What changed longer before the first symptom is not looked at (R2.2, R5.4: two hours). */
const BEFORE_MINUTES = 120;
/** An undo and a restart write a revision too; within this time of an act of ours it is that act. */
const OWN_ACT_SECONDS = 180;
/** Two looks at one series date the same turn a little differently. */
const SAME_TURN_SECONDS = 600;
const LOG_LINES = 3;
const KILLED_PODS = 3;

/** What the evidence dates: changes of production, turns of series, the first lines of a log pattern, killed pods. */
export function correlatedSigns(timeline: readonly TimelineEvent[]): readonly CorrelatedSign[] {
  const opened = timeline.find((event): event is EventOf<'opened'> => event.kind === 'opened');
  if (opened === undefined) return [];
  const items = timeline.flatMap((event) => (event.kind === 'evidence-collected' ? event.bundle.items : []));
  const fromAt = plusMinutes(opened.detectedAt, -BEFORE_MINUTES);
  const acts = timeline.filter((event): event is EventOf<'remedy-intended'> => event.kind === 'remedy-intended');
  return [
    ...changes(items).filter((sign) => !acts.some((act) => isOwnAct(act, sign))),
    ...turns(items),
    ...firstLines(items),
    ...killedPods(items),
  ].filter(({ at }) => !isBefore(at, fromAt));
}

/** Rollouts and changed ConfigMaps, each once, however often it was looked at. */
function changes(items: readonly EvidenceItem[]): readonly CorrelatedSign[] {
  const found = items.flatMap((item) => {
    const { finding } = item;
    if (finding.probe === 'rollouts') return rolloutSigns(item, finding);
    if (finding.probe !== 'config-changes') return [];
    return finding.changes.map(({ configmap, changedAt, by }) =>
      sign(item, changedAt, 'change', `The ConfigMap ${configmap} was changed by ${by}`, `the change of ${configmap}`, [
        configmap,
      ]),
    );
  });
  return [...new Map(found.map((one) => [`${one.at} ${one.short}`, one])).values()];
}

function rolloutSigns(item: EvidenceItem, { deployments }: Extract<Finding, { probe: 'rollouts' }>) {
  return deployments.flatMap(({ name, current, previous }) =>
    [current, previous].flatMap((one) => {
      if (one === null) return [];
      const change = one.change === null ? '' : `: "${one.change}"`;
      const words = `${name} was rolled out as revision ${one.revision}${change} (${one.image})`;
      return [sign(item, one.rolledOutAt, 'change', words, `the rollout of ${name}`, [name])];
    }),
  );
}

function isOwnAct(act: EventOf<'remedy-intended'>, change: CorrelatedSign): boolean {
  return change.names.includes(act.plan.target.name) && Math.abs(secondsBetween(act.at, change.at)) <= OWN_ACT_SECONDS;
}

/** How a series is told: what it is called, what its limit means, and in which unit. */
interface Measured {
  readonly name: string;
  readonly aboveIs: CorrelatedRole;
  readonly words: (value: number) => string;
}

const seconds = (value: number): string => `${Number(value.toFixed(1))} s`;
const whole = (value: number): string => String(Math.round(value));

const MEASURED: Readonly<Record<string, Measured>> = {
  errorRatio: { name: 'the error rate', aboveIs: 'symptom', words: percent },
  p95Seconds: { name: 'the 95th percentile of response times', aboveIs: 'symptom', words: seconds },
  databaseConnections: { name: 'the number of busy database connections', aboveIs: 'exhausted', words: whole },
  memory: {
    name: 'the memory of all pods',
    aboveIs: 'exhausted',
    words: (value) => `${Math.round(value / 1024 / 1024)} MiB`,
  },
};

interface Series {
  readonly item: EvidenceItem;
  readonly name: string;
  readonly query: string;
  readonly roseAt: Instant | null;
  readonly crossings: readonly Crossing[];
}

/** Turns of series. Of two looks at the same turn the later is told, which saw what became of it. */
function turns(items: readonly EvidenceItem[]): readonly CorrelatedSign[] {
  const told: { readonly of: string; readonly sign: CorrelatedSign }[] = [];
  for (const series of items.flatMap(seriesOf)) {
    for (const { of, sign: fresh } of turnsOf(series)) {
      const same = told.findIndex(
        (one) => one.of === of && Math.abs(secondsBetween(one.sign.at, fresh.at)) <= SAME_TURN_SECONDS,
      );
      if (same >= 0) told.splice(same, 1);
      told.push({ of, sign: fresh });
    }
  }
  return told.map((one) => one.sign);
}

function seriesOf(item: EvidenceItem): readonly Series[] {
  const { finding } = item;
  switch (finding.probe) {
    case 'error-rate':
      return [{ item, name: 'errorRatio', query: item.command, roseAt: null, crossings: finding.crossings ?? [] }];
    case 'latency':
      return [{ item, name: 'p95Seconds', query: item.command, roseAt: null, crossings: finding.crossings ?? [] }];
    case 'database-connections':
      return [
        {
          item,
          name: 'databaseConnections',
          query: finding.query ?? item.command,
          roseAt: finding.roseAt ?? null,
          crossings: finding.crossings ?? [],
        },
      ];
    case 'metrics-snapshot':
      return finding.series.map(({ name, query, roseAt, crossings }) => ({
        item,
        name,
        query: query ?? item.command,
        roseAt: roseAt ?? null,
        crossings: crossings ?? [],
      }));
    default:
      return [];
  }
}

function turnsOf({ item, name, query, roseAt, crossings }: Series) {
  const measured = MEASURED[name];
  if (measured === undefined) return [];
  const turn = (at: Instant, role: CorrelatedRole, words: string, short: string) => ({
    of: `${name} ${role}`,
    sign: { ...sign(item, at, role, words, short, []), system: METRICS, source: { command: query, link: item.link } },
  });
  const capital = `${measured.name.slice(0, 1).toUpperCase()}${measured.name.slice(1)}`;
  return [
    ...(roseAt === null ? [] : [turn(roseAt, 'climb', `${capital} began to climb`, `${measured.name} began to climb`)]),
    ...crossings.map(({ at, to, limit, extreme }) => {
      const [over, most] = [measured.words(limit), measured.words(extreme)];
      return to === 'above'
        ? turn(
            at,
            measured.aboveIs,
            `${capital} went above ${over}, to ${most} at most`,
            `${measured.name} went above ${over}`,
          )
        : turn(at, 'recovery', `${capital} came back to ${over} or less`, `${measured.name} came back`);
    }),
  ];
}

/** Series come from the monitoring system also where the question was another system's. */
const METRICS = 'Prometheus';

/** The first line of each of the most frequent patterns in the export, which reaches hours back and is not cut (R5.1). */
function firstLines(items: readonly EvidenceItem[]): readonly CorrelatedSign[] {
  const exported = items.findLast(({ finding }) => finding.probe === 'log-export');
  if (exported?.finding.probe !== 'log-export') return [];
  const dated = exported.finding.patterns.filter(
    (one): one is LogPattern & { firstAt: Instant } => one.firstAt !== null && one.kind !== 'other',
  );
  return [...dated]
    .sort((a, b) => b.count - a.count || epochMs(a.firstAt) - epochMs(b.firstAt))
    .slice(0, LOG_LINES)
    .map(({ firstAt, kind, count, pattern }) =>
      sign(
        exported,
        firstAt,
        'symptom',
        `The first of ${count} log ${count === 1 ? 'line' : 'lines'}: ${pattern.slice(0, 120)}`,
        `the first ${kind.replaceAll('-', ' ')} errors in the logs`,
        [],
      ),
    );
}

/** A container that was killed for its memory started again right after, and says when. */
function killedPods(items: readonly EvidenceItem[]): readonly CorrelatedSign[] {
  const found = items.flatMap((item) =>
    item.finding.probe !== 'pods'
      ? []
      : item.finding.pods.flatMap(({ name, lastTermination, startedAt }) =>
          lastTermination !== 'OOMKilled' || startedAt === null
            ? []
            : [
                sign(
                  item,
                  startedAt,
                  'exhausted',
                  `${name} was killed for its memory and started again`,
                  `${name} was killed for its memory`,
                  [name],
                ),
              ],
        ),
  );
  const once = [...new Map(found.map((one) => [`${one.at} ${one.short}`, one])).values()];
  return once.sort((a, b) => epochMs(a.at) - epochMs(b.at)).slice(0, KILLED_PODS);
}

function sign(
  item: EvidenceItem,
  at: Instant,
  role: CorrelatedRole,
  words: string,
  short: string,
  names: readonly string[],
): CorrelatedSign {
  const source = { command: item.command === '' ? null : item.command, link: item.link };
  return { at, role, system: item.source, words, short, names, source, seq: null };
}

/** What a line is in the chain of an incident, in the runbook's order (R5, "Correlate events"). */
export type CorrelatedRole = 'change' | 'climb' | 'exhausted' | 'symptom' | 'alert' | 'action' | 'recovery' | 'relapse';
