import { percent, secondsWords, sure } from '../domain/format.ts';
import type { IncidentFacts } from '../domain/incident-facts.ts';
import { epochMs, type Instant, secondsBetween } from '../domain/instant.ts';
import type { EventOf, PromiseMade, TimelineEvent } from '../domain/timeline.ts';
import { cleanLine } from '../views/escape.ts';
import { describe, type Named, namesIn } from '../views/timeline-line.ts';
import { capitalised, clockUtc, statusWords } from '../views/words.ts';
import { countdown, span } from './countdown.ts';
import type { IncidentEntry, OpenQuestion } from './incidents.ts';
import type { Io } from './io.ts';

export interface ScreenInput {
  readonly incident: IncidentEntry;
  readonly facts: IncidentFacts | null;
  readonly events: readonly TimelineEvent[];
  readonly notes: readonly string[];
  readonly now: Instant;
  /** Who looks; null when the gateway did not say. */
  readonly me: { readonly id: string; readonly name: string } | null;
  /** How the incident is named in the commands that are shown. */
  readonly shortName: string;
  /** Lines of the timeline to show last. */
  readonly recentLines: number;
}

/**
 * An incident for somebody at three in the morning: what is happening, who leads, what is due next, what they are
 * asked (with the command that answers), and only then why and what happened so far.
 */
export function incidentScreen(input: ScreenInput, { colours }: Pick<Io, 'colours'>): readonly string[] {
  const { incident, facts } = input;
  const notes = input.notes.map((note) => colours.yellow(`! ${note}`));
  if (facts === null)
    return [
      colours.bold(`${incident.title}  (${incident.id})`),
      `${incident.status}, opened ${clockUtc(incident.openedAt, input.now)} UTC`,
      ...notes,
    ];
  return [
    ...heading(input, facts, colours),
    ...notes,
    ...dueNext(input, facts, colours),
    ...asked(input, facts, colours),
    '',
    ...known(facts, colours),
    ...recent(input, colours),
  ];
}

type Colours = Io['colours'];

const LABEL_COLUMNS = 8;

function heading(
  { incident, events, now, me }: ScreenInput,
  facts: IncidentFacts,
  colours: Colours,
): readonly string[] {
  const phaseSince = events.findLast((event) => event.kind === 'phase-entered')?.at ?? facts.openedAt;
  const severity = `${facts.severity}${facts.provisional ? '?' : ''}`;
  const ended =
    incident.closedAs === null
      ? ''
      : ` · closed as ${incident.closedAs}${incident.mergedInto === null ? '' : ` into ${incident.mergedInto}`}`;
  return [
    `${severityColour(facts, colours)(` ${severity} `)} ${colours.bold(clean(facts.title))}  ${colours.dim(facts.incidentId)}`,
    line(
      'Status',
      `${colours.bold(statusWords(facts.status))} · ${facts.phase} for ${span(secondsBetween(phaseSince, now))} · detected ${clockUtc(facts.detectedAt, now)} UTC, ${span(secondsBetween(facts.detectedAt, now))} ago${ended}`,
    ),
    line('Leads', leads(facts, me, now, colours)),
    ...(facts.onCall == null ? [] : [line('On call', clean(facts.onCall))]),
  ];
}

function leads(facts: IncidentFacts, me: ScreenInput['me'], now: Instant, colours: Colours): string {
  const you = me !== null && (facts.commander === me.id || facts.commander === me.name) ? ' (you)' : '';
  const who = facts.commander === null ? colours.red('nobody yet') : colours.bold(`${clean(facts.commander)}${you}`);
  const acknowledged =
    facts.acknowledgedAt === null
      ? colours.red('not acknowledged')
      : `acknowledged by ${clean(facts.acknowledgedBy ?? 'somebody')} at ${clockUtc(facts.acknowledgedAt, now)} UTC`;
  return `${who} · ${acknowledged}`;
}

/** Promises that somebody was given and that have not ended, the earliest first. */
export function openPromises(events: readonly TimelineEvent[]): readonly PromiseMade[] {
  const ended = new Set(events.flatMap((event) => (event.kind === 'promise-ended' ? [event.promiseId] : [])));
  const made = events
    .filter((event): event is EventOf<'promised'> => event.kind === 'promised')
    .map(({ promise }) => promise);
  const latest = new Map(made.map((promise) => [promise.id, promise]));
  return [...latest.values()].filter(({ id }) => !ended.has(id)).sort((a, b) => epochMs(a.dueAt) - epochMs(b.dueAt));
}

const PROMISES_SHOWN = 3;

function dueNext({ events, now }: ScreenInput, facts: IncidentFacts, colours: Colours): readonly string[] {
  const promises = openPromises(events).map(({ words, dueAt }) => ({ words, dueAt }));
  const due =
    promises.length > 0 || facts.nextUpdateAt === null
      ? promises
      : [{ words: 'Next update', dueAt: facts.nextUpdateAt }];
  if (due.length === 0) return [line('Next', colours.dim('nothing is promised'))];
  const rows = due.slice(0, PROMISES_SHOWN).map(({ words, dueAt }, index) => {
    const left = countdown(dueAt, now);
    const shown = left.endsWith('overdue')
      ? colours.red(left)
      : secondsBetween(now, dueAt) < 300
        ? colours.yellow(left)
        : left;
    return line(index === 0 ? 'Next' : '', `${clockUtc(dueAt, now)} UTC, ${shown}: ${clean(words)}`);
  });
  return due.length > PROMISES_SHOWN
    ? [...rows, line('', colours.dim(`and ${due.length - PROMISES_SHOWN} more`))]
    : rows;
}

function asked({ shortName, now }: ScreenInput, facts: IncidentFacts, colours: Colours): readonly string[] {
  const leases = facts.openLeases.map((lease) =>
    line(
      '',
      `temporary until ${clockUtc(lease.expiresAt, now)} UTC: ${clean(lease.what)}  ${colours.dim(`incident revert-lease ${shortName} ${lease.id}`)}`,
    ),
  );
  const temporary =
    leases.length === 0
      ? []
      : [line('Undo', `${leases.length} temporary change${leases.length === 1 ? '' : 's'} in place`), ...leases];
  if (facts.openQuestions.length === 0) {
    const first =
      facts.acknowledgedAt === null && facts.resolvedAt === null
        ? [line('Asked', `who takes it?  ${colours.cyan(`incident acknowledge ${shortName}`)}`)]
        : [line('Asked', colours.dim('nothing waits for an answer'))];
    return [...first, ...temporary];
  }
  const take =
    facts.acknowledgedAt === null
      ? [line('', `and: who takes it?  ${colours.cyan(`incident acknowledge ${shortName}`)}`)]
      : [];
  return [
    ...facts.openQuestions.flatMap((question, index) => questionLines(question, index, shortName, now, colours)),
    ...take,
    ...temporary,
  ];
}

/** One question with the exact command for each answer. */
export function questionLines(
  question: OpenQuestion,
  index: number,
  shortName: string,
  now: Instant,
  colours: Colours,
): readonly string[] {
  const first = question.options[0];
  const what = question.mode === 'objection' ? 'goes ahead' : 'wanted';
  const lines = [
    line(
      index === 0 ? 'Asked' : '',
      `${colours.bold(clean(question.name))}: ${clean(question.why)} ${colours.dim(`(${question.approver}; ${what} ${clockUtc(question.deadlineAt, now)} UTC, ${countdown(question.deadlineAt, now)})`)}`,
    ),
  ];
  for (const [at, option] of question.options.entries()) {
    const chosen = at === 0 ? '' : ` --option ${option.name}`;
    lines.push(
      line(
        '',
        `  ${at === 0 ? 'yes ' : 'or  '} ${colours.cyan(`incident approve ${shortName} ${question.approvalId}${chosen}`)}  ${clean(option.preview)}`,
      ),
    );
    if (option.command !== null) lines.push(line('', `       ${colours.dim(`runs: ${clean(option.command)}`)}`));
  }
  lines.push(line('', `  no   ${colours.cyan(`incident reject ${shortName} ${question.approvalId} --because "…"`)}`));
  return first === undefined ? lines.slice(0, 1) : lines;
}

function known(facts: IncidentFacts, colours: Colours): readonly string[] {
  const figures = [
    facts.errorRatio === null ? null : `errors ${percent(facts.errorRatio)}`,
    facts.p95Seconds === null ? null : `p95 ${secondsWords(facts.p95Seconds)}`,
  ].filter((figure) => figure !== null);
  const cause = facts.cause === null ? '' : ` ${colours.dim(`(${sure(facts.cause.confidence)})`)}`;
  const links = facts.links.slice(0, 4).map(({ title, url }) => `${clean(title)} ${colours.dim(clean(url))}`);
  return [
    line('Issue', `${clean(facts.issue)}${figures.length === 0 ? '' : ` · ${figures.join(' · ')}`}`),
    line('Impact', clean(facts.impact)),
    line('Cause', `${clean(facts.causeWords)}${cause}`),
    line('Doing', clean(facts.resolvedAt === null ? facts.mitigation : (facts.fix ?? facts.mitigation))),
    ...(facts.channelName === null ? [] : [line('Channel', `#${clean(facts.channelName)}`)]),
    ...links.map((link, index) => line(index === 0 ? 'Links' : '', link)),
  ];
}

function recent({ events, now, recentLines }: ScreenInput, colours: Colours): readonly string[] {
  const told = events.filter((event) => event.kind !== 'step-finished').slice(-recentLines);
  if (recentLines === 0 || told.length === 0) return [];
  const named = namesIn(events);
  return ['', ...told.map((event) => timelineLine(event, now, colours, named))];
}

/** `14:35 UTC  Severity assessed as P1: …`. */
export function timelineLine(event: TimelineEvent, today: Instant, colours: Colours, named?: Named): string {
  return `${colours.dim(`${clockUtc(event.at, today)} UTC`)}  ${lineColour(event, colours)(describe(event, named))}`;
}

function lineColour(event: TimelineEvent, colours: Colours): (text: string) => string {
  switch (event.kind) {
    case 'trouble':
    case 'relapsed':
    case 'publication-failed':
    case 'phase-overrun':
    case 'escalated':
      return colours.red;
    case 'approval-requested':
    case 'asked-person':
    case 'lease-due':
      return colours.yellow;
    case 'mitigated':
    case 'resolved':
      return colours.green;
    default:
      return (text) => text;
  }
}

function severityColour({ severity }: IncidentFacts, colours: Colours): (text: string) => string {
  switch (severity) {
    case 'P0':
    case 'P1':
      return (text) => colours.bold(colours.bgRed(colours.white(text)));
    case 'P2':
      return (text) => colours.bgYellow(colours.black(text));
    case 'P3':
      return (text) => colours.bgBlue(colours.white(text));
  }
}

function line(label: string, text: string): string {
  return `${capitalised(label).padEnd(LABEL_COLUMNS)}${text}`;
}

function clean(text: string): string {
  return cleanLine(text);
}
