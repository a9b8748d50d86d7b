import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { settingsOf } from '../../src/cli/doctor/settings.ts';
import { DECISION_NAMES } from '../../src/domain/decision.ts';
import { emptyRoot, REPOSITORY, run } from './run.ts';

describe('policy', () => {
  it('check names file, line and column, and exits with 2', async () => {
    const file = join(emptyRoot(), 'bad.yaml');
    writeFileSync(file, 'version: 1\nteem: {}\n');
    const { code, out, err } = await run(null, ['policy', 'check', file]);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(`${file}:2:1: unknown key "teem"; did you mean "team"?`);
    const { problems, usable } = JSON.parse((await run(null, ['policy', 'check', file, '--json'])).out);
    expect(usable).toBe(false);
    expect(problems[0]).toMatchObject({ line: expect.any(Number), column: expect.any(Number), level: 'error' });
    expect((await run(null, ['policy', 'check', 'nowhere.yaml'])).err).toContain('cannot be read');
  });

  it('check accepts the policy of the repository, and show prints each part of it', async () => {
    expect((await run(null, ['policy', 'check'], { root: REPOSITORY })).code).toBe(0);
    const approvals = await run(null, ['policy', 'show', 'approvals'], { root: REPOSITORY });
    expect(approvals.out).toMatch(/^failover-database +ask +high +engineering-manager/m);
    for (const part of [
      'severities',
      'phases',
      'templates',
      'contacts',
      'people',
      'alert-rules',
      'queries',
      'thresholds',
    ]) {
      expect((await run(null, ['policy', 'show', part, 'policy/noa.yaml'])).out.split('\n').length).toBeGreaterThan(2);
    }
    expect((await run(null, ['policy', 'show', 'nonsense', 'policy/noa.yaml'])).code).toBe(2);
    const { people } = JSON.parse((await run(null, ['policy', 'show', 'people', '--json'], { root: REPOSITORY })).out);
    expect(
      people.every(
        ({ tokenSha256 }: { tokenSha256: string | null }) => tokenSha256 === null || tokenSha256 === '(set)',
      ),
    ).toBe(true);
  });

  it('schema is a JSON Schema', async () => {
    expect(JSON.parse((await run(null, ['policy', 'schema'])).out)).toHaveProperty('properties');
  });
});

describe('drill', () => {
  it('list and schema read files; a wrong file is named with its place (2)', async () => {
    const folder = emptyRoot();
    mkdirSync(join(folder, 'sub'));
    writeFileSync(
      join(folder, 'sub', 'ok.yaml'),
      'drill: fine\nversion: 1\nabout: nothing happens\nstart: 2026-03-03T09:00:00Z\n',
    );
    const fine = await run(null, ['drill', 'list', folder, '--json']);
    expect(JSON.parse(fine.out).drills).toMatchObject([{ drill: 'fine', about: 'nothing happens' }]);
    writeFileSync(join(folder, 'wrong.yml'), 'drill: wrong\nversion: 7\n');
    const { code, err } = await run(null, ['drill', 'list', folder]);
    expect(code).toBe(2);
    expect(err).toMatch(/wrong\.yml:2:\d+/);
    expect(JSON.parse((await run(null, ['drill', 'schema'])).out)).toHaveProperty('properties.drill');
    expect((await run(null, ['drill', 'run', 'nowhere.yaml'])).code).toBe(2);
    expect((await run(null, ['drill', 'run', join(folder, 'wrong.yml'), '--speed', '-1'])).code).toBe(2);
  });
});

describe('completion', () => {
  it.each(['bash', 'zsh', 'fish'])('of %s knows every decision and the commands of commands', async (shell) => {
    const { code, out } = await run(null, ['completion', shell]);
    expect(code).toBe(0);
    for (const word of [...DECISION_NAMES, 'watch', 'drill', 'policy', 'P0', 'templates']) expect(out).toContain(word);
  });

  it('refuses other shells', async () => {
    expect((await run(null, ['completion', 'cmd'])).code).toBe(2);
  });
});

describe('doctor', () => {
  it('tells reachable from authorised for each system, with what to do, and shows no secret', async () => {
    const slack = await listening(
      createHttpServer((_, response) => response.end('{"ok":false,"error":"invalid_auth"}')),
    );
    const prometheus = await listening(
      createHttpServer((_, response) => response.end('{"status":"success","data":{"result":[]}}')),
    );
    const pagerduty = await listening(
      createHttpServer((request, response) =>
        request
          .on('data', (text) => (response.statusCode = String(text).includes('bad-key') ? 400 : 202))
          .on('end', () => response.end('{}')),
      ),
    );
    const smtp = await listening(
      createServer((socket) =>
        socket
          .on('data', (text) =>
            socket.write(
              String(text).startsWith('EHLO') ? '250-me\r\n250 AUTH PLAIN\r\n' : '535 no, s3cretpass is wrong\r\n',
            ),
          )
          .write('220 hello\r\n'),
      ),
    );
    const env = {
      INCIDENT_URL: 'http://127.0.0.1:1',
      DATABASE_URL: 'postgres://u:s3cretpass@127.0.0.1:1/incident',
      SLACK_BOT_TOKEN: 'xoxb-hidden',
      SLACK_API_URL: `http://127.0.0.1:${slack.port}/`,
      PROMETHEUS_URL: `http://127.0.0.1:${prometheus.port}`,
      PAGERDUTY_EVENTS_URL: `http://127.0.0.1:${pagerduty.port}`,
      PAGERDUTY_ROUTING_KEYS: '{"primary":"bad-key-000"}',
      SMTP_URL: `smtp://me:s3cretpass@127.0.0.1:${smtp.port}`,
    };
    try {
      const { code, out } = await run(null, ['doctor', '--json'], { root: REPOSITORY, env });
      expect(code).toBe(1);
      const found = Object.fromEntries(
        (JSON.parse(out).systems as { system: string }[]).map((one) => [one.system, one]),
      );
      expect(found.policy).toMatchObject({ state: 'ok' });
      expect(found.gateway).toMatchObject({ state: 'wrong', reachable: 'no', authorised: 'unknown' });
      expect(found.store).toMatchObject({
        state: 'wrong',
        reachable: 'no',
        words: 'u@127.0.0.1:1/incident: nothing listens there',
      });
      expect(found.Slack).toMatchObject({ reachable: 'yes', authorised: 'no', words: 'auth.test says invalid_auth' });
      expect(found.Prometheus).toMatchObject({ reachable: 'yes', advice: expect.stringContaining('alert rules') });
      expect(found.PagerDuty).toMatchObject({ authorised: 'no', words: expect.stringContaining('primary') });
      expect(found['e-mail']).toMatchObject({
        reachable: 'yes',
        authorised: 'no',
        words: expect.stringContaining('535 no, *** is wrong'),
      });
      expect(found.Kubernetes).toMatchObject({ state: 'unknown', configured: false });
      for (const secret of ['s3cretpass', 'xoxb-hidden', 'bad-key']) expect(out).not.toContain(secret);
    } finally {
      for (const one of [slack, prometheus, pagerduty, smtp]) one.server.close();
    }
  });

  it('takes secrets out of words, also the password within an address', () => {
    const { redact } = settingsOf({
      DATABASE_URL: 'postgres://u:p%40ss@h/d',
      OPENAI_API_KEY: 'sk-12345',
      PAGERDUTY_ROUTING_KEYS: '{"a":"routing1"}',
    });
    expect(redact('p@ss p%40ss sk-12345 routing1 h')).toBe('*** *** *** *** h');
  });
});

async function listening(server: Server): Promise<{ readonly server: Server; readonly port: number }> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, port: (server.address() as AddressInfo).port };
}
