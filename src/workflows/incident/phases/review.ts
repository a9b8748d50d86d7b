import { getExternalWorkflowHandle } from '@temporalio/workflow';
import { documentTimeline } from '../../../domain/document-timeline.ts';
import { openLeases } from '../../../domain/incident.ts';
import { type Instant, isBefore, plusMinutes } from '../../../domain/instant.ts';
import { newestWithin } from '../../../domain/sizes.ts';
import { annotateActivities, followUp } from '../../activity-calls.ts';
import { machineWroteSignal, postMortemWorkflowId } from '../../post-mortem/api.ts';
import { memoryProfiling } from '../memory-profiling.ts';
import { isFixUnderWay } from '../permanent-fix/see-through.ts';
import { publishRound } from '../publishing.ts';
import { keepRecord } from '../recording.ts';
import { refiredSince } from '../relapse.ts';
import type { IncidentRun } from '../run.ts';

/** What a document is written from while the store, which has all of it, is away. */
const DOCUMENT_BYTES = 384 * 1024;

/** Phase 6 (R6): the record, the meeting, the post-mortem, the follow-ups; then the incident closes. */
export async function review(run: IncidentRun): Promise<void> {
  const resolved = run.state.resolved;
  if (resolved === null || run.state.closed !== null) return;
  if (run.state.phase !== 'review') run.record({ kind: 'phase-entered', phase: 'review', because: 'resolved' });
  const id = `review${run.state.reopenings}`;
  await markDashboards(run, id, resolved.at);
  if (run.policy.severities[run.state.highestSeverity].postMortem) {
    await scheduleMeeting(run, id, resolved.at);
    await writePostMortem(run, id, resolved.at);
  }
  if (isFollowedUp(run)) await handOnFollowUps(run, id);
  await awaitEnd(run, resolved.at);
}

/** Whoever looks at the graphs later sees the incident and what was done about it (R1.6). */
async function markDashboards(run: IncidentRun, id: string, resolvedAt: Instant): Promise<void> {
  const { incidentId, title, severity, detectedAt, remedies } = run.state;
  const remedyNotes = remedies.flatMap(({ plan, carriedOutAt }) =>
    carriedOutAt === null
      ? []
      : [{ key: plan.key, text: plan.preview, tags: ['incident', plan.action], at: carriedOutAt, untilAt: null }],
  );
  const whole = { key: id, text: `${severity}: ${title}`, tags: ['incident'], at: detectedAt, untilAt: resolvedAt };
  await run.step(`${id}/annotated`, async () => {
    const answer = await run.attempt(
      annotateActivities('marks on the dashboards').annotateDashboards({ incidentId, notes: [whole, ...remedyNotes] }),
    );
    if (!answer.ok) trouble(run, 'dashboards', answer.words);
    return answer.ok;
  });
}

/** Invites once; when the incident came back and was resolved later, the same meeting is moved (R6.1). */
async function scheduleMeeting(run: IncidentRun, id: string, resolvedAt: Instant): Promise<void> {
  const { review: rules, team, holidays } = run.policy;
  const planned = await run.step(`${id}/planned`, () =>
    run.attempt(followUp('when is the post-mortem?').planReview({ resolvedAt, review: rules, team, holidays })),
  );
  if (!planned.ok) return trouble(run, 'review', planned.words);
  const before = run.state.review;
  if (before?.meetingAt === planned.value.meetingAt) return inviteNewcomers(run);
  const attendees = [...(before?.attendees ?? []), ...newcomers(run)];
  const sequence = before === null ? 0 : (before.sequence ?? 0) + 1;
  run.record({ kind: 'review-scheduled', meetingAt: planned.value.meetingAt, attendees, ref: null, sequence });
  await publishRound(run, before === null ? 'invitation to the post-mortem' : 'the post-mortem is moved', [
    {
      medium: 'mail',
      what: 'invitation',
      key: `${run.state.incidentId}/invitation/${run.state.reopenings}`,
      to: attendees,
      detail: null,
      sequence,
    },
  ]);
}

/** Whoever takes part only after the invitation went out gets it too, and nobody a second time (R6.1). */
async function inviteNewcomers(run: IncidentRun): Promise<void> {
  const { review } = run.state;
  const to = newcomers(run);
  if (review === null || to.length === 0) return;
  const invited = [...review.attendees, ...to];
  run.record({ kind: 'review-scheduled', ...review, attendees: invited, ref: null });
  const key = `${run.state.incidentId}/invitation/of-${run.state.seq}`;
  await publishRound(run, 'invitation for who came later', [
    { medium: 'mail', what: 'invitation', key, to, invited, detail: null, sequence: review.sequence ?? 0 },
  ]);
}

/** Who should meet and has not been invited; one mailbox is one person, however its address is written. */
function newcomers(run: IncidentRun): readonly string[] {
  const invited = new Set(run.state.review?.attendees.map((address) => address.toLowerCase()));
  return attendeesOf(run).filter((address) => {
    const known = invited.has(address.toLowerCase());
    invited.add(address.toLowerCase());
    return !known;
  });
}

/** The kinds of attendee of the policy, the commander, and everybody who took part (R6.1). */
function attendeesOf(run: IncidentRun): readonly string[] {
  const { review: rules, contacts, people } = run.policy;
  const named = rules.attendees.flatMap((contact) => contacts[contact].email ?? []);
  const tookPart = people
    .filter((person) => [...run.state.responders, run.state.commander].includes(person.id))
    .map((person) => person.email);
  return [...new Set([...named, ...tookPart])];
}

async function writePostMortem(run: IncidentRun, id: string, resolvedAt: Instant): Promise<void> {
  const { queries } = run.policy.service;
  const figures = await run.step(`${id}/figures`, async () => {
    const answer = await run.attempt(
      followUp('figures of the impact').measureImpact({
        incidentId: run.state.incidentId,
        failedRequestsQuery: queries.failedRequests,
        affectedUsersQuery: queries.affectedUsers,
        fromAt: run.state.detectedAt,
        untilAt: resolvedAt,
      }),
    );
    if (answer.ok) return answer.value;
    trouble(run, 'figures', answer.words);
    return { failedRequests: null, failedRequestsFormula: `not recorded: ${answer.words}`, affectedUsers: null };
  });
  await run.trackInFlight(async () => {
    // The document is written from the store's copy: sent once, not a second time with this call.
    const recorded = await keepRecord(run);
    const input = {
      facts: run.facts(),
      timeline: recorded ? null : newestWithin(documentTimeline(run.timeline), DOCUMENT_BYTES),
      communication: { documentsUrl: run.policy.communication.documentsUrl },
      figures,
      timeZone: run.policy.team.timeZone,
    };
    const answer = await run.attempt(followUp('post-mortem document').writePostMortem(input));
    if (!answer.ok) return trouble(run, 'post-mortem', answer.words);
    run.record({
      kind: 'post-mortem-written',
      location: answer.value.location,
      digest: answer.value.digest,
      approved: false,
      path: answer.value.path,
    });
  });
}

/** Always after a review; without one for what may not end with the incident: a change in place, a ticket to be chased. */
function isFollowedUp({ policy, state }: IncidentRun): boolean {
  return (
    policy.severities[state.highestSeverity].postMortem ||
    openLeases(state).length > 0 ||
    memoryProfiling(state) !== null
  );
}

/** What outlives the incident goes to workflows of its own: the document, the items, temporary changes still in place. */
async function handOnFollowUps(run: IncidentRun, id: string): Promise<void> {
  await run.step(`${id}/follow-ups`, async () => {
    const leases = openLeases(run.state).map((record) => ({ ...record.lease, expiresAt: record.expiresAt }));
    const items = followUps(run);
    const input = {
      facts: run.facts(),
      items,
      leases,
      communication: run.policy.communication,
      at: run.now(),
      speed: run.speed,
      document: documentOf(run),
      runbooks: run.policy.review.runbooks ?? null,
      tickets: ticketsOf(run),
    };
    const answer = await run.attempt(followUp('action items').openActionItems(input));
    if (!answer.ok) trouble(run, 'action items', answer.words);
    for (const lease of answer.ok ? leases : []) {
      run.record({
        kind: 'lease-settled',
        leaseId: lease.id,
        how: 'moved',
        because: 'its own workflow asks about it from now on',
      });
    }
    return answer.ok;
  });
}

/** Each follow-up gets a ticket where policy says so, with its owner's address (R6.6). */
function ticketsOf({ policy }: IncidentRun) {
  const system = policy.reports?.ticketsIn ?? null;
  if (system === null) return null;
  return { system, ownerEmails: Object.fromEntries(policy.people.map(({ id, email }) => [id, email])) };
}

/** Where the draft stands; people have until the meeting to write their part of it. */
function documentOf(run: IncidentRun) {
  const written = run.timeline.findLast((event) => event.kind === 'post-mortem-written');
  if (written?.kind !== 'post-mortem-written' || written.path == null) return null;
  return { path: written.path, digest: written.digest, dueAt: run.state.review?.meetingAt ?? run.now() };
}

/** What has to be done afterwards, as far as the machine can tell; people add theirs in the document. */
function followUps(run: IncidentRun) {
  const dueAt = run.state.review?.meetingAt ?? run.now();
  const cause = run.state.hypotheses[0];
  const owner = run.state.commander;
  const items: { id: string; what: string; owner: string | null; dueAt: Instant }[] = [];
  if (cause !== undefined && cause.cause !== 'unknown')
    items.push({ id: 'cause', what: `Remove the cause for good: ${cause.words}`, owner, dueAt });
  const missed = run.state.promises.filter((record) => record.ended?.how === 'missed');
  if (missed.length > 0)
    items.push({ id: 'promises', what: `Find out why ${missed.length} promise(s) were missed.`, owner, dueAt });
  const profiling = memoryProfiling(run.state);
  return profiling === null ? items : [...items, profiling];
}

/** Open until the meeting is over; the same problem within the reopen window reopens it (ADR 0008). */
async function awaitEnd(run: IncidentRun, resolvedAt: Instant): Promise<void> {
  const windowEnds = plusMinutes(resolvedAt, run.policy.intake.reopenWindowMinutes);
  const meetingEnds =
    run.state.review === null ? windowEnds : plusMinutes(run.state.review.meetingAt, run.policy.review.meetingMinutes);
  const back = () => refiredSince(run.state, resolvedAt);
  const changed = () => run.state.closed !== null || run.state.resolved === null || back() !== null;
  let why = await untilWithNewcomers(run, 'reopen window ends', windowEnds, changed);
  if (why === 'due') {
    await tellOfMails(run, resolvedAt);
    why = await untilWithNewcomers(run, 'review meeting ends', meetingEnds, changed);
  }
  if (why === 'due') await awaitFix(run, resolvedAt, changed);
  const words = back();
  if (run.state.closed !== null || run.state.resolved === null) return;
  if (words !== null) return reopen(run, words);
  if (why === 'due')
    run.record({ kind: 'closed', as: 'resolved', into: null, because: 'resolved, reviewed, and quiet since' });
}

/** Waits, and meanwhile invites to the meeting whoever takes part from now on, as long as it has not begun. */
async function untilWithNewcomers(run: IncidentRun, name: string, dueAt: Instant, changed: () => boolean) {
  const more = () => {
    const { review } = run.state;
    return review !== null && isBefore(run.now(), review.meetingAt) && newcomers(run).length > 0;
  };
  for (;;) {
    const why = await run.agenda.waitUntil(name, dueAt, () => changed() || more());
    if (why === 'due' || changed()) return why;
    await inviteNewcomers(run);
  }
}

/** Mails to customers went out, and some came back, after the post-mortem was drafted: before the meeting it says so (R4.5). */
async function tellOfMails(run: IncidentRun, resolvedAt: Instant): Promise<void> {
  const sent = run.state.customerMails?.some((mail) => mail.sent > 0) ?? false;
  if (!sent || run.state.postMortem === null) return;
  const id = `review${run.state.reopenings}`;
  await run.step(`${id}/mails-told`, async () => {
    await writePostMortem(run, id, resolvedAt);
    const document = documentOf(run);
    if (document === null) return false;
    await getExternalWorkflowHandle(postMortemWorkflowId(run.state.incidentId))
      .signal(machineWroteSignal, { digest: document.digest, at: run.now() })
      // People may have approved it already; then it stands in the document as it was written.
      .catch(() => undefined);
    return true;
  });
}

/** A fix that is under way is seen through, within the time that policy gives the review (R6). */
async function awaitFix(run: IncidentRun, resolvedAt: Instant, changed: () => boolean): Promise<void> {
  if (!isFixUnderWay(run)) return;
  const limit = plusMinutes(resolvedAt, run.policy.review.reviewWithinHours * 60);
  await run.agenda.waitUntil('the permanent fix is done', limit, () => changed() || !isFixUnderWay(run));
}

function reopen(run: IncidentRun, words: string): void {
  run.record({ kind: 'reopened', because: words });
}

function trouble(run: IncidentRun, where: string, words: string): void {
  run.record({ kind: 'trouble', where, words });
}
