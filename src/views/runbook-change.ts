import { documentTimeline } from '../domain/document-timeline.ts';
import type { EvidenceItem } from '../domain/evidence.ts';
import type { IncidentFacts } from '../domain/incident-facts.ts';
import type { EventOf, TimelineEvent, TimelineKind } from '../domain/timeline.ts';
import { cleanLine, cleanLines, markdown, webAddress } from './escape.ts';
import { dateOf } from './words.ts';

export interface RunbookAdditionInput {
  readonly facts: IncidentFacts;
  readonly timeline: readonly TimelineEvent[];
  /** People's own words of the post-mortem; null while nobody wrote any. */
  readonly lessons: string | null;
  readonly postMortemUrl: string | null;
}

const SIGNS = 8;
const COMMANDS = 10;
const COMMAND_CHARACTERS = 600;
const LESSONS_CHARACTERS = 4_000;

/**
 * What an incident adds to a runbook (R6.5): how it looked, how it was recognised, what helped and what did not, and
 * what was typed, so that whoever sees it next need not find it out again. Markdown; the same incident, the same text.
 */
export function runbookAddition({ facts, timeline, lessons, postMortemUrl }: RunbookAdditionInput): string {
  const told = documentTimeline(timeline);
  const items = strikingItems(told);
  const url = postMortemUrl === null ? null : webAddress(postMortemUrl);
  const parts: readonly (string | null)[] = [
    `### ${dateOf(facts.detectedAt)}: ${inline(facts.title)}`,
    `${facts.severity}, ${inline(facts.service)}.${url === null ? '' : ` [Post-mortem](${url})`}`,
    part('How it looked', listOf([...alerts(told), ...items.map(({ words }) => words)].slice(0, SIGNS))),
    part('How it was recognised', recognised(facts)),
    part('What helped', listOf(remedies(told, true))),
    part('What did not help', listOf(remedies(told, false))),
    part('Commands and queries', commandsOf(told, items)),
    lessons === null ? null : part('What the team learned', cleanLines(lessons, LESSONS_CHARACTERS)),
  ];
  return `${parts.filter((one) => one !== null).join('\n\n')}\n`;
}

/** Null without a body: an empty heading tells nobody anything. */
function part(title: string, body: string | null): string | null {
  return body === null ? null : `**${title}**\n\n${body}`;
}

function listOf(lines: readonly string[]): string | null {
  return lines.length === 0 ? null : lines.map((line) => `- ${inline(line)}`).join('\n');
}

function alerts(timeline: readonly TimelineEvent[]): readonly string[] {
  const summaries = all(timeline, 'alert-received').map(({ alert }) => `Alert ${alert.name}: ${alert.summary}`);
  return [...new Set(summaries)];
}

/** The first answer of each question that was out of the ordinary: later ones are of an incident already known. */
function strikingItems(timeline: readonly TimelineEvent[]): readonly EvidenceItem[] {
  const first = new Map<string, EvidenceItem>();
  for (const { bundle } of all(timeline, 'evidence-collected'))
    for (const item of bundle.items) if (item.abnormal && !first.has(item.probe)) first.set(item.probe, item);
  return [...first.values()];
}

function recognised({ cause, causeWords }: IncidentFacts): string | null {
  if (cause === null) return null;
  const signs = listOf(cause.supports.map(({ words }) => words));
  return [`Cause: ${inline(causeWords)}`, ...(signs === null ? [] : [signs])].join('\n\n');
}

function remedies(timeline: readonly TimelineEvent[], helped: boolean): readonly string[] {
  const plans = new Map(all(timeline, 'remedy-intended').map(({ plan }) => [plan.key, plan]));
  const judged = all(timeline, 'remedy-verified').filter((event) => event.helped === helped);
  return judged.map(({ key, action, words }) => {
    const plan = plans.get(key);
    return `${action}${plan === undefined ? '' : ` of ${plan.target.name}`}: ${words}`;
  });
}

/** In a fence longer than any that a command holds, so that nothing typed can end it. */
function commandsOf(timeline: readonly TimelineEvent[], items: readonly EvidenceItem[]): string | null {
  const acted = all(timeline, 'remedy-intended').map(({ plan }) => plan.command);
  const commands = [...new Set([...items.map(({ command }) => command), ...acted])]
    .map((command) => cleanLines(command, COMMAND_CHARACTERS))
    .filter((command) => command !== '')
    .slice(0, COMMANDS);
  if (commands.length === 0) return null;
  const longest = Math.max(
    2,
    ...commands.flatMap((command) => [...command.matchAll(/`+/gu)].map(([run]) => run.length)),
  );
  const fence = '`'.repeat(longest + 1);
  return `${fence}bash\n${commands.join('\n')}\n${fence}`;
}

function all<K extends TimelineKind>(timeline: readonly TimelineEvent[], kind: K): readonly EventOf<K>[] {
  return timeline.filter((event): event is EventOf<K> => event.kind === kind);
}

function inline(text: string): string {
  return markdown(cleanLine(text));
}

const ASKED = /^_For people to write: .*_$/gmu;
const LESSONS = /^## Lessons Learned[^\n]*\n([\s\S]*?)(?=^## |^<!-- incident-runbook |(?![\s\S]))/mu;

/** What people wrote of what was learned; null while that part of the post-mortem is as the machine left it. */
export function lessonsOf(postMortem: string): string | null {
  const body = LESSONS.exec(postMortem)?.[1]?.replace(ASKED, '').trim() ?? '';
  return body === '' ? null : body;
}

const SECTION = '## Learned from incidents';

/**
 * The runbook with the addition of one incident, newest first below one heading. What the same incident added before is
 * replaced; everything else stays byte for byte. A runbook that is not there yet begins with its own name.
 */
export function withAddition(
  runbook: string | null,
  { file, incidentId, addition }: { readonly file: string; readonly incidentId: string; readonly addition: string },
): string {
  const [begin, end] = [`<!-- incident-runbook ${incidentId} begin -->`, `<!-- incident-runbook ${incidentId} end -->`];
  const block = `${begin}\n${addition.replaceAll(begin, '').replaceAll(end, '').trim()}\n${end}`;
  const text = runbook ?? `# ${titleOf(file)}\n`;
  const [from, until] = [text.indexOf(begin), text.indexOf(end)];
  if (from !== -1 && until > from) return text.slice(0, from) + block + text.slice(until + end.length);
  const heading = headingAt(text);
  if (heading === null) return `${text.trimEnd()}\n\n${SECTION}\n\n${block}\n`;
  return `${text.slice(0, heading)}\n\n${block}${text.slice(heading)}`;
}

/** Where the heading's line ends; null when the runbook has none. */
function headingAt(text: string): number | null {
  const found = new RegExp(`^${SECTION}[ \\t]*$`, 'mu').exec(text);
  return found === null ? null : found.index + found[0].length;
}

/** `docs/runbooks/TROUBLESHOOTING_DATABASE.md` → `Troubleshooting database`. */
function titleOf(file: string): string {
  const words = (file.split('/').at(-1) ?? file)
    .replace(/\.\w+$/u, '')
    .replace(/[_-]+/gu, ' ')
    .trim()
    .toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
