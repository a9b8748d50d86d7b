import { afterEach, describe, expect, it } from 'vitest';
import { createGitHost } from '../../lab/simulation/systems/git/git-host.ts';
import { workerEnv } from '../../src/config/env.ts';
import { repositoryDocuments } from '../../src/worker/documents.ts';
import { systemPorts } from '../../src/worker/system-ports.ts';
import { closing, vendorWorld } from '../contract/vendor.ts';

const closed = closing();
afterEach(() => closed.all());
const TOKEN = 'planted-documents-secret';
const PATH = 'postmortems/2024-10-23-api-high-error-rate.md';

async function repository() {
  const world = vendorWorld('2024-10-23T15:30:00Z');
  const change = {
    atMs: Date.parse('2024-10-23T14:05:00Z'),
    author: 'Bob',
    message: 'feature X',
    rollout: null,
    fails: false,
  };
  const host = createGitHost({ ...world.common, changes: () => [change], user: 'x-access-token', token: TOKEN });
  closed.add(() => host.close());
  const { url } = await host.listen();
  const env = (more: Readonly<Record<string, string>>) =>
    workerEnv({
      DATABASE_URL: 'postgres://x@127.0.0.1:1/x',
      INCIDENT_POLICY: 'x',
      DECISION_SIGNING_KEY: '0123456789abcdef',
      GIT_TOKEN: TOKEN,
      ...more,
    });
  return { host, url, env };
}

describe('documents in a repository (R6.3)', () => {
  it('are commits on its branch, the newer text in place of the older', async () => {
    const { host, url, env } = await repository();
    const git = (await systemPorts(env({ DOCUMENTS_REPOSITORY_URL: url }))).one('documentsRepository');
    const documents = git && repositoryDocuments(git, 'main', () => '2024-10-23T15:30:00.000Z');
    expect(await documents?.read(PATH)).toBeNull();
    const first = await documents?.write(PATH, '# Post-mortem\n');
    expect(first?.location).toBe(`${PATH} at ${host.head('main')?.slice(0, 12)}`);
    expect(await documents?.read(PATH)).toBe('# Post-mortem\n');
    expect(await documents?.write(PATH, '# Post-mortem\n')).toEqual(first);
    await documents?.write(PATH, '# Post-mortem, edited\n');
    expect(await host.file('main', PATH)).toBe('# Post-mortem, edited\n');
    expect(
      host
        .main()
        .slice(-2)
        .map(({ message }) => message.split('\n')[0]),
    ).toEqual(['docs: 2024-10-23-api-high-error-rate.md', 'docs: 2024-10-23-api-high-error-rate.md']);
  });
});

describe('where commits are read', () => {
  const window = { fromAt: '2024-10-23T12:40:00.000Z', untilAt: '2024-10-23T14:40:00.000Z' };

  it('is the checkout, beside GitHub, and the remote repository only where neither is there', async () => {
    const { host, url, env } = await repository();
    host.main();
    const of = async (more: Readonly<Record<string, string>>) => (await systemPorts(env(more))).all('commits');
    const github = { GITHUB_TOKEN: 't', GITHUB_REPOSITORY: 'acme/shop' };
    expect((await of({})).map(({ name }) => name)).toEqual([]);
    expect((await of({ GIT_REPOSITORY_URL: url, ...github })).map(({ name }) => name)).toEqual(['GitHub']);
    expect((await of({ GIT_REPOSITORY_DIR: host.gitDir, ...github })).map(({ name }) => name)).toEqual([
      'git',
      'GitHub',
    ]);
    for (const [name, where] of [
      ['GIT_REPOSITORY_URL', url],
      ['GIT_REPOSITORY_DIR', host.gitDir],
    ] as const) {
      const [source] = await of({ [name]: where });
      expect((await source?.between(window))?.found.map(({ message }) => message)).toEqual([
        'feature X',
        'Initial import',
      ]);
    }
  });

  it('refuses to propose fixes where nothing is configured', async () => {
    const { env } = await repository();
    const ports = await systemPorts(env({}));
    expect([ports.one('branches'), ports.one('reviews'), ports.one('documentsRepository')]).toEqual([null, null, null]);
  });
});
