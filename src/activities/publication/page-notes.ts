import { pageNote } from '../../views/page-note.ts';
import { type OncePorts, once } from '../once.ts';
import type { Delivery, PublishInput } from './api.ts';
import type { PageNotePort } from './ports.ts';
import type { Sent } from './receipts.ts';

/** One that comes again under its key comes late; it is found when only the answer was lost. */
export async function notePage(
  ports: OncePorts & { readonly pageNotes: PageNotePort },
  { facts, texts }: PublishInput,
  { key, what, page, again }: Extract<Delivery, { medium: 'page-note' }>,
): Promise<Sent> {
  const text = pageNote(what, facts, { late: again === true, consoleUrl: texts.consoleUrl });
  const outcome = await once(ports, {
    key: `page-note:${key}`,
    // What stands there is read before it is written.
    act: async () => ({
      ref: null,
      ...(await ports.pageNotes.note({ key, incidentId: facts.incidentId, page, text })),
    }),
  });
  return { ref: null, text, already: outcome.already || outcome.done.already };
}
