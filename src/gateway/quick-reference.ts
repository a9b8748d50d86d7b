import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { QuickAnswer } from '../client/quick-actions.ts';
import { signDecision } from '../config/decision-signature.ts';
import { mayDecide } from '../domain/authority.ts';
import type { Decision, DecisionName } from '../domain/decision.ts';
import type { EvidenceGap, EvidenceItem } from '../domain/evidence.ts';
import type { Actor, Via } from '../domain/people.ts';
import type { PersonPolicy } from '../domain/policy.ts';
import {
  QUICK_ACTION_NAMES,
  QUICK_CHECK_NAMES,
  QUICK_CHECKS,
  type QuickActionName,
  type QuickActionState,
  type QuickCheckName,
  quickNeeds,
  quickParameters,
  quickTarget,
} from '../domain/quick-action.ts';
import { actorOf } from './authentication.ts';
import { sentencesOf } from './decision-schemas.ts';
import type { GatewayOptions } from './options.ts';
import { RequestRefused } from './refusals.ts';

const CONFIRM_WITHIN_MINUTES = 15;
const PREVIEW_WITHIN_MS = 10_000;
const LOOK_EVERY_MS = 100;

const id = z.string().regex(/^[\w.-]{1,100}$/, 'must be a short name of your own choice');
const checkBody = z.strictObject({
  what: z.enum(
    QUICK_CHECK_NAMES as [QuickCheckName, ...QuickCheckName[]],
    `must be one of ${QUICK_CHECK_NAMES.join(', ')}`,
  ),
  id: id.optional(),
  incidentId: z.string().max(200).nullish(),
});
const actionBody = z.strictObject({
  action: z.enum(
    QUICK_ACTION_NAMES as [QuickActionName, ...QuickActionName[]],
    `must be one of ${QUICK_ACTION_NAMES.join(', ')}`,
  ),
  target: z.string().min(1).max(253).nullish(),
  replicas: z.number().int().min(0).max(1_000).nullish(),
  because: z.string().trim().min(1, 'must not be empty').max(1_000),
  id: id.optional(),
  incidentId: z.string().max(200).nullish(),
});
const answerBody = z.strictObject({
  id: z.string().min(1).max(200),
  name: z.enum(['confirm', 'call-off', 'undo'], 'must be confirm, call-off or undo'),
  because: z.string().max(1_000).nullish(),
});

/** The runbook's quick reference (R8), whichever way somebody comes. What is refused is thrown as RequestRefused. */
export interface QuickReference {
  check(
    person: PersonPolicy,
    via: Via,
    wanted: unknown,
  ): Promise<{
    readonly items: readonly EvidenceItem[];
    readonly gaps: readonly EvidenceGap[];
  }>;
  /** Previews it; nothing is done before somebody confirms. Only the id when the preview takes longer. */
  begin(person: PersonPolicy, via: Via, wanted: unknown): Promise<QuickActionState | { readonly id: string }>;
  state(actionId: string): Promise<QuickActionState>;
  answer(person: PersonPolicy, via: Via, actionId: string, wanted: unknown): Promise<QuickActionState>;
}

export function quickReference(options: GatewayOptions): QuickReference {
  return {
    async check(person, via, given) {
      mayUse(person);
      const wanted = read(checkBody, given, 'The check');
      const { service, evidence } = options.policy();
      const answer = await options.client.quick.check({
        id: `check-${wanted.id ?? randomUUID()}`,
        what: wanted.what,
        probes: QUICK_CHECKS[wanted.what],
        service,
        evidence,
        by: actorOf(person, via),
        incidentId: await incidentOf(options, wanted.incidentId ?? null),
        at: options.clock(),
      });
      return answered(answer);
    },
    async begin(person, via, given) {
      mayUse(person);
      const wanted = read(actionBody, given, 'The action');
      const policy = options.policy();
      const found = quickTarget(policy, wanted.action, wanted.target ?? null);
      if (!found.ok) throw new RequestRefused(422, found.words);
      const actionId = `quick-${wanted.id ?? randomUUID()}`;
      const begun = await options.client.quick.begin({
        id: actionId,
        action: wanted.action,
        target: found.target,
        parameters: quickParameters(policy, wanted.action, found.target, wanted.replicas ?? null),
        by: actorOf(person, via),
        because: wanted.because,
        incidentId: await incidentOf(options, wanted.incidentId ?? null),
        needs: quickNeeds(policy, wanted.action, person.roles),
        confirmWithinMinutes: CONFIRM_WITHIN_MINUTES,
        rolloutTimeoutMinutes: policy.verification.rolloutTimeoutMinutes,
        leaseMinutes: policy.actions[wanted.action].leaseMinutes,
        service: policy.service,
        anchorAt: options.clock(),
        speed: options.speed ?? 1,
      });
      answered(begun);
      return previewed(options, actionId);
    },
    state: async (actionId) => answered(await options.client.quick.state(actionId)),
    async answer(person, via, actionId, given) {
      mayUse(person);
      const wanted = read(answerBody, given, 'The answer');
      return answered(await say(options, actionId, wanted, actorOf(person, via)));
    },
  };
}

function say(
  options: GatewayOptions,
  actionId: string,
  wanted: z.infer<typeof answerBody>,
  actor: Actor,
): Promise<QuickAnswer<QuickActionState>> {
  const { quick } = options.client;
  const because = wanted.because ?? 'no reason given';
  switch (wanted.name) {
    case 'confirm':
      return quick.confirm(
        signed(options, 'approve', wanted.id, actionId, actor, { approvalId: actionId, option: null }),
      );
    case 'call-off':
      return quick.callOff(signed(options, 'call-off', wanted.id, actionId, actor, { what: actionId, because }));
    case 'undo':
      return quick.undo(signed(options, 'revert-lease', wanted.id, actionId, actor, { leaseId: actionId }));
  }
}

/** Stamped and signed like every decision; the quick action's id stands where an incident's would. */
function signed<N extends DecisionName>(
  { clock, secrets }: GatewayOptions,
  name: N,
  decisionId: string,
  actionId: string,
  actor: Actor,
  body: Decision<N>['body'],
): Decision<N> {
  const decision = { id: decisionId, incidentId: actionId, name, actor, receivedAt: clock(), body };
  return { ...decision, signature: signDecision(decision, secrets.decisionSigningKey) };
}

/** Previews take a moment; whoever asked sees what exactly would be done before they say yes. */
async function previewed(
  { client }: GatewayOptions,
  actionId: string,
): Promise<QuickActionState | { readonly id: string }> {
  const untilMs = performance.now() + PREVIEW_WITHIN_MS;
  while (performance.now() < untilMs) {
    const state = await client.quick.state(actionId);
    if (state.ok && state.value.stage !== 'previewing') return state.value;
    await new Promise((done) => setTimeout(done, LOOK_EVERY_MS));
  }
  return { id: actionId };
}

/** The incident that is named, else the only one that is open; with several open it belongs to none unless named. */
async function incidentOf({ store }: GatewayOptions, named: string | null): Promise<string | null> {
  if (named !== null) {
    if ((await store.incidents.get(named)) === null) throw new RequestRefused(404, `There is no incident ${named}.`);
    return named;
  }
  const open = await store.projection.list({ state: 'open', limit: 2 });
  return open.length === 1 ? (open[0]?.incident.id ?? null) : null;
}

function mayUse(person: PersonPolicy): void {
  if (mayDecide('note', person.roles) === null || mayDecide('reject', person.roles) === null) return;
  throw new RequestRefused(
    403,
    'The quick reference is for those who work on incidents (responder, commander, approver, …). Ask one of them, or an admin for the role.',
  );
}

function answered<T>(answer: QuickAnswer<T>): T {
  if (answer.ok) return answer.value;
  const status = { refused: 409, unauthorised: 403, 'not-found': 404, unavailable: 503 }[answer.why];
  throw new RequestRefused(status, answer.words);
}

function read<T>(schema: z.ZodType<T>, json: unknown, whole: string): T {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new RequestRefused(422, sentencesOf(parsed.error, whole).join(' '));
}
