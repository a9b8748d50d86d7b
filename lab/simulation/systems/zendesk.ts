import { createHmac } from 'node:crypto';
import { ZENDESK_REQUEST_RULES } from '../vendor-rules/zendesk.ts';
import type { WireHandler, WireRequest, WireResponse } from '../wire/exchange.ts';
import type { WireFaults } from '../wire/faults.ts';
import type { WireLedger } from '../wire/ledger.ts';
import { createWireServer } from '../wire/server.ts';
import type { Ticket as WorldTicket } from '../world/tickets.ts';
import { type DeliveryAnswer, deliver } from './signed-delivery.ts';

/** A ticket as Zendesk keeps it: one that a customer wrote, or one that was made through the API. */
export interface ZendeskTicket {
  readonly id: number;
  readonly subject: string;
  readonly description: string;
  readonly createdAtMs: number;
  readonly externalId: string | null;
  readonly tags: readonly string[];
  readonly dueAt: string | null;
  readonly assignee: string | null;
  status: 'new' | 'open' | 'pending' | 'solved' | 'closed';
  /** Made through the API, not by a customer. */
  readonly byApi: boolean;
  readonly comments: {
    readonly body: string;
    readonly public: boolean;
    readonly atMs: number;
    readonly custom: unknown;
  }[];
}

export interface Zendesk {
  /** Customers' tickets (as far as they have been looked at) and those made through the API. */
  readonly tickets: readonly ZendeskTicket[];
  listen(port?: number): Promise<{ readonly url: string; readonly port: number }>;
  close(): Promise<void>;
  /** An agent ends a ticket. */
  end(id: number, status: 'solved' | 'closed'): void;
  /** The webhook of event `ticket.created`, signed; tried again (three times) while the answer is 409 or 5xx, as Zendesk does. */
  sendTicketCreated(sending: {
    readonly url: string;
    readonly secret: string;
    readonly ticketId: string;
    readonly atMs?: number;
  }): Promise<DeliveryAnswer>;
}

export const ZENDESK_FLAG = 'possible_incident';
const RETRIES = 3;
const MAX_PAGE = 100;
const SEARCH_LIMIT = 1000;

/** Zendesk's Support API, version 2, as far as tickets go. */
export function createZendesk(options: {
  readonly clock: () => number;
  readonly faults: WireFaults;
  readonly log: WireLedger;
  readonly email: string;
  readonly apiToken: string;
  /** Addresses of the agents to whom a ticket may be assigned. */
  readonly agents: readonly string[];
  /** What customers wrote so far. */
  readonly written: () => readonly WorldTicket[];
}): Zendesk {
  const { clock } = options;
  const known = new Map<number, ZendeskTicket>();
  /** Keys live for two hours at Zendesk; here as long as the play. */
  const byKey = new Map<string, { readonly body: string; readonly ticket: ZendeskTicket }>();
  let made = 0;
  let invocations = 0;
  const credentials = `Basic ${Buffer.from(`${options.email}/token:${options.apiToken}`).toString('base64')}`;
  const server = createWireServer({
    system: 'zendesk',
    clock,
    faults: options.faults,
    log: options.log,
    faultAnswers: {
      unauthorised: () => ({ status: 401, body: { error: "Couldn't authenticate you" } }),
      'rate-limited': () => ({
        status: 429,
        body: { error: 'APIRateLimitExceeded', description: 'Number of allowed API requests per minute exceeded' },
      }),
    },
    rules: {
      all: ZENDESK_REQUEST_RULES,
      admits: ({ headers }) => headers.authorization === credentials,
      refuse: ({ status, says }, { path }) => {
        const [field = '', words = ''] = says.split(/: (.*)/s);
        if (status === 400) return { status, body: { errors: [{ code: 'InvalidPaginationParameter', title: words }] } };
        return path.includes('/search')
          ? invalidSearch(words.replace('Invalid search: ', ''))
          : invalidRecord(field, words);
      },
    },
  });
  const route = (method: string, path: string, handler: WireHandler) =>
    server.route(method, `/api/v2${path}`, (request) =>
      request.headers.authorization === credentials
        ? handler(request)
        : { status: 401, body: { error: "Couldn't authenticate you" } },
    );

  function all(): readonly ZendeskTicket[] {
    for (const ticket of options.written()) {
      if (ticket.through !== 'zendesk' || known.has(Number(ticket.id))) continue;
      known.set(Number(ticket.id), fromCustomer(ticket));
    }
    return [...known.values()].sort((a, b) => a.createdAtMs - b.createdAtMs || a.id - b.id);
  }

  // Whoever asks without credentials is told of an anonymous user, and not refused.
  server.route('GET', '/api/v2/users/me.json', (request) => {
    const { authorization } = request.headers;
    if (authorization === undefined)
      return { status: 200, body: { user: { id: null, name: 'Anonymous user', role: 'end-user' } } };
    if (authorization !== credentials) return { status: 401, body: { error: "Couldn't authenticate you" } };
    return { status: 200, body: { user: { id: 1, email: options.email, role: 'agent' } } };
  });
  route('GET', '/search/count.json', (request) => {
    const found = searched(request, all());
    return typeof found === 'string' ? invalidSearch(found) : { status: 200, body: { count: found.length } };
  });
  route('GET', '/search.json', (request) => {
    const found = searched(request, all());
    if (typeof found === 'string') return invalidSearch(found);
    const size = Math.min(MAX_PAGE, Number(request.query.get('per_page') ?? MAX_PAGE) || MAX_PAGE);
    const page = Number(request.query.get('page') ?? 1) || 1;
    if (page * size > SEARCH_LIMIT)
      return invalidSearch('Requested response size was greater than Search Response Limits');
    const sorted = request.query.get('sort_order') === 'asc' ? found : found.toReversed();
    const results = sorted
      .slice((page - 1) * size, page * size)
      .map((one) => ({ ...json(one), result_type: 'ticket' }));
    return { status: 200, body: { results, count: found.length, next_page: null, previous_page: null } };
  });
  route('GET', '/tickets.json', (request) => {
    const externalId = request.query.get('external_id');
    const found = all().filter((one) => externalId === null || one.externalId === externalId);
    const size = Math.min(MAX_PAGE, Number(request.query.get('page[size]') ?? MAX_PAGE) || MAX_PAGE);
    return {
      status: 200,
      body: { tickets: found.slice(0, size).map(json), meta: { has_more: found.length > size }, links: {} },
    };
  });
  route('POST', '/tickets.json', (request) => {
    const key = request.headers['idempotency-key'];
    const body = request.rawBody.toString('utf8');
    const before = typeof key === 'string' ? byKey.get(key) : undefined;
    if (before !== undefined && before.body !== body)
      return {
        status: 400,
        body: {
          error: 'IdempotentRequestError',
          description: 'Request parameters are different from those of the first request with this key',
        },
      };
    if (before !== undefined)
      return { status: 201, headers: { 'x-idempotency-lookup': 'hit' }, body: { ticket: json(before.ticket) } };
    const wanted = (request.json() as { ticket?: WantedTicket }).ticket ?? {};
    const problem = problemOf(wanted, options.agents);
    if (problem !== null) return problem;
    made += 1;
    const ticket: ZendeskTicket = {
      id: 900_000 + made,
      subject: wanted.subject ?? '',
      description: wanted.comment?.body ?? '',
      createdAtMs: request.atMs,
      externalId: wanted.external_id ?? null,
      tags: wanted.tags ?? [],
      dueAt: wanted.due_at ?? null,
      assignee: wanted.assignee_email ?? null,
      status: wanted.assignee_email === undefined ? 'new' : 'open',
      byApi: true,
      comments: [],
    };
    known.set(ticket.id, ticket);
    if (typeof key === 'string') byKey.set(key, { body, ticket });
    return {
      status: 201,
      headers: { 'x-idempotency-lookup': 'miss' },
      body: { ticket: json(ticket) },
      note: `created ${ticket.id}`,
    };
  });
  route('GET', '/tickets/:file', (request) =>
    withTicket(request, (ticket) => ({ status: 200, body: { ticket: json(ticket) } })),
  );
  route('GET', '/tickets/:id/:rest', (request) => {
    if (request.params.rest !== 'audits.json') return { status: 404, body: { error: 'InvalidEndpoint' } };
    return withTicket(request, (ticket) => ({
      status: 200,
      body: {
        audits: ticket.comments
          .map((comment, index) => ({
            id: ticket.id * 1000 + index,
            ticket_id: ticket.id,
            created_at: new Date(comment.atMs).toISOString(),
            metadata: { system: {}, custom: comment.custom ?? {} },
            events: [{ type: 'Comment', body: comment.body, public: comment.public }],
          }))
          .reverse(),
        meta: { has_more: false },
      },
    }));
  });
  route('PUT', '/tickets/:file', (request) =>
    withTicket(request, (ticket) => {
      const wanted = (request.json() as { ticket?: WantedTicket }).ticket ?? {};
      if (ticket.status === 'closed') return invalidRecord('status', 'Status: closed prevents ticket update');
      if (wanted.comment?.body !== undefined) {
        if (wanted.comment.body === '') return invalidRecord('comment', "Comment: can't be blank");
        ticket.comments.push({
          body: wanted.comment.body,
          public: wanted.comment.public ?? true,
          atMs: request.atMs,
          custom: wanted.metadata ?? null,
        });
      }
      if (wanted.status !== undefined) ticket.status = wanted.status;
      return { status: 200, body: { ticket: json(ticket), audit: {} }, note: `updated ${ticket.id}` };
    }),
  );

  function withTicket(request: WireRequest, answer: (ticket: ZendeskTicket) => WireResponse): WireResponse {
    const id = Number((request.params.file ?? request.params.id ?? '').replace(/\.json$/, ''));
    all();
    const found = known.get(id);
    return found === undefined
      ? { status: 404, body: { error: 'RecordNotFound', description: 'Not found' } }
      : answer(found);
  }

  return {
    get tickets() {
      return all();
    },
    listen: (port) => server.listen(port),
    close: () => server.close(),
    end(id, status) {
      all();
      const found = known.get(id);
      if (found === undefined) throw new Error(`There is no Zendesk ticket ${id}.`);
      found.status = status;
    },
    async sendTicketCreated({ url, secret, ticketId, atMs = clock() }) {
      const ticket = all().find(({ id }) => id === Number(ticketId));
      if (ticket === undefined) throw new Error(`There is no Zendesk ticket ${ticketId}.`);
      invocations += 1;
      const body = JSON.stringify(ticketCreated(ticket, atMs));
      const timestamp = new Date(atMs).toISOString().replace(/\.\d{3}Z$/, 'Z');
      const headers = {
        'content-type': 'application/json; charset=utf-8',
        'x-zendesk-account-id': '10001',
        'x-zendesk-webhook-id': '01SIMWEBHOOK',
        'x-zendesk-webhook-invocation-id': `01SIM${String(invocations).padStart(8, '0')}`,
        'x-zendesk-webhook-signature-timestamp': timestamp,
        'x-zendesk-webhook-signature': createHmac('sha256', secret).update(`${timestamp}${body}`).digest('base64'),
      };
      let answer = await deliver('zendesk', options, { url, headers, body, atMs });
      for (let retry = 1; retry <= RETRIES && isRetried(answer); retry++)
        answer = await deliver('zendesk', options, { url, headers, body, atMs });
      return answer;
    },
  };
}

interface WantedTicket {
  readonly subject?: string;
  readonly comment?: { readonly body?: string; readonly public?: boolean };
  readonly external_id?: string;
  readonly tags?: readonly string[];
  readonly type?: string;
  readonly due_at?: string;
  readonly assignee_email?: string;
  readonly status?: ZendeskTicket['status'];
  readonly metadata?: unknown;
}

function isRetried({ status }: DeliveryAnswer): boolean {
  return status === null || status === 409 || status >= 500;
}

function fromCustomer(ticket: WorldTicket): ZendeskTicket {
  return {
    id: Number(ticket.id),
    subject: ticket.subject,
    description: ticket.subject,
    createdAtMs: ticket.atMs,
    externalId: null,
    tags: ticket.flagged ? [ZENDESK_FLAG] : [],
    dueAt: null,
    assignee: null,
    status: 'new',
    byApi: false,
    comments: [],
  };
}

/** The event schema of 2022-06-20. */
function ticketCreated(ticket: ZendeskTicket, atMs: number) {
  return {
    account_id: 10_001,
    detail: {
      actor_id: '8447388090494',
      assignee_id: null,
      created_at: new Date(ticket.createdAtMs).toISOString(),
      description: ticket.description,
      external_id: ticket.externalId,
      id: String(ticket.id),
      is_public: true,
      priority: 'NORMAL',
      requester_id: '8447388090494',
      status: ticket.status.toUpperCase(),
      subject: ticket.subject,
      tags: ticket.tags,
      type: 'INCIDENT',
      updated_at: new Date(ticket.createdAtMs).toISOString(),
      via: { channel: 'web' },
    },
    event: {},
    id: `event-${ticket.id}`,
    subject: `zen:ticket:${ticket.id}`,
    time: new Date(atMs).toISOString(),
    type: 'zen:event-type:ticket.created',
    zendesk_event_version: '2022-06-20',
  };
}

function problemOf(wanted: WantedTicket, agents: readonly string[]): WireResponse | null {
  if (wanted.comment?.body === undefined || wanted.comment.body === '')
    return invalidRecord('base', 'Description: cannot be blank');
  if (wanted.due_at !== undefined && Number.isNaN(Date.parse(wanted.due_at)))
    return invalidRecord('due_at', 'Due at: is invalid');
  if (wanted.assignee_email !== undefined && !agents.includes(wanted.assignee_email))
    return invalidRecord('assignee', 'Assignee: is not an agent of this account');
  if (wanted.tags?.some((tag) => /\s/.test(tag)) === true) return invalidRecord('tags', 'Tags: contain a space');
  return null;
}

function invalidRecord(field: string, description: string): WireResponse {
  return {
    status: 422,
    body: {
      error: 'RecordInvalid',
      description: `Record validation errors: ${description}`,
      details: { [field]: [{ description }] },
    },
  };
}

function invalidSearch(description: string): WireResponse {
  return { status: 422, body: { error: 'invalid', description: `Invalid search: ${description}` } };
}

/** The part of the search language that is simulated; a word for what is not. */
function searched(request: WireRequest, tickets: readonly ZendeskTicket[]): readonly ZendeskTicket[] | string {
  const query = request.query.get('query') ?? '';
  let found = tickets;
  for (const term of query.split(/\s+/).filter((one) => one !== '')) {
    const [, not, field, operator, value = ''] = /^(-?)(type|created|tags|status)(:|>=|>|<)(.+)$/.exec(term) ?? [];
    if (field === undefined) return `${term} is not simulated`;
    if (field === 'type' && value !== 'ticket') return `type ${value} is not simulated`;
    if (field === 'tags') found = found.filter(({ tags }) => tags.includes(value) !== (not === '-'));
    if (field === 'status') found = found.filter(({ status }) => (status === value) !== (not === '-'));
    if (field !== 'created') continue;
    const limitMs = Date.parse(value);
    if (Number.isNaN(limitMs)) return `${value} is not a time`;
    found = found.filter(({ createdAtMs }) =>
      operator === '<' ? createdAtMs < limitMs : operator === '>' ? createdAtMs > limitMs : createdAtMs >= limitMs,
    );
  }
  return found;
}

function json(ticket: ZendeskTicket) {
  return {
    id: ticket.id,
    url: `https://sim.zendesk.com/api/v2/tickets/${ticket.id}.json`,
    external_id: ticket.externalId,
    subject: ticket.subject,
    description: ticket.description,
    status: ticket.status,
    type: ticket.dueAt === null ? null : 'task',
    due_at: ticket.dueAt,
    assignee_id: ticket.assignee === null ? null : 7_000_001,
    tags: ticket.tags,
    created_at: new Date(ticket.createdAtMs).toISOString().replace(/\.\d{3}Z$/, 'Z'),
  };
}
