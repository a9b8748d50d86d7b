import { randomUUID } from 'node:crypto';
import { type CorrelatedLine, correlatedTimeline } from '../../domain/correlated-timeline.ts';
import { SEVERITIES } from '../../domain/severity.ts';
import type { TimelineEvent } from '../../domain/timeline.ts';
import { SEVERITY_ADVICE } from '../../domain/written.ts';
import { correlatedLineWords, teamClockNote } from '../../views/correlated-line.ts';
import { cleanLine } from '../../views/escape.ts';
import { namesIn } from '../../views/timeline-line.ts';
import { statusWords } from '../../views/words.ts';
import { countdown, incidentNow, span } from '../countdown.ts';
import { CliFailure } from '../failure.ts';
import {
  at,
  type IncidentPage,
  type ListedIncident,
  listIncidents,
  type Person,
  readMe,
  readPage,
  readTimeline,
  resolveIncident,
  shortName,
} from '../incidents.ts';
import { incidentScreen, openPromises, type ScreenInput, timelineLine } from '../screen.ts';
import type { Session } from '../session.ts';
import { table } from '../table.ts';

export interface CreateOptions {
  readonly service?: string;
  readonly severity?: string;
  readonly separate?: boolean;
}

export interface TimelineOptions {
  readonly since?: string;
  readonly correlated?: boolean;
}

interface Taken {
  readonly incidentId: string | null;
  readonly joined: boolean;
  readonly reason: string | null;
}

export async function create({ gateway, io, json }: Session, title: string, options: CreateOptions): Promise<void> {
  const { service, severity, separate } = options;
  const wanted = SEVERITIES.find((one) => one === severity?.toUpperCase());
  if (severity !== undefined && wanted === undefined)
    throw new CliFailure('usage', `"${severity}" is no severity.`, SEVERITY_ADVICE);
  const report = { id: randomUUID(), title, service, severity: wanted, separate };
  const taken = await gateway.json<Taken>({ method: 'POST', path: '/api/incidents', json: report, repeatable: true });
  if (json) return io.out(JSON.stringify(taken));
  if (taken.incidentId === null)
    return io.out(`Recorded, but no incident was opened: ${taken.reason ?? 'the policy ignores it'}.`);
  const what = taken.joined ? 'Joined the incident that is already open' : 'Opened';
  io.out(`${what}: ${taken.incidentId}`);
  io.err(`Follow it: incident watch ${taken.incidentId}`);
}

export async function list(session: Session, { all = false }: { readonly all?: boolean }): Promise<void> {
  const { gateway, io, json } = session;
  const incidents = await listIncidents(gateway, all ? 'all' : 'open');
  if (json) return io.out(JSON.stringify({ incidents: incidents.map(listed) }));
  if (incidents.length === 0) return io.out(all ? 'There has been no incident.' : 'No incident is open.');
  const rows = incidents.map((one) => listRow(session, one));
  for (const row of table(['', 'INCIDENT', 'STATUS', 'LEADS', 'OPEN FOR', 'NEXT UPDATE', 'ASKED', 'TITLE'], rows, io))
    io.out(row);
}

export async function show(session: Session, reference: string | null): Promise<void> {
  const { gateway, io, json } = session;
  const id = await resolveIncident(gateway, reference);
  const input = await readScreen(session, id, RECENT_LINES);
  if (!json) {
    for (const row of incidentScreen(input, io)) io.out(row);
    return;
  }
  const { incident, facts, events, notes, now } = input;
  io.out(
    JSON.stringify({
      incident,
      facts,
      openQuestions: facts?.openQuestions ?? [],
      promises: openPromises(events),
      notes,
      now,
    }),
  );
}

const RECENT_LINES = 5;

/** Everything a screen about one incident is drawn from. */
export async function readScreen(
  session: Session,
  id: string,
  recentLines: number,
  known: readonly TimelineEvent[] = [],
): Promise<ScreenInput & { readonly page: IncidentPage }> {
  const { gateway } = session;
  const [page, timeline, me, open] = await Promise.all([
    readPage(gateway, id),
    readTimeline(gateway, id, known.at(-1)?.seq ?? 0),
    readMe(gateway).catch((): Person | null => null),
    listIncidents(gateway, 'open'),
  ]);
  const gap = timeline.complete ? [] : ['Some events of the timeline cannot be read at the moment.'];
  return {
    page,
    incident: page.incident,
    facts: page.facts,
    events: [...known, ...timeline.events],
    notes: [...page.notes, ...gap],
    now: nowOf(session, page),
    me,
    shortName: shortName(
      id,
      open.map(({ incident }) => incident.id),
    ),
    recentLines,
  };
}

export async function timeline(
  session: Session,
  reference: string | null,
  { since, correlated = false }: TimelineOptions,
): Promise<void> {
  const { gateway, io, json } = session;
  if (since !== undefined && !/^\d{1,9}$/.test(since))
    throw new CliFailure(
      'usage',
      `--since "${since}" is no sequence number.`,
      'Give the number of the last event that you have.',
    );
  if (correlated && since !== undefined)
    throw new CliFailure(
      'usage',
      '--correlated looks at the whole incident, and --since at its end.',
      'Give one of them.',
    );
  const id = await resolveIncident(gateway, reference);
  const { events, complete, timeZone = 'UTC' } = await readTimeline(gateway, id, Number(since ?? 0));
  if (correlated) return tellChain(session, id, correlatedTimeline(events), complete, timeZone);
  if (json) return io.out(JSON.stringify({ incidentId: id, events, complete }));
  const today = events[0]?.at ?? new Date(io.nowMs()).toISOString();
  const named = namesIn(events);
  for (const event of events) if (event.kind !== 'step-finished') io.out(timelineLine(event, today, io.colours, named));
  if (!complete) io.err(INCOMPLETE);
}

const INCOMPLETE =
  'Some events cannot be read at the moment: Temporal or its workers do not answer. Try again in a minute.';

/** R5.5: each line with its time, what it means beside the others, and below it how it is known. */
async function tellChain(
  { io, json }: Session,
  incidentId: string,
  lines: readonly CorrelatedLine[],
  complete: boolean,
  timeZone: string,
): Promise<void> {
  if (json) return io.out(JSON.stringify({ incidentId, timeZone, correlated: lines, complete }));
  const [first] = lines;
  if (first === undefined) return io.out(`No timestamped evidence for ${incidentId} yet.`);
  io.out(`Times are UTC. ${teamClockNote(first.at, timeZone)}`.trim());
  for (const line of lines) {
    const { clock, words, meaning, system, command } = correlatedLineWords(line, first.at, timeZone);
    io.out(`${clock}  ${words} ${io.colours.dim(`(${meaning})`)}`);
    io.out(io.colours.dim(`       ${system}${command === null ? '' : `: ${command}`}`));
    if (line.source.link !== null) io.out(io.colours.dim(`       ${cleanLine(line.source.link)}`));
  }
  if (!complete) io.err(INCOMPLETE);
}

/** The remaining steps as plain commands. When the gateway is away, Temporal itself is asked (ADR 0019). */
export async function paper(session: Session, reference: string | null): Promise<void> {
  const { gateway, io, json } = session;
  let id = reference ?? '';
  let text: string;
  try {
    id = await resolveIncident(gateway, reference);
    text = await gateway.text({ path: at(id, '/paper') });
  } catch (error) {
    if (!(error instanceof CliFailure) || error.exit !== 'unavailable' || id === '') throw error;
    io.err(`${error.message} Asking Temporal directly …`);
    text = await paperOfTemporal(id, error);
  }
  if (json) io.out(JSON.stringify({ incidentId: id, paper: text }));
  else io.out(text.trimEnd());
}

async function paperOfTemporal(id: string, before: CliFailure): Promise<string> {
  const { createIncidentClient } = await import('../../client/incident-client.ts');
  const client = createIncidentClient();
  try {
    const asked = await client.paper(id);
    if (asked.ok) return asked.value;
    throw new CliFailure(
      asked.why === 'not-found' ? 'notFound' : 'unavailable',
      `${before.message} ${asked.words}`,
      'Go on by the runbook itself, and give the full name of the incident once something answers.',
    );
  } finally {
    await client.close();
  }
}

/** The stable shape of one row of `list --json`. */
function listed({ incident, facts }: ListedIncident) {
  const { id, title, service, status, openedAt, detectedAt, closedAs } = incident;
  return {
    id,
    title,
    service,
    status,
    severity: facts?.severity ?? null,
    provisional: facts?.provisional ?? null,
    phase: facts?.phase ?? null,
    publicStatus: facts?.status ?? null,
    commander: facts?.commander ?? null,
    detectedAt,
    openedAt,
    nextUpdateAt: facts?.nextUpdateAt ?? null,
    openQuestions: facts?.openQuestions.length ?? 0,
    closedAs,
  };
}

function listRow(session: Session, { incident, facts }: ListedIncident): readonly string[] {
  const now = nowOf(session, { incident, facts });
  const open = incident.status !== 'closed';
  return [
    facts === null ? '--' : `${facts.severity}${facts.provisional ? '?' : ''}`,
    incident.id,
    facts === null
      ? incident.status
      : open
        ? `${statusWords(facts.status)}, ${facts.phase}`
        : (incident.closedAs ?? 'closed'),
    open ? cleanLine(facts?.commander ?? 'nobody yet', 30) : cleanLine(facts?.commander ?? '', 30),
    open ? span((Date.parse(now) - Date.parse(incident.openedAt)) / 1000) : '',
    open && facts?.nextUpdateAt ? countdown(facts.nextUpdateAt, now) : '',
    facts !== null && facts.openQuestions.length > 0 ? String(facts.openQuestions.length) : '',
    cleanLine(incident.title, 80),
  ];
}

export function nowOf(
  { io, speed }: Session,
  { incident, facts, now = null }: ListedIncident & { readonly now?: string | null },
): string {
  return incidentNow(incident.openedAt, now ?? facts?.at ?? null, io.nowMs(), speed);
}
