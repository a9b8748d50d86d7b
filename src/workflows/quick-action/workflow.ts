import {
  ApplicationFailure,
  allHandlersFinished,
  condition,
  getExternalWorkflowHandle,
  isCancellation,
  setHandler,
} from '@temporalio/workflow';
import type { Decision } from '../../domain/decision.ts';
import { plusMinutes } from '../../domain/instant.ts';
import { type Actor, MACHINE } from '../../domain/people.ts';
import { type QuickActionState, quickRefusal, undoRefusal } from '../../domain/quick-action.ts';
import { type RemedyPlan, type RemedyPreview, wayBack } from '../../domain/remedy.ts';
import { attempted, audit, readActivities, type Stamped, wait } from '../activity-calls.ts';
import { Agenda } from '../incident/agenda.ts';
import { decisionSignal } from '../incident/api.ts';
import { IncidentClock } from '../incident/clock.ts';
import { callRemedy, confirmed, ROLLED_OUT } from '../playbooks/carry-out.ts';
import {
  callOffQuickUpdate,
  confirmQuickUpdate,
  type QuickActionInput,
  type QuickCheckInput,
  type QuickCheckResult,
  quickStateQuery,
  undoQuickUpdate,
} from './api.ts';

const POLL_SECONDS = 5;
/** A temporary change that nobody takes back is named so often, then only its state says so. */
const REMINDERS = 20;

/** One look by the runbook's quick reference (R8): the same probes as an incident's, and a line of the audit. */
export async function quickCheck(input: QuickCheckInput): Promise<QuickCheckResult> {
  const { id, by, at, what, incidentId, service, evidence, probes } = input;
  const request = { incidentId: incidentId ?? id, purpose: 'investigation', probes, aroundAt: at, at } as const;
  const { value } = await readActivities(`check ${what}`).collectEvidence({ request, service, evidence });
  const words = [...value.items.map((item) => item.words), ...value.gaps.map((gap) => `${gap.source}: ${gap.reason}`)];
  const entry = { key: `${id}/check`, at, person: by.person, via: by.via, what: `check ${what}`, incidentId };
  await audit(`audit of check ${what}`).recordAudit({ ...entry, words: words.join(' ').slice(0, 1_000) });
  if (incidentId !== null) await note(incidentId, `${id}/note`, by, at, `checked ${what}: ${words.join(' ')}`);
  return { items: value.items, gaps: value.gaps, collectedAt: value.collectedAt };
}

/**
 * One action by the quick reference (R8): previewed, agreed to by whom policy asks, done once, read back, audited. It
 * lives as long as a temporary change it made is in place.
 */
export async function quickAction(input: QuickActionInput): Promise<QuickActionState> {
  const quick = new QuickActionRun(input);
  setHandler(quickStateQuery, () => quick.state);
  setHandler(confirmQuickUpdate, (decision) => quick.confirm(decision), {
    validator: (decision) => refuse(quickRefusal(quick.state, decision.actor)),
  });
  setHandler(callOffQuickUpdate, (decision) => quick.callOff(decision), {
    validator: (_decision) =>
      refuse(
        quick.state.stage === 'waiting' ? null : { unauthorised: false, words: `It is too late: ${quick.state.words}` },
      ),
  });
  setHandler(undoQuickUpdate, (decision) => quick.undo(decision), {
    validator: (decision) => refuse(undoRefusal(quick.state, decision.actor)),
  });
  await quick.run();
  await condition(allHandlersFinished);
  return quick.state;
}

function refuse(refused: { readonly unauthorised: boolean; readonly words: string } | null): void {
  if (refused !== null)
    throw ApplicationFailure.nonRetryable(refused.words, refused.unauthorised ? 'Unauthorised' : 'Refused');
}

class QuickActionRun {
  state: QuickActionState;
  readonly #clock: IncidentClock;
  readonly #agenda: Agenda;
  #confirmed: Decision<'approve'> | null = null;
  #undone: Decision<'revert-lease'> | null = null;
  #audited = 0;

  constructor(private readonly input: QuickActionInput) {
    const { id, action, target, by, because, incidentId, needs } = input;
    this.#clock = new IncidentClock(input.anchorAt, input.speed);
    this.#agenda = new Agenda(this.#clock, () => false);
    const nothing = { plan: null, confirmedBy: null, confirmUntil: null, temporaryUntil: null, outcome: null };
    const words = 'It is being previewed; nothing has been done.';
    this.state = { id, action, target, by, because, incidentId, needs, stage: 'previewing', ...nothing, words };
  }

  async run(): Promise<void> {
    const plan = await this.#preview(this.input.parameters, '');
    if (plan === null || !(await this.#agreed(plan)) || this.#confirmed === null) return;
    const done = await this.#carryOut(plan, this.#confirmed.actor);
    if (done && plan.temporary && this.input.leaseMinutes !== null)
      await this.#whileTemporary(plan, this.input.leaseMinutes);
  }

  confirm(decision: Decision<'approve'>): QuickActionState {
    this.#confirmed = decision;
    const words = `${decision.actor.person} approved; carrying it out.`;
    this.state = { ...this.state, stage: 'acting', confirmedBy: decision.actor.person, words };
    return this.state;
  }

  callOff(decision: Decision<'call-off'>): QuickActionState {
    const words = `${decision.actor.person} called it off: ${decision.body.because}. Nothing was done.`;
    this.state = { ...this.state, stage: 'called-off', words };
    return this.state;
  }

  undo(decision: Decision<'revert-lease'>): QuickActionState {
    this.#undone = decision;
    this.state = { ...this.state, stage: 'acting', words: `${decision.actor.person} takes it back.` };
    return this.state;
  }

  /** What exactly would happen, with every choice fixed; null when it cannot be done, and why. */
  async #preview(parameters: QuickActionInput['parameters'], suffix: string): Promise<RemedyPlan | null> {
    const { action, target, id, service, incidentId } = this.input;
    const request = { action, target, parameters };
    // The claim on the resource is that of the incident it is for: what it holds already it may act on.
    const asked = {
      incidentId: incidentId ?? id,
      keyPrefix: `${id}${suffix}`,
      requests: [request],
      at: this.#clock.now(),
    };
    const call: Promise<Stamped<readonly RemedyPreview[]>> =
      target.kind === 'provider'
        ? readActivities('preview').previewProviderRemedies({ ...asked, service })
        : readActivities('preview').previewClusterRemedies(asked);
    const answer = await attempted(this.#clock, call);
    const preview = answer.ok ? answer.value[0] : undefined;
    if (preview?.kind === 'plan') {
      this.state = { ...this.state, plan: preview.plan };
      return preview.plan;
    }
    const why = answer.ok ? (preview?.reason ?? 'there is nothing to do') : answer.words;
    await this.#end('impossible', `It cannot be done: ${why}. Nothing was done.`, MACHINE);
    return null;
  }

  async #agreed(plan: RemedyPlan): Promise<boolean> {
    const { needs, by, confirmWithinMinutes } = this.input;
    const confirmUntil = plusMinutes(this.#clock.now(), confirmWithinMinutes);
    const whom = needs.secondPerson ? `a second person with the role ${needs.role}` : by.person;
    const words = `${plan.preview} Awaiting approval by ${whom}.`;
    this.state = { ...this.state, stage: 'waiting', confirmUntil, words };
    await this.#audit(by, `asked: ${plan.preview} (${this.input.because})`);
    await this.#agenda.waitUntil('approval', confirmUntil, () => this.state.stage !== 'waiting');
    if (this.state.stage === 'called-off') await this.#end('called-off', this.state.words, by);
    else if (this.#confirmed === null)
      await this.#end(
        'expired',
        `Not approved within ${confirmWithinMinutes} minutes. Nothing was done; ask again if it is still wanted.`,
        MACHINE,
      );
    return this.#confirmed !== null && (await this.#confirmedStill(this.#confirmed));
  }

  /** Just before the effect: is whoever said yes still allowed to, and did the gateway really hear it (ADR 0012)? */
  async #confirmedStill(decision: Decision<'approve'>): Promise<boolean> {
    await this.#audit(decision.actor, `approved ${this.input.action} of ${this.input.target.name}`);
    const role = this.input.needs.role;
    const answer = await attempted(
      this.#clock,
      readActivities('may they approve?').confirmAuthority({ decision, role }),
    );
    if (answer.ok && answer.value.confirmed) return true;
    const why = answer.ok ? (answer.value.reason ?? 'not confirmed') : answer.words;
    await this.#end(
      'failed',
      `${decision.actor.person}’s approval is no longer valid: ${why} Nothing was done.`,
      MACHINE,
    );
    return false;
  }

  async #carryOut(plan: RemedyPlan, by: Actor): Promise<boolean> {
    const answer = await attempted(this.#clock, callRemedy(plan, this.input.service));
    const outcome = confirmed(plan, answer);
    this.state = { ...this.state, outcome };
    if (outcome.result !== 'done' && outcome.result !== 'already-done') {
      await this.#end('failed', `${plan.action} of ${plan.target.name} is ${outcome.result}: ${outcome.readBack}`, by);
      return false;
    }
    const rollout = ROLLED_OUT.has(plan.action) ? await this.#rolledOut(plan) : '';
    await this.#end('done', `${outcome.readBack}${rollout}`, by);
    return true;
  }

  async #rolledOut(plan: RemedyPlan): Promise<string> {
    const { rolloutTimeoutMinutes, speed } = this.input;
    const deadlineMs = Math.max(1_000, (rolloutTimeoutMinutes * 60_000) / speed);
    const pollSeconds = Math.max(1, POLL_SECONDS / speed);
    const answer = await attempted(
      this.#clock,
      wait(deadlineMs, `rollout of ${plan.target.name}`).awaitRollout({ plan, pollSeconds }),
    );
    if (answer.ok && answer.value.complete) return ' The rollout is complete.';
    return ` The rollout did not finish: ${answer.ok ? answer.value.words : answer.words}`;
  }

  /** It is named again and again while it is in place; whoever may, takes it back (ADR 0011). */
  async #whileTemporary(plan: RemedyPlan, leaseMinutes: number): Promise<void> {
    for (let reminder = 0; reminder <= REMINDERS && this.#undone === null; reminder++) {
      const until = plusMinutes(this.#clock.now(), leaseMinutes);
      const words = `${plan.preview} It is temporary until ${until}; to revert it: incident do undo ${this.input.id}`;
      this.state = { ...this.state, stage: 'temporary', temporaryUntil: until, words };
      const ended = await this.#agenda.waitUntil('the temporary change ends', until, () => this.#undone !== null);
      if (ended === 'due') await this.#audit(MACHINE, `still in place: ${plan.preview} Nobody has taken it back.`);
    }
    if (this.#undone === null) return;
    const back = await this.#preview(wayBack(plan).parameters, '/revert');
    if (back === null || !(await this.#carryOut(back, this.#undone.actor))) return;
    this.state = { ...this.state, stage: 'undone', temporaryUntil: null };
  }

  async #end(stage: QuickActionState['stage'], words: string, by: Actor): Promise<void> {
    this.state = { ...this.state, stage, words };
    await this.#audit(by, `${stage}: ${words}`);
  }

  /** In the store, and on the timeline of the incident it was done for. */
  async #audit(by: Actor, words: string): Promise<void> {
    this.#audited += 1;
    const { id, action, target, incidentId } = this.input;
    const at = this.#clock.now();
    const key = `${id}/${this.#audited}`;
    const what = `do ${action} ${target.name}`;
    await attempted(
      this.#clock,
      audit(what).recordAudit({
        key,
        at,
        person: by.person,
        via: by.via,
        what,
        incidentId,
        words: words.slice(0, 1_000),
      }),
    );
    if (incidentId !== null) await note(incidentId, key, by, at, `${what} (${id}): ${words}`);
  }
}

/** Onto the incident's timeline, in the name of whoever did it; an incident that has ended meanwhile needs no note. */
async function note(incidentId: string, id: string, actor: Actor, at: string, words: string): Promise<void> {
  const decision: Decision<'note'> = {
    id,
    incidentId,
    name: 'note',
    actor,
    receivedAt: at,
    body: { text: words.slice(0, 2_000) },
    signature: null,
  };
  try {
    await getExternalWorkflowHandle(incidentId).signal(decisionSignal('note'), decision);
  } catch (error) {
    if (isCancellation(error)) throw error;
  }
}
