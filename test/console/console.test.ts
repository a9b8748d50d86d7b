import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import Fastify, { type FastifyInstance, type InjectOptions } from 'fastify';
import { beforeEach, describe, expect, it } from 'vitest';
import { decisionForm } from '../../src/console/decision-forms.ts';
import { html } from '../../src/console/markup.ts';
import { mountConsole } from '../../src/console/mount.ts';
import { isTyped } from '../../src/domain/deciding/line.ts';
import { DECISION_NAMES, declarationOf } from '../../src/domain/decision.ts';
import type { IncidentFacts } from '../../src/domain/incident-facts.ts';
import type { Role } from '../../src/domain/people.ts';
import type { TimelineEvent } from '../../src/domain/timeline.ts';
import { event, FACTS } from '../views/facts.ts';
import { story } from '../views/story.ts';
import { ID, INCIDENT } from './pretend-gateway.ts';

const EVIL = `"><script>alert(1)</script><img src=x onerror=alert(2)>'\`&\u202e`;
const OURS = { 'x-incident-console': '1', 'sec-fetch-site': 'same-origin' };

interface Api {
  facts: IncidentFacts | null;
  events: readonly TimelineEvent[];
  postMortem: string;
  runbookChange: object | null;
  roles: readonly Role[];
  readonly decided: unknown[];
  readonly tokens: Set<string>;
}

let api: Api;
let app: FastifyInstance;

beforeEach(async () => {
  api = {
    facts: FACTS,
    events: numbered(story()),
    postMortem: '# Post-mortem',
    runbookChange: null,
    roles: ['commander', 'approver', 'responder'],
    decided: [],
    tokens: new Set(['t0ken']),
  };
  app = Fastify();
  app.register(async (routes) => registerApi(routes));
  mountConsole(app, {
    sessionSecrets: ['a-secret-that-seals-sessions'],
    secureCookies: false,
    clock: () => '2024-10-23T14:50:00.000Z',
    speed: 30,
    product: () => 'NOA Server',
    people: () => [{ id: 'bob', name: EVIL }],
    historyUrl: (id) => `http://127.0.0.1:8233/namespaces/default/workflows/${id}`,
  });
  await app.ready();
});

/** The gateway's API as the console knows it: it believes nothing but the token. */
function registerApi(routes: FastifyInstance): void {
  routes.addHook('preHandler', async (request, reply) => {
    const token = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    if (!api.tokens.has(token)) return reply.code(401).send({ error: 'Unknown API token.' });
  });
  const entry = () => ({ incident: { ...INCIDENT, title: api.facts?.title ?? EVIL }, facts: api.facts });
  routes.get('/api/me', async () => ({ id: 'jane', name: EVIL, roles: api.roles }));
  routes.get('/api/incidents', async () => ({ incidents: [entry()] }));
  routes.get<{ Params: { id: string } }>('/api/incidents/:id', async (request, reply) =>
    request.params.id === ID
      ? { ...entry(), notes: [EVIL] }
      : reply.code(404).send({ error: `There is no incident ${request.params.id}.` }),
  );
  routes.get('/api/incidents/:id/timeline', async () => ({ events: api.events, complete: true }));
  routes.get('/api/incidents/:id/post-mortem', async (_request, reply) =>
    reply.type('text/markdown; charset=utf-8').send(api.postMortem),
  );
  routes.get('/api/incidents/:id/runbook-change', async (_request, reply) =>
    api.runbookChange === null ? reply.code(404).send({ error: 'none' }) : api.runbookChange,
  );
  routes.post('/api/incidents/:id/decisions', async (request) => {
    api.decided.push({ body: request.body, via: request.headers['x-incident-via'] });
    return { accepted: true };
  });
}

function numbered(events: readonly TimelineEvent[]): readonly TimelineEvent[] {
  return events.map((one, index) => ({ ...one, seq: index + 1 }));
}

async function cookie(): Promise<string> {
  const answer = await app.inject({ method: 'POST', url: '/session', headers: OURS, payload: { token: 't0ken' } });
  expect(answer.statusCode).toBe(204);
  return String(answer.headers['set-cookie']).split(';')[0] ?? '';
}

async function get(url: string, more: InjectOptions = {}) {
  return app.inject({ method: 'GET', url, ...more, headers: { cookie: await cookie(), ...(more.headers as object) } });
}

/** What strangers wrote must be text everywhere: no element, attribute or handler of theirs. */
function expectHarmless(page: string): void {
  expect(page).not.toMatch(/<script>/);
  expect(page).not.toMatch(/<img/);
  // Outside of quoted values, where it would be an attribute of its own.
  expect(page.replace(/"[^"]*"/g, '""')).not.toMatch(/<[^>]*\sonerror=/);
  expect(page).not.toContain('\u202e');
  expect(page).not.toMatch(/href="javascript:/i);
}

describe('a page', () => {
  it('escapes what is put into it, in text and in attributes', () => {
    expect(html`<p title="${EVIL}">${EVIL}</p>`.text).toBe(
      `${html`<p title="${EVIL}">`.text}${html`${EVIL}`.text}</p>`,
    );
    expect(html`<i a="${EVIL}">`.text).toBe(
      '<i a="&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&lt;img src=x onerror=alert(2)&gt;&#39;&#96;&amp;">',
    );
  });

  it('shows an incident with hostile words everywhere, as words', async () => {
    const hypothesis = {
      ...(FACTS.cause as NonNullable<IncidentFacts['cause']>),
      id: EVIL,
      words: EVIL,
      supports: [{ evidenceId: EVIL, words: EVIL, weight: 1 }],
      contradicts: [],
      wouldTellApart: EVIL,
    };
    api.facts = {
      ...FACTS,
      title: EVIL,
      issue: EVIL,
      impact: EVIL,
      causeWords: EVIL,
      mitigation: EVIL,
      commander: EVIL,
      acknowledgedBy: EVIL,
      responders: [EVIL],
      channelName: EVIL,
      latestUpdate: EVIL,
      reasons: [EVIL],
      cause: hypothesis,
      links: [
        { title: EVIL, url: 'javascript:alert(3)' },
        { title: EVIL, url: `https://x.example/${EVIL}` },
      ],
      openQuestions: [
        {
          approvalId: EVIL,
          name: EVIL,
          why: EVIL,
          options: [{ name: EVIL, preview: EVIL, command: EVIL }],
          approver: 'approver',
          mode: 'ask',
          deadlineAt: '2024-10-23T15:00:00.000Z',
        },
      ],
      openLeases: [{ id: EVIL, what: EVIL, expiresAt: '2024-10-23T15:00:00.000Z' }],
    };
    api.events = numbered([
      ...story(),
      event('14:51', { kind: 'noted', text: EVIL }, EVIL),
      event('14:52', { kind: 'explained', hypotheses: [hypothesis], changed: EVIL }),
      event('14:53', {
        kind: 'evidence-collected',
        bundle: {
          purpose: 'investigation',
          collectedAt: '2024-10-23T14:53:00.000Z',
          items: [
            {
              id: EVIL,
              probe: 'nodes',
              source: EVIL,
              collectedAt: '2024-10-23T14:53:00.000Z',
              command: EVIL,
              link: 'javascript:alert(4)',
              words: EVIL,
              abnormal: true,
              finding: { probe: 'nodes', nodes: [] },
              excerpt: EVIL,
              digest: EVIL,
              sizeBytes: 1,
            },
          ],
          gaps: [{ probe: 'pods', source: EVIL, kind: 'no-answer', reason: EVIL }],
        },
      }),
    ]);
    for (const url of [`/incidents/${ID}`, '/']) {
      const answer = await get(url);
      expect(answer.statusCode).toBe(200);
      expect(answer.body).toContain('&lt;script&gt;');
      expectHarmless(answer.body);
    }
  });

  it('shows a hostile post-mortem as a document in which nothing runs or is fetched', async () => {
    api.postMortem = `# ${EVIL}\n<iframe src="//evil.example"></iframe>\n\n[x](javascript:alert(5)) ![x](https://evil.example/x.png)\n\n</textarea>`;
    const { body } = await get(`/incidents/${ID}/post-mortem`);
    expect(body).toContain('&lt;iframe');
    expect(body.match(/<\/textarea>/g)).toHaveLength(2);
    expectHarmless(body);
  });

  it('shows the change of the runbook with its link, and its buttons to who may press them (R6.5)', async () => {
    expect((await get(`/incidents/${ID}/post-mortem`)).body).not.toContain('Change of the runbook');
    api.runbookChange = {
      incidentId: ID,
      file: `docs/${EVIL}.md`,
      stage: 'drafted',
      digest: 'd'.repeat(64),
      by: EVIL,
      at: '2024-10-24T10:00:00.000Z',
      words: EVIL,
      link: null,
      opensAt: '2024-10-24T11:00:00.000Z',
      text: `### ${EVIL}</textarea>`,
    };
    const drafted = await get(`/incidents/${ID}/post-mortem`);
    expect(drafted.body).toContain('Withhold it');
    expect(drafted.body).toContain('Propose it now');
    expectHarmless(drafted.body);
    api.roles = ['responder'];
    const responder = await get(`/incidents/${ID}/post-mortem`);
    expect(responder.body).toContain('What is added');
    expect(responder.body).not.toContain('Withhold it');
    api.runbookChange = { ...api.runbookChange, stage: 'proposed', link: 'https://github.example/pull/7' };
    const proposed = await get(`/incidents/${ID}/post-mortem`);
    expect(proposed.body).toContain('href="https://github.example/pull/7"');
    expect(proposed.body).not.toContain('data-runbook-form');
    expectHarmless(proposed.body);
  });

  it('answers on its first screen what happens, who leads, what is due and what is asked', async () => {
    api.facts = {
      ...FACTS,
      openQuestions: [
        {
          approvalId: 'a1',
          name: 'rollback',
          why: 'a deploy',
          options: [
            { name: 'rollback', preview: 'Rolls back to 3.', command: 'kubectl rollout undo' },
            { name: 'restart', preview: 'Restarts.', command: null },
          ],
          approver: 'approver',
          mode: 'ask',
          deadlineAt: '2024-10-23T15:00:00.000Z',
        },
      ],
    };
    const { body } = await get(`/incidents/${ID}`);
    for (const words of [
      FACTS.impact,
      'Jane Doe',
      'Rolls back to 3.',
      'kubectl rollout undo',
      'Approve restart',
      'Reject',
      'data-countdown',
      'workflows/incident-20241023-1430',
    ])
      expect(body).toContain(words);
    api.roles = ['viewer'];
    const seen = (await get(`/incidents/${ID}`)).body;
    expect(seen).toContain('Rolls back to 3.');
    expect(seen).not.toContain('Approve restart');
  });

  it('goes out gzipped to whoever takes that, and says the same', async () => {
    const plain = await get(`/incidents/${ID}`);
    const small = await get(`/incidents/${ID}`, { headers: { 'accept-encoding': 'gzip, br' } });
    expect([plain.headers['content-encoding'], small.headers['content-encoding']]).toEqual([undefined, 'gzip']);
    expect(gunzipSync(small.rawPayload).toString()).toBe(plain.body);
    expect(small.rawPayload.length).toBeLessThan(plain.rawPayload.length / 2);
  });

  it('forbids everything inline, and being framed', async () => {
    const answer = await get('/');
    const policy = String(answer.headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).not.toContain('unsafe');
    expect(policy).toContain("frame-ancestors 'none'");
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.body).not.toMatch(/<style|style=|<script(?![^>]*src=)/);
  });

  it('says in words what cannot be shown', async () => {
    const answer = await get('/incidents/incident-x');
    expect(answer.statusCode).toBe(404);
    expect(answer.body).toContain('There is no incident incident-x.');
  });
});

describe('signing in', () => {
  it('asks whoever has no session, and shows nothing', async () => {
    const answer = await app.inject({ url: '/' });
    expect(answer.statusCode).toBe(401);
    expect(answer.body).toContain('data-sign-in');
    expect(answer.body).not.toContain(FACTS.title);
  });

  it('refuses a wrong token and a foreign form, without a cookie', async () => {
    const wrong = await app.inject({ method: 'POST', url: '/session', headers: OURS, payload: { token: 'guessed' } });
    expect([wrong.statusCode, wrong.headers['set-cookie']]).toEqual([401, undefined]);
    const foreignForm = await app.inject({
      method: 'POST',
      url: '/session',
      headers: { 'sec-fetch-site': 'cross-site' },
      payload: { token: 't0ken' },
    });
    expect([foreignForm.statusCode, foreignForm.headers['set-cookie']]).toEqual([403, undefined]);
  });

  it('ends when the token is taken away', async () => {
    const held = await cookie();
    api.tokens.clear();
    const answer = await app.inject({ url: '/', headers: { cookie: held } });
    expect(answer.statusCode).toBe(401);
    expect(answer.body).toContain('not valid any more');
    expect(String(answer.headers['set-cookie'])).toContain('Max-Age=0');
  });

  it('leads a link from chat through our own page, so that the strict cookie comes along', async () => {
    const answer = await app.inject({ url: `/incidents/${ID}`, headers: { 'sec-fetch-site': 'cross-site' } });
    expect(answer.body).toContain(`url=/incidents/${ID}`);
  });
});

describe('the API by session', () => {
  const decision = { id: 'd1', name: 'note', body: { text: 'x' } };
  const decide = (headers: Record<string, string>) =>
    app.inject({ method: 'POST', url: `/api/incidents/${ID}/decisions`, headers, payload: decision });

  it('takes a decision from our own page, and says that it came by the console', async () => {
    const answer = await decide({ cookie: await cookie(), ...OURS });
    expect(answer.statusCode).toBe(200);
    expect(api.decided).toEqual([{ body: decision, via: 'console' }]);
  });

  it('refuses one that another site sent with the cookie, and does nothing', async () => {
    const held = await cookie();
    const answers = await Promise.all([
      decide({ cookie: held }),
      decide({ cookie: held, 'sec-fetch-site': 'same-origin' }),
      decide({ cookie: held, ...OURS, 'sec-fetch-site': 'cross-site' }),
      decide({ cookie: held, 'x-incident-console': '1', origin: 'https://evil.example', host: 'console.example' }),
    ]);
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([403, 403, 401, 403]);
    expect(api.decided).toEqual([]);
  });

  it('lets nobody read without a session, and another site not even with one', async () => {
    expect((await app.inject({ url: '/api/incidents' })).statusCode).toBe(401);
    expect((await get('/api/incidents')).statusCode).toBe(200);
    expect((await get('/api/incidents', { headers: { 'sec-fetch-site': 'cross-site' } })).statusCode).toBe(401);
  });
});

describe('forms', () => {
  it.each(DECISION_NAMES)('%s asks for all that is not settled by where it stands', (name) => {
    const form = decisionForm(name, { incidentId: 'i', roles: ['cto'], people: [] })?.text ?? '';
    expect(form).toContain(`data-decision="${name}"`);
    for (const [field, declared] of Object.entries(declarationOf(name).fields))
      expect([field, form.includes(`name="${field}"`)]).toEqual([field, isTyped(declared)]);
  });

  it('look as every file of the styles says', async () => {
    const sheet = (await app.inject({ url: '/console/console.css' })).body;
    const folder = new URL('../../src/console/public/styles/', import.meta.url);
    for (const name of readdirSync(folder)) expect(sheet, name).toContain(readFileSync(new URL(name, folder), 'utf8'));
  });

  it('are served with their scripts, from this address alone', async () => {
    for (const path of [
      'console.css',
      'clocks.js',
      'exchange.js',
      'live.js',
      'decisions.js',
      'session.js',
      'said.js',
      'refresh.js',
      'keys.js',
      'post-mortem.js',
      'runbook-change.js',
      'quick.js',
      'icon.svg',
    ]) {
      const answer = await app.inject({ url: `/console/${path}` });
      expect(answer.statusCode, path).toBe(200);
      expect(answer.body).not.toMatch(/https?:\/\/(?!www\.w3\.org)/);
      expect(
        (await app.inject({ url: `/console/${path}`, headers: { 'if-none-match': String(answer.headers.etag) } }))
          .statusCode,
      ).toBe(304);
    }
    expect((await app.inject({ url: '/console/..%2fmount.ts' })).statusCode).toBe(404);
  });
});
