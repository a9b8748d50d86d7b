import { z } from 'zod';
import { DECISION_NAMES, type DecisionBodies, type DecisionName } from '../domain/decision.ts';

const MAX_SNOOZE_MINUTES = 24 * 60;
const MAX_LEASE_MINUTES = 7 * 24 * 60;

const words = (limit: number) =>
  z.string('must be a text').trim().min(1, 'must not be empty').max(limit, `must have at most ${limit} characters`);
const because = words(1_000);
const id = words(200);
const orNull = <T extends z.ZodType>(schema: T) => schema.nullish().transform((value) => value ?? null);
const minutes = (limit: number) =>
  z.number('must be a number of minutes').positive('must be above 0').max(limit, `must be at most ${limit}`);
const at = z.iso
  .datetime({ offset: true, error: 'must be an ISO instant such as 2024-10-23T15:00:00Z' })
  .transform((text) => new Date(text).toISOString());

const SCHEMAS: { readonly [N in DecisionName]: z.ZodType<DecisionBodies[N]> } = {
  acknowledge: z.strictObject({}),
  assign: z.strictObject({ to: id, what: orNull(words(500)) }),
  'hand-over': z.strictObject({ to: id }),
  'set-severity': z.strictObject({ to: z.enum(['P0', 'P1', 'P2', 'P3'], 'must be P0, P1, P2 or P3'), because }),
  note: z.strictObject({ text: words(4_000) }),
  update: z
    .strictObject({
      text: z.string('must be a text').trim().max(4_000, 'must have at most 4000 characters').default(''),
      expectedRecoveryAt: orNull(at),
      draftId: id.nullish(),
    })
    .refine(({ text, draftId }) => text !== '' || draftId != null, { path: ['text'], message: 'must not be empty' }),
  snooze: z.strictObject({ minutes: minutes(MAX_SNOOZE_MINUTES), because }),
  approve: z.strictObject({ approvalId: id, option: orNull(id) }),
  'test-mail': z.strictObject({}),
  reject: z.strictObject({ approvalId: id, because }),
  resolve: z.strictObject({ fix: orNull(words(2_000)) }),
  reopen: z.strictObject({ because }),
  merge: z.strictObject({ into: id }),
  'false-alarm': z.strictObject({ because }),
  cancel: z.strictObject({ because }),
  'keep-lease': z.strictObject({ leaseId: id, because }),
  'renew-lease': z.strictObject({ leaseId: id, minutes: orNull(minutes(MAX_LEASE_MINUTES)) }),
  'revert-lease': z.strictObject({ leaseId: id }),
  'call-off': z.strictObject({ what: words(200), because }),
  'pause-canary': z.strictObject({ because }),
  'abort-canary': z.strictObject({ because }),
  'break-glass': z.strictObject({ approvalId: id, option: orNull(id), because }),
};

export const decisionRequest = z.strictObject({
  id: z.string('must be a text chosen by you').min(1, 'must not be empty').max(200, 'must have at most 200 characters'),
  name: z.enum(
    DECISION_NAMES as unknown as [DecisionName, ...DecisionName[]],
    `must be one of ${DECISION_NAMES.join(', ')}`,
  ),
  /** When given, it must be the incident of the address. */
  incidentId: z.string().optional(),
  body: z.unknown().optional(),
});

/** The body of a decision, or sentences that say what is wrong with it. */
export function readDecisionBody<N extends DecisionName>(
  name: N,
  body: unknown,
):
  | { readonly ok: true; readonly body: DecisionBodies[N] }
  | { readonly ok: false; readonly problems: readonly string[] } {
  const parsed = SCHEMAS[name].safeParse(body ?? {});
  if (parsed.success) return { ok: true, body: parsed.data };
  return { ok: false, problems: sentencesOf(parsed.error, `"${name}"`) };
}

/** One sentence for each problem: where, what. */
export function sentencesOf(error: z.ZodError, whole: string): readonly string[] {
  return error.issues.map((issue) => {
    if (issue.code === 'unrecognized_keys')
      return `${whole} does not know ${issue.keys.map((key) => `"${key}"`).join(', ')}.`;
    const where = issue.path.length === 0 ? whole : `"${issue.path.join('.')}"`;
    const missing = issue.code === 'invalid_type' && /received undefined/.test(issue.message);
    return `${where} ${missing ? 'is missing' : issue.message}.`;
  });
}
