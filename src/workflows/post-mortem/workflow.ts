import {
  ApplicationFailure,
  allHandlersFinished,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { Delivery } from '../../activities/publication/api.ts';
import { reminderAt } from '../../domain/clocks.ts';
import { type Instant, isBefore, plusMinutes } from '../../domain/instant.ts';
import { factsFor, messageTemplatesFor } from '../../domain/message-templates.ts';
import { attempted, followUp, message } from '../activity-calls.ts';
import { Agenda } from '../incident/agenda.ts';
import { postMortemApprovedSignal } from '../incident/api.ts';
import { IncidentClock } from '../incident/clock.ts';
import {
  type ApprovePostMortem,
  approvePostMortemUpdate,
  type EditPostMortem,
  editPostMortemUpdate,
  editRunbookChangeUpdate,
  machineWroteSignal,
  type PostMortemInput,
  type PostMortemStatus,
  postMortemAgendaQuery,
  postMortemQuery,
  proposeRunbookChangeUpdate,
  withholdRunbookChangeUpdate,
} from './api.ts';
import { RunbookProposal } from './runbook-proposal.ts';

const VERSIONS_REMEMBERED = 100;
const PUBLISH_AGAIN_MINUTES = 15;
const CHASE = 'chase the post-mortem';
const AGAIN = 'publish the post-mortem again';
const RUNBOOK = 'propose the change of the runbook';

/**
 * People edit and approve the post-mortem; the machine keeps it where documents live, chases it while nobody has
 * approved it, and tells engineering what was learnt once somebody has (R6.3, R6.4). Ends when all that is done.
 */
export async function postMortem(input: PostMortemInput): Promise<PostMortemStatus> {
  const document = new Document(input);
  setHandler(editPostMortemUpdate, (edit) => document.edit(edit), { validator: (edit) => document.checkEdit(edit) });
  setHandler(approvePostMortemUpdate, (approval) => document.approve(approval), {
    validator: (approval) => document.checkApproval(approval),
  });
  setHandler(editRunbookChangeUpdate, (edit) => document.ofRunbook((proposal) => proposal.edit(edit)), {
    validator: (edit) => document.runbook.checkEdit(edit),
  });
  setHandler(withholdRunbookChangeUpdate, (request) => document.ofRunbook((proposal) => proposal.withhold(request)), {
    validator: (request) => document.runbook.checkWithhold(request),
  });
  setHandler(proposeRunbookChangeUpdate, (request) => document.ofRunbook((proposal) => proposal.propose(request)), {
    validator: (request) => document.runbook.checkPropose(request),
  });
  setHandler(machineWroteSignal, ({ digest, at, again }) => document.machineWrote(digest, at, again === true));
  setHandler(postMortemQuery, () => document.status);
  setHandler(postMortemAgendaQuery, () => document.agenda.entries());
  while (!document.isDone() && !workflowInfo().continueAsNewSuggested) await document.next();
  await condition(allHandlersFinished);
  if (document.isDone()) return document.status;
  return continueAsNew<typeof postMortem>(document.carry());
}

class Document {
  readonly agenda: Agenda;
  readonly runbook: RunbookProposal;
  readonly #clock: IncidentClock;
  #status: PostMortemStatus;
  #publishAgainAt: Instant | null = null;

  constructor(private readonly input: PostMortemInput) {
    this.#clock = new IncidentClock(input.anchorAt, input.speed);
    this.agenda = new Agenda(this.#clock, () => false);
    this.#status = input.carried ?? {
      versions: [{ digest: input.digest, by: 'machine', at: input.anchorAt }],
      approved: null,
      publishedDigest: input.digest,
      location: null,
      chases: 0,
      shared: false,
    };
    this.runbook = new RunbookProposal({
      input,
      clock: this.#clock,
      document: () => this.#status,
      say: (key, detail) => this.#say({ what: 'note', key, detail }),
    });
  }

  get status(): PostMortemStatus {
    const { status } = this.runbook;
    return status === null ? this.#status : { ...this.#status, runbook: status };
  }

  /** What a person decides about the change of the runbook; answers what is so afterwards. */
  ofRunbook(decide: (proposal: RunbookProposal) => void): PostMortemStatus {
    decide(this.runbook);
    return this.status;
  }

  isDone(): boolean {
    return this.#status.approved !== null && this.#status.shared && !this.#isUnpublished() && this.runbook.isSettled();
  }

  /** The next thing to do: publish what is newer, share what is approved, or wait and chase. */
  async next(): Promise<void> {
    if (this.#isUnpublished() && this.#mayPublish()) return this.#publish();
    if (this.#status.approved !== null && !this.#status.shared) return this.#share();
    if (this.runbook.isReady()) return this.runbook.next();
    const [before, runbook] = [this.#status, this.runbook.status];
    const changed = () => this.#status !== before || this.runbook.status !== runbook;
    const { name, at } = this.#wait();
    if ((await this.agenda.waitUntil(name, at, changed)) !== 'due') return;
    if (name === AGAIN) this.#publishAgainAt = null;
    else if (name === CHASE) await this.#chase();
  }

  /** What comes first; nobody is chased for what they have approved. */
  #wait(): { readonly name: string; readonly at: Instant } {
    const runbookAt = this.runbook.waitsUntil();
    const again = this.#publishAgainAt;
    const own = again === null ? { name: CHASE, at: this.#chaseAt() } : { name: AGAIN, at: again };
    if (runbookAt === null) return own;
    const chased = again === null && this.#status.approved !== null;
    return chased || isBefore(runbookAt, own.at) ? { name: RUNBOOK, at: runbookAt } : own;
  }

  checkEdit({ digest, basedOn }: EditPostMortem): void {
    const newest = this.#newest();
    if (digest === newest || basedOn === newest) return;
    refuse(
      `Somebody else has edited the post-mortem since you began (its text is now ${newest.slice(0, 12)}). Read it again, put your words in, and save again.`,
    );
  }

  edit({ digest, by, receivedAt }: EditPostMortem): PostMortemStatus {
    this.#clock.adopt(receivedAt);
    // The same text again is the same edit: a double click changes nothing.
    if (digest !== this.#newest()) this.#addVersion(digest, by, receivedAt);
    return this.#status;
  }

  checkApproval({ digest }: ApprovePostMortem): void {
    if (digest !== this.#newest())
      refuse('The text has changed since you read it. Read it again before you approve it.');
  }

  approve({ digest, by, receivedAt }: ApprovePostMortem): PostMortemStatus {
    this.#clock.adopt(receivedAt);
    if (this.#status.approved?.digest === digest) return this.#status;
    this.#status = { ...this.#status, approved: { digest, by, at: receivedAt } };
    return this.#status;
  }

  machineWrote(digest: string, at: Instant, again: boolean): void {
    this.#clock.adopt(at);
    if (digest === this.#newest()) return;
    this.#addVersion(digest, 'machine', at);
    // It stands there already: the machine writes the document itself.
    this.#status = { ...this.#status, publishedDigest: digest };
    if (!again) return;
    // What people agreed to was another story: they read and approve this one, and what it teaches is asked again.
    this.#status = { ...this.#status, approved: null, shared: false };
    this.runbook.beginAgain();
  }

  carry(): PostMortemInput {
    return { ...this.input, anchorAt: this.#clock.now(), carried: this.status };
  }

  #newest(): string {
    return this.#status.versions.at(-1)?.digest ?? this.input.digest;
  }

  #addVersion(digest: string, by: string, at: Instant): void {
    const versions = [...this.#status.versions, { digest, by, at }].slice(-VERSIONS_REMEMBERED);
    this.#status = { ...this.#status, versions };
  }

  #isUnpublished(): boolean {
    return this.#status.publishedDigest !== this.#newest();
  }

  #mayPublish(): boolean {
    return this.#publishAgainAt === null;
  }

  async #publish(): Promise<void> {
    const digest = this.#newest();
    const answer = await attempted(
      this.#clock,
      followUp('post-mortem where documents live').placePostMortem({
        incidentId: this.input.facts.incidentId,
        path: this.input.path,
        digest,
        documentsUrl: this.input.communication.documentsUrl,
      }),
    );
    if (answer.ok) this.#status = { ...this.#status, publishedDigest: digest, location: answer.value.location };
    else this.#publishAgainAt = plusMinutes(this.#clock.now(), PUBLISH_AGAIN_MINUTES);
  }

  async #share(): Promise<void> {
    const { incidentId } = this.input.facts;
    const detail = this.#status.location ?? this.input.facts.postMortemUrl;
    await this.#say({ what: 'summary', key: `${incidentId}/summary/${this.#newest().slice(0, 12)}`, detail });
    await getExternalWorkflowHandle(incidentId)
      .signal(postMortemApprovedSignal, {
        location: detail ?? this.input.path,
        digest: this.#newest(),
        by: this.#status.approved?.by ?? 'nobody',
        at: this.#status.approved?.at ?? this.#clock.now(),
      })
      // The incident may have closed; then its record is complete without it.
      .catch(() => undefined);
    this.#status = { ...this.#status, shared: true };
  }

  async #chase(): Promise<void> {
    const { incidentId } = this.input.facts;
    const chases = this.#status.chases + 1;
    const where = this.#status.location ?? this.input.facts.postMortemUrl ?? this.input.path;
    const detail = `Post-mortem draft of ${incidentId} awaiting input and approval since ${this.input.dueAt} (reminder ${chases}): ${where}. Write it in the console or with: incident post-mortem ${incidentId} --edit; approve it with --approve.`;
    await this.#say({ what: 'note', key: `${incidentId}/post-mortem/chase/${chases}`, detail });
    this.#status = { ...this.#status, chases };
  }

  async #say({ what, key, detail }: { what: 'summary' | 'note'; key: string; detail: string | null }): Promise<void> {
    const { facts, communication } = this.input;
    const delivery: Delivery = { medium: 'chat', key, what, channel: communication.engineeringChannel, detail };
    const deliveries = [delivery];
    const answer = await message(`${what} about the post-mortem`).publish({
      facts: factsFor(facts, deliveries),
      texts: messageTemplatesFor(communication, deliveries),
      chatGroups: [],
      deliveries,
    });
    this.#clock.adopt(answer.at);
  }

  #chaseAt(): Instant {
    return reminderAt(this.input.dueAt, this.#status.chases);
  }
}

function refuse(words: string): never {
  throw ApplicationFailure.nonRetryable(words, 'Refused');
}
