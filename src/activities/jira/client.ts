import { z } from 'zod';
import { epochMs, type Instant } from '../../domain/instant.ts';
import type { CreatedTicket, NewTicket, Ticket, TicketComment, WrittenTickets } from '../../domain/ticket.ts';
import { sha256 } from '../digest.ts';
import { createHttpClient, type HttpClient } from '../http.ts';
import { richText } from './rich-text.ts';

export interface JiraSettings {
  /** `https://<site>.atlassian.net`. */
  readonly baseUrl: string;
  readonly email: string;
  readonly apiToken: string;
  /** Where tickets are opened, and whose tickets are counted. */
  readonly project: string;
  readonly issueType?: string;
  readonly timeoutMilliseconds?: number;
}

export interface JiraClient {
  readonly system: string;
  /** Issues that were written since that instant (until another, if given); ours (with our label) are left out. */
  since(at: Instant, now: Instant, until?: Instant): Promise<WrittenTickets>;
  /** What a person would type to see them. */
  commandSince(at: Instant): string;
  /** Jira's search lags behind its writing by seconds: whoever has just created asks again before creating once more. */
  find(externalId: string): Promise<Ticket | null>;
  create(ticket: NewTicket): Promise<CreatedTicket>;
  read(ref: string): Promise<Ticket>;
  /** `solve` says nothing here: which way an issue is closed is each project's own. */
  comment(ref: string, comment: TicketComment): Promise<void>;
  /** The same link once, however often it is told: Jira knows it by its global id. */
  link(ref: string, link: { readonly globalId: string; readonly url: string; readonly title: string }): Promise<void>;
}

/** How it is signed in to. */
export function jiraHttp(settings: JiraSettings): HttpClient {
  const credentials = Buffer.from(`${settings.email}:${settings.apiToken}`).toString('base64');
  return createHttpClient({
    name: 'Jira',
    baseUrl: settings.baseUrl,
    headers: { authorization: `Basic ${credentials}` },
    secrets: [settings.apiToken, credentials],
    timeoutMilliseconds: settings.timeoutMilliseconds ?? TIMEOUT_MILLISECONDS,
  });
}

/** Jira Cloud, REST version 3. Throws the failures of failures.ts; nothing is retried here. */
export function createJiraClient(settings: JiraSettings): JiraClient {
  const http = jiraHttp(settings);
  const shown = (issue: Issue) => shownIssue(issue, settings.baseUrl);
  const project = quoted(settings.project);
  return {
    system: 'Jira',
    commandSince: (at) =>
      `curl -u $JIRA_EMAIL:$JIRA_API_TOKEN -X POST "$JIRA_URL/rest/api/3/search/jql" -d '{"jql":"created >= \\"${at.slice(0, 16).replace('T', ' ')}\\""}'`,
    async since(at, now, until) {
      // A date in JQL is read in the zone of whoever asks; minutes back are the same everywhere.
      const minutes = Math.max(1, Math.ceil((epochMs(now) - epochMs(at)) / 60_000) + 1);
      // `NOT IN` alone would leave out the issues without labels, which most are.
      const others = `(labels IS EMPTY OR labels NOT IN (${OUR_LABEL}))`;
      const jql = `project = ${project} AND created >= -${minutes}m AND ${others} ORDER BY created DESC`;
      const { issues, complete } = await search(http, jql);
      const written = issues.filter(({ fields }) => {
        const createdMs = epochMs(fields.created ?? now);
        return createdMs >= epochMs(at) && (until === undefined || createdMs <= epochMs(until));
      });
      const newest = written.slice(0, NEWEST).map((issue) => {
        const { ref, url, title } = shown(issue);
        return { ref, url, title, at: new Date(issue.fields.created ?? now).toISOString() };
      });
      return { count: written.length, exact: complete, newest };
    },
    async find(externalId) {
      const jql = `project = ${project} AND labels = ${labelOf(externalId)} ORDER BY created ASC`;
      const first = (await search(http, jql)).issues[0];
      return first === undefined ? null : shown(first);
    },
    create: (ticket) => create(http, settings, ticket),
    read: async (ref) => shown(await issueOf(http, ref)),
    async comment(ref, { key, text }) {
      const path = `/rest/api/3/issue/${encodeURIComponent(ref)}/comment`;
      const query = { expand: 'properties', orderBy: '-created', maxResults: PAGE };
      const { comments } = await http.json({ path, query }, COMMENTS);
      const ours = (comment: (typeof comments)[number]) =>
        (comment.properties ?? []).some((one) => one.key === PROPERTY && one.value.key === key);
      if (comments.some(ours)) return;
      const json = { body: richText(text), properties: [{ key: PROPERTY, value: { key } }] };
      await http.json({ method: 'POST', path, json }, z.object({ id: z.string() }));
    },
    async link(ref, { globalId, url, title }) {
      const path = `/rest/api/3/issue/${encodeURIComponent(ref)}/remotelink`;
      await http.json(
        { method: 'POST', path, json: { globalId, object: { url, title } } },
        z.object({ id: z.number() }),
      );
    },
  };
}

const TIMEOUT_MILLISECONDS = 7_000;
const NEWEST = 20;
const PAGE = 100;
const PAGES = 5;
const SUMMARY_CHARACTERS = 254;
const OUR_LABEL = 'incident-runbook';
const PROPERTY = 'incident_runbook';
const FIELDS = ['summary', 'status', 'resolution', 'created', 'duedate', 'assignee'];

const ISSUE = z.object({
  key: z.string(),
  fields: z.object({
    summary: z.string().nullish(),
    status: z.object({ name: z.string(), statusCategory: z.object({ key: z.string() }).nullish() }).nullish(),
    resolution: z.object({ name: z.string() }).nullish(),
    created: z.string().nullish(),
    duedate: z.string().nullish(),
    assignee: z.object({ displayName: z.string().nullish(), accountId: z.string() }).nullish(),
  }),
});
type Issue = z.infer<typeof ISSUE>;
const FOUND = z.object({ issues: z.array(ISSUE), nextPageToken: z.string().nullish(), isLast: z.boolean().nullish() });
const COMMENTS = z.object({
  comments: z.array(
    z.object({
      properties: z
        .array(z.object({ key: z.string(), value: z.object({ key: z.unknown() }).catch({ key: null }) }))
        .nullish(),
    }),
  ),
});

/** The newer search: pages by token until the last one, no total, and no field that was not asked for. */
async function search(
  http: HttpClient,
  jql: string,
): Promise<{ readonly issues: readonly Issue[]; complete: boolean }> {
  const issues: Issue[] = [];
  let token: string | null = null;
  for (let page = 0; page < PAGES; page += 1) {
    const json = { jql, fields: FIELDS, maxResults: PAGE, ...(token === null ? {} : { nextPageToken: token }) };
    const answer: z.infer<typeof FOUND> = await http.json(
      { method: 'POST', path: '/rest/api/3/search/jql', json },
      FOUND,
    );
    issues.push(...answer.issues);
    token = answer.nextPageToken ?? null;
    if (answer.isLast === true || token === null) return { issues, complete: true };
  }
  return { issues, complete: false };
}

async function create(http: HttpClient, settings: JiraSettings, ticket: NewTicket) {
  const warnings: string[] = [];
  const accountId = ticket.ownerEmail === null ? null : await accountOf(http, ticket.ownerEmail);
  if (ticket.ownerEmail !== null && accountId === null)
    warnings.push(`Jira knows nobody with the address ${ticket.ownerEmail}, so the ticket has no assignee.`);
  const fields = {
    project: { key: settings.project },
    issuetype: { name: settings.issueType ?? 'Task' },
    summary: ticket.title.replace(/\s+/gu, ' ').slice(0, SUMMARY_CHARACTERS),
    description: richText(ticket.description),
    labels: [OUR_LABEL, ticket.incidentId, labelOf(ticket.externalId)],
    ...(ticket.dueAt === null ? {} : { duedate: ticket.dueAt.slice(0, 10) }),
    ...(accountId === null ? {} : { assignee: { accountId } }),
  };
  const made = await http.json(
    { method: 'POST', path: '/rest/api/3/issue', json: { fields } },
    z.object({ key: z.string() }),
  );
  return { ticket: shownIssue(await issueOf(http, made.key), settings.baseUrl), warnings };
}

async function accountOf(http: HttpClient, email: string): Promise<string | null> {
  const shape = z.array(
    z.object({ accountId: z.string(), emailAddress: z.string().nullish(), active: z.boolean().nullish() }),
  );
  const found = await http.json({ path: '/rest/api/3/user/search', query: { query: email, maxResults: 10 } }, shape);
  // Who hides their address is found by it all the same; of several only one that shows it is surely meant.
  const shows = found.find((one) => one.emailAddress?.toLowerCase() === email.toLowerCase());
  const only = found.length === 1 && found[0]?.emailAddress == null ? found[0] : undefined;
  const account = shows ?? only;
  return account === undefined || account.active === false ? null : account.accountId;
}

async function issueOf(http: HttpClient, ref: string): Promise<Issue> {
  return http.json(
    { path: `/rest/api/3/issue/${encodeURIComponent(ref)}`, query: { fields: FIELDS.join(',') } },
    ISSUE,
  );
}

/** A label may hold no space and 255 characters; the digest keeps two ids apart whatever is in them. */
function labelOf(externalId: string): string {
  return `ext-${sha256(externalId).slice(0, 20)}`;
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/gu, '\\$&')}"`;
}

const DROPPED = /won.?t|declined|duplicate|cannot reproduce|obsolete|abandoned/iu;

function shownIssue({ key, fields }: Issue, baseUrl: string): Ticket {
  const ended = fields.status?.statusCategory?.key === 'done';
  const dropped = DROPPED.test(`${fields.resolution?.name ?? ''} ${fields.status?.name ?? ''}`);
  return {
    ref: key,
    url: `${baseUrl.replace(/\/+$/, '')}/browse/${encodeURIComponent(key)}`,
    title: fields.summary ?? '',
    state: ended ? (dropped ? 'dropped' : 'done') : 'open',
    status: fields.status?.name ?? 'unknown',
    dueAt: fields.duedate == null ? null : `${fields.duedate}T00:00:00.000Z`,
    assignee: fields.assignee?.displayName ?? fields.assignee?.accountId ?? null,
  };
}
