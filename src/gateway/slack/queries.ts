import { usageOf } from '../../domain/deciding/line.ts';
import { holdsRole } from '../../domain/deciding/roles.ts';
import { declarationOf, isDecisionName } from '../../domain/decision.ts';
import type { IncidentFacts } from '../../domain/incident-facts.ts';
import type { Role } from '../../domain/people.ts';
import type { PersonPolicy } from '../../domain/policy.ts';
import { QUICK_ACTION_NAMES, QUICK_CHECK_NAMES } from '../../domain/quick-action.ts';
import { chatHome, chatSummary, textBlocks, waitingBlocks } from '../../views/chat-summary.ts';
import { cleanLine } from '../../views/escape.ts';
import { describe, namesIn } from '../../views/timeline-line.ts';
import { statusWords, timeUtc } from '../../views/words.ts';
import { readPage, readTimeline } from '../reading.ts';
import { type ChatCommand, COMMAND_NAMES } from './command-line.ts';
import { factsOf, findIncident } from './lookups.ts';
import type { SlackAppOptions } from './options.ts';
import { type Addressee, reply, replyWithView } from './reply.ts';

type Reading = Exclude<ChatCommand, { kind: 'decision' | 'create' | 'check' | 'do' | 'problem' }>;

const LIST_LIMIT = 30;
const EVENTS_SHOWN = 25;
const MAX_BLOCKS = 48;

/** What only looks: answered to the person alone, nothing of it is kept. */
export async function answerQuery(
  app: SlackAppOptions,
  reading: Reading,
  person: PersonPolicy,
  to: Addressee,
  channelName: string,
): Promise<void> {
  const { gateway, web } = app;
  try {
    switch (reading.kind) {
      case 'help':
        return void (await reply(web, to, helpWords(reading.about)));
      case 'list':
        return void (await reply(web, to, await listWords(app, reading.all)));
      case 'waiting': {
        const open = await openFacts(app);
        const blocks = open.flatMap((facts) => waitingBlocks(facts, mayAnswer(person)));
        if (blocks.length === 0)
          return void (await reply(web, to, 'No incident is open. /incident help says what you can write.'));
        return void (await replyWithView(web, to, {
          text: `${open.length} open incident(s).`,
          blocks: blocks.slice(0, MAX_BLOCKS),
        }));
      }
      case 'show':
      case 'timeline':
      case 'paper': {
        const found = await findIncident(gateway, reading.reference, channelName);
        if (!found.ok) return void (await reply(web, to, found.words));
        return void (await one(app, reading.kind, found.incidentId, to));
      }
    }
  } catch (error) {
    gateway.log?.warn(`Slack: ${(error as Error).message}`);
    await reply(
      web,
      to,
      `That cannot be read now: ${(error as Error).message} Nothing was changed. Try again in a moment.`,
    );
  }
}

async function one(
  { gateway, web }: SlackAppOptions,
  kind: 'show' | 'timeline' | 'paper',
  incidentId: string,
  to: Addressee,
): Promise<boolean> {
  if ((await gateway.store.incidents.get(incidentId)) === null)
    return reply(web, to, `There is no incident ${incidentId}. See them: /incident list all`);
  if (kind === 'timeline') {
    const { events } = await readTimeline(gateway, incidentId, 0);
    const named = namesIn(events);
    const today = events.at(-1)?.at ?? '';
    const lines = events
      .filter(({ kind }) => kind !== 'step-finished')
      .slice(-EVENTS_SHOWN)
      .map((event) => `${timeUtc(event.at, today)} ${describe(event, named)}`);
    return reply(web, to, lines.length === 0 ? 'Nothing has happened yet.' : lines.join('\n'));
  }
  if (kind === 'paper') {
    const paper = await gateway.client.paper(incidentId);
    return reply(web, to, paper.ok ? paper.value : `${paper.words} Follow the runbook by hand.`);
  }
  const { facts, away } = await factsOf(gateway, incidentId);
  if (facts === null) {
    const { notes } = await readPage(gateway, incidentId);
    return reply(web, to, notes.join(' ') || 'Nothing is known of it yet.');
  }
  const view = chatSummary(facts);
  const old = away ? textBlocks('Temporal does not answer: this is what was known last.') : [];
  return replyWithView(web, to, { text: view.text, blocks: [...old, ...view.blocks] });
}

async function listWords({ gateway }: SlackAppOptions, all: boolean): Promise<string> {
  const found = await gateway.store.projection.list({ state: all ? 'all' : 'open', limit: LIST_LIMIT });
  if (found.length === 0) return all ? 'There was no incident yet.' : 'No incident is open.';
  return found
    .map(({ incident, facts }) => {
      const where =
        facts === null
          ? incident.status
          : `${statusWords(facts.status)}, ${cleanLine(facts.commander ?? 'nobody leads', 60)}`;
      return `${facts?.severity ?? '--'} ${incident.id}: ${cleanLine(incident.title, 120)} (${incident.status === 'open' ? where : incident.status})`;
    })
    .join('\n');
}

async function openFacts({ gateway }: SlackAppOptions): Promise<readonly IncidentFacts[]> {
  const found = await gateway.store.projection.list({ state: 'open', limit: LIST_LIMIT });
  return found.flatMap(({ facts }) => facts ?? []);
}

function mayAnswer(person: PersonPolicy): (approver: string) => boolean {
  return (approver) => holdsRole(person.roles, approver as Role);
}

/** App Home, published anew each time somebody opens it. */
export async function showHome(app: SlackAppOptions, chatId: string): Promise<void> {
  const { gateway, web } = app;
  const person = await gateway.people.byChatId(chatId);
  const view =
    person === null
      ? {
          type: 'home',
          blocks: textBlocks('You are not among the people of this team’s policy. An admin adds you by your chatId.'),
        }
      : chatHome(person, await openFacts(app), mayAnswer(person), gateway.clock());
  await web.call('views.publish', { user_id: chatId, view });
}

const USAGE: Readonly<Partial<Record<string, string>>> = {
  create: '"what is wrong" [--severity P1] [--service name] [--separate]',
  list: '[all]',
  show: '[incident]',
  timeline: '[incident]',
  paper: '[incident]',
  check: `${QUICK_CHECK_NAMES.join('|')} [--incident 1430]`,
  do: `${QUICK_ACTION_NAMES.join('|')} <target> because <why>; list; approve, call-off or undo <quick-…>`,
};

function helpWords(about: string | null): string {
  if (about !== null && isDecisionName(about)) {
    const declared = declarationOf(about);
    const usage = `/incident ${about} [incident] ${usageOf(declared)}`.trimEnd();
    return `${usage}\n${declared.about} What you leave out is asked in a form.`;
  }
  const rows = COMMAND_NAMES.map((name) =>
    isDecisionName(name)
      ? `/incident ${name}: ${declarationOf(name).about}`
      : `/incident ${name} ${USAGE[name] ?? ''}`.trimEnd(),
  );
  return ['/incident alone says what waits for you. In an incident’s channel it means that incident.', ...rows].join(
    '\n',
  );
}
