import { concurrentFaults } from '../domain/diagnosis.ts';
import { sure } from '../domain/format.ts';
import type { Actor, Contact } from '../domain/people.ts';
import type { EventOf, TimelineEvent } from '../domain/timeline.ts';
import { cleanLine, clip } from './escape.ts';
import { counted, listed, statusWords, timeUtc } from './words.ts';

const LINE_CHARACTERS = 400;

/** What the incident calls by an id, in words: a question, a temporary change, a promise. Null when not known. */
export type Named = (id: string) => string | null;

/** One sentence for people about one event, on one line; used by the CLI, the console and the post-mortem. */
export function describe(event: TimelineEvent, named: Named = () => null): string {
  return clip(cleanLine(sentence(event, named), LINE_CHARACTERS * 2), LINE_CHARACTERS);
}

/** Learns what ids stand for from the events as they pass, so that later ones can be told in words. */
export function learningNames(): Named & { learn(event: TimelineEvent): void } {
  const words = new Map<string, string>();
  const learn = (event: TimelineEvent): void => {
    if (event.kind === 'approval-requested')
      words.set(event.approval.id, inWords(event.approval.options[0]?.name ?? 'a decision'));
    else if (event.kind === 'lease-opened') words.set(event.lease.id, event.lease.plan.preview);
    else if (event.kind === 'promised') words.set(event.promise.id, event.promise.words);
  };
  return Object.assign((id: string) => words.get(id) ?? null, { learn });
}

export function namesIn(events: readonly TimelineEvent[]): Named {
  const names = learningNames();
  for (const event of events) names.learn(event);
  return names;
}

function sentence(event: TimelineEvent, named: Named): string {
  switch (event.kind) {
    case 'opened':
      return `Incident opened: ${event.title} (${event.service})${event.previousIncidentId === null ? '' : `, after ${event.previousIncidentId}`}`;
    case 'alert-received':
      return `Alert received from ${event.alert.source}: ${event.alert.summary}${event.repeats > 1 ? ` (seen ${event.repeats} times)` : ''}`;
    case 'alert-cleared':
      return `Alert cleared: ${event.name}`;
    case 'severity-assessed':
      return `Severity assessed as ${event.severity}${event.provisional ? ' (provisional)' : ''}: ${listed(event.reasons.map((reason) => reason.replace(`${event.severity}: `, '')))}`;
    case 'severity-set':
      return `${who(event)} set the severity to ${event.severity}: ${event.because}`;
    case 'phase-entered':
      return `Phase ${event.phase} began: ${event.because}`;
    case 'phase-overrun':
      return `Phase ${event.phase} took longer than its ${counted(event.windowMinutes, 'minute')}`;
    case 'status-changed':
      return `Status is now ${statusWords(event.status)}: ${event.because}`;
    case 'acknowledged':
      return `${who(event)} acknowledged${event.saidAt === undefined ? '' : ` (in the paging system at ${timeUtc(event.saidAt, event.at)}; read there, since no word of it had come)`}`;
    case 'commander-changed':
      return `${event.person} is incident commander: ${event.because}`;
    case 'assigned':
      return `${who(event)} assigned ${event.person}: ${event.what}`;
    case 'noted':
      return `${who(event)} noted: ${event.text}`;
    case 'channel-opened':
      return `Channel #${event.name.replace(/^#/u, '')} opened`;
    case 'paged':
      return `Paged ${contactWords(event.contact)}: ${event.because}`;
    case 'on-call-read':
      return event.words;
    case 'escalated':
      return `Escalated to ${listed(event.to.map(contactWords))}: ${event.because}`;
    case 'evidence-collected':
      return evidenceSentence(event);
    case 'explained':
      return explanationSentence(event);
    case 'approval-requested':
      return `Asked ${event.approval.approver} about ${inWords(event.approval.options[0]?.name ?? 'a decision')}: ${event.approval.why}`;
    case 'approval-reminded':
      return `Reminded ${event.to} of the open question${about(named(event.approvalId))}`;
    case 'approval-extended':
      return `The question${about(named(event.approvalId))} stays open until ${timeUtc(event.deadlineAt, event.at)}`;
    case 'approval-granted':
      return grantSentence(event);
    case 'approval-rejected':
      return `${who(event)} rejected ${named(event.approvalId) ?? 'what was asked'}: ${event.because}`;
    case 'approval-withdrawn':
      return `The question${about(named(event.approvalId))} was withdrawn: ${event.because}`;
    case 'remedy-intended':
      return `About to act: ${event.plan.preview}`;
    case 'remedy-carried-out':
      return `${OUTCOME_WORDS[event.outcome.result](event.action)}: ${event.outcome.readBack}`;
    case 'remedy-verified':
      return `${event.action} ${event.helped ? 'helped' : 'did not help'}: ${event.words}`;
    case 'remedy-skipped':
      return `${event.action} was not done: ${event.because}`;
    case 'lease-opened':
      return `Temporary change in place until ${timeUtc(event.lease.expiresAt, event.at)}: ${event.lease.plan.preview}`;
    case 'lease-due':
      return `A temporary change is due: keep, renew or revert it${which(named(event.leaseId))}`;
    case 'lease-revert-ordered':
      return `${who(event)} takes a temporary change back${which(named(event.leaseId))}`;
    case 'lease-renewed':
      return `${who(event)} renewed a temporary change until ${timeUtc(event.expiresAt, event.at)}${which(named(event.leaseId))}`;
    case 'lease-settled':
      return `A temporary change ${LEASE_WORDS[event.how]}: ${event.because}${which(named(event.leaseId))}`;
    case 'promised':
      return `Promised by ${timeUtc(event.promise.dueAt, event.at)}: ${event.promise.words}`;
    case 'promise-ended':
      return `Promise ${PROMISE_WORDS[event.how]}: ${event.because}${which(named(event.promiseId))}`;
    case 'update-written':
      return `${who(event)} wrote: ${event.text}${event.expectedRecoveryAt === null ? '' : ` (recovery expected ${timeUtc(event.expectedRecoveryAt, event.at)})`}`;
    case 'update-drafted':
      return `An update is due ${timeUtc(event.dueAt, event.at)}; unless somebody writes one, this goes out: ${event.text}`;
    case 'update-snoozed':
      return `${who(event)} snoozed the next update until ${timeUtc(event.until, event.at)}: ${event.because}`;
    case 'published':
      return `${event.late ? 'Sent late' : 'Sent'} ${event.message.what} to ${event.message.to} (${MEDIUM_WORDS[event.message.medium]})`;
    case 'publication-failed':
      return `Could not send ${event.what} (${MEDIUM_WORDS[event.medium]}): ${event.reason}${event.retryAt === null ? '; it is not tried again' : `; tried again ${timeUtc(event.retryAt, event.at)}`}`;
    case 'publication-superseded':
      return 'An unsent message was replaced by a newer one';
    case 'status-page-edited':
      return `The status page was changed by hand${event.from === null ? '' : ` from ${statusWords(event.from)}`} to ${statusWords(event.to)}: ${event.words}`;
    case 'customer-mail-prepared':
      return `Mail to ${counted(event.customers, 'affected customer')} prepared (${event.subject}): ${event.words}`;
    case 'customer-mail-test-asked':
      return `${who(event)} asked for a test of the customer mail`;
    case 'customer-mail-tested':
      return `Test of the customer mail to ${event.to}: ${event.words}`;
    case 'customer-mail-progress':
      return `Customer mail: ${event.sent} sent, ${event.refused} refused, ${event.bounced ? `${event.bounced} came back, ` : ''}${event.left} to go${event.inDoubt === 0 ? '' : `; ${event.inDoubt} may have gone out before and went again under the same Message-ID`}`;
    case 'mitigated':
      return `Mitigated${actor(event).via === 'machine' ? '' : ` by ${actor(event).person}`}: ${event.words}`;
    case 'relapsed':
      return `The problem came back: ${event.words}`;
    case 'resolved':
      return `Incident resolved: ${event.fix.replace(/\.$/u, '')}. Verification: ${event.verification}`;
    case 'reopened':
      return `${who(event)} reopened the incident: ${event.because}`;
    case 'review-scheduled':
      return `Review scheduled for ${timeUtc(event.meetingAt, event.at)} with ${counted(event.attendees.length, 'attendee')}`;
    case 'fix-progressed':
      return `Permanent fix, ${event.stage.replaceAll('-', ' ')}: ${event.words}${event.link === null ? '' : ` (${event.link})`}`;
    case 'post-mortem-written':
      return `Post-mortem ${event.approved ? 'approved' : 'written'}: ${event.location}`;
    case 'runbook-changed':
      return `Change of the runbook ${event.file} ${event.stage}: ${event.words}${event.link === null ? '' : ` (${event.link})`}`;
    case 'ticket-opened':
      return `Ticket ${event.ref} opened: ${event.what} (${event.url})`;
    case 'decision-refused':
      return `The decision ${event.decision} of ${who(event)} was refused: ${event.reason}`;
    case 'asked-person':
      return `Asked people: ${event.question}`;
    case 'trouble':
      return `Trouble in ${event.where}: ${event.words}`;
    case 'closed':
      return `Closed as ${event.as.replace('-', ' ')}${event.into === null ? '' : ` into ${event.into}`}: ${event.because}`;
    case 'step-finished':
      return `Step ${event.step} finished`;
    default:
      return unknownSentence(event);
  }
}

/** `publish-status` is a name of the policy; people read words. */
function inWords(name: string): string {
  return name.replaceAll('-', ' ');
}

function about(name: string | null): string {
  return name === null ? '' : ` about ${name}`;
}

/** What was meant, behind what became of it. */
function which(words: string | null): string {
  return words === null ? '' : ` (${words.replace(/\.$/u, '')})`;
}

/** A newer worker may have written kinds this one does not know: they are named, not hidden. */
function unknownSentence(event: never): string {
  return `An event of the unknown kind ${(event as { kind: string }).kind}`;
}

function who(event: TimelineEvent): string {
  return actor(event).via === 'machine' ? 'The runbook' : actor(event).person;
}

/** Some facts have a \`by\` of their own, which on the timeline gives way to the actor of the event. */
function actor(event: { readonly by: unknown }): Actor {
  return event.by as Actor;
}

function evidenceSentence(event: EventOf<'evidence-collected'>): string {
  const { bundle } = event;
  const striking = bundle.items
    .filter((item) => item.abnormal)
    .slice(0, 3)
    .map((item) => item.words);
  const gaps =
    bundle.gaps.length === 0 ? '' : `; no answer from ${listed(bundle.gaps.slice(0, 5).map((gap) => gap.probe))}`;
  return `Evidence collected (${counted(bundle.items.length, 'answer')}${gaps})${striking.length === 0 ? ', nothing out of the ordinary' : `: ${striking.join('; ')}`}`;
}

function explanationSentence(event: EventOf<'explained'>): string {
  const first = event.hypotheses[0];
  if (first === undefined || first.cause === 'unknown') return `The cause is not known yet: ${event.changed}`;
  const beside = concurrentFaults(event.hypotheses).map(
    (one) => ` There as well (${sure(one.confidence)}): ${one.words}`,
  );
  return `Likely cause (${sure(first.confidence)}): ${first.words}${beside.join('')}`;
}

function grantSentence(event: EventOf<'approval-granted'>): string {
  const because = event.because === null ? '' : `: ${event.because}`;
  switch (event.how) {
    case 'approved':
      return `${who(event)} approved ${inWords(event.option)}${because}`;
    case 'pre-approved':
      return `${inWords(event.option)} goes ahead, pre-approved by the policy${because}`;
    case 'no-objection':
      return `${inWords(event.option)} goes ahead, nobody objected${because}`;
    case 'break-glass':
      return `${who(event)} used the break-glass override for ${inWords(event.option)}${because}`;
  }
}

const OUTCOME_WORDS: Readonly<Record<EventOf<'remedy-carried-out'>['outcome']['result'], (action: string) => string>> =
  {
    done: (action) => `${action} carried out`,
    'already-done': (action) => `${action} had already been carried out`,
    'changed-underneath': (action) => `${action} was not carried out, somebody changed the target meanwhile`,
    refused: (action) => `${action} was refused`,
    unknown: (action) => `It is not known whether ${action} was carried out; a person has to look`,
  };

const LEASE_WORDS: Readonly<Record<EventOf<'lease-settled'>['how'], string>> = {
  kept: 'stays for good',
  reverted: 'was taken back',
  drifted: 'was changed by somebody else and is left alone',
  moved: 'outlives the incident and is followed up',
};

const PROMISE_WORDS: Readonly<Record<EventOf<'promise-ended'>['how'], string>> = {
  kept: 'kept',
  late: 'kept late',
  missed: 'missed',
  superseded: 'replaced',
};

const MEDIUM_WORDS: Readonly<Record<EventOf<'published'>['message']['medium'], string>> = {
  chat: 'chat',
  'status-page': 'status page',
  mail: 'mail',
  page: 'page',
  'page-note': 'note at the page',
  document: 'document',
};

const CONTACT_WORDS: Readonly<Partial<Record<Contact, string>>> = {
  cto: 'the CTO',
  'oncall-primary': 'on-call primary',
  'oncall-backup': 'on-call backup',
};

function contactWords(contact: Contact): string {
  return CONTACT_WORDS[contact] ?? contact.replace(/-/gu, ' ');
}
