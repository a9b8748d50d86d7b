import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, realpath, rename, rm } from 'node:fs/promises';
import { dirname, isAbsolute, join, resolve, sep } from 'node:path';
import { failure } from '../failures.ts';

export interface DocumentsSettings {
  /** DOCUMENTS_DIR: a directory, e.g. the checkout of a documentation repository. */
  readonly directory: string;
}

export interface DocumentsClient {
  /** The text at a path, null when there is none. */
  read(path: string): Promise<string | null>;
  /** Written beside its place and renamed into it, so that a crash leaves the old text or the new one. */
  write(path: string, text: string): Promise<{ readonly location: string }>;
}

export function createDocumentsClient(settings: DocumentsSettings): DocumentsClient {
  const root = resolve(settings.directory);
  return {
    async read(path) {
      const file = placeIn(root, path);
      if (!(await staysIn(root, dirname(file)))) throw refused(path);
      return readFile(file, 'utf8').catch((error: unknown) => {
        if (codeOf(error) === 'ENOENT') return null;
        throw trouble('read', file, error);
      });
    },
    async write(path, text) {
      const file = placeIn(root, path);
      try {
        await mkdir(root, { recursive: true });
        // Checked before directories are made too: a link inside must not make us create anything outside.
        if (!(await staysIn(root, dirname(file)))) throw refused(path);
        await mkdir(dirname(file), { recursive: true });
        await replaceFile(file, text);
      } catch (error) {
        throw codeOf(error) === null ? error : trouble('write', file, error);
      }
      return { location: file };
    },
  };
}

function placeIn(root: string, path: string): string {
  const parts = path.split(/[/\\]/u);
  const hostile =
    path === '' ||
    isAbsolute(path) ||
    path.includes('\0') ||
    parts.some((part) => part === '..' || part === '.' || part === '');
  if (hostile) throw refused(path);
  return join(root, ...parts);
}

/** False when a symbolic link leads out of the root; the nearest directory that exists decides. */
async function staysIn(root: string, directory: string): Promise<boolean> {
  const realRoot = await realpath(root).catch(() => root);
  let current = directory;
  while (current.length >= root.length) {
    const real = await realpath(current).catch(() => null);
    if (real !== null) return real === realRoot || real.startsWith(realRoot + sep);
    current = dirname(current);
  }
  return true;
}

async function replaceFile(file: string, text: string): Promise<void> {
  const temporary = `${file}.${randomUUID()}.tmp`;
  try {
    const handle = await open(temporary, 'wx');
    try {
      await handle.writeFile(text, 'utf8');
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

function refused(path: string) {
  return failure(
    'Invalid',
    `The path ${JSON.stringify(path)} would leave the documents' directory; nothing was touched.`,
  );
}

function codeOf(error: unknown): string | null {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && /^E[A-Z]+$/u.test(code) ? code : null;
}

function trouble(what: string, file: string, error: unknown) {
  return failure(
    'Unavailable',
    `Could not ${what} ${file}: ${codeOf(error) ?? String(error)}. Check DOCUMENTS_DIR and its permissions.`,
  );
}
