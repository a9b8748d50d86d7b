import { type CorrelatedLine, correlatedTimeline } from '../domain/correlated-timeline.ts';
import type { Figure } from '../domain/figure.ts';
import { sure } from '../domain/format.ts';
import type { IncidentFacts } from '../domain/incident-facts.ts';
import { epochMs, type Instant } from '../domain/instant.ts';
import type { TimelineEvent, TimelineKind } from '../domain/timeline.ts';
import { correlatedLineWords, teamClock, teamClockNote } from './correlated-line.ts';
import { cleanLine, markdown, webAddress } from './escape.ts';
import { type ActionItemRow, postMortemPoints, proposedItems } from './post-mortem-points.ts';
import { describe, namesIn } from './timeline-line.ts';
import { clockUtc, counted, dateOf, durationBetween, longDate } from './words.ts';

export interface PostMortemInput {
  readonly facts: IncidentFacts;
  readonly timeline: readonly TimelineEvent[];
  readonly figures: {
    readonly failedRequests: number | null;
    readonly failedRequestsFormula: string;
    readonly affectedUsers: number | null;
    readonly complaints?: Figure;
  };
  /** Empty when nobody has written items: then the ones the timeline suggests are proposed. */
  readonly items: readonly ActionItemRow[];
  /** The team's own; times are UTC, and beside it what the team's clocks showed. UTC when left out. */
  readonly timeZone?: string;
  /** Mails to customers as the ledger has them; absent or empty: none was written to. */
  readonly customerMails?: readonly {
    readonly edition: string;
    readonly waiting: number;
    readonly sent: number;
    readonly refused: number;
    readonly bounced: number;
  }[];
}

/** A figure nobody measured is said to be just that: never zero, never invented (R6.2). */
const NOT_RECORDED = 'not recorded';

/** More lines than this would bury what matters; the whole timeline stays in the store. */
const TIMELINE_LINES = 200;

/** The runbook's post-mortem template (R6.2) as Markdown; places for people's words are marked `For people`. */
export function postMortem(input: PostMortemInput): string {
  const { facts } = input;
  const points = postMortemPoints(facts, input.timeline);
  return `${[
    `# Post-Mortem: ${inline(facts.title)} Incident`,
    heading(facts),
    section('Summary', summary(facts)),
    section('Timeline (UTC)', timelineLines(input)),
    section('Root Cause', rootCause(facts)),
    section('Impact', impact(input)),
    section('What Went Well', numbered(points.wentWell, 'what went well that no record shows')),
    section('What Could Be Improved', numbered(points.couldImprove, 'what could be improved that no record shows')),
    section('Action Items', itemTable(input.items.length > 0 ? input.items : proposedItems(facts, input.timeline))),
    section('Lessons Learned', forPeople('what the team learned; the points above are a start')),
  ].join('\n\n')}\n`;
}

function section(title: string, body: string): string {
  return `## ${title}\n\n${body}`;
}

function heading(facts: IncidentFacts): string {
  const lines = [
    ['Date', dateOf(facts.detectedAt)],
    ['Severity', `${facts.severity}${facts.provisional ? ' (provisional)' : ''}`],
    ['Duration', duration(facts)],
    ['Impact', inline(facts.impact)],
    ['Incident Commander', inline(facts.commander ?? NOT_RECORDED)],
    ['Incident', inline(facts.incidentId)],
  ];
  return lines.map(([name, value]) => `**${name}**: ${value}`).join('\\\n');
}

function duration(facts: IncidentFacts): string {
  if (facts.resolvedAt === null) return `${durationBetween(facts.detectedAt, facts.at)} so far, not resolved`;
  const until = clockUtc(facts.resolvedAt, facts.detectedAt);
  return `${durationBetween(facts.detectedAt, facts.resolvedAt)} (${clockUtc(facts.detectedAt, facts.detectedAt)} - ${until} UTC)`;
}

function summary(facts: IncidentFacts): string {
  const length =
    facts.resolvedAt === null
      ? 'It is not resolved yet.'
      : `It lasted ${durationBetween(facts.detectedAt, facts.resolvedAt)}.`;
  const fix = facts.fix === null ? '' : ` Fix applied: ${sentence(facts.fix)}`;
  return `On ${longDate(facts.detectedAt)}, ${inline(facts.product)} (${inline(facts.service)}) had an incident: ${sentence(facts.issue)} ${length} Root cause: ${sentence(facts.causeWords)}${fix}\n\n${forPeople('anything a reader who was not there needs')}`;
}

/** What a reader of the post-mortem needs; bookkeeping (promises, messages, steps) stays in the full timeline. */
const TOLD: ReadonlySet<TimelineKind> = new Set<TimelineKind>([
  'opened',
  'alert-received',
  'alert-cleared',
  'severity-assessed',
  'severity-set',
  'phase-overrun',
  'acknowledged',
  'commander-changed',
  'assigned',
  'noted',
  'channel-opened',
  'paged',
  'escalated',
  'explained',
  'approval-requested',
  'approval-granted',
  'approval-rejected',
  'remedy-carried-out',
  'remedy-verified',
  'remedy-skipped',
  'lease-opened',
  'lease-settled',
  'update-written',
  'mitigated',
  'relapsed',
  'resolved',
  'reopened',
  'trouble',
]);

/**
 * One list of what people said and decided, what the machine did, and what the systems showed meanwhile (R5.5). What the
 * timeline tells already is not told twice: its row says what it means beside the others, and how that is known.
 */
function timelineLines({ facts, timeline, timeZone = 'UTC' }: PostMortemInput): string {
  const told = timeline.filter(
    (event) => TOLD.has(event.kind) || (event.kind === 'promise-ended' && event.how === 'missed'),
  );
  const named = namesIn(timeline);
  const chain = correlatedTimeline(timeline);
  const bySeq = new Map(chain.flatMap((line) => (line.seq === null ? [] : [[line.seq, line] as const])));
  const began: TimelineRow = { at: facts.detectedAt, words: 'The problem began to show', line: null };
  const rows = [
    ...chain.filter(({ seq }) => seq === null).map((line): TimelineRow => ({ at: line.at, words: line.words, line })),
    began,
    ...told.map(
      (event): TimelineRow => ({ at: event.at, words: describe(event, named), line: bySeq.get(event.seq) ?? null }),
    ),
  ];
  const ordered = rows.sort((a, b) => epochMs(a.at) - epochMs(b.at));
  const shown = ordered.slice(0, TIMELINE_LINES).map((row) => timelineRow(row, facts.detectedAt, timeZone));
  const left = ordered.length - shown.length;
  const note = teamClockNote(facts.detectedAt, timeZone);
  return [
    ...(note === '' ? [] : [`${inline(note)}\n`]),
    ...shown,
    ...(left > 0 ? [`- (${left} more in the incident's timeline)`] : []),
  ].join('\n');
}

interface TimelineRow {
  readonly at: Instant;
  readonly words: string;
  readonly line: CorrelatedLine | null;
}

function timelineRow({ at, words, line }: TimelineRow, today: Instant, timeZone: string): string {
  const row = `- ${teamClock(at, today, timeZone)} - ${inline(words)}`;
  if (line === null) return row;
  const { meaning, system, command } = correlatedLineWords(line, today, timeZone);
  const address = line.source.link === null ? null : webAddress(line.source.link);
  const known = [
    `${inline(system)}${command === null ? '' : `: \`${command.replace(/`/gu, 'ˋ')}\``}`,
    ...(address === null ? [] : [`[shown here](${address.replace(/\(/gu, '%28').replace(/\)/gu, '%29')})`]),
  ];
  return `${row.replace(/\.$/u, '')} (${inline(meaning)}; ${known.join(', ')})`;
}

function rootCause(facts: IncidentFacts): string {
  const { cause } = facts;
  if (cause === null)
    return `Not known: ${sentence(facts.causeWords)}\n\n${forPeople('the root cause once it is known')}`;
  const weighed = [
    ...cause.supports.map((item) => `- For it: ${inline(item.words)}`),
    ...cause.contradicts.map((item) => `- Against it: ${inline(item.words)}`),
  ];
  return [
    `${sentence(cause.words)} (${sure(cause.confidence)})`,
    weighed.join('\n'),
    forPeople('why it could happen, in depth'),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function impact(input: PostMortemInput): string {
  const { figures } = input;
  const failed =
    figures.failedRequests === null
      ? `${NOT_RECORDED} (asked: ${inline(figures.failedRequestsFormula)})`
      : `Approximately ${thousands(figures.failedRequests)} (computed as ${inline(figures.failedRequestsFormula)})`;
  const users = figures.affectedUsers === null ? NOT_RECORDED : `Up to ${thousands(figures.affectedUsers)} at once`;
  return [
    `- **Users Affected**: ${users}`,
    `- **Requests Failed**: ${failed}`,
    `- **Revenue Impact**: ${NOT_RECORDED}. ${forPeople('an estimate, if somebody has one')}`,
    `- **Customer Complaints**: ${complaintWords(figures.complaints)}`,
    ...(input.customerMails ?? []).map(toldWords),
  ].join('\n');
}

/** Whom the mail reached, by the ledger: what came back later is no customer who was told (R4.5). */
function toldWords(mail: NonNullable<PostMortemInput['customerMails']>[number]): string {
  const all = mail.waiting + mail.sent + mail.refused + mail.bounced;
  const left = mail.waiting === 0 ? '' : `, ${thousands(mail.waiting)} to go`;
  return `- **Customers Told**: ${thousands(mail.sent)} of ${thousands(all)} (recorded: mail ${inline(mail.edition)}; ${thousands(mail.bounced)} came back, ${thousands(mail.refused)} refused${left})`;
}

/** Computed from the support systems, never asked of a person where one of them can tell (R6.2). */
function complaintWords(figure: Figure | undefined): string {
  const ask = forPeople('the number of support tickets');
  if (figure === undefined) return `${NOT_RECORDED}. ${ask}`;
  switch (figure.status) {
    case 'recorded':
      return `${figure.atLeast ? 'At least ' : ''}${counted(figure.value, 'support ticket')} (recorded: ${inline(figure.source)})`;
    case 'pending':
      return `Pending: ${inline(figure.why)}. ${ask}`;
    case 'invalid':
      return `Invalid: ${inline(figure.why)}. ${ask}`;
    case 'not-applicable':
      return `Not applicable: ${inline(figure.why)}.`;
  }
}

function numbered(points: readonly string[], ask: string): string {
  const lines = points.map((point, index) => `${index + 1}. ${inline(point)}`);
  return [...(lines.length === 0 ? [] : [lines.join('\n')]), forPeople(ask)].join('\n\n');
}

function itemTable(items: readonly ActionItemRow[]): string {
  const rows = items.map((item) => [
    inline(item.what),
    item.owner === null ? 'to be assigned' : inline(item.owner),
    item.dueAt === null ? 'to be set' : dateOf(item.dueAt),
    inline(item.status),
  ]);
  const table = [['Action', 'Owner', 'Due Date', 'Status'], ['---', '---', '---', '---'], ...rows];
  const text = table.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
  return rows.length === 0 ? `${text}\n\n${forPeople('the action items')}` : text;
}

/** One look for every place that waits for somebody's words, so that an unfinished document can be found by search. */
function forPeople(what: string): string {
  return `_For people to write: ${what}._`;
}

function sentence(text: string): string {
  const words = inline(text);
  return /[.!?…]$/u.test(words) ? words : `${words}.`;
}

function inline(text: string): string {
  return markdown(cleanLine(text));
}

/** `15,750`: by hand, since number formats of a locale differ between builds of Node. */
function thousands(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/gu, ',');
}

/** Where the document lives below the documents' address: same incident, same path (R6.3). */
export function postMortemPath(facts: IncidentFacts, suffix: number): string {
  const slug = facts.title
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/gu, '-')
    .replace(/^-+|-+$/gu, '')
    .slice(0, 60)
    .replace(/-+$/u, '');
  return `postmortems/${dateOf(facts.detectedAt)}-${slug === '' ? 'incident' : slug}${suffix > 1 ? `-${suffix}` : ''}.md`;
}

/** Where a reader finds the document: the documents' address and the path without its ending, as the runbook links it. */
export function documentAddress(documentsUrl: string, path: string): string | null {
  const base = webAddress(documentsUrl);
  return base === null ? null : `${base.replace(/\/+$/u, '')}/${path.replace(/\.md$/u, '')}`;
}
