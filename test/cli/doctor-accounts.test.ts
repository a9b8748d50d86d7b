import { mkdtempSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writePolicy } from '../e2e/stage.ts';
import { CLIENT_ID, CLIENT_SECRET } from '../gateway/sign-in/issuer.ts';
import { startRealProvider } from '../gateway/sign-in/real-provider.ts';
import { REPOSITORY, run } from './run.ts';

// Against the certified provider of npm, as it comes.
const CONSOLE = 'http://127.0.0.1:8080';
const policyFile = writePolicy(mkdtempSync(join(tmpdir(), 'doctor-accounts-')), {
  'communication.consoleUrl': CONSOLE,
}).file;
const elsewhere = writePolicy(mkdtempSync(join(tmpdir(), 'doctor-accounts-')), {
  'communication.consoleUrl': 'http://127.0.0.1:9',
}).file;
let provider: Awaited<ReturnType<typeof startRealProvider>>;
beforeAll(async () => {
  provider = await startRealProvider(`${CONSOLE}/sign-in/callback`, 'example.com');
});
afterAll(() => provider.stop());

async function told(over: Record<string, string>) {
  const env = {
    INCIDENT_URL: 'http://127.0.0.1:1',
    INCIDENT_POLICY: policyFile,
    OIDC_ISSUER: provider.url,
    OIDC_CLIENT_ID: CLIENT_ID,
    OIDC_CLIENT_SECRET: CLIENT_SECRET,
    ...over,
  };
  const { out } = await run(null, ['doctor', '--json'], { root: REPOSITORY, env });
  expect(out).not.toContain(CLIENT_SECRET);
  const { systems } = JSON.parse(out) as { systems: readonly { system: string; [key: string]: unknown }[] };
  return systems.find(({ system }) => system === 'accounts (OIDC)');
}

describe('doctor on the team’s accounts', () => {
  it('finds nothing wrong with a client that the provider knows', async () => {
    expect(await told({})).toMatchObject({
      state: 'ok',
      words: `${provider.url}, back to ${CONSOLE}/sign-in/callback`,
      advice: null,
    });
  });

  it.each([
    [
      'an address that is not registered',
      { INCIDENT_POLICY: elsewhere },
      'Register http://127.0.0.1:9/sign-in/callback',
    ],
    ['a client that is not known', { OIDC_CLIENT_ID: 'another' }, 'OIDC_CLIENT_ID'],
    ['a wrong secret', { OIDC_CLIENT_SECRET: 'not-the-secret-0' }, 'OIDC_CLIENT_SECRET'],
    ['no client', { OIDC_CLIENT_ID: '' }, 'Set OIDC_CLIENT_ID'],
    ['no console in the policy', { INCIDENT_POLICY: join(REPOSITORY, 'policy/noa.yaml') }, 'communication.consoleUrl'],
  ])('tells %s, and what to do', async (_what, over, advice) => {
    expect(await told(over)).toMatchObject({
      state: 'wrong',
      reachable: 'yes',
      authorised: 'no',
      advice: expect.stringContaining(advice),
    });
  });

  it('tells an issuer that is away, or is none, or calls itself otherwise, from one that refuses', async () => {
    expect(await told({ OIDC_ISSUER: 'http://127.0.0.1:1' })).toMatchObject({ state: 'wrong', reachable: 'no' });
    expect(await told({ OIDC_ISSUER: `${provider.url}/nowhere` })).toMatchObject({
      authorised: 'no',
      words: expect.stringContaining('no discovery document'),
    });
    const liar = createServer((_, response) =>
      response.end(
        JSON.stringify({ issuer: 'https://evil.example', token_endpoint: 'x', authorization_endpoint: 'y' }),
      ),
    );
    const url = await listening(liar);
    expect(await told({ OIDC_ISSUER: url })).toMatchObject({
      authorised: 'no',
      words: expect.stringContaining('evil.example'),
    });
    liar.close();
    expect(await told({ OIDC_ISSUER: '' })).toMatchObject({ state: 'unknown', configured: false });
  });
});

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
