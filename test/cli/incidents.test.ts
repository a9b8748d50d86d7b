import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chainOfR9 } from '../domain/chain-scene.ts';
import { event } from '../views/facts.ts';
import { type FakeGateway, incident, QUESTION, startFakeGateway, TOKEN } from './fake-gateway.ts';
import { run } from './run.ts';

const R9 = 'incident-20241023-1430';
let gateway: FakeGateway;

beforeEach(async () => {
  gateway = await startFakeGateway();
});
afterEach(() => gateway.close());

describe('show', () => {
  it('says what happens, who leads, what is due and what is asked, in this order, with the command for each answer', async () => {
    const r9 = incident(R9, { openQuestions: [QUESTION] });
    r9.events = [
      event('14:31', {
        kind: 'promised',
        promise: { id: 'p', kind: 'update', words: 'Update by 15:05 UTC', dueAt: '2024-10-23T15:05:00.000Z' },
      }),
    ];
    gateway.incidents.push(r9);
    const { code, out } = await run(gateway, ['show', '1430']);
    expect(code).toBe(0);
    const order = [
      'P1',
      'API High Error Rate',
      'Identified',
      'Jane Doe',
      'in 15 min: Update by 15:05',
      'incident approve 1430 mitigation-1',
      '--option restart',
      'incident reject 1430 mitigation-1',
      'Cause',
    ];
    const places = order.map((words) => out.indexOf(words));
    expect(places).not.toContain(-1);
    expect(places).toEqual([...places].sort((a, b) => a - b));
  });

  it('shows an overdue promise as overdue, and keeps hostile text on its line', async () => {
    const r9 = incident(R9, { title: 'x\u001b[2J\nSeverity: P3', openQuestions: [] });
    r9.events = [
      event('14:31', {
        kind: 'promised',
        promise: { id: 'p', kind: 'update', words: 'Update', dueAt: '2024-10-23T14:40:00.000Z' },
      }),
    ];
    gateway.incidents.push(r9);
    const { out } = await run(gateway, ['show']);
    expect(out).toContain('10 min overdue');
    expect(out).not.toContain('\u001b');
    expect(out.split('\n')).not.toContain('Severity: P3');
  });

  it('gives the documented object with --json', async () => {
    gateway.incidents.push(incident(R9, { openQuestions: [QUESTION] }));
    const { out } = await run(gateway, ['show', R9, '--json']);
    expect(Object.keys(JSON.parse(out))).toEqual(['incident', 'facts', 'openQuestions', 'promises', 'notes', 'now']);
  });
});

describe('naming an incident', () => {
  it('takes a unique part, prefers the exact end, and lists what fits otherwise', async () => {
    gateway.incidents.push(incident(R9), incident(`${R9}-2`), incident('incident-20241024-0900'));
    expect((await run(gateway, ['show', '0900', '--json'])).out).toContain('incident-20241024-0900');
    expect(JSON.parse((await run(gateway, ['show', '1430', '--json'])).out).incident.id).toBe(R9);
    const several = await run(gateway, ['show', '2024']);
    expect(several.code).toBe(2);
    expect(several.err).toContain(`${R9}-2`);
  });

  it('finds closed ones by part too, and says when there is none (3)', async () => {
    gateway.incidents.push(incident(R9, {}, 'closed'));
    expect((await run(gateway, ['show', '1430'])).code).toBe(0);
    expect((await run(gateway, ['show', '1111'])).code).toBe(3);
    expect((await run(gateway, ['show', 'incident-20200101-0000'])).code).toBe(3);
    const none = await run(gateway, ['acknowledge']);
    expect(none.code).toBe(3);
    expect(none.err).toContain('No incident is open');
  });
});

describe('list, create, paper, timeline, post-mortem and nothing', () => {
  it('lists open incidents, and all with --all', async () => {
    gateway.incidents.push(incident(R9), incident('incident-20241022-0800', {}, 'closed'));
    expect((await run(gateway, ['list'])).out).not.toContain('20241022');
    const { incidents } = JSON.parse((await run(gateway, ['list', '--all', '--json'])).out);
    expect(incidents).toHaveLength(2);
    expect(incidents[0]).toMatchObject({
      id: R9,
      severity: 'P1',
      phase: 'mitigation',
      openQuestions: 0,
      status: 'open',
    });
  });

  it('creates with an id of its own, the same after a broken connection', async () => {
    gateway.answers.push('hang-up');
    const { code, out } = await run(gateway, ['create', 'payments', 'fail', '--severity', 'p1']);
    expect([code, out]).toEqual([0, `Opened: ${R9}`]);
    expect(gateway.posted.map(({ body }) => body.title)).toEqual(['payments fail', 'payments fail']);
    expect(gateway.posted[0]?.body.id).toBe(gateway.posted[1]?.body.id);
    expect((await run(gateway, ['create', 'x', '--severity', 'P9'])).code).toBe(2);
  });

  it('tells how the mails to customers stand, and of each that did not arrive why (R4.5)', async () => {
    const notDelivered = [{ customerId: 'acme', words: 'gone@acme.example: 550 User unknown (5.1.1)' }];
    const mail = {
      edition: 'resolved-0',
      subject: 'Service Disruption',
      preparedAt: null,
      waiting: 3,
      sent: 40,
      refused: 2,
      bounced: 1,
      notDelivered,
    };
    gateway.incidents.push({ ...incident(R9), mails: [mail] });
    const lines = (await run(gateway, ['mails', '1430'])).out
      .split('\n')
      .map((line) => line.replace(/\s+/g, ' ').trim());
    expect(lines).toEqual([
      'MAIL SENT CAME BACK REFUSED TO GO SUBJECT',
      'resolved-0 40 1 2 3 Service Disruption',
      'acme: gone@acme.example: 550 User unknown (5.1.1)',
    ]);
    const data = JSON.parse((await run(gateway, ['mails', '1430', '--json'])).out);
    expect(data).toEqual({ incidentId: R9, mails: [mail] });
    gateway.incidents[0] = incident(R9);
    expect((await run(gateway, ['mails'])).out).toBe(`No customer was written to about ${R9}.`);
  });

  it('tells what led to what, with both clocks, the meaning and how each line is known (R5.5)', async () => {
    gateway.incidents.push({ ...incident(R9), events: chainOfR9() });
    const { out } = await run(gateway, ['timeline', '1430', '--correlated']);
    const lines = out.split('\n');
    expect(lines[0]).toBe('Times are UTC. In brackets: the clock of Europe/Berlin.');
    expect(lines.slice(1, 3)).toEqual([
      '14:15 (16:15)  noa-mcp was rolled out as revision 4: "feature X" (noa-mcp:v4) (10 minutes before the number of busy database connections began to climb; the explanation names it)',
      '       Kubernetes: ask rollouts',
    ]);
    const roles = [
      'rolled out',
      'began to climb',
      'went above 80',
      'error rate went above',
      'HighErrorRate',
      'rollback of',
      'error rate came back',
    ];
    const places = roles.map((words) => lines.findIndex((line) => line.includes(words)));
    expect(places).not.toContain(-1);
    expect(lines).toContain('       https://grafana.example/d/overview');
    const data = JSON.parse((await run(gateway, ['timeline', '1430', '--correlated', '--json'])).out);
    expect(data).toMatchObject({ incidentId: R9, timeZone: 'Europe/Berlin', complete: true });
    expect(data.correlated[0]).toMatchObject({
      role: 'change',
      system: 'Kubernetes',
      source: { command: 'ask rollouts' },
    });
    expect((await run(gateway, ['timeline', '1430', '--correlated', '--since', '3'])).code).toBe(2);
  });

  it('prints paper and timeline, and says that there is no post-mortem yet (3)', async () => {
    const r9 = incident(R9);
    r9.events = [event('14:33', { kind: 'acknowledged' }, 'jane')];
    gateway.incidents.push(r9);
    expect((await run(gateway, ['paper', '1430'])).out).toBe('kubectl get pods');
    expect((await run(gateway, ['timeline', '1430'])).out).toBe('14:33 UTC  jane acknowledged');
    expect((await run(gateway, ['post-mortem', '1430'])).code).toBe(3);
    expect((await run(gateway, ['timeline', '1430', '--since', 'x'])).code).toBe(2);
  });

  it('shows the change of the runbook with its link, and carries a no, a go and another text (R6.5)', async () => {
    const r9 = incident(R9);
    gateway.incidents.push(r9);
    expect((await run(gateway, ['runbook-change', '1430'])).code).toBe(3);
    const change = { file: 'docs/A.md', stage: 'proposed', by: 'machine', words: '#7 is open.', digest: 'd1' };
    r9.runbookChange = { ...change, link: 'https://github.example/pull/7', text: '### What it taught\n' };
    const shown = await run(gateway, ['runbook-change', '1430']);
    expect(shown.out).toBe('### What it taught');
    expect(shown.err).toContain('docs/A.md: proposed by machine. #7 is open. https://github.example/pull/7');
    const file = join(mkdtempSync(join(tmpdir(), 'runbook-')), 'text.md');
    writeFileSync(file, '### Better\n');
    expect((await run(gateway, ['runbook-change', '1430', '--from', file])).code).toBe(0);
    expect((await run(gateway, ['runbook-change', '1430', '--withhold', 'said already'])).code).toBe(0);
    expect((await run(gateway, ['runbook-change', '1430', '--propose'])).code).toBe(0);
    const at = `/api/incidents/${R9}/runbook-change`;
    expect(gateway.posted).toEqual([
      { path: at, body: { text: '### Better\n', basedOn: 'd1' } },
      { path: `${at}/withhold`, body: { because: 'said already' } },
      { path: `${at}/propose`, body: { digest: 'd1' } },
    ]);
  });

  it('shows what waits for me: by my roles, with commands', async () => {
    gateway.incidents.push(
      incident(R9, { openQuestions: [QUESTION, { ...QUESTION, approvalId: 'q2', approver: 'cto' }] }),
    );
    const { out } = await run(gateway, []);
    expect(out).toContain('incident approve 1430 mitigation-1');
    expect(out).not.toContain('approve 1430 q2');
    expect(out).toContain('1 question waits for others');
  });
});

describe('failures', () => {
  it('exit with their documented codes and say what to do', async () => {
    gateway.incidents.push(incident(R9));
    const stranger = await run(gateway, ['list'], { env: { INCIDENT_URL: gateway.url, INCIDENT_TOKEN: 'x' } });
    expect(stranger.code).toBe(4);
    expect(stranger.err).toContain('INCIDENT_TOKEN');
    expect((await run(gateway, ['shwo'])).err).toContain('Did you mean: incident show');
    expect((await run(gateway, ['shwo'])).code).toBe(2);
    expect((await run(gateway, ['list', '--what'])).code).toBe(2);
    expect((await run(gateway, ['list', '--url', 'nowhere'])).code).toBe(2);
    expect((await run(gateway, ['--version'])).out).toBe('9.9.9');
  });

  it('are data on stderr with --json, and nothing on stdout', async () => {
    const { code, out, err } = await run(gateway, ['show', '1430', '--json']);
    expect([code, out]).toEqual([3, '']);
    expect(JSON.parse(err).error).toMatchObject({ exit: 'notFound', code: 3 });
  });

  it('show help when no gateway is there, and 6 for a command that needs it', async () => {
    await gateway.close();
    const alone = await run(gateway, []);
    expect(alone.code).toBe(0);
    expect(alone.out).toContain('Decisions:');
    expect(alone.err).toContain('nothing listens there');
    const list = await run(gateway, ['list']);
    expect(list.code).toBe(6);
    expect(list.err).toContain('tried 4 times');
  });

  it('never send the token of a demo elsewhere', async () => {
    const { mkdirSync, writeFileSync } = await import('node:fs');
    const { emptyRoot } = await import('./run.ts');
    const root = emptyRoot();
    mkdirSync(`${root}/.cache`);
    writeFileSync(
      `${root}/.cache/demo.json`,
      JSON.stringify({ url: 'http://127.0.0.1:1', token: TOKEN, people: { jane: TOKEN } }),
    );
    gateway.incidents.push(incident(R9));
    expect((await run(gateway, ['list'], { root, env: { INCIDENT_URL: gateway.url } })).code).toBe(4);
    writeFileSync(
      `${root}/.cache/demo.json`,
      JSON.stringify({ url: gateway.url, token: 'other', people: { jane: TOKEN } }),
    );
    expect((await run(gateway, ['list', '--as', 'jane'], { root, env: {} })).code).toBe(0);
    expect((await run(gateway, ['list', '--as', 'bob'], { root, env: {} })).err).toContain('Known here: jane');
  });
});
