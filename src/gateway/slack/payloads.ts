import { z } from 'zod';

/** What Slack sends, as far as it is read here; everything else in it is left alone. */
const id = z.string().min(1).max(200);
const text = z.string().max(50_000);

const slashCommand = z.object({
  command: text,
  text: text.default(''),
  user_id: id,
  channel_id: z.string().default(''),
  channel_name: z.string().default(''),
  trigger_id: id,
  response_url: z.string().default(''),
});
export type SlashCommand = z.infer<typeof slashCommand>;

const user = z.object({ id });
const channel = z.object({ id: z.string(), name: z.string().optional() });

const blockActions = z.object({
  type: z.literal('block_actions'),
  user,
  trigger_id: id,
  response_url: z.string().optional(),
  channel: channel.optional(),
  message: z
    .object({ ts: z.string(), text: text.optional(), blocks: z.array(z.record(z.string(), z.unknown())).optional() })
    .optional(),
  actions: z
    .array(
      z.object({
        action_id: id,
        action_ts: z.string().default(''),
        value: z.string().max(2_000).default(''),
      }),
    )
    .min(1),
});
export type BlockActions = z.infer<typeof blockActions>;

const viewSubmission = z.object({
  type: z.literal('view_submission'),
  user,
  view: z.object({
    id,
    callback_id: z.string(),
    private_metadata: z.string().max(3_000),
    state: z.object({ values: z.record(z.string(), z.record(z.string(), z.record(z.string(), z.unknown()))) }),
  }),
});
export type ViewSubmission = z.infer<typeof viewSubmission>;

const otherInteraction = z.object({ type: z.string() });

export type Interaction = BlockActions | ViewSubmission | { readonly type: 'other'; readonly of: string };

const eventMessage = z.object({
  type: z.string(),
  challenge: z.string().max(1_000).optional(),
  event_id: z.string().optional(),
  event: z
    .object({
      type: z.string(),
      user: z.string().optional(),
      tab: z.string().optional(),
      subtype: z.string().optional(),
      bot_id: z.string().optional(),
      text: z.string().optional(),
      channel: z.string().optional().catch(undefined),
      ts: z.string().optional(),
      thread_ts: z.string().optional(),
    })
    .optional(),
});
export type EventMessage = z.infer<typeof eventMessage>;

export function readSlashCommand(form: unknown): SlashCommand | null {
  const read = slashCommand.safeParse(form);
  return read.success ? read.data : null;
}

/** Null when it is no interaction at all; one that is not for us (a closed form, a link button) is `other`. */
export function readInteraction(payload: unknown): Interaction | null {
  const other = otherInteraction.safeParse(payload);
  if (!other.success) return null;
  const read =
    other.data.type === 'block_actions'
      ? blockActions.safeParse(payload)
      : other.data.type === 'view_submission'
        ? viewSubmission.safeParse(payload)
        : null;
  if (read === null) return { type: 'other', of: other.data.type };
  return read.success ? read.data : null;
}

export function readEvent(json: unknown): EventMessage | null {
  const read = eventMessage.safeParse(json);
  return read.success ? read.data : null;
}
