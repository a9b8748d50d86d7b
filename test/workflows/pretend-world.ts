import type { PrepareCustomerMailInput, SendCustomerMailInput } from '../../src/activities/customers/api.ts';
import type { CollectEvidenceInput, Recovery, RecoveryInput } from '../../src/activities/evidence/api.ts';
import { failure, notYet } from '../../src/activities/failures.ts';
import type { DraftRunbookChangeInput, RecordTimelineInput } from '../../src/activities/follow-up/api.ts';
import type { PreviewInput } from '../../src/activities/kubernetes/api.ts';
import type { PageAnswer, PagesReading, ReadOnCallInput } from '../../src/activities/pagerduty/api.ts';
import type { MigrationPreviewInput } from '../../src/activities/postgres/api.ts';
import type { Delivery, PublishInput, Receipt } from '../../src/activities/publication/api.ts';
import type { CreateTicketInput } from '../../src/activities/tickets/api.ts';
import type { EvidenceBundle, EvidenceItem, EvidencePurpose, Finding } from '../../src/domain/evidence.ts';
import type { OnCallReading } from '../../src/domain/on-call.ts';
import type { Contact } from '../../src/domain/people.ts';
import type { RemedyPlan, RemedyWish } from '../../src/domain/remedy.ts';
import type { RunbookChange } from '../../src/domain/runbook-change.ts';
import { jsonBytes } from '../../src/domain/sizes.ts';
import type { PublicStatus, TimelineEvent } from '../../src/domain/timeline.ts';

/**
 * Activities without systems, for tests of the workflow's own order and promises. Whatever it is asked is counted;
 * tests turn `healthy`, refuse media, or lose answers by telling this world, never by changing the workflow.
 */
export class PretendWorld {
  healthy = false;
  /** What makes it healthy, e.g. `rollback`; null: nothing does. */
  cure: string | null = 'rollback';
  /** What becomes of the permanent fix; null: no index follows from any statement. */
  fix: {
    helpsInStaging: boolean;
    reviewed: boolean;
    canary: 'well' | 'worse' | 'watched';
  } | null = null;
  /** Media that fail now, with the seconds after which to try again. */
  readonly refused = new Map<string, number>();
  readonly delivered: Delivery[] = [];
  readonly acts: RemedyPlan[] = [];
  readonly calls: string[] = [];
  readonly tickets: CreateTicketInput[] = [];
  /** What is found instead of the usual bad deploy while it is sick. */
  findings: readonly Finding[] | null = null;
  /** Every answer to a look, in place of the findings. */
  bundles: ((purpose: EvidencePurpose, at: string) => EvidenceBundle) | null = null;
  /** How big each call was. */
  readonly inputBytes: number[] = [];
  /** Numbers of events that the record was given a second time. */
  readonly recordedTwice: number[] = [];
  /** What somebody makes the status page show by hand, before the next post. */
  pageByHand: PublicStatus | null = null;
  /** What the paging system says that people did there; it cannot be asked while it is away. */
  pageAnswers: readonly PageAnswer[] | 'away' = [];
  /** Who holds a contact, by the paging system. */
  readonly onCall = new Map<Contact, readonly string[]>([
    ['oncall-primary', ['alice']],
    ['oncall-backup', ['bob']],
  ]);
  shiftEndsAt: string | null = null;
  readonly askedOnCall: Contact[][] = [];
  /** What messages say about being late. */
  readonly lateWords: string[] = [];
  /** Post-mortems, by their digest, in which somebody wrote what was learned. */
  readonly withLessons = new Set<string>();
  /** When the team can meet. */
  meetingAt = '2024-10-24T10:00:00.000Z';
  /** Batches of mail to customers, in order. */
  readonly mailed: { readonly edition: string; readonly digest: string }[] = [];
  /** What the record was told of the change of a runbook. */
  readonly runbookChanges: RunbookChange[] = [];
  /** How the repository refuses; null: it does not. */
  gitRefuses: 'Unavailable' | 'Invalid' | null = null;
  readonly #events = new Map<number, TimelineEvent>();
  /** Instant answered beside every value; tests set it to incident time where it matters. */
  at: () => string = () => new Date(0).toISOString();

  activities(): Record<string, (input: never) => Promise<unknown>> {
    const stamped = (name: string, work: (input: never) => unknown) => async (input: never) => {
      this.calls.push(name);
      this.inputBytes.push(jsonBytes(input ?? null));
      return { at: this.at(), value: await work(input) };
    };
    const all: Record<string, (input: never) => unknown> = {
      collectEvidence: (input: CollectEvidenceInput) => this.evidence(input),
      measureRecovery: () => this.recovery(),
      awaitRecovery: (input: RecoveryInput) => {
        if (!this.healthy) throw notYet('still failing', input.pollSeconds);
        return this.recovery();
      },
      previewClusterRemedies: (input: PreviewInput) =>
        input.wishes.map((wish) => ({ kind: 'plan', plan: this.plan(input, wish) })),
      previewProviderRemedies: (input: PreviewInput) =>
        input.wishes.map((wish) => ({ kind: 'plan', plan: this.plan(input, wish) })),
      restartDeployment: (plan: RemedyPlan) => this.act(plan),
      rollBackDeployment: (plan: RemedyPlan) => this.act(plan),
      scaleDeployment: (plan: RemedyPlan) => this.act(plan),
      deletePod: (plan: RemedyPlan) => this.act(plan),
      raiseMemoryLimit: (plan: RemedyPlan) => this.act(plan),
      createTicket: (input: CreateTicketInput) => {
        this.tickets.push(input);
        if (this.refused.has('ticket')) throw failure('Invalid', 'the project is unknown');
        return { system: input.system, ref: 'NOA-7', url: 'https://j.example/NOA-7', warnings: [] };
      },
      openCircuitBreaker: ({ plan }: { plan: RemedyPlan }) => this.act(plan),
      failOverProvider: ({ plan }: { plan: RemedyPlan }) => this.act(plan),
      awaitRollout: () => ({ complete: true, failed: false, words: '3 of 3 pods replaced' }),
      previewMigration: (input: MigrationPreviewInput) =>
        this.fix === null
          ? { kind: 'impossible', wish: {}, reason: 'No index follows from the statement alone.' }
          : { kind: 'plan', plan: this.migration(input) },
      tryMigrationInStaging: () => ({
        result: this.fix?.helpsInStaging ? 'helped' : 'no-difference',
        words: 'cost 900 before, 4 after',
        before: null,
        after: null,
      }),
      migrateDatabase: (plan: RemedyPlan) => this.act(plan),
      applyCanary: (plan: RemedyPlan) => this.act(plan),
      promoteRelease: (plan: RemedyPlan) => this.act(plan),
      draftRunbookChange: ({ onlyWithLessons, postMortemDigest }: DraftRunbookChangeInput) =>
        onlyWithLessons && !this.withLessons.has(postMortemDigest)
          ? null
          : { digest: `addition of ${postMortemDigest}` },
      recordRunbookChange: (change: RunbookChange) => void this.runbookChanges.push(change),
      openRunbookBranch: () => {
        const refused = this.gitRefuses;
        if (refused !== null) throw failure(refused, 'the repository is away');
        return { branch: 'docs/x', sha: 'abc', alreadyThere: false };
      },
      readReviews: () => ({ state: 'open', headSha: 'abc', approvedBy: [], changesRequestedBy: [] }),
      openFixBranch: () => ({ branch: 'fix/x', sha: 'abc', alreadyThere: false }),
      openPullRequest: () => ({
        number: 7,
        url: 'https://git.example/7',
        headSha: 'abc',
        alreadyThere: false,
        open: true,
      }),
      requestReviewers: () => undefined,
      awaitReview: ({ pollSeconds }: { pollSeconds: number }) => {
        if (!this.fix?.reviewed) throw notYet('#7 waits for a review', pollSeconds);
        return { state: 'open', headSha: 'abc', approvedBy: ['rob'], changesRequestedBy: [] };
      },
      mergePullRequest: () => ({ sha: 'def0123456789', alreadyThere: false }),
      watchCanary: ({ pollSeconds }: { pollSeconds: number }) => {
        if (this.fix?.canary === 'watched') throw notYet('still watched', pollSeconds);
        const well = this.fix?.canary === 'well';
        return { well, words: well ? 'errors 0.4 % beside 0.4 %' : 'more errors', figures: '', queries: [] };
      },
      planWindow: ({ after }: { after: string }) => {
        const day = after.slice(0, 10);
        const start =
          `${day}T02:00:00.000Z` > after ? Date.parse(`${day}T02:00:00Z`) : Date.parse(`${day}T02:00:00Z`) + 86_400_000;
        return { startsAt: new Date(start).toISOString(), endsAt: new Date(start + 7_200_000).toISOString() };
      },
      publish: (input: PublishInput) => {
        if (typeof input.facts.lateBecause === 'string') this.lateWords.push(input.facts.lateBecause);
        return input.deliveries.map((delivery) => this.deliver(delivery));
      },
      readPages: (): PagesReading => {
        if (this.pageAnswers === 'away') throw failure('Unauthorised', 'PagerDuty answered 401');
        return { asked: true, answers: this.pageAnswers };
      },
      readOnCall: ({ wanted }: ReadOnCallInput): OnCallReading => {
        this.askedOnCall.push(wanted.map(({ contact }) => contact));
        const live = (contact: Contact) => ({ contact, people: this.onCall.get(contact) ?? [], live: true });
        return { holders: wanted.map(({ contact }) => live(contact)), troubles: [], until: this.shiftEndsAt };
      },
      confirmAuthority: () => ({ confirmed: true, reason: null }),
      planReview: () => ({ meetingAt: this.meetingAt }),
      prepareCustomerMail: ({ edition, kind }: PrepareCustomerMailInput) => ({
        subject: `${kind} of ${edition}`,
        text: kind,
        digest: `digest of ${edition}`,
        customers: 3,
        users: 3,
        unsubscribed: 0,
        withoutAddress: 0,
        failedShare: 0.45,
        formula: 'f',
      }),
      sendCustomerMails: ({ edition, digest }: SendCustomerMailInput) => {
        this.mailed.push({ edition, digest });
        return { sent: 3, refused: 0, bounced: 0, left: 0, inDoubt: 0 };
      },
      measureImpact: () => ({ failedRequests: 4500, failedRequestsFormula: 'sum(increase(...))', affectedUsers: 120 }),
      writePostMortem: () => ({
        location: 'https://docs.example/postmortems/x',
        path: 'postmortems/x.md',
        digest: 'd',
        sizeBytes: 1,
      }),
      placePostMortem: ({ path }: { path: string }) => {
        if (this.refused.has('document')) throw failure('Unavailable', 'the place of documents is away');
        return { location: `https://docs.example/${path}` };
      },
      recordTimeline: ({ events }: RecordTimelineInput) => {
        if (this.refused.has('record')) throw failure('Unavailable', 'the store is away');
        for (const event of events) {
          if (this.#events.has(event.seq)) this.recordedTwice.push(event.seq);
          this.#events.set(event.seq, event);
        }
        return { digest: 'd' };
      },
      openActionItems: () => ({ workflowId: 'action-items' }),
      recordAudit: () => undefined,
      annotateDashboards: ({ notes }: { notes: readonly unknown[] }) => ({ written: notes.length, found: 0 }),
    };
    return Object.fromEntries(Object.entries(all).map(([name, work]) => [name, stamped(name, work)]));
  }

  /** The authoritative copy: every stretch of the timeline that was recorded, in order. */
  timeline(): readonly TimelineEvent[] {
    return [...this.#events.values()].sort((a, b) => a.seq - b.seq);
  }

  /** Deliveries of one medium, by what they said. */
  said(medium: Delivery['medium']): string[] {
    return this.delivered.filter((delivery) => delivery.medium === medium).map((delivery) => delivery.what);
  }

  private recovery(): Recovery {
    return {
      recovered: this.healthy,
      errorRatio: this.healthy ? 0.004 : 0.45,
      p95Seconds: 0.3,
      words: this.healthy ? 'errors at 0.4 %' : 'errors at 45 %',
      measuredAt: this.at(),
    };
  }

  private act(plan: RemedyPlan): object {
    if (this.acts.some((done) => done.key === plan.key))
      return { result: 'already-done', readBack: 'the marker is there', observed: {} };
    this.acts.push(plan);
    if (plan.action === this.cure) this.healthy = true;
    return { result: 'done', readBack: `${plan.action} of ${plan.target.name} is in effect`, observed: {} };
  }

  private deliver(delivery: Delivery): Receipt {
    if (delivery.medium === 'status-page' && this.pageByHand !== null) {
      const shownByHand = this.pageByHand;
      this.pageByHand = null;
      return { ...NOT_SENT, key: delivery.key, permanent: true, shownByHand };
    }
    const retryAfterSeconds = this.refused.get(delivery.medium);
    if (retryAfterSeconds !== undefined) {
      return {
        key: delivery.key,
        result: 'failed',
        ref: null,
        text: '',
        reason: 'it is down',
        permanent: false,
        retryAfterSeconds,
      };
    }
    this.delivered.push(delivery);
    return {
      key: delivery.key,
      result: 'delivered',
      ref: `ref-${this.delivered.length}`,
      text: delivery.what,
      reason: null,
      permanent: false,
      retryAfterSeconds: null,
    };
  }

  private migration(input: MigrationPreviewInput): RemedyPlan {
    const index = 'requests_status_idx';
    return {
      key: `${input.keyPrefix}/migrate/${index}`,
      action: 'migrate',
      target: input.target,
      parameters: {
        sql: `CREATE INDEX CONCURRENTLY ${index} ON requests (status);`,
        index,
        statement: input.statement ?? '',
      },
      before: {},
      preconditions: {},
      preview: `CREATE INDEX CONCURRENTLY ${index}`,
      command: 'psql',
      plannedAt: input.at,
      digest: 'digest of migrate',
      temporary: false,
    };
  }

  private plan(input: PreviewInput, wish: RemedyWish): RemedyPlan {
    if (wish.target.name === '') throw failure('Invalid', 'a remedy needs a target');
    return {
      key: `${input.keyPrefix}/${wish.action}/${wish.target.name}`,
      ...wish,
      before: {},
      preconditions: {},
      preview: `${wish.action} ${wish.target.name}.`,
      command: `kubectl ${wish.action} ${wish.target.name}`,
      plannedAt: input.at,
      digest: `digest of ${wish.action}`,
      temporary: wish.action === 'scale' || (wish.action === 'canary' && wish.parameters.revert !== 1),
    };
  }

  /** What a deploy that exhausts the connection pool looks like; nothing but health once it is well. */
  private evidence({ request }: CollectEvidenceInput): EvidenceBundle {
    if (this.bundles !== null) return this.bundles(request.purpose, request.at);
    const findings = this.healthy ? [HEALTHY_ERRORS] : (this.findings ?? sick(request.aroundAt));
    const items = findings
      .filter((finding) => request.probes.includes(finding.probe))
      .map((finding) => item(finding, request.at));
    return { purpose: request.purpose, collectedAt: request.at, items, gaps: [] };
  }
}

const HEALTHY_ERRORS: Finding = { probe: 'error-rate', ratio: 0.004, trend: [], roseAt: null };

function sick(aroundAt: string): Finding[] {
  const before = (minutes: number) => new Date(Date.parse(aroundAt) - minutes * 60_000).toISOString();
  const current = { revision: 8, image: 'app:2.0', change: 'feature X', rolledOutAt: before(15) };
  const previous = { revision: 7, image: 'app:1.9', change: 'copy', rolledOutAt: before(2880) };
  return [
    { probe: 'error-rate', ratio: 0.45, trend: [], roseAt: before(1) },
    { probe: 'latency', p95Seconds: 4.2, trend: [], roseAt: before(3) },
    { probe: 'rollouts', deployments: [{ name: 'noa-mcp', current, previous, replicas: 3, ready: 3 }] },
    {
      probe: 'database-connections',
      byState: { active: 98, idle: 2 },
      active: 98,
      total: 100,
      limit: 100,
      longestActiveSeconds: 9,
      waitingOnLocks: 0,
    },
    {
      probe: 'slow-statements',
      statements: [
        {
          query: 'SELECT * FROM requests WHERE status = $1',
          calls: 900,
          meanMilliseconds: 7200,
          totalMilliseconds: 6_480_000,
        },
      ],
    },
    { probe: 'affected-users', affected: 30, total: 200, ratio: 0.15 },
    { probe: 'database-answers', answers: true, milliseconds: 3, error: null },
    {
      probe: 'service-logs',
      lines: 200,
      patterns: [
        {
          kind: 'database-connection',
          pattern: 'timeout exceeded when trying to connect',
          count: 120,
          firstAt: before(1),
          example: 'Error: timeout exceeded when trying to connect',
        },
      ],
    },
  ];
}

function item(finding: Finding, at: string): EvidenceItem {
  return {
    id: `e-${finding.probe}`,
    probe: finding.probe,
    source: 'pretend',
    collectedAt: at,
    command: finding.probe,
    link: null,
    words: finding.probe,
    abnormal: true,
    finding,
    excerpt: '',
    digest: null,
    sizeBytes: 0,
  };
}

const NOT_SENT: Omit<Receipt, 'key'> = {
  result: 'failed',
  ref: null,
  text: '',
  reason: 'somebody changed it',
  permanent: false,
  retryAfterSeconds: null,
};
