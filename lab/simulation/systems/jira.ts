import { createHmac } from 'node:crypto';
import { JIRA_REQUEST_RULES } from '../vendor-rules/jira.ts';
import type { WireHandler, WireRequest, WireResponse } from '../wire/exchange.ts';
import type { WireFaults } from '../wire/faults.ts';
import type { WireLedger } from '../wire/ledger.ts';
import { createWireServer } from '../wire/server.ts';
import type { Ticket as WorldTicket } from '../world/tickets.ts';
import { fieldErrors, plainText, refused, richTextProblem, type WantedFields } from './jira-checks.ts';
import { type DeliveryAnswer, deliver } from './signed-delivery.ts';

export interface JiraIssue {
  readonly key: string;
  readonly summary: string;
  readonly description: string;
  readonly labels: readonly string[];
  readonly duedate: string | null;
  readonly assignee: string | null;
  readonly createdAtMs: number;
  readonly byApi: boolean;
  status: 'To Do' | 'In Progress' | 'Done';
  resolution: string | null;
  readonly comments: { readonly text: string; readonly atMs: number; readonly properties: readonly unknown[] }[];
  readonly links: { readonly globalId: string; readonly url: string; readonly title: string }[];
}

export interface Jira {
  readonly issues: readonly JiraIssue[];
  listen(port?: number): Promise<{ readonly url: string; readonly port: number }>;
  close(): Promise<void>;
  /** Somebody ends an issue, with a resolution such as `Done` or `Won't Do`. */
  end(key: string, resolution: string): void;
  /** The webhook `jira:issue_created`, signed; tried again while the answer says that it may work later, as Jira does. */
  sendIssueCreated(sending: {
    readonly url: string;
    readonly secret: string;
    readonly key: string;
    readonly atMs?: number;
  }): Promise<DeliveryAnswer>;
}

export interface JiraOptions {
  readonly clock: () => number;
  readonly faults: WireFaults;
  readonly log: WireLedger;
  readonly email: string;
  readonly apiToken: string;
  readonly project: string;
  /** Account by address. */
  readonly accounts: Readonly<Record<string, string>>;
  readonly written: () => readonly WorldTicket[];
  /** How long (world time) a new issue is not found by a search; 0 when left out. */
  readonly searchLagMs?: number;
  /** What the token may do in the project; everything when left out. */
  readonly permissions?: readonly string[];
}

const RETRIES = 5;
const MAX_PAGE = 100;

/** Jira Cloud, REST version 3, as far as issues go. */
export function createJira(options: JiraOptions): Jira {
  const { clock, project } = options;
  const issues = new Map<string, JiraIssue>();
  const fromWorld = new Set<string>();
  let made = 0;
  let sent = 0;
  const credentials = `Basic ${Buffer.from(`${options.email}:${options.apiToken}`).toString('base64')}`;
  const server = createWireServer({
    system: 'jira',
    clock,
    faults: options.faults,
    log: options.log,
    faultAnswers: {
      unauthorised: () => ({ status: 401, body: 'Client must be authenticated to access this resource.' }),
      'rate-limited': () => ({ status: 429, body: { errorMessages: ['Rate limit exceeded.'], errors: {} } }),
    },
    rules: {
      all: JIRA_REQUEST_RULES,
      admits: ({ headers }) => headers.authorization === credentials,
      refuse: ({ status, says }) => {
        const [field = '', words = ''] = says.split(/: (.*)/s);
        return field === 'jql' || field === 'query' ? refused(status, words) : refused(status, { [field]: words });
      },
    },
  });
  const route = (method: string, path: string, handler: WireHandler) =>
    server.route(method, `/rest/api/3${path}`, (request) =>
      request.headers.authorization === credentials
        ? handler(request)
        : { status: 401, body: 'Client must be authenticated to access this resource.' },
    );

  function all(): readonly JiraIssue[] {
    for (const ticket of options.written()) {
      if (ticket.through !== 'jira' || fromWorld.has(ticket.id)) continue;
      fromWorld.add(ticket.id);
      const issue = fromPerson(`${project}-${ticket.id}`, ticket);
      issues.set(issue.key, issue);
    }
    return [...issues.values()].sort((a, b) => a.createdAtMs - b.createdAtMs);
  }

  route('GET', '/myself', () => ({ status: 200, body: { accountId: 'sim-bot', emailAddress: options.email } }));
  route('GET', '/mypermissions', (request) => {
    const asked = (request.query.get('permissions') ?? '').split(',').filter((one) => one !== '');
    const granted = options.permissions ?? asked;
    const permissions = asked.map((key) => [key, { key, havePermission: granted.includes(key) }] as const);
    return { status: 200, body: { permissions: Object.fromEntries(permissions) } };
  });
  for (const method of ['GET', 'POST'])
    route(method, '/search', () =>
      refused(410, 'The requested API has been removed. Please migrate to the /rest/api/3/search/jql API.'),
    );
  route('POST', '/search/jql', (request) => {
    const wanted = request.json() as { jql?: string; fields?: string[]; maxResults?: number; nextPageToken?: string };
    const searchable = all().filter(({ createdAtMs }) => createdAtMs <= request.atMs - (options.searchLagMs ?? 0));
    const found = searched(wanted.jql ?? '', searchable, project, request.atMs);
    if (typeof found === 'string') return refused(400, found);
    const from = Number(wanted.nextPageToken?.replace(/^at-/, '') ?? 0);
    if (Number.isNaN(from) || from > found.length)
      return refused(400, 'The provided next page token is invalid or expired.');
    const size = Math.min(MAX_PAGE, wanted.maxResults ?? 50);
    const isLast = from + size >= found.length;
    const page = found.slice(from, from + size).map((issue) => json(issue, wanted.fields ?? ['id']));
    return { status: 200, body: { issues: page, isLast, ...(isLast ? {} : { nextPageToken: `at-${from + size}` }) } };
  });
  route('POST', '/issue', (request) => {
    const { fields = {} } = request.json() as { fields?: WantedFields };
    const errors = fieldErrors(fields, project, Object.values(options.accounts));
    if (Object.keys(errors).length > 0) return refused(400, errors);
    made += 1;
    const key = `${project}-${made}`;
    issues.set(key, {
      key,
      summary: String(fields.summary),
      description: plainText(fields.description),
      labels: (fields.labels as readonly string[] | undefined) ?? [],
      duedate: (fields.duedate as string | undefined) ?? null,
      assignee: fields.assignee?.accountId ?? null,
      createdAtMs: request.atMs,
      byApi: true,
      status: 'To Do',
      resolution: null,
      comments: [],
      links: [],
    });
    return {
      status: 201,
      body: { id: String(10_000 + made), key, self: `https://sim.atlassian.net/rest/api/3/issue/${10_000 + made}` },
      note: `created ${key}`,
    };
  });
  route('GET', '/issue/:key', (request) =>
    withIssue(request, (issue) => ({
      status: 200,
      body: json(issue, request.query.get('fields')?.split(',') ?? ['*all']),
    })),
  );
  route('GET', '/issue/:key/comment', (request) =>
    withIssue(request, ({ comments }) => ({
      status: 200,
      body: {
        startAt: 0,
        maxResults: MAX_PAGE,
        total: comments.length,
        comments: comments.toReversed().map((comment, index) => ({
          id: String(20_000 + comments.length - index),
          created: new Date(comment.atMs).toISOString(),
          ...(request.query.get('expand')?.includes('properties') ? { properties: comment.properties } : {}),
        })),
      },
    })),
  );
  route('POST', '/issue/:key/comment', (request) =>
    withIssue(request, (issue) => {
      const { body, properties = [] } = request.json() as { body?: unknown; properties?: unknown[] };
      if (richTextProblem(body) !== null) return refused(400, { comment: 'Comment body is not valid!' });
      issue.comments.push({ text: plainText(body), atMs: request.atMs, properties });
      return { status: 201, body: { id: String(20_000 + issue.comments.length) }, note: `comment on ${issue.key}` };
    }),
  );
  route('POST', '/issue/:key/remotelink', (request) =>
    withIssue(request, (issue) => {
      const { globalId = '', object } = request.json() as {
        globalId?: string;
        object?: { url?: string; title?: string };
      };
      if (object?.url === undefined || object.title === undefined)
        return refused(400, { title: "'title' is required." });
      const at = issue.links.findIndex((link) => link.globalId === globalId && globalId !== '');
      const link = { globalId, url: object.url, title: object.title };
      if (at >= 0) issue.links[at] = link;
      else issue.links.push(link);
      return { status: at >= 0 ? 200 : 201, body: { id: 30_000 + (at >= 0 ? at + 1 : issue.links.length) } };
    }),
  );
  route('GET', '/user/search', (request) => {
    const query = (request.query.get('query') ?? '').toLowerCase();
    const found = Object.entries(options.accounts).filter(
      ([email]) => query !== '' && email.toLowerCase().startsWith(query),
    );
    return {
      status: 200,
      body: found.map(([emailAddress, accountId]) => ({
        accountId,
        emailAddress,
        active: true,
        displayName: emailAddress,
      })),
    };
  });

  function withIssue(request: WireRequest, answer: (issue: JiraIssue) => WireResponse): WireResponse {
    all();
    const found = issues.get(request.params.key ?? '');
    return found === undefined
      ? refused(404, 'Issue does not exist or you do not have permission to see it.')
      : answer(found);
  }

  return {
    get issues() {
      return all();
    },
    listen: (port) => server.listen(port),
    close: () => server.close(),
    end(key, resolution) {
      all();
      const found = issues.get(key);
      if (found === undefined) throw new Error(`There is no Jira issue ${key}.`);
      found.status = 'Done';
      found.resolution = resolution;
    },
    async sendIssueCreated({ url, secret, key, atMs = clock() }) {
      const issue = all().find((one) => one.key === key);
      if (issue === undefined) throw new Error(`There is no Jira issue ${key}.`);
      sent += 1;
      const identifier = `sim-${sent}`;
      const body = JSON.stringify(issueCreated(issue, project, atMs));
      const signature = createHmac('sha256', secret).update(body).digest('hex');
      const post = (retry: number) =>
        deliver('jira', options, {
          url,
          atMs,
          body,
          headers: {
            'content-type': 'application/json; charset=UTF-8',
            'x-atlassian-webhook-identifier': identifier,
            'x-hub-signature': `sha256=${signature}`,
            ...(retry === 0 ? {} : { 'x-atlassian-webhook-retry': String(retry) }),
          },
        });
      let answer = await post(0);
      for (let retry = 1; retry <= RETRIES && isRetried(answer); retry++) answer = await post(retry);
      return answer;
    },
  };
}

/** Jira tries again after 408, 409, 425, 429 and 5xx, and when nobody answers. */
function isRetried({ status }: DeliveryAnswer): boolean {
  return status === null || [408, 409, 425, 429].includes(status) || status >= 500;
}

function fromPerson(key: string, ticket: WorldTicket): JiraIssue {
  return {
    key,
    summary: ticket.subject,
    description: ticket.subject,
    labels: ticket.flagged ? ['possible-incident'] : [],
    duedate: null,
    assignee: null,
    createdAtMs: ticket.atMs,
    byApi: false,
    status: 'To Do',
    resolution: null,
    comments: [],
    links: [],
  };
}

function issueCreated(issue: JiraIssue, project: string, atMs: number) {
  return {
    timestamp: atMs,
    webhookEvent: 'jira:issue_created',
    issue_event_type_name: 'issue_created',
    user: { accountId: 'sim-reporter', displayName: 'Rita Reporter', active: true },
    issue: {
      id: '10002',
      key: issue.key,
      self: `https://sim.atlassian.net/rest/api/2/issue/${issue.key}`,
      fields: {
        summary: issue.summary,
        description: issue.description,
        labels: issue.labels,
        created: new Date(issue.createdAtMs).toISOString().replace('Z', '+0000'),
        issuetype: { name: 'Incident' },
        project: { key: project },
        reporter: { accountId: 'sim-reporter', displayName: 'Rita Reporter' },
      },
    },
  };
}

/** The part of JQL that is simulated; Jira's words for what is refused. */
function searched(
  jql: string,
  issues: readonly JiraIssue[],
  project: string,
  nowMs: number,
): readonly JiraIssue[] | string {
  const [, where = '', direction = 'DESC'] = /^(.*?)(?:\s+ORDER BY created\s+(ASC|DESC))?$/i.exec(jql.trim()) ?? [];
  if (where === '') return 'Unbounded JQL queries are not allowed here. Please add a search restriction to your query.';
  let found = issues;
  for (const clause of where.split(/\s+AND\s+/i)) {
    const created = /^created >= -(\d+)m$/i.exec(clause);
    const label = /^labels = ([\w-]+)$/i.exec(clause);
    const without = /^\(labels IS EMPTY OR labels NOT IN \(([\w-]+)\)\)$/i.exec(clause);
    const named = /^project = "?([A-Z][A-Z0-9]*)"?$/.exec(clause);
    if (named !== null) {
      if (named[1] !== project) return `The value '${named[1]}' does not exist for the field 'project'.`;
    } else if (created !== null) {
      found = found.filter(({ createdAtMs }) => createdAtMs >= nowMs - Number(created[1]) * 60_000);
    } else if (label !== null) {
      found = found.filter(({ labels }) => labels.includes(label[1] ?? ''));
    } else if (without !== null) {
      found = found.filter(({ labels }) => !labels.includes(without[1] ?? ''));
    } else return `Error in the JQL Query: '${clause}' is not simulated.`;
  }
  return direction.toUpperCase() === 'ASC' ? found : found.toReversed();
}

const CATEGORIES = { 'To Do': 'new', 'In Progress': 'indeterminate', Done: 'done' } as const;

/** Only the fields that were asked for, as the newer search answers. */
function json(issue: JiraIssue, wanted: readonly string[]) {
  const everything: Readonly<Record<string, unknown>> = {
    summary: issue.summary,
    status: { name: issue.status, statusCategory: { key: CATEGORIES[issue.status] } },
    resolution: issue.resolution === null ? null : { name: issue.resolution },
    labels: issue.labels,
    duedate: issue.duedate,
    created: new Date(issue.createdAtMs).toISOString().replace('Z', '+0000'),
    assignee: issue.assignee === null ? null : { accountId: issue.assignee, displayName: issue.assignee },
  };
  const whole = wanted.includes('*all');
  const fields = Object.fromEntries(Object.entries(everything).filter(([name]) => whole || wanted.includes(name)));
  return { id: issue.key, key: issue.key, self: `https://sim.atlassian.net/rest/api/3/issue/${issue.key}`, fields };
}
