import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { deflateSync } from 'node:zlib';

/** Git's own objects, made without git: the ids are those that git would give. */

export interface CommitInput {
  readonly tree: string;
  readonly parent: string | null;
  readonly author: string;
  readonly authoredMs: number;
  readonly committedMs: number;
  readonly message: string;
}

/** Writes a commit as a loose object and returns its id. */
export function writeCommit(gitDir: string, input: CommitInput): string {
  const who = (ms: number) =>
    `${input.author} <${input.author.toLowerCase().replaceAll(' ', '.')}@noaserver.example> ${Math.floor(ms / 1000)} +0000`;
  const lines = [
    `tree ${input.tree}`,
    ...(input.parent === null ? [] : [`parent ${input.parent}`]),
    `author ${who(input.authoredMs)}`,
    `committer ${who(input.committedMs)}`,
    '',
    input.message,
    '',
  ];
  return writeObject(gitDir, 'commit', Buffer.from(lines.join('\n')));
}

/** Writes files with their folders and returns the id of the root. */
export function writeTree(gitDir: string, files: readonly (readonly [path: string, text: string])[]): string {
  const blobs = files.filter(([path]) => !path.includes('/'));
  const folders = new Map<string, [string, string][]>();
  for (const [path, text] of files) {
    const slash = path.indexOf('/');
    if (slash < 0) continue;
    const folder = path.slice(0, slash);
    folders.set(folder, [...(folders.get(folder) ?? []), [path.slice(slash + 1), text]]);
  }
  const entries = [
    ...blobs.map(([name, text]) => ({
      name,
      order: name,
      mode: '100644',
      id: writeObject(gitDir, 'blob', Buffer.from(text)),
    })),
    // Git sorts a folder as if its name ended with a slash.
    ...[...folders].map(([name, inside]) => ({
      name,
      order: `${name}/`,
      mode: '40000',
      id: writeTree(gitDir, inside),
    })),
  ].sort((a, b) => Buffer.compare(Buffer.from(a.order), Buffer.from(b.order)));
  const body = Buffer.concat(
    entries.map(({ mode, name, id }) => Buffer.concat([Buffer.from(`${mode} ${name}\0`), Buffer.from(id, 'hex')])),
  );
  return writeObject(gitDir, 'tree', body);
}

function writeObject(gitDir: string, kind: 'blob' | 'tree' | 'commit', body: Buffer): string {
  const whole = Buffer.concat([Buffer.from(`${kind} ${body.length}\0`), body]);
  const id = createHash('sha1').update(whole).digest('hex');
  const file = join(gitDir, 'objects', id.slice(0, 2), id.slice(2));
  if (existsSync(file)) return id;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, deflateSync(whole));
  return id;
}
