import { cleanLine } from '../../views/escape.ts';
import { isPreviewName, PREVIEW_NAMES, type Preview } from '../../views/preview.ts';
import { CliFailure } from '../failure.ts';
import { at, resolveIncident } from '../incidents.ts';
import type { Session } from '../session.ts';

export interface PreviewOptions {
  readonly incident?: string;
  readonly detail?: string;
}

interface Answer {
  readonly incidentId: string;
  readonly preview: Preview;
  readonly notes: readonly string[];
}

/** A message as it would go out now: nothing is sent. */
export async function previewMessage(session: Session, message: string, options: PreviewOptions): Promise<void> {
  const { gateway, io, json } = session;
  if (!isPreviewName(message))
    throw new CliFailure('usage', `There is no message "${message}".`, `There are: ${PREVIEW_NAMES.join(', ')}.`);
  const id = await resolveIncident(gateway, options.incident ?? null);
  const query = options.detail === undefined ? '' : `?detail=${encodeURIComponent(options.detail)}`;
  const answer = await gateway.json<Answer>({ method: 'GET', path: `${at(id, `/preview/${message}`)}${query}` });
  for (const note of answer.notes) io.err(note);
  if (json) return io.out(JSON.stringify(answer));
  const { medium, subject, text, fields } = answer.preview;
  io.err(`Nothing is sent. As it would go out now, ${answer.incidentId}, ${medium}:`);
  if (subject !== null) io.out(`Subject: ${subject}\n`);
  io.out(text);
  for (const [name, value] of Object.entries(fields))
    io.out(`${name}: ${cleanLine(typeof value === 'string' ? value : JSON.stringify(value), 1_000)}`);
}
