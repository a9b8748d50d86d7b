import { z } from 'zod';
import { type Instant, plusSeconds } from '../../domain/instant.ts';
import type { CreatedTicket, NewTicket, Ticket, TicketComment, WrittenTickets } from '../../domain/ticket.ts';
import { failure } from '../failures.ts';
import { createHttpClient, type HttpClient } from '../http.ts';

export interface ZendeskSettings {
  /** `https://<subdomain>.zendesk.com`. */
  readonly baseUrl: string;
  /** The agent in whose name we act. */
  readonly email: string;
  readonly apiToken: string;
  readonly timeoutMilliseconds?: number;
}

export interface ZendeskClient {
  readonly system: string;
  /** Tickets that were written since that instant (until another, if given); ours are left out. */
  since(at: Instant, now: Instant, until?: Instant): Promise<WrittenTickets>;
  /** What a person would type to see them. */
  commandSince(at: Instant): string;
  find(externalId: string): Promise<Ticket | null>;
  /** Zendesk keeps an idempotency key for two hours: two workers at once, or a lost answer, make one ticket. */
  create(ticket: NewTicket): Promise<CreatedTicket>;
  read(ref: string): Promise<Ticket>;
  comment(ref: string, comment: TicketComment): Promise<void>;
}

/** How it is signed in to. */
export function zendeskHttp(settings: ZendeskSettings): HttpClient {
  const credentials = Buffer.from(`${settings.email}/token:${settings.apiToken}`).toString('base64');
  return createHttpClient({
    name: 'Zendesk',
    baseUrl: settings.baseUrl,
    headers: { authorization: `Basic ${credentials}` },
    secrets: [settings.apiToken, credentials],
    timeoutMilliseconds: settings.timeoutMilliseconds ?? TIMEOUT_MILLISECONDS,
  });
}

/** Support API, version 2. Throws the failures of failures.ts; nothing is retried here. */
export function createZendeskClient(settings: ZendeskSettings): ZendeskClient {
  const http = zendeskHttp(settings);
  const shown = (ticket: Answered) => shownTicket(ticket, settings.baseUrl);
  const path = (ref: string, rest = '') => `/api/v2/tickets/${encodeURIComponent(ref)}${rest}.json`;
  return {
    system: 'Zendesk',
    commandSince: (at) =>
      `curl -u $ZENDESK_EMAIL/token:$ZENDESK_API_TOKEN "$ZENDESK_URL/api/v2/search/count.json?query=type:ticket created>=${at.slice(0, 19)}Z"`,
    async since(at, _now, until) {
      // The search takes whole seconds; one earlier and one later, so that the edges are in it.
      const before = until === undefined ? '' : ` created<${plusSeconds(until, 1).slice(0, 19)}Z`;
      const query = `type:ticket created>=${at.slice(0, 19)}Z${before} -tags:${OUR_TAG}`;
      const [{ count }, { results }] = await Promise.all([
        http.json({ path: '/api/v2/search/count.json', query: { query } }, z.object({ count: z.number() })),
        http.json(
          {
            path: '/api/v2/search.json',
            query: { query, sort_by: 'created_at', sort_order: 'desc', per_page: NEWEST },
          },
          z.object({ results: z.array(TICKET) }),
        ),
      ]);
      const newest = results.map((ticket) => {
        const { ref, url, title } = shown(ticket);
        return { ref, url, title, at: ticket.created_at };
      });
      return { count, exact: true, newest };
    },
    async find(externalId) {
      const shape = z.object({ tickets: z.array(TICKET) });
      const { tickets } = await http.json({ path: '/api/v2/tickets.json', query: { external_id: externalId } }, shape);
      // An API that does not know the parameter would list every ticket: only one that says our id is ours.
      const ours = tickets.find((ticket) => ticket.external_id === externalId);
      return ours === undefined ? null : shown(ours);
    },
    async create(ticket) {
      const write = (ownerEmail: string | null) =>
        http.json(
          {
            method: 'POST',
            path: '/api/v2/tickets.json',
            headers: { 'idempotency-key': `${ticket.externalId}${ownerEmail === null ? '/unowned' : ''}` },
            json: { ticket: bodyOf({ ...ticket, ownerEmail }) },
          },
          ONE,
        );
      try {
        return { ticket: shown((await write(ticket.ownerEmail)).ticket), warnings: [] };
      } catch (error) {
        // An owner without an account there must not cost the ticket.
        if (ticket.ownerEmail === null || (error as { type?: string }).type !== 'Invalid') throw error;
        const { ticket: made } = await write(null);
        return {
          ticket: shown(made),
          warnings: [`Zendesk would not assign it to ${ticket.ownerEmail}: ${(error as Error).message}`],
        };
      }
    },
    read: async (ref) => shown((await http.json({ path: path(ref) }, ONE)).ticket),
    async comment(ref, { key, text, solve }) {
      const { audits } = await http.json(
        { path: path(ref, '/audits'), query: { 'page[size]': 100, sort: '-created_at' } },
        AUDITS,
      );
      if (audits.some((audit) => audit.metadata?.custom?.incident_runbook === key)) return;
      const json = {
        ticket: {
          comment: { body: text, public: true },
          metadata: { incident_runbook: key },
          ...(solve ? { status: 'solved' } : {}),
        },
      };
      await http.json({ method: 'PUT', path: path(ref), json }, ONE).catch((error: unknown) => {
        // Somebody closed it meanwhile; there is nobody left to be answered there.
        if (/closed/iu.test((error as Error).message) && (error as { type?: string }).type === 'Invalid')
          throw failure('Conflict', `The Zendesk ticket ${ref} was closed meanwhile, so it takes no answer any more.`);
        throw error;
      });
    },
  };
}

const TIMEOUT_MILLISECONDS = 7_000;
const NEWEST = 20;
const OUR_TAG = 'incident_runbook';

const TICKET = z.object({
  id: z.number(),
  subject: z.string().nullish(),
  status: z.string(),
  created_at: z.string(),
  external_id: z.string().nullish(),
  due_at: z.string().nullish(),
  assignee_id: z.number().nullish(),
});
type Answered = z.infer<typeof TICKET>;
const ONE = z.object({ ticket: TICKET });
const AUDITS = z.object({
  audits: z.array(
    z.object({
      metadata: z.object({ custom: z.object({ incident_runbook: z.string().optional() }).nullish() }).nullish(),
    }),
  ),
});

function bodyOf(ticket: NewTicket) {
  return {
    subject: ticket.title,
    comment: { body: ticket.description, public: false },
    external_id: ticket.externalId,
    tags: [OUR_TAG, ticket.incidentId],
    // Only a task has a due date.
    ...(ticket.dueAt === null ? {} : { type: 'task', due_at: ticket.dueAt }),
    ...(ticket.ownerEmail === null ? {} : { assignee_email: ticket.ownerEmail }),
  };
}

function shownTicket(ticket: Answered, baseUrl: string): Ticket {
  return {
    ref: String(ticket.id),
    url: `${baseUrl.replace(/\/+$/, '')}/agent/tickets/${ticket.id}`,
    title: ticket.subject ?? '',
    state: ticket.status === 'solved' || ticket.status === 'closed' ? 'done' : 'open',
    status: ticket.status,
    dueAt: ticket.due_at ?? null,
    assignee: ticket.assignee_id == null ? null : String(ticket.assignee_id),
  };
}
