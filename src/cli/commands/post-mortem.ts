import { digestOf, inEditor, textOf } from '../editor.ts';
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
  if (options.edit === true) return inEditor(session, id, text, (edited) => save(session, id, text, edited));
  if (options.approve === true) return approve(session, id, text, options.anyway === true);
  if (session.json) session.io.out(JSON.stringify({ incidentId: id, postMortem: text, digest: digestOf(text) }));
  else session.io.out(text.trimEnd());
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
