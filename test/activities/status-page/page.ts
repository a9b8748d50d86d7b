import { serve, type Wire, type WireAnswer } from '../publication/wire.ts';

export interface FakeIncident {
  readonly id: string;
  status: string;
  body: string;
  metadata: unknown;
  name: string;
  components: unknown;
}

export interface FakeStatusPage {
  readonly wire: Wire;
  readonly incidents: FakeIncident[];
  readonly posts: string[];
  /** Answers the next write this way; with `lose` the write takes effect first. */
  fail(answer: WireAnswer): void;
}

/** Enough of Atlassian's API for the product's client, with state, over a real socket. */
export async function startStatusPage(): Promise<FakeStatusPage> {
  const incidents: FakeIncident[] = [];
  const posts: string[] = [];
  const failures: WireAnswer[] = [];
  const wire = await serve(({ method, path, body, headers }) => {
    if (headers.authorization !== 'OAuth page-key') return { status: 401, json: { error: 'Could not authenticate' } };
    const id = /^\/pages\/p1\/incidents\/([^/]+)$/u.exec(path)?.[1];
    if (method === 'GET' && id === 'unresolved')
      return { status: 200, json: incidents.filter((incident) => incident.status !== 'resolved') };
    const incident = incidents.find((candidate) => candidate.id === id);
    if (method === 'GET')
      return incident === undefined ? { status: 404, json: { error: 'not found' } } : { status: 200, json: incident };
    const failed = failures.shift();
    if (failed !== undefined && failed.lose === undefined) return failed;
    const written = body.incident as Partial<FakeIncident>;
    posts.push(`${written.status}: ${written.body}`);
    const now = incident ?? {
      id: `inc${incidents.length + 1}`,
      status: '',
      body: '',
      metadata: {},
      name: '',
      components: {},
    };
    if (incident === undefined) incidents.push(now);
    Object.assign(now, written);
    return failed ?? { status: method === 'POST' ? 201 : 200, json: now };
  });
  return { wire, incidents, posts, fail: (answer) => failures.push(answer) };
}
