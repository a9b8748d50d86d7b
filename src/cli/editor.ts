import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { CliFailure } from './failure.ts';
import type { Session } from './session.ts';

/** Opens a text in the person's editor and saves what became of it; it is kept in a file when it cannot be saved. */
export async function inEditor(
  session: Session,
  name: string,
  text: string,
  save: (edited: string) => Promise<void>,
): Promise<void> {
  const { env, terminal } = session.io;
  const editor = env.VISUAL ?? env.EDITOR;
  if (editor === undefined || terminal() === null)
    throw new CliFailure('usage', 'There is no editor to open here.', 'Set EDITOR, or save a file: --from FILE');
  const folder = mkdtempSync(join(tmpdir(), 'incident-'));
  const file = join(folder, `${name}.md`);
  writeFileSync(file, text);
  const [command = '', ...args] = editor.split(' ');
  const { status, error } = spawnSync(command, [...args, file], { stdio: 'inherit' });
  if (error !== undefined || status !== 0)
    throw new CliFailure('failed', `${editor} ended badly, so nothing was saved.`, `Your text is in ${file}.`);
  const edited = readFileSync(file, 'utf8');
  if (edited === text) return session.io.err('Nothing was changed.');
  try {
    await save(edited);
  } catch (failure) {
    session.io.err(`Your text is kept in ${file}.`);
    throw failure;
  }
  rmSync(folder, { recursive: true, force: true });
}

/** A file, or stdin for `-`. */
export function textOf(file: string, { io }: Session): string {
  try {
    return readFileSync(file === '-' ? 0 : resolve(io.cwd, file), 'utf8');
  } catch (error) {
    throw new CliFailure(
      'usage',
      `${file} cannot be read: ${(error as Error).message}`,
      'Give a file, or - for stdin.',
    );
  }
}

/** As the gateway names a text. */
export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
