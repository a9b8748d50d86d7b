import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDocumentsClient } from '../../../src/activities/documents/client.ts';

let base: string;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'documents-'));
});
afterEach(() => rm(base, { recursive: true, force: true }));

describe('the documents directory', () => {
  it('writes, replaces and reads, and leaves no half-written file', async () => {
    const documents = createDocumentsClient({ directory: join(base, 'docs') });
    expect(await documents.read('postmortems/a.md')).toBeNull();
    const { location } = await documents.write('postmortems/a.md', 'one');
    await Promise.all(['two', 'two', 'two'].map((text) => documents.write('postmortems/a.md', text)));
    expect(await readFile(location, 'utf8')).toBe('two');
    expect(await documents.read('postmortems/a.md')).toBe('two');
    expect(await readdir(join(base, 'docs', 'postmortems'))).toEqual(['a.md']);
  });

  it.each(['../x.md', 'a/../../x.md', '/etc/x.md', 'a//x.md', './x.md', '', 'a\\..\\x.md', 'x\0.md'])(
    'refuses the path %j',
    async (path) => {
      const documents = createDocumentsClient({ directory: base });
      await expect(documents.write(path, 'x')).rejects.toMatchObject({ type: 'Invalid', nonRetryable: true });
      await expect(documents.read(path)).rejects.toMatchObject({ type: 'Invalid' });
    },
  );

  it('refuses a link that leads outside', async () => {
    await mkdir(join(base, 'outside'));
    await writeFile(join(base, 'outside', 'secret.md'), 'secret');
    await mkdir(join(base, 'docs'));
    await symlink(join(base, 'outside'), join(base, 'docs', 'postmortems'));
    const documents = createDocumentsClient({ directory: join(base, 'docs') });
    await expect(documents.write('postmortems/new/x.md', 'x')).rejects.toMatchObject({ type: 'Invalid' });
    await expect(documents.read('postmortems/secret.md')).rejects.toMatchObject({ type: 'Invalid' });
    expect(await readdir(join(base, 'outside'))).toEqual(['secret.md']);
  });

  it('says what to check when the directory is a file', async () => {
    await writeFile(join(base, 'file'), '');
    const documents = createDocumentsClient({ directory: join(base, 'file') });
    await expect(documents.write('a.md', 'x')).rejects.toMatchObject({
      type: 'Unavailable',
      message: expect.stringContaining('DOCUMENTS_DIR'),
    });
  });
});
