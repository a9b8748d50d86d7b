import { type Method, required, type SlackArgs, SlackRefusal, text } from './arguments.ts';
import { blocksProblem } from './blocks.ts';
import type { SlackView, Workspace } from './workspace.ts';

/** What people see beside messages: modals, the app's home, files. */
export const SURFACE_METHODS: Readonly<Record<string, Method>> = {
  'views.open': (workspace, args, atMs) => {
    useTrigger(workspace, required(args, 'trigger_id'), atMs);
    const view: SlackView = {
      id: `V${workspace.views.length + 1}`,
      triggerId: text(args, 'trigger_id'),
      view: viewOf(args, 'modal'),
      hash: `${Math.floor(atMs / 1000)}.1`,
      atMs,
    };
    workspace.views.push(view);
    return { view: viewJson(view) };
  },
  'views.update': (workspace, args, atMs) => {
    const wanted = required(args, 'view_id');
    const view = workspace.views.find(({ id }) => id === wanted);
    if (view === undefined) throw new SlackRefusal('not_found');
    const hash = text(args, 'hash');
    if (hash !== '' && hash !== view.hash) throw new SlackRefusal('hash_conflict');
    view.view = viewOf(args, 'modal');
    view.hash = `${Math.floor(atMs / 1000)}.${Number(view.hash.split('.')[1]) + 1}`;
    return { view: viewJson(view) };
  },
  'views.publish': (workspace, args) => {
    const user = required(args, 'user_id');
    if (!workspace.people.people.some((one) => one.chatId === user)) throw new SlackRefusal('user_not_found');
    const view = viewOf(args, 'home');
    workspace.homes.set(user, view);
    return { view: { id: `VH${user}`, hash: 'home', ...(view as object) } };
  },
  'files.getUploadURLExternal': (workspace, args) => {
    const filename = required(args, 'filename');
    const length = Number(required(args, 'length'));
    if (!Number.isInteger(length) || length <= 0) throw new SlackRefusal('invalid_arguments');
    const id = `F0${String(workspace.files.length + 1).padStart(7, '0')}`;
    workspace.files.push({ id, filename, length, content: null, title: filename, channel: null });
    return { upload_url: `${workspace.uploadBase}/upload/${id}`, file_id: id };
  },
  'files.completeUploadExternal': (workspace, args, atMs) => {
    const wanted = Array.isArray(args.files) ? (args.files as { id?: unknown; title?: unknown }[]) : [];
    if (wanted.length === 0) throw new SlackRefusal('invalid_arguments');
    const channel = workspace.find(text(args, 'channel_id'));
    if (text(args, 'channel_id') !== '' && channel === null) throw new SlackRefusal('channel_not_found');
    const files = wanted.map(({ id, title }) => {
      const file = workspace.files.find((one) => one.id === id);
      if (file === undefined) throw new SlackRefusal('file_not_found');
      if (file.content === null) throw new SlackRefusal('file_update_failed');
      file.title = typeof title === 'string' ? title : file.title;
      file.channel = channel?.id ?? null;
      return { id: file.id, title: file.title };
    });
    if (channel !== null) {
      workspace.post({
        channel: channel.id,
        user: workspace.botUser,
        text: text(args, 'initial_comment'),
        blocks: [],
        metadata: null,
        threadTs: text(args, 'thread_ts') || null,
        onlyFor: null,
        atMs,
      });
    }
    return { files };
  },
};

/** A trigger is good for three seconds and one view. */
const TRIGGER_MS = 3_000;
const MAX_TITLE = 24;
const MAX_VIEW_BLOCKS = 100;

function useTrigger(workspace: Workspace, triggerId: string, atMs: number): void {
  const trigger = workspace.triggers.get(triggerId);
  if (trigger === undefined) throw new SlackRefusal('invalid_trigger_id');
  if (trigger.used) throw new SlackRefusal('exchanged_trigger_id');
  if (atMs - trigger.atMs > TRIGGER_MS) throw new SlackRefusal('expired_trigger_id');
  trigger.used = true;
}

function viewOf(args: SlackArgs, type: 'modal' | 'home'): unknown {
  const view = args.view as Readonly<Record<string, unknown>> | null | undefined;
  if (typeof view !== 'object' || view === null || view.type !== type) throw refusedView('type');
  const title = (view.title as { text?: unknown } | undefined)?.text;
  if (type === 'modal' && (typeof title !== 'string' || title.length === 0 || title.length > MAX_TITLE))
    throw refusedView('title');
  const blocks = Array.isArray(view.blocks) ? view.blocks : [];
  if (blocks.length > MAX_VIEW_BLOCKS) throw refusedView('blocks');
  const problem = blocks.length > 50 ? null : blocksProblem(blocks);
  if (problem !== null) throw refusedView(problem.where);
  return view;
}

function refusedView(where: string): SlackRefusal {
  return new SlackRefusal('invalid_arguments', {
    response_metadata: { messages: [`[ERROR] invalid view: ${where} [json-pointer:/view]`] },
  });
}

function viewJson({ id, hash, view }: SlackView) {
  return { id, hash, ...(view as object) };
}
