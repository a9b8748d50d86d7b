import type { ProviderActivities } from '../../src/activities/admin-api/api.ts';
import type { AuditActivities } from '../../src/activities/audit/api.ts';
import type { AuthorityActivities } from '../../src/activities/authority/api.ts';
import type { ChangeActivities } from '../../src/activities/changes/api.ts';
import type { CustomerActivities } from '../../src/activities/customers/api.ts';
import type { CollectEvidenceInput, EvidenceActivities, Recovery } from '../../src/activities/evidence/api.ts';
import type { FailoverActivities } from '../../src/activities/failover/api.ts';
import { failure, notYet } from '../../src/activities/failures.ts';
import type { FollowUpActivities } from '../../src/activities/follow-up/api.ts';
import type { DashboardActivities } from '../../src/activities/grafana/api.ts';
import type { ClusterActivities, PreviewInput } from '../../src/activities/kubernetes/api.ts';
import type { PageAnswer, PagesReading, PagingActivities } from '../../src/activities/pagerduty/api.ts';
import type { MigrationActivities, MigrationPreviewInput } from '../../src/activities/postgres/api.ts';
import type { Delivery, PublicationActivities, Receipt } from '../../src/activities/publication/api.ts';
import type { CreateTicketInput, TicketActivities } from '../../src/activities/tickets/api.ts';
import type { UserReportActivities } from '../../src/activities/user-reports/api.ts';
import type { EvidenceBundle, EvidenceGap, EvidencePurpose, Finding } from '../../src/domain/evidence.ts';
import type { Contact } from '../../src/domain/people.ts';
import type { RemedyOutcome, RemedyPlan, RemedyRequest } from '../../src/domain/remedy.ts';
import type { RunbookChange } from '../../src/domain/runbook-change.ts';
import { jsonBytes } from '../../src/domain/sizes.ts';
import type { PublicStatus, TimelineEvent } from '../../src/domain/timeline.ts';
import { HEALTHY_ERRORS, item, sick } from './pretend-evidence.ts';

type Activities = ProviderActivities &
  AuditActivities &
  AuthorityActivities &
  ChangeActivities &
  CustomerActivities &
  EvidenceActivities &
  FailoverActivities &
  FollowUpActivities &
  DashboardActivities &
  ClusterActivities &
  PagingActivities &
  MigrationActivities &
  PublicationActivities &
  TicketActivities &
  UserReportActivities;

/** By the signatures that the worker's own activities have: a stub of one that was renamed, or answers otherwise, does not compile. */
type Played = {
  readonly [N in keyof Activities]?: (...input: Parameters<Activities[N]>) => Awaited<ReturnType<Activities[N]>>;
};

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
  /** What could not be asked, beside whatever is found. */
  gaps: readonly EvidenceGap[] = [];
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
    const all: Played = {
      collectEvidence: (input) => this.evidence(input),
      measureRecovery: () => this.recovery(),
      awaitRecovery: (input) => {
        if (!this.healthy) throw notYet('still failing', input.pollSeconds);
        return this.recovery();
      },
      previewClusterRemedies: (input) =>
        input.requests.map((wanted) => ({ kind: 'plan', plan: this.plan(input, wanted) })),
      previewProviderRemedies: (input) =>
        input.requests.map((wanted) => ({ kind: 'plan', plan: this.plan(input, wanted) })),
      restartDeployment: (plan) => this.act(plan),
      rollBackDeployment: (plan) => this.act(plan),
      scaleDeployment: (plan) => this.act(plan),
      deletePod: (plan) => this.act(plan),
      raiseMemoryLimit: (plan) => this.act(plan),
      createTicket: (input) => {
        this.tickets.push(input);
        if (this.refused.has('ticket')) throw failure('Invalid', 'the project is unknown');
        return { system: input.system, ref: 'NOA-7', url: 'https://j.example/NOA-7', warnings: [] };
      },
      openCircuitBreaker: ({ plan }) => this.act(plan),
      failOverProvider: ({ plan }) => this.act(plan),
      awaitRollout: () => ({ complete: true, failed: false, words: '3 of 3 pods replaced' }),
      previewMigration: (input) =>
        this.fix === null
          ? {
              kind: 'impossible',
              request: { action: 'migrate', target: input.target, parameters: {} },
              reason: 'No index follows from the statement alone.',
            }
          : { kind: 'plan', plan: this.migration(input) },
      tryMigrationInStaging: () => ({
        result: this.fix?.helpsInStaging ? 'helped' : 'no-difference',
        words: 'cost 900 before, 4 after',
        before: null,
        after: null,
      }),
      migrateDatabase: (plan) => this.act(plan),
      applyCanary: (plan) => this.act(plan),
      promoteRelease: (plan) => this.act(plan),
      draftRunbookChange: ({ onlyWithLessons, postMortemDigest }) =>
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
      awaitReview: ({ pollSeconds }) => {
        if (!this.fix?.reviewed) throw notYet('#7 waits for a review', pollSeconds);
        return { state: 'open', headSha: 'abc', approvedBy: ['rob'], changesRequestedBy: [] };
      },
      mergePullRequest: () => ({ sha: 'def0123456789', alreadyThere: false }),
      watchCanary: ({ pollSeconds }) => {
        if (this.fix?.canary === 'watched') throw notYet('still watched', pollSeconds);
        const well = this.fix?.canary === 'well';
        return { well, words: well ? 'errors 0.4% beside 0.4%' : 'more errors', figures: '', queries: [] };
      },
      planWindow: ({ after }) => {
        const day = after.slice(0, 10);
        const start =
          `${day}T02:00:00.000Z` > after ? Date.parse(`${day}T02:00:00Z`) : Date.parse(`${day}T02:00:00Z`) + 86_400_000;
        return { startsAt: new Date(start).toISOString(), endsAt: new Date(start + 7_200_000).toISOString() };
      },
      publish: (input) => {
        if (typeof input.facts.lateBecause === 'string') this.lateWords.push(input.facts.lateBecause);
        return input.deliveries.map((delivery) => this.deliver(delivery));
      },
      readPages: (): PagesReading => {
        if (this.pageAnswers === 'away') throw failure('Unauthorised', 'PagerDuty answered 401');
        return { asked: true, answers: this.pageAnswers };
      },
      readOnCall: ({ wanted }) => {
        this.askedOnCall.push(wanted.map(({ contact }) => contact));
        const live = (contact: Contact) => ({ contact, people: this.onCall.get(contact) ?? [], live: true });
        return { holders: wanted.map(({ contact }) => live(contact)), troubles: [], until: this.shiftEndsAt };
      },
      confirmAuthority: () => ({ confirmed: true, reason: null }),
      planReview: () => ({ meetingAt: this.meetingAt }),
      prepareCustomerMail: ({ edition, kind }) => ({
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
      sendCustomerMails: ({ edition, digest }) => {
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
      placePostMortem: ({ path }) => {
        if (this.refused.has('document')) throw failure('Unavailable', 'the place of documents is away');
        return { location: `https://docs.example/${path}` };
      },
      recordTimeline: ({ events }) => {
        if (this.refused.has('record')) throw failure('Unavailable', 'the store is away');
        for (const event of events) {
          if (this.#events.has(event.seq)) this.recordedTwice.push(event.seq);
          this.#events.set(event.seq, event);
        }
        return { digest: 'd' };
      },
      openActionItems: () => ({ workflowId: 'action-items' }),
      recordAudit: () => undefined,
      annotateDashboards: ({ notes }) => ({ written: notes.length, found: 0 }),
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
      words: this.healthy ? 'errors at 0.4%' : 'errors at 45%',
      measuredAt: this.at(),
    };
  }

  private act(plan: RemedyPlan): RemedyOutcome {
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

  private plan(input: PreviewInput, wanted: RemedyRequest): RemedyPlan {
    if (wanted.target.name === '') throw failure('Invalid', 'a remedy needs a target');
    return {
      key: `${input.keyPrefix}/${wanted.action}/${wanted.target.name}`,
      ...wanted,
      before: {},
      preconditions: {},
      preview: `${wanted.action} ${wanted.target.name}.`,
      command: `kubectl ${wanted.action} ${wanted.target.name}`,
      plannedAt: input.at,
      digest: `digest of ${wanted.action}`,
      temporary: wanted.action === 'scale' || (wanted.action === 'canary' && wanted.parameters.revert !== 1),
    };
  }

  /** What a deploy that exhausts the connection pool looks like; nothing but health once it is well. */
  private evidence({ request }: CollectEvidenceInput): EvidenceBundle {
    if (this.bundles !== null) return this.bundles(request.purpose, request.at);
    const findings = this.healthy ? [HEALTHY_ERRORS] : (this.findings ?? sick(request.aroundAt));
    const items = findings
      .filter((finding) => request.probes.includes(finding.probe))
      .map((finding) => item(finding, request.at));
    return { purpose: request.purpose, collectedAt: request.at, items, gaps: this.gaps };
  }
}

const NOT_SENT: Omit<Receipt, 'key'> = {
  result: 'failed',
  ref: null,
  text: '',
  reason: 'somebody changed it',
  permanent: false,
  retryAfterSeconds: null,
};
