import { secondsBetween } from '../../domain/instant.ts';
import type { MentionsPort, WrittenTicketsPort } from './ports.ts';
import {
  count,
  firstOf,
  jsonBody,
  type Look,
  NoAnswer,
  NotConfigured,
  type Probe,
  type ProbeTable,
  required,
} from './probe.ts';

/** What customers say, in tickets and in public (R2.16, R2.17). */

const SHOWN_IN_WORDS = 3;
const TITLE_CHARACTERS = 120;
/** So many tickets an hour are no day like any other. */
const UNUSUAL_TICKETS_AN_HOUR = 6;
/** People mention a product for other reasons too. */
const UNUSUAL_MENTIONS_AN_HOUR = 6;

const supportTickets: Probe = {
  source: 'Support tickets',
  async ask({ tickets }, look) {
    if (tickets.length === 0) throw new NotConfigured('No support system is configured (ZENDESK_URL, JIRA_URL).');
    const { aroundAt, at } = look.request;
    const answers = await Promise.all(tickets.map((port) => answerOf(port, look)));
    if (answers.every(({ count: number }) => number === null))
      throw new NoAnswer(answers.map(({ system, gap }) => `${system}: ${gap}`).join(' '));
    const words = answers
      .map(({ system, count: number, exact, gap }) =>
        number === null
          ? `${system} gave no answer (${gap})`
          : `${system}: ${exact ? '' : 'at least '}${count(number, 'ticket')}`,
      )
      .join('; ');
    const newest = answers.flatMap((one) => one.newest).sort((a, b) => b.at.localeCompare(a.at));
    const titles = newest.slice(0, SHOWN_IN_WORDS).map(({ title }) => `"${title.slice(0, TITLE_CHARACTERS)}"`);
    const total = answers.reduce((sum, { count: number }) => sum + (number ?? 0), 0);
    return {
      command: tickets.map((port) => port.commandSince(aroundAt)).join('\n'),
      words: `Since ${aroundAt.slice(11, 16)} UTC: ${words}${titles.length === 0 ? '' : `; newest ${titles.join(', ')}`}.`,
      abnormal: isUnusual(total, look, UNUSUAL_TICKETS_AN_HOUR),
      link: newest[0]?.url ?? null,
      excerpt: newest.map(({ ref, title, url }) => `${ref} ${title.slice(0, TITLE_CHARACTERS)} ${url}`).join('\n'),
      finding: {
        probe: 'support-tickets',
        systems: answers.map(({ gap: _gap, ...rest }) => ({ ...rest, newest: firstOf(rest.newest).map(shortened) })),
      },
      ...jsonBody({ since: aroundAt, until: at, answers }),
    };
  },
};

const socialMentions: Probe = {
  source: 'Social networks',
  async ask({ social }, look) {
    const handle = look.reports?.socialHandle ?? null;
    if (handle === null) throw new NotConfigured('Policy names nothing to listen for (reports.socialHandle).');
    const port: MentionsPort = required(social, 'The search of social networks');
    const { aroundAt } = look.request;
    const { networks, newest } = await port.mentions(handle, aroundAt);
    if (networks.every(({ count: number }) => number === null))
      throw new NoAnswer(networks.map(({ network, gap }) => `${network}: ${gap}`).join(' '));
    const words = networks
      .map(({ network, count: number, exact, gap }) =>
        number === null ? `${network} gave no answer (${gap})` : `${network} ${exact ? '' : 'at least '}${number}`,
      )
      .join(', ');
    const total = networks.reduce((sum, { count: number }) => sum + (number ?? 0), 0);
    return {
      command: `search ${handle} since ${aroundAt} on ${networks.map(({ network }) => network).join(', ')}`,
      words: `Mentions of ${handle} since ${aroundAt.slice(11, 16)} UTC: ${words}.`,
      abnormal: isUnusual(total, look, UNUSUAL_MENTIONS_AN_HOUR),
      link: newest[0]?.url ?? null,
      excerpt: newest.map(({ network, text, url }) => `${network}: ${text} ${url}`).join('\n'),
      finding: {
        probe: 'social-mentions',
        networks: networks.map(({ gap: _gap, ...rest }) => rest),
        newest: firstOf(newest),
      },
      ...jsonBody({ handle, since: aroundAt, networks, newest }),
    };
  },
};

export const CUSTOMER_PROBES: ProbeTable<'support-tickets' | 'social-mentions'> = {
  'support-tickets': supportTickets,
  'social-mentions': socialMentions,
};

/** One system that is away costs its own count and no other's. */
async function answerOf(port: WrittenTicketsPort, { request }: Look) {
  try {
    return { system: port.system, ...(await port.since(request.aroundAt, request.at)), gap: null };
  } catch (error) {
    return { system: port.system, count: null, exact: false, newest: [], gap: (error as Error).message };
  }
}

/** More than a handful, and more an hour than usual. */
function isUnusual(total: number, { request }: Look, anHour: number): boolean {
  const hours = Math.max(1 / 6, secondsBetween(request.aroundAt, request.at) / 3600);
  return total >= 3 && total / hours > anHour;
}

function shortened(ticket: {
  readonly ref: string;
  readonly url: string;
  readonly title: string;
  readonly at: string;
}) {
  return { ...ticket, title: ticket.title.slice(0, TITLE_CHARACTERS) };
}
