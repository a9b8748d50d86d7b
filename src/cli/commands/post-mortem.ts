import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { CliFailure } from '../failure.ts';
import { at, resolveIncident } from '../incidents.ts';
import type { Session } from '../session.ts';

export interface PostMortemOptions {
  readonly edit?: boolean;
  readonly from?: string;
  readonly approve?: boolean;
  readonly anyway?: boolean;
}

interface Saved {
  readonly digest: string;
  readonly openPlaces: readonly string[];
}

/** `incident post-mortem`: reads it, or edits it, or approves what was read (R6.3). */
export async function postMortem(
  session: Session,
  reference: string | null,
  options: PostMortemOptions,
): Promise<void> {
  const id = await resolveIncident(session.gateway, reference);
  const text = await session.gateway.text({ path: at(id, '/post-mortem') });
  if (options.from !== undefined) return save(session, id, text, textOf(options.from, session));
  if (options.edit === true) return edit(session, id, text);
  if (options.approve === true) return approve(session, id, text, options.anyway === true);
  if (session.json) session.io.out(JSON.stringify({ incidentId: id, postMortem: text, digest: digestOf(text) }));
  else session.io.out(text.trimEnd());
}

/** In the editor of the person; what was written is kept in a file when it cannot be saved. */
async function edit(session: Session, id: string, text: string): Promise<void> {
  const { env, terminal } = session.io;
  const editor = env.VISUAL ?? env.EDITOR;
  if (editor === undefined || terminal() === null)
    throw new CliFailure('usage', 'There is no editor to open here.', 'Set EDITOR, or save a file: --from FILE');
  const folder = mkdtempSync(join(tmpdir(), 'post-mortem-'));
  const file = join(folder, `${id}.md`);
  writeFileSync(file, text);
  const [command = '', ...args] = editor.split(' ');
  const { status, error } = spawnSync(command, [...args, file], { stdio: 'inherit' });
  if (error !== undefined || status !== 0)
    throw new CliFailure('failed', `${editor} ended badly, so nothing was saved.`, `Your text is in ${file}.`);
  const edited = readFileSync(file, 'utf8');
  if (edited === text) return session.io.err('Nothing was changed.');
  try {
    await save(session, id, text, edited);
  } catch (failure) {
    session.io.err(`Your text is kept in ${file}.`);
    throw failure;
  }
  rmSync(folder, { recursive: true, force: true });
}

async function save({ gateway, io, json }: Session, id: string, was: string, text: string): Promise<void> {
  const saved = await gateway.json<Saved>({
    method: 'PUT',
    path: at(id, '/post-mortem'),
    json: { text, basedOn: digestOf(was) },
    repeatable: true,
  });
  if (json) return io.out(JSON.stringify(saved));
  io.out('Saved.');
  if (saved.openPlaces.length > 0)
    io.err(`${saved.openPlaces.length} places still wait for people's words: ${saved.openPlaces.join('; ')}`);
}

async function approve({ gateway, io, json }: Session, id: string, text: string, anyway: boolean): Promise<void> {
  const answer = await gateway.json<object>({
    method: 'POST',
    path: at(id, '/post-mortem/approve'),
    json: { digest: digestOf(text), anyway },
    repeatable: true,
  });
  if (json) return io.out(JSON.stringify(answer));
  io.out('Approved: it is published, and engineering is told what was learnt.');
}

function textOf(file: string, { io }: Session): string {
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
function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
