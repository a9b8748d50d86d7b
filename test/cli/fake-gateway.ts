import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { IncidentFacts } from '../../src/domain/incident-facts.ts';
import type { TimelineEvent } from '../../src/domain/timeline.ts';
import { FACTS } from '../views/facts.ts';

export const TOKEN = 'jane-s-token';

export interface FakeIncident {
  readonly id: string;
  readonly status: 'open' | 'closed';
  readonly facts: IncidentFacts | null;
  events: readonly TimelineEvent[];
  /** GET …/runbook-change; absent: there is none. */
  runbookChange?: object;
  /** GET …/customer-mails; absent: none was written to. */
  mails?: readonly object[];
}

export interface Posted {
  readonly path: string;
  readonly body: { readonly id: string; readonly name?: string; readonly body?: unknown; readonly title?: string };
}

/** A gateway's routes as the CLI sees them, over real HTTP. Tests say what is in it and how it misbehaves. */
export interface FakeGateway {
  readonly url: string;
  readonly incidents: FakeIncident[];
  readonly posted: Posted[];
  /** Last-Event-ID of each time that the events were asked for. */
  readonly resumedFrom: (string | undefined)[];
  /** Taken from the front: how the next decision is answered; `hang-up` breaks the connection after it was taken. */
  readonly answers: ('hang-up' | { readonly status: number; readonly body: unknown })[];
  /** So many events are sent before a connection of the event stream breaks. */
  eventsPerConnection: number;
  close(): Promise<void>;
}

export function incident(
  id: string,
  over: Partial<IncidentFacts> = {},
  status: 'open' | 'closed' = 'open',
): FakeIncident {
  return { id, status, facts: { ...FACTS, incidentId: id, name: id, ...over }, events: [] };
}

export const QUESTION: IncidentFacts['openQuestions'][number] = {
  approvalId: 'mitigation-1',
  name: 'rollback',
  why: 'the errors began with revision 42',
  options: [
    {
      name: 'rollback',
      preview: 'noa-mcp back to revision 41',
      command: 'kubectl rollout undo deployment/noa-mcp --to-revision=41',
    },
    { name: 'restart', preview: 'restarts noa-mcp', command: null },
  ],
  approver: 'approver',
  mode: 'ask',
  deadlineAt: '2024-10-23T15:00:00.000Z',
};

export async function startFakeGateway(): Promise<FakeGateway> {
  const server = createServer((request, response) => void answer(fake, request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const fake: FakeGateway = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    incidents: [],
    posted: [],
    resumedFrom: [],
    answers: [],
    eventsPerConnection: Number.POSITIVE_INFINITY,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return fake;
}

async function answer(fake: FakeGateway, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const send = (status: number, body: unknown): void => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
  const url = new URL(request.url ?? '/', fake.url);
  if (url.pathname === '/readyz') return send(200, { ready: true, store: 'ok', temporal: 'ok' });
  if (request.headers.authorization !== `Bearer ${TOKEN}`) return send(401, { error: 'Unknown API token.' });
  if (url.pathname === '/api/me') return send(200, { id: 'jane', name: 'Jane Doe', roles: ['responder', 'approver'] });
  if (request.method === 'POST' || request.method === 'PUT') return post(fake, url.pathname, request, send);
  if (url.pathname === '/api/incidents') {
    const all = url.searchParams.get('state') === 'all';
    return send(200, { incidents: fake.incidents.filter(({ status }) => all || status === 'open').map(listed) });
  }
  const [, , , id = '', what = ''] = url.pathname.split('/');
  const found = fake.incidents.find((one) => one.id === id);
  if (found === undefined) return send(404, { error: `There is no incident ${id}.` });
  switch (what) {
    case '':
      return send(200, { ...listed(found), agenda: [], now: found.facts?.at ?? null, notes: [] });
    case 'timeline':
      return send(200, {
        events: found.events.filter(({ seq }) => seq > Number(url.searchParams.get('since'))),
        complete: true,
        timeZone: 'Europe/Berlin',
      });
    case 'events':
      return stream(fake, found, request, response);
    case 'paper':
      response.writeHead(200, { 'content-type': 'text/plain' }).end('kubectl get pods\n');
      return;
    case 'customer-mails':
      return send(200, { mails: found.mails ?? [] });
    case 'runbook-change':
      if (found.runbookChange !== undefined) return send(200, found.runbookChange);
      return send(404, { error: `${id} changes no runbook yet.` });
    default:
      return send(404, { error: `${id} has no ${what} yet.` });
  }
}

async function post(
  fake: FakeGateway,
  path: string,
  request: IncomingMessage,
  send: (status: number, body: unknown) => void,
): Promise<void> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  const body = JSON.parse(text) as Posted['body'];
  fake.posted.push({ path, body });
  const told = fake.answers.shift();
  if (told === 'hang-up') {
    request.socket.destroy();
    return;
  }
  if (told !== undefined) return send(told.status, told.body);
  if (path === '/api/incidents')
    return send(202, {
      incidentId: 'incident-20241023-1430',
      joined: false,
      repeats: 0,
      state: 'pending',
      reason: null,
    });
  send(200, { accepted: true, decisionId: body.id, effect: `${body.name} is done.`, repeated: false });
}

function stream(fake: FakeGateway, found: FakeIncident, request: IncomingMessage, response: ServerResponse): void {
  const after = request.headers['last-event-id'] as string | undefined;
  fake.resumedFrom.push(after);
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write('retry: 10\n\n: still here\n\n');
  const due = found.events.filter(({ seq }) => seq > Number(after ?? 0));
  for (const event of due.slice(0, fake.eventsPerConnection)) {
    const message = `id: ${event.seq}\nevent: timeline\ndata: ${JSON.stringify(event)}\n\n`;
    // Cut in the middle: a reader must not count on whole messages.
    response.write(message.slice(0, 20));
    response.write(message.slice(20));
  }
  if (due.length > fake.eventsPerConnection) response.end();
}

function listed({ id, status, facts }: FakeIncident): object {
  return {
    incident: {
      id,
      title: facts?.title ?? id,
      service: 'API',
      status,
      openedAt: '2024-10-23T14:31:00.000Z',
      detectedAt: '2024-10-23T14:30:00.000Z',
      closedAs: status === 'closed' ? 'resolved' : null,
      mergedInto: null,
    },
    facts,
  };
}
