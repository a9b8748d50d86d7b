import { digestOf, inEditor, textOf } from '../editor.ts';
import { at, resolveIncident } from '../incidents.ts';
import type { Session } from '../session.ts';

export interface RunbookChangeOptions {
  readonly edit?: boolean;
  readonly from?: string;
  readonly withhold?: string;
  readonly propose?: boolean;
}

interface Change {
  readonly file: string;
  readonly stage: string;
  readonly by: string;
  readonly words: string;
  readonly link: string | null;
  readonly digest: string;
  readonly text: string;
}

/** `incident runbook-change`: what an incident gives back to its runbook (R6.5), read, edited, withheld or proposed. */
export async function runbookChange(
  session: Session,
  reference: string | null,
  options: RunbookChangeOptions,
): Promise<void> {
  const id = await resolveIncident(session.gateway, reference);
  const change = await session.gateway.json<Change>({ path: at(id, '/runbook-change') });
  const save = (text: string) =>
    said(session, id, 'PUT', '', { text, basedOn: change.digest }, 'Saved. It is proposed as you wrote it.');
  if (options.withhold !== undefined)
    return said(session, id, 'POST', '/withhold', { because: options.withhold }, 'Withheld: nothing is proposed.');
  if (options.propose === true)
    return said(session, id, 'POST', '/propose', { digest: change.digest }, 'The pull request is on its way.');
  if (options.from !== undefined) return save(textOf(options.from, session));
  if (options.edit === true) return inEditor(session, `${id}-runbook`, change.text, save);
  if (session.json) return session.io.out(JSON.stringify({ incidentId: id, ...change, digest: digestOf(change.text) }));
  const link = change.link === null ? '' : ` ${change.link}`;
  session.io.err(`${change.file}: ${change.stage} by ${change.by}. ${change.words}${link}`);
  session.io.out(change.text.trimEnd());
}

async function said(
  { gateway, io, json }: Session,
  id: string,
  method: 'PUT' | 'POST',
  path: string,
  body: object,
  words: string,
): Promise<void> {
  const answer = await gateway.json<object>({
    method,
    path: at(id, `/runbook-change${path}`),
    json: body,
    repeatable: true,
  });
  io.out(json ? JSON.stringify(answer) : words);
}
