import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HeardRequest } from '../../../lab/simulation/wire/ledger.ts';
import { environmentVariables } from '../../../src/config/env.ts';
import { openWire, type Wire } from '../../activities/wire.ts';
import { openStage, type Stage } from '../stage.ts';
import { CREDENTIALS, foundIn, LEAKED, LEAKING_LOG_LINE, planted, secretsOf, textsIn } from './planted.ts';

// A whole incident with a planted secret in every variable that holds one, and with secrets in what alerts and logs
// say. Afterwards every place that keeps or passes on something is searched for all of them (decision "one failure
// vocabulary": secrets never in a payload, a log line, an error or a history).
const DEPLOYED_AT = '2024-10-23T14:15:00.000Z';
const SICK_AT = '2024-10-23T14:30:30.000Z';
const HURRIED = {
  'evidence.probeDeadlineSeconds': 8,
  'verification.holdMinutes': 2,
  'communication.consoleUrl': 'https://incidents.example.com',
};

/** In which variable each system's own credential stands. A token may go to its own system, in the header made for it. */
const OWN: Readonly<Record<string, readonly string[]>> = {
  kubernetes: ['KUBERNETES_API_TOKEN'],
  alertmanager: ['ALERTMANAGER_API_TOKEN'],
  slack: ['SLACK_BOT_TOKEN'],
  pagerduty: ['PAGERDUTY_API_TOKEN'],
  'status-page': ['STATUSPAGE_API_KEY'],
  anthropic: ['ANTHROPIC_API_KEY'],
  openai: ['OPENAI_API_KEY'],
  github: ['GITHUB_TOKEN', 'GIT_TOKEN'],
  git: ['GITHUB_TOKEN', 'GIT_TOKEN'],
  elasticsearch: ['ELASTICSEARCH_API_KEY'],
  grafana: ['GRAFANA_TOKEN'],
  zendesk: ['ZENDESK_API_TOKEN'],
  jira: ['JIRA_API_TOKEN'],
  social: ['X_BEARER_TOKEN', 'BLUESKY_APP_PASSWORD', 'MASTODON_ACCESS_TOKEN'],
};
/** Events v2 takes its key in the body, and Bluesky makes a session of the password: their documents say so. */
const IN_THE_BODY: Readonly<Record<string, readonly string[]>> = {
  pagerduty: ['PAGERDUTY_ROUTING_KEYS'],
  social: ['BLUESKY_APP_PASSWORD'],
};

let stage: Stage;
let echo: Wire;
let secrets: ReadonlyMap<string, readonly string[]>;
const heard: HeardRequest[] = [];

beforeAll(async () => {
  // Jenkins stands behind a proxy that repeats whatever it was told: as debug pages do.
  echo = await openWire(({ headers, url }) => ({
    status: 502,
    body: `bad gateway: ${JSON.stringify(headers)} ${url}`,
  }));
  stage = await openStage({
    startAt: '2024-10-23T14:12:00.000Z',
    speed: 20,
    policy: HURRIED,
    credentials: CREDENTIALS,
    env: (given) => ({
      JENKINS_URL: echo.url,
      DECISION_SIGNING_KEY: planted('signing key'),
      SLACK_SIGNING_SECRET: planted('slack signing'),
      PAGERDUTY_WEBHOOK_SECRET: planted('pagerduty webhook'),
      ZENDESK_WEBHOOK_SECRET: planted('zendesk webhook'),
      JIRA_WEBHOOK_SECRET: planted('jira webhook'),
      BOUNCES_TOKEN: planted('bounces'),
      ALERTMANAGER_API_TOKEN: planted('alertmanager'),
      // The team's accounts and the collector of traces are away: what is said of that must not say more.
      OIDC_ISSUER: 'http://127.0.0.1:9',
      OIDC_CLIENT_ID: 'incident-console',
      OIDC_CLIENT_SECRET: planted('accounts'),
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
      OTEL_EXPORTER_OTLP_HEADERS: `authorization=${planted('traces')}`,
      ...withPasswords(given),
      LOG_LEVEL: 'trace',
    }),
  });
  const { production, clock } = stage;
  production.log.onHeard((request) => heard.push(request));
  secrets = new Map([
    ...secretsOf(stage.env),
    ...Object.entries(LEAKED).map(([name, one]) => [name, [one]] as const),
    ['an API token', ['token-of-alice']],
  ]);
  const fault = { kind: 'bad-deploy', deployment: 'noa-mcp', change: 'feature X', slowQuery: true } as const;
  production.world.addFault({ ...fault, logPattern: LEAKING_LOG_LINE }, Date.parse(DEPLOYED_AT));
  await clock.jumpTo(SICK_AT);
}, 300_000);
afterAll(async () => {
  await stage?.close();
  await echo?.close();
});

/** A password in each database's address, whose simulation lets everybody in; the store has one of its own already. */
function withPasswords(given: Readonly<Record<string, string>>): Record<string, string> {
  const names = [
    'SERVICE_DATABASE_URL',
    'SERVICE_DATABASE_REPLICA_URL',
    'SERVICE_MIGRATION_URL',
    'STAGING_DATABASE_URL',
  ];
  return Object.fromEntries(
    names.flatMap((name) => {
      if (given[name] === undefined) return [];
      const url = new URL(given[name]);
      url.password = planted(name);
      return [[name, url.toString()]];
    }),
  );
}

const PAYLOAD = {
  version: '4',
  status: 'firing',
  receiver: 'incidents',
  alerts: [
    {
      status: 'firing',
      labels: { alertname: 'APIErrorRateHigh', service: 'api', severity: 'P1' },
      annotations: {
        summary: `API Error Rate >10%: dial postgres://noa:${LEAKED.alertPassword}@noa-postgres:5432/noa: refused`,
        description: `the upstream was asked with {"Authorization": "Bearer ${LEAKED.alertBearer}"}`,
      },
      startsAt: '2024-10-23T14:30:00.000Z',
      endsAt: '0001-01-01T00:00:00Z',
      generatorURL: `http://admin:${LEAKED.linkPassword}@prometheus.example:9090/graph`,
      fingerprint: 'b9d2c7a4e1f05836',
    },
  ],
};

describe('planted secrets, over a whole incident', () => {
  let id = '';

  it('are in every variable that can hold one', () => {
    const names = environmentVariables().flatMap(({ name, secret }) => (secret ? [name] : []));
    const without = names.filter((name) => (secrets.get(name) ?? []).length === 0);
    // Socket Mode instead of requests, and a directory of customers in a database instead of a file.
    expect(without.sort()).toEqual(['CUSTOMERS_DATABASE_URL', 'SLACK_APP_TOKEN']);
    for (const [name, pieces] of secrets) for (const one of pieces) expect(one.length, name).toBeGreaterThanOrEqual(12);
  });

  it('lets the incident run from the alert to the post-mortem', async () => {
    const first = await stage.post(PAYLOAD);
    expect(first).toMatchObject({ status: 202, body: { joined: false } });
    stage.clock.start();
    id = String(first.body.incidentId);
    await stage.until(
      'a rollback is proposed, approved, and it is resolved',
      async () => {
        for (const { approvalId } of (await stage.facts(id))?.openQuestions ?? [])
          await stage.decide('alice', id, 'approve', { approvalId, option: null });
        return (await stage.events(id, 'resolved')).length > 0;
      },
      240_000,
    );
    await stage.until(
      'the post-mortem is written',
      async () => {
        return (await stage.events(id, 'post-mortem-written')).length > 0;
      },
      60_000,
    );
    expect((await stage.events(id, 'remedy-carried-out'))[0]).toMatchObject({ action: 'rollback' });
  }, 320_000);

  it('have been used: each system was asked with its own', () => {
    const used = new Set(heard.map(({ system }) => system));
    for (const system of ['kubernetes', 'slack', 'pagerduty', 'status-page', 'github', 'elasticsearch', 'anthropic'])
      expect(used).toContain(system);
    expect(echo.requests.length).toBeGreaterThan(0);
  });

  it('are in no history, decoded', async () => {
    const connection = await Connection.connect({ address: stage.env.TEMPORAL_ADDRESS ?? '' });
    try {
      const client = new Client({ connection });
      const found: string[] = [];
      let workflows = 0;
      for await (const { workflowId, runId, memo, searchAttributes } of client.workflow.list()) {
        workflows += 1;
        const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
        const text = textsIn([history, memo, searchAttributes]).join('\n');
        expect(text.length).toBeGreaterThan(500);
        found.push(...foundIn(text, secrets).map((one) => `${workflowId}: ${one}`));
        // What was quoted is there all the same: the words around the secret were kept.
        if (workflowId.startsWith('incident')) expect(text).toContain('API Error Rate >10%');
      }
      expect(workflows).toBeGreaterThan(0);
      expect(found).toEqual([]);
    } finally {
      await connection.close();
    }
  }, 60_000);

  it('are in no line of any log', () => {
    for (const name of ['gateway', 'worker']) {
      const file = join(process.env.E2E_LOGS ?? stage.folder, `${name}.log`);
      const text = readFileSync(file, 'utf8');
      expect(text.length).toBeGreaterThan(100);
      expect(foundIn(text, secrets)).toEqual([]);
    }
  });

  it('are in no table of the store', async () => {
    const database = new pg.Client({ connectionString: stage.env.DATABASE_URL ?? '' });
    await database.connect();
    try {
      const { rows: tables } = await database.query<{ name: string }>(
        `SELECT format('%I.%I', table_schema, table_name) AS name FROM information_schema.tables
         WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')`,
      );
      let filled = 0;
      for (const { name } of tables) {
        const { rows } = await database.query(`SELECT * FROM ${name}`);
        filled += rows.length > 0 ? 1 : 0;
        expect(foundIn(textsIn(rows).join('\n'), secrets).map((one) => `${name}: ${one}`)).toEqual([]);
      }
      expect(filled).toBeGreaterThan(5);
    } finally {
      await database.end();
    }
  });

  it('went to their own systems only, and there in the header made for them', () => {
    const found = heard.flatMap((request) => {
      const { system, url, headers, body } = request;
      const { authorization, 'x-api-key': key, ...others } = headers;
      const own = new Set(OWN[system] ?? []);
      const inTheBody = new Set(IN_THE_BODY[system] ?? []);
      const basic = /^Basic (.+)$/i.exec(String(authorization ?? ''))?.[1] ?? '';
      const credentials = `${authorization ?? ''} ${key ?? ''} ${Buffer.from(basic, 'base64').toString('utf8')}`;
      const foreign = new Map([...secrets].filter(([name]) => !own.has(name)));
      const elsewhere = new Map([...secrets].filter(([name]) => !inTheBody.has(name)));
      return [
        ...foundIn(credentials, foreign),
        ...foundIn(`${url}\n${textsIn(others).join('\n')}`, secrets),
        ...foundIn(body.toString('utf8'), elsewhere),
      ].map((one) => `${system} ${request.method} ${url.slice(0, 60)}: ${one}`);
    });
    expect(found).toEqual([]);
  });

  it('would be found, in any of the forms in which they travel', () => {
    const all = new Map([['X', ['zq+secret/value']]]);
    for (const text of [
      'a zq+secret/value b',
      `?key=${encodeURIComponent('zq+secret/value')}`,
      Buffer.from('bot:zq+secret/value').toString('base64'),
      Buffer.from('robot1:zq+secret/value!').toString('base64'),
      textsIn({ data: new TextEncoder().encode('"zq+secret/value"') }).join(),
    ])
      expect(foundIn(text, all)).not.toEqual([]);
    expect(foundIn('nothing of the kind', all)).toEqual([]);
  });
});
