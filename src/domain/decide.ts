import type { Decision, DecisionBodies, DecisionName } from './decision.ts';
import { approvalById, type IncidentState, openLeases } from './incident.ts';
import { clockTimeUtc, type Instant, plusMinutes } from './instant.ts';
import { holderByPolicy } from './on-call.ts';
import { CONTACTS, type Role } from './people.ts';
import type { ApprovalName, Policy } from './policy.ts';
import { isHigher } from './severity.ts';
import type { TimelineFact } from './timeline.ts';

/** Why a decision is not taken. `unauthorised`: somebody else may; otherwise it is not possible now. */
export interface Refusal {
  readonly unauthorised: boolean;
  readonly words: string;
}

/** What a decision does: facts for the timeline, and one sentence for the person. */
export interface DecisionEffect {
  readonly facts: readonly TimelineFact[];
  readonly effect: string;
}

/** Roles that may stand in for an approver of a lesser kind. */
const STANDS_IN: Readonly<Partial<Record<Role, readonly Role[]>>> = {
  approver: ['engineering-manager', 'cto'],
  'engineering-manager': ['cto'],
  commander: ['engineering-manager', 'cto'],
  'team-lead': ['engineering-manager', 'cto'],
};

/** Whether somebody with these roles may decide what asks for `wanted`. */
export function holdsRole(roles: readonly Role[], wanted: Role): boolean {
  return roles.includes(wanted) || (STANDS_IN[wanted] ?? []).some((role) => roles.includes(role));
}

/**
 * Why this decision cannot be taken now, as a sentence that says what to do instead; null when it can.
 * Pure: it runs in update validators and again for decisions that came as signals.
 */
export function refusal(state: IncidentState, decision: Decision): Refusal | null {
  const words = refusalWords(state, decision);
  if (words !== null) return { unauthorised: false, words };
  const missing = missingRole(state, decision);
  return missing === null ? null : { unauthorised: true, words: missing };
}

function refusalWords(state: IncidentState, decision: Decision): string | null {
  if (decision.incidentId !== state.incidentId) {
    return `This decision names ${decision.incidentId}, but it reached ${state.incidentId}. Send it to the incident it names.`;
  }
  if (state.decisions.some((seen) => seen.id === decision.id)) return null;
  if (state.closed !== null && decision.name !== 'note') {
    return `${state.incidentId} is closed (${state.closed.as}) since ${state.closed.at}. Open a new incident, or add a note.`;
  }
  return refusalByName(state, decision);
}

function refusalByName(state: IncidentState, decision: Decision): string | null {
  switch (decision.name) {
    case 'approve':
    case 'break-glass':
      return refuseApprove(state, decision as Decision<'approve'>, decision.name === 'break-glass');
    case 'test-mail':
      return refuseTestMail(state);
    case 'reject':
      return refuseUnknownApproval(state, body(decision, 'reject').approvalId);
    case 'keep-lease':
    case 'renew-lease':
    case 'revert-lease':
      return refuseLease(state, (decision.body as { leaseId: string }).leaseId);
    case 'update':
      return refuseUpdate(state, body(decision, 'update'));
    case 'resolve':
      return state.resolved === null
        ? null
        : `It is already resolved since ${state.resolved.at}. Use reopen if it is back.`;
    case 'reopen':
      return state.resolved === null
        ? `It is not resolved (phase ${state.phase}), so there is nothing to reopen.`
        : null;
    case 'merge':
      return body(decision, 'merge').into === state.incidentId ? 'An incident cannot be merged into itself.' : null;
    case 'false-alarm':
    case 'cancel':
      return state.remedies.some((remedy) => remedy.outcome?.result === 'done')
        ? `Something was already done to production (${state.remedies.map((r) => r.plan.action).join(', ')}). Resolve the incident instead, so that it is reviewed.`
        : null;
    case 'call-off':
      return refuseUnknownApprovalNamed(state, body(decision, 'call-off').what);
    case 'pause-canary':
    case 'abort-canary':
      return canaryRuns(state) ? null : 'No canary is running for this incident.';
    default:
      return null;
  }
}

function refuseApprove(state: IncidentState, decision: Decision<'approve'>, breakGlass: boolean): string | null {
  const unknown = refuseUnknownApproval(state, decision.body.approvalId);
  if (unknown !== null) return unknown;
  const record = approvalById(state, decision.body.approvalId);
  if (record === null) return null;
  const names = record.approval.options.map((option) => option.name);
  const option = decision.body.option;
  if (option !== null && !names.includes(option as ApprovalName)) {
    return `${option} is not one of the options of ${record.approval.id}: ${names.join(', ')}.`;
  }
  if (!breakGlass || state.severity === 'P0') return null;
  return `Break-glass is for P0 only; this is ${state.severity}. Ask ${record.approval.approver} to approve.`;
}

/** An approval names the role that may give it; break-glass is the way around, for P0 and on the record. */
function missingRole(state: IncidentState, decision: Decision): string | null {
  if (decision.name !== 'approve' || state.decisions.some((seen) => seen.id === decision.id)) return null;
  const record = approvalById(state, body(decision, 'approve').approvalId);
  if (record === null || holdsRole(decision.actor.roles, record.approval.approver as Role)) return null;
  const what = record.approval.options[0]?.name;
  return `${decision.actor.person} may not approve ${what}: it needs the role ${record.approval.approver}. Ask somebody who has it.`;
}

function refuseUnknownApproval(state: IncidentState, approvalId: string): string | null {
  const record = approvalById(state, approvalId);
  if (record === null) {
    const open = state.approvals.filter((a) => a.state === 'open').map((a) => a.approval.id);
    return `There is no question ${approvalId} here. Open now: ${open.length === 0 ? 'none' : open.join(', ')}.`;
  }
  if (record.state === 'open') return null;
  const by = record.decidedBy === null ? '' : ` by ${record.decidedBy}`;
  const what = record.approval.options[0]?.name ?? 'The question';
  const at = record.decidedAt === null ? '' : ` at ${clockTimeUtc(record.decidedAt)} UTC`;
  return `${what} ${approvalId} was already ${record.state}${by}${at}; nothing more was done.`;
}

function refuseUnknownApprovalNamed(state: IncidentState, what: string): string | null {
  if (migrationWaits(state, what)) return null;
  const open = state.approvals.filter((record) => record.state === 'open');
  if (open.some((record) => record.approval.id === what || record.approval.options[0]?.name === what)) return null;
  return `Nothing named ${what} is waiting. Waiting now: ${open.map((record) => record.approval.options[0]?.name).join(', ') || 'nothing'}.`;
}

/** A draft is sent as it was shown: one that was overtaken must not go out under an old click. */
function refuseUpdate(state: IncidentState, { text, draftId = null }: DecisionBodies['update']): string | null {
  if (text.trim() !== '') return null;
  if (draftId !== null && draftId === state.draft?.id) return null;
  return draftId === null
    ? 'An update needs a text, or the id of the draft that is to go out.'
    : `The draft ${draftId} has been overtaken: an update went out meanwhile, or a newer draft is there. Look at the channel, then write one.`;
}

const TESTS_OF_ONE_MAIL = 20;

function refuseTestMail(state: IncidentState): string | null {
  const mail = state.customerMails?.at(-1);
  if (mail === undefined) return 'No mail to customers is prepared; it is when a P0 has been resolved.';
  return mail.testsAsked.length < TESTS_OF_ONE_MAIL ? null : `It was tested ${TESTS_OF_ONE_MAIL} times already.`;
}

function refuseLease(state: IncidentState, leaseId: string): string | null {
  if (openLeases(state).some((record) => record.lease.id === leaseId)) return null;
  const open = openLeases(state).map((record) => record.lease.id);
  return `There is no open temporary change ${leaseId}. Open now: ${open.length === 0 ? 'none' : open.join(', ')}.`;
}

function body<N extends DecisionName>(decision: Decision, name: N): DecisionBodies[N] {
  if (decision.name !== name) throw new Error(`decision ${decision.name} read as ${name}`);
  return decision.body as DecisionBodies[N];
}

/** What follows from an accepted decision. Pure; the incident's main loop then acts on the changed state. */
export function decide(state: IncidentState, decision: Decision, policy: Policy): DecisionEffect {
  const who = decision.actor.person;
  switch (decision.name) {
    case 'acknowledge':
      return state.acknowledged === null
        ? {
            facts: acknowledgement(state, who),
            effect: 'Acknowledged: nobody else will be paged for this.',
          }
        : { facts: [], effect: `${state.acknowledged.by} had already acknowledged it at ${state.acknowledged.at}.` };
    case 'assign': {
      const { to, what } = body(decision, 'assign');
      const person = personMeant(state, policy, to);
      return {
        facts: [{ kind: 'assigned', person, what: what ?? 'help with this incident' }],
        effect: `${person} has it now.`,
      };
    }
    case 'hand-over': {
      const person = personMeant(state, policy, body(decision, 'hand-over').to);
      const because = `${state.commander ?? who} handed over`;
      return { facts: [{ kind: 'commander-changed', person, because }], effect: `${person} leads now.` };
    }
    case 'set-severity':
      return decideSeverity(state, body(decision, 'set-severity'));
    case 'note':
      return { facts: [{ kind: 'noted', text: body(decision, 'note').text }], effect: 'Noted on the timeline.' };
    case 'update': {
      const { text: written, expectedRecoveryAt } = body(decision, 'update');
      const text = written === '' ? (state.draft?.text ?? '') : written;
      return { facts: [{ kind: 'update-written', text, expectedRecoveryAt }], effect: 'The update goes out now.' };
    }
    case 'snooze': {
      const { minutes, because } = body(decision, 'snooze');
      const until = plusMinutes(decision.receivedAt, minutes);
      return { facts: [{ kind: 'update-snoozed', until, because }], effect: `No update is due before ${until}.` };
    }
    case 'approve':
    case 'break-glass':
      return decideApproval(state, decision);
    case 'test-mail': {
      const edition = state.customerMails?.at(-1)?.edition ?? '';
      return {
        facts: [{ kind: 'customer-mail-test-asked', edition }],
        effect: 'It is on its way to your own address.',
      };
    }
    case 'reject': {
      const { approvalId, because } = body(decision, 'reject');
      return {
        facts: [{ kind: 'approval-rejected', approvalId, because }],
        effect: 'Rejected; the machine will not do it.',
      };
    }
    case 'resolve':
      return decideResolve(state, body(decision, 'resolve').fix);
    case 'reopen':
      return {
        facts: [{ kind: 'reopened', because: body(decision, 'reopen').because }],
        effect: 'Reopened: investigation starts again.',
      };
    case 'merge': {
      const { into } = body(decision, 'merge');
      return {
        facts: [{ kind: 'closed', as: 'merged', into, because: `${who} merged it into ${into}` }],
        effect: `Merged into ${into}.`,
      };
    }
    case 'false-alarm':
      return {
        facts: [{ kind: 'closed', as: 'false-alarm', into: null, because: body(decision, 'false-alarm').because }],
        effect: 'Closed as a false alarm.',
      };
    case 'cancel':
      return {
        facts: [{ kind: 'closed', as: 'cancelled', into: null, because: body(decision, 'cancel').because }],
        effect: 'Cancelled.',
      };
    case 'keep-lease': {
      const { leaseId, because } = body(decision, 'keep-lease');
      return {
        facts: [{ kind: 'lease-settled', leaseId, how: 'kept', because }],
        effect: 'Kept for good: it is no longer temporary.',
      };
    }
    case 'renew-lease': {
      const { leaseId, minutes } = body(decision, 'renew-lease');
      const expiresAt = plusMinutes(decision.receivedAt, minutes ?? policy.leases.renewMinutes);
      return { facts: [{ kind: 'lease-renewed', leaseId, expiresAt }], effect: `Renewed until ${expiresAt}.` };
    }
    case 'revert-lease':
      return {
        facts: [
          { kind: 'step-finished', step: `${body(decision, 'revert-lease').leaseId}/revert-wanted`, outcome: true },
        ],
        effect: 'It is being taken back now.',
      };
    case 'call-off': {
      const { what, because } = body(decision, 'call-off');
      const open = state.approvals.find(
        (r) => r.state === 'open' && (r.approval.id === what || r.approval.options[0]?.name === what),
      );
      const facts: TimelineFact[] =
        open === undefined
          ? []
          : [{ kind: 'approval-withdrawn', approvalId: open.approval.id, because: `${who} called it off: ${because}` }];
      if (migrationWaits(state, what))
        facts.push({
          kind: 'fix-progressed',
          stage: 'called-off',
          words: `${who} called the migration off: ${because}`,
          link: null,
        });
      return { facts, effect: `${what} is called off.` };
    }
    case 'pause-canary':
      return decidePause(state, who, body(decision, 'pause-canary').because);
    case 'abort-canary': {
      const words = `${who} stopped the canary: ${body(decision, 'abort-canary').because}`;
      return {
        facts: [{ kind: 'fix-progressed', stage: 'canary-aborted', words, link: null }],
        effect: 'The canary is being taken back; nothing is promoted.',
      };
    }
  }
}

function canaryRuns(state: IncidentState): boolean {
  return state.permanentFix?.canary === 'watched' || state.permanentFix?.canary === 'paused';
}

/** The same button holds it and lets it go on. */
function decidePause(state: IncidentState, who: string, because: string): DecisionEffect {
  const paused = state.permanentFix?.canary === 'paused';
  const words = paused ? `${who} lets the canary go on: ${because}` : `${who} holds the canary: ${because}`;
  return {
    facts: [{ kind: 'fix-progressed', stage: paused ? 'canary-watched' : 'canary-paused', words, link: null }],
    effect: paused
      ? 'It is watched again, from the beginning.'
      : 'It stays as it is and is not promoted. The same decision again lets it go on.',
  };
}

/** The migration that waits for its window may be named in any of these ways. */
const MIGRATION_NAMES: readonly string[] = ['migrate', 'migration', 'fix'];

function migrationWaits(state: IncidentState, what: string): boolean {
  return state.permanentFix?.migration === 'waiting' && MIGRATION_NAMES.includes(what);
}

/** Somebody may be named by what they hold, e.g. `oncall-backup`: whoever is on call for it now, as was read last. */
function personMeant(state: IncidentState, policy: Policy, to: string): string {
  const contact = CONTACTS.find((name) => name === to);
  if (contact === undefined) return to;
  const holder = state.onCall?.holders.find((one) => one.contact === contact) ?? holderByPolicy(contact, policy.people);
  return holder.people[0] ?? to;
}

/** `saidAt`: when, where it was only heard of later. */
export function acknowledgement(state: IncidentState, who: string, saidAt?: Instant): TimelineFact[] {
  return [{ kind: 'acknowledged', ...(saidAt === undefined ? {} : { saidAt }) }, ...leads(state, who)];
}

/** Whoever acknowledges first leads until somebody else takes over. */
function leads(state: IncidentState, who: string): TimelineFact[] {
  return state.commander === null ? [{ kind: 'commander-changed', person: who, because: 'acknowledged first' }] : [];
}

function decideSeverity(state: IncidentState, wish: DecisionBodies['set-severity']): DecisionEffect {
  const direction = isHigher(wish.to, state.severity) ? 'Raised' : wish.to === state.severity ? 'Confirmed' : 'Lowered';
  return {
    facts: [{ kind: 'severity-set', severity: wish.to, because: wish.because }],
    effect: `${direction} to ${wish.to}; every clock runs by ${wish.to} from now.`,
  };
}

function decideApproval(state: IncidentState, decision: Decision): DecisionEffect {
  const wish = decision.body as DecisionBodies['break-glass'];
  const record = approvalById(state, wish.approvalId);
  const option = (wish.option ?? record?.approval.options[0]?.name) as ApprovalName;
  const breakGlass = decision.name === 'break-glass';
  return {
    facts: [
      {
        kind: 'approval-granted',
        approvalId: wish.approvalId,
        option,
        how: breakGlass ? 'break-glass' : 'approved',
        because: breakGlass ? wish.because : null,
      },
    ],
    effect: breakGlass
      ? `Going ahead with ${option} on your word; it will be reviewed.`
      : `Going ahead with ${option}.`,
  };
}

function decideResolve(state: IncidentState, fix: string | null): DecisionEffect {
  const done = state.remedies.filter((remedy) => remedy.helped === true).map((remedy) => remedy.plan.preview);
  const words = fix ?? (done.length > 0 ? done.join(' ') : 'No remedy of ours; see the timeline.');
  const verification = state.mitigated === null ? 'Said by a person; not measured to be well.' : state.mitigated.words;
  return {
    facts: [{ kind: 'resolved', fix: words, verification, followUp: 'Post-mortem follows.' }],
    effect: 'Resolved; the review begins.',
  };
}
