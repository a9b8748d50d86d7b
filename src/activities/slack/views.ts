import { z } from 'zod';
import { ANYTHING, type Call } from './web.ts';

/** A view of Slack's Block Kit: a modal, or the app's home. */
export type View = Readonly<Record<string, unknown>>;

export interface OpenedView {
  readonly id: string;
  /** Slack's word for this state of the view: an update that names it never overwrites a newer one. */
  readonly hash: string | null;
}

const OPENED = z.object({ view: z.object({ id: z.string(), hash: z.string().nullish() }) });

/** A trigger is good for three seconds and for one view; afterwards Slack refuses it (`Invalid`). */
export async function openView(call: Call, triggerId: string, view: View): Promise<OpenedView> {
  return opened(await call('views.open', { trigger_id: triggerId, view }, OPENED));
}

/** With the hash that was seen; `Conflict` when the view has changed since. */
export async function updateView(call: Call, { id, hash }: OpenedView, view: View): Promise<OpenedView> {
  return opened(await call('views.update', { view_id: id, view, ...(hash === null ? {} : { hash }) }, OPENED));
}

/** The app's home of one person; absolute, so that it may be repeated. */
export async function publishHome(call: Call, userId: string, view: View): Promise<void> {
  await call('views.publish', { user_id: userId, view }, ANYTHING);
}

function opened({ view }: z.infer<typeof OPENED>): OpenedView {
  return { id: view.id, hash: view.hash ?? null };
}
