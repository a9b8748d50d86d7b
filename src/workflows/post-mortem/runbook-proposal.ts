import { ActivityFailure, ApplicationFailure, getExternalWorkflowHandle, isCancellation } from '@temporalio/workflow';
import { type Instant, isBefore, plusMinutes } from '../../domain/instant.ts';
import type { RunbooksPolicy } from '../../domain/review-policy.ts';
import { type RunbookChangeStage, runbookFor } from '../../domain/runbook-change.ts';
import { attempted, change, followUp, readActivities } from '../activity-calls.ts';
import { runbookChangedSignal } from '../incident/api.ts';
import type { IncidentClock } from '../incident/clock.ts';
import type {
  EditRunbookChange,
  PostMortemInput,
  PostMortemStatus,
  ProposeRunbookChange,
  RunbookChangeStatus,
  WithholdRunbookChange,
} from './api.ts';

const AGAIN_MINUTES = 60;
/** A repository or GitHub that is away for a day is people's matter. */
const TRIES = 24;
const WORDS_CHARACTERS = 300;
const MARK_CHARACTERS = 8;

/** The post-mortem that the change comes from. */
export interface ProposalHost {
  readonly input: PostMortemInput;
  readonly clock: IncidentClock;
  readonly document: () => PostMortemStatus;
  /** To engineering, once for its key. */
  readonly say: (key: string, detail: string) => Promise<void>;
}

/**
 * What the team learned goes back into its runbook (R6.5): drafted from the facts of the incident and people's own words,
 * shown to people who may edit or withhold it, then proposed as a pull request, which other people review.
 */
export class RunbookProposal {
  readonly #policy: RunbooksPolicy | null;
  #status: RunbookChangeStatus | null;
  /** The text of the post-mortem that was last asked whether it says what was learned. */
  #askedOf: string | null = null;
  #tries = 0;
  #againAt: Instant | null = null;
  /** Nothing will be proposed: policy names no runbook for it, or nobody wrote what was learned. */
  #none = false;
  #proposing = false;

  constructor(private readonly host: ProposalHost) {
    this.#policy = host.input.runbooks ?? null;
    this.#status = host.input.carried?.runbook ?? null;
  }

  get status(): RunbookChangeStatus | null {
    return this.#status;
  }

  isSettled(): boolean {
    if (this.#policy === null || this.#none) return true;
    const stage = this.#status?.stage;
    return (stage === 'withheld' || stage === 'proposed' || stage === 'failed') && this.#status?.told === true;
  }

  /** True when there is something to do at this instant. */
  isReady(): boolean {
    if (this.#policy === null || this.#none) return false;
    if (this.#status !== null && !this.#status.told) return true;
    const at = this.waitsUntil();
    if (at !== null) return !isBefore(this.host.clock.now(), at);
    return this.#wantsDraft();
  }

  /** When it goes on by itself; null: not before something else happens. */
  waitsUntil(): Instant | null {
    if (this.#policy === null || this.#none) return null;
    if (this.#againAt !== null) return this.#againAt;
    return this.#isOpen() ? (this.#status?.opensAt ?? null) : null;
  }

  /** The next thing to do. */
  async next(): Promise<void> {
    this.#againAt = null;
    if (this.#status !== null && !this.#status.told) return this.#tell();
    if (this.#status === null) return this.#draft();
    return this.#propose();
  }

  /** The incident came back, and its post-mortem tells more: drafted anew from that, but never over people's own words. */
  beginAgain(): void {
    if (this.#proposing || this.#status?.stage === 'edited') return;
    this.#status = null;
    this.#askedOf = null;
    this.#againAt = null;
    this.#none = false;
  }

  checkEdit({ digest, basedOn }: EditRunbookChange): void {
    const { digest: newest } = this.#open('edited');
    if (digest !== newest && basedOn !== newest)
      refuse(
        'Somebody else has changed the proposal since you began. Read it again, put your words in, and save again.',
      );
  }

  edit({ digest, by, receivedAt }: EditRunbookChange): void {
    if (this.#status?.digest === digest) return;
    this.#become('edited', { digest, by, at: receivedAt, words: `${by} put it into words of their own.` });
  }

  checkWithhold({ because }: WithholdRunbookChange): void {
    if (because.trim() === '') refuse('Say why: it stands in the record.');
    if (this.#status?.stage !== 'withheld') this.#open('withheld');
  }

  withhold({ because, by, receivedAt }: WithholdRunbookChange): void {
    if (this.#status?.stage === 'withheld') return;
    this.#become('withheld', { by, at: receivedAt, words: because });
  }

  checkPropose({ digest }: ProposeRunbookChange): void {
    if (this.#status?.stage === 'proposed' && this.#status.digest === digest) return;
    if (this.#open('proposed').digest !== digest)
      refuse('The text has changed since you read it. Read it again before you propose it.');
  }

  /** At once instead of when the time is over. */
  propose({ by, receivedAt }: ProposeRunbookChange): void {
    if (this.#status === null || !this.#isOpen()) return;
    this.#againAt = null;
    this.#status = { ...this.#status, by, opensAt: receivedAt };
  }

  #isOpen(): boolean {
    return this.#status?.stage === 'drafted' || this.#status?.stage === 'edited';
  }

  /** What may still be changed; throws the refusal. */
  #open(request: 'edited' | 'withheld' | 'proposed'): RunbookChangeStatus {
    const status = this.#status;
    if (status === null) return refuse('No change of a runbook is drafted yet.');
    if (status.stage === 'proposed')
      return refuse(
        `It is proposed already (${status.link}); go on in the pull request. It cannot be ${request} here.`,
      );
    if (this.#proposing) return refuse(`It is being proposed at this moment; look for its pull request in a minute.`);
    if (!this.#isOpen()) return refuse(`It was ${status.stage} before (${status.words}), so it cannot be ${request}.`);
    return status;
  }

  #wantsDraft(): boolean {
    if (this.#status !== null || this.#policy === null) return false;
    const { approved, versions } = this.host.document();
    const newest = versions.at(-1);
    if (newest === undefined || newest.digest === this.#askedOf) return false;
    return approved !== null || (this.#policy.proposeWhen === 'lessons-written' && newest.by !== 'machine');
  }

  async #draft(): Promise<void> {
    const { facts } = this.host.input;
    const { versions, approved, location } = this.host.document();
    const digest = versions.at(-1)?.digest ?? this.host.input.digest;
    const policy = this.#policy;
    const file = policy === null ? null : runbookFor(policy, facts.cause?.cause ?? null);
    if (policy === null || file === null) {
      this.#none = true;
      return;
    }
    const drafted = await this.#attempt(file, () =>
      followUp('what the runbook learns of it').draftRunbookChange({
        facts,
        postMortemDigest: digest,
        postMortemUrl: location ?? facts.postMortemUrl,
        onlyWithLessons: policy.proposeWhen === 'lessons-written',
      }),
    );
    if (drafted === undefined) return;
    this.#askedOf = digest;
    // The runbook has these very words, or is about to.
    const isKnown = drafted?.before?.digest === drafted?.digest;
    if (drafted === null || isKnown) {
      this.#none = approved !== null;
      return;
    }
    const at = this.host.clock.now();
    const opensAt = plusMinutes(at, policy.openAfterMinutes);
    this.#status = {
      ...this.#blank(file, drafted.digest, opensAt),
      words: `It becomes a pull request at ${hourOf(opensAt)} UTC unless somebody withholds it.`,
      ...(drafted.before === undefined ? {} : { replaces: drafted.before.link }),
    };
  }

  async #propose(): Promise<void> {
    const status = this.#status;
    const policy = this.#policy;
    if (status === null || policy === null) return;
    const { facts } = this.host.input;
    const mark = status.digest.replace(/[^0-9a-z]/gi, '').slice(0, MARK_CHARACTERS);
    this.#proposing = true;
    const url = await this.#attempt(status.file, async () => {
      const branch = await change('branch with the change of the runbook').openRunbookBranch({
        incidentId: facts.incidentId,
        // A branch of its own for what is learned when the incident came back: the first may be merged by then.
        key: `${facts.incidentId}/runbook${status.replaces === undefined ? '' : `/${mark}`}`,
        prefix: policy.branchPrefix,
        about: `runbook ${status.replaces === undefined ? '' : `${mark} `}${
          status.file
            .split('/')
            .at(-1)
            ?.replace(/\.\w+$/, '') ?? ''
        }`,
        message: `docs: what ${facts.incidentId} taught\n\n${facts.title}`,
        file: status.file,
        digest: status.digest,
        at: status.at,
      });
      const pull = await change('pull request with the change of the runbook').openPullRequest({
        branch: branch.value.branch,
        title: `docs: what ${facts.incidentId} taught`,
        body: this.#body(status),
      });
      const asked = await this.#askReviewers(pull.value.number, policy.reviewers);
      const read = await readActivities(`is #${pull.value.number} there?`).readReviews({ number: pull.value.number });
      const { state, headSha } = read.value;
      const same = headSha === branch.value.sha ? 'it holds this text' : 'somebody has changed it since';
      const words = `#${pull.value.number} is ${state} and ${same}; ${asked}.`;
      return { at: read.at, value: { url: pull.value.url, words } };
    });
    this.#proposing = false;
    if (url === undefined) return;
    this.#become('proposed', { at: this.host.clock.now(), words: url.words, link: url.url });
  }

  /** Nobody to ask is no reason to lose the pull request. */
  async #askReviewers(number: number, reviewers: readonly string[]): Promise<string> {
    if (reviewers.length === 0) return 'policy names no reviewers';
    const asked = await attempted(
      this.host.clock,
      change('reviewers asked').requestReviewers({ number, reviewers }),
      wordsOf,
    );
    const who = reviewers.join(', ');
    return asked.ok ? `${who} asked for a review` : `nobody could be asked for a review: ${asked.words}`;
  }

  #body({ file, replaces }: RunbookChangeStatus): string {
    const { facts } = this.host.input;
    const where = this.host.document().location ?? facts.postMortemUrl;
    const from = where === null ? '' : ` Its post-mortem: ${where}`;
    const place =
      replaces == null ? '' : ` It takes the place of ${replaces}, which was proposed before the incident came back.`;
    return `Adds to \`${file}\` what ${facts.incidentId} taught, from its facts: how it looked, how it was recognised, what helped, what was typed.${from}${place}\n\nEdit it here as you like; it was written by the machine unless somebody put it into their own words.`;
  }

  async #tell(): Promise<void> {
    const status = this.#status;
    if (status === null) return;
    const { facts } = this.host.input;
    const { incidentId } = facts;
    const { told: _told, opensAt: _opensAt, replaces: _replaces, ...kept } = status;
    const recorded = followUp('the change of the runbook in the record').recordRunbookChange(kept);
    // A store that is away for an hour keeps nobody from being told.
    await attempted(this.host.clock, recorded);
    const { stage, file, words, link, by, at } = status;
    await getExternalWorkflowHandle(incidentId)
      .signal(runbookChangedSignal, { stage, file, words, link, by, at })
      // The incident may have closed; the record has it.
      .catch(() => undefined);
    const detail = this.#message(status);
    const key = status.replaces === undefined ? 'runbook' : `runbook/${status.digest}`;
    if (detail !== null) await this.host.say(`${incidentId}/${key}/${stage}`, detail);
    // What somebody changed meanwhile is told in the next round.
    if (this.#status === status) this.#status = { ...status, told: true };
  }

  #message({ stage, file, words, link }: RunbookChangeStatus): string | null {
    const { facts, communication } = this.host.input;
    const { incidentId } = facts;
    const page = communication.consoleUrl?.replace(/\/+$/, '');
    const where = page === undefined ? '' : `${page}/incidents/${encodeURIComponent(incidentId)}/post-mortem or with: `;
    const command = `${where}incident runbook-change ${incidentId}`;
    switch (stage) {
      case 'drafted':
        return `What ${incidentId} taught is drafted as a change of ${file}. ${words} Read, edit or withhold it: ${command}`;
      case 'proposed':
        return `The change of ${file} after ${incidentId} is proposed: ${link}. ${words}`;
      case 'failed':
        return `The change of ${file} after ${incidentId} could not be proposed: ${words} Its text: ${command}`;
      case 'edited':
      case 'withheld':
        return null;
    }
  }

  /** Undefined when it did not work: tried again later, or given up and said. */
  async #attempt<T>(
    file: string,
    call: () => Promise<{ readonly at: Instant; readonly value: T }>,
  ): Promise<T | undefined> {
    try {
      const answer = await call();
      this.host.clock.adopt(answer.at);
      this.#tries = 0;
      return answer.value;
    } catch (error) {
      if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
      this.#tries += 1;
      const words = wordsOf(error);
      const hopeless = error.cause instanceof ApplicationFailure && error.cause.nonRetryable === true;
      if (!hopeless && this.#tries < TRIES) this.#againAt = plusMinutes(this.host.clock.now(), AGAIN_MINUTES);
      else {
        this.#status ??= this.#blank(file, '', this.host.clock.now());
        this.#become('failed', { at: this.host.clock.now(), words });
      }
      return undefined;
    }
  }

  #blank(file: string, digest: string, opensAt: Instant): RunbookChangeStatus {
    const { incidentId } = this.host.input.facts;
    const at = this.host.clock.now();
    return {
      incidentId,
      file,
      stage: 'drafted',
      digest,
      by: 'machine',
      at,
      words: '',
      link: null,
      opensAt,
      told: false,
    };
  }

  #become(
    stage: RunbookChangeStage,
    change: Partial<Pick<RunbookChangeStatus, 'digest' | 'by' | 'words' | 'link'>> & { readonly at: Instant },
  ): void {
    if (this.#status !== null) this.#status = { ...this.#status, ...change, stage, told: false };
  }
}

function wordsOf(error: ActivityFailure): string {
  return (error.cause ?? error).message.slice(0, WORDS_CHARACTERS);
}

function hourOf(at: Instant): string {
  return at.slice(11, 16);
}

function refuse(words: string): never {
  throw ApplicationFailure.nonRetryable(words, 'Refused');
}
