import type { CommunicationPolicy } from '../../domain/communication-policy.ts';
import type { Figure } from '../../domain/figure.ts';
import type { IncidentFacts } from '../../domain/incident-facts.ts';
import type { Instant } from '../../domain/instant.ts';
import type { TeamPolicy } from '../../domain/policy.ts';
import type { ReviewPolicy, RunbooksPolicy } from '../../domain/review-policy.ts';
import type { RunbookChange } from '../../domain/runbook-change.ts';
import type { Lease, TimelineEvent } from '../../domain/timeline.ts';

export interface WritePostMortemInput {
  readonly facts: IncidentFacts;
  /** Null: as it was recorded (`recordTimeline`), so that a history does not carry it twice. */
  readonly timeline: readonly TimelineEvent[] | null;
  readonly communication: Pick<CommunicationPolicy, 'documentsUrl'>;
  readonly figures: PostMortemFigures;
  /** The team's own, whose clocks the timeline shows beside UTC; absent in calls of an older worker. */
  readonly timeZone?: string;
  /** The action items as they stand; when there are none yet, the timeline's own proposals are written. */
  readonly items?: readonly {
    readonly what: string;
    readonly owner: string | null;
    readonly dueAt: Instant | null;
    readonly status: string;
  }[];
}

/** Figures computed from evidence; null is "not recorded", never zero (R6.2). */
export interface PostMortemFigures {
  readonly failedRequests: number | null;
  readonly failedRequestsFormula: string;
  readonly affectedUsers: number | null;
  /** Tickets that people outside wrote while it lasted; absent in figures that an older worker computed. */
  readonly complaints?: Figure;
}

export interface WrittenDocument {
  /** Where people find it: the documents' address plus the path. */
  readonly location: string;
  readonly path: string;
  readonly digest: string;
  readonly sizeBytes: number;
  /** True when people had edited the document meanwhile: it was left as they wrote it (R6.3). */
  readonly editedByPeople?: boolean;
}

export interface PlanReviewInput {
  readonly resolvedAt: Instant;
  readonly review: ReviewPolicy;
  readonly team: TeamPolicy;
  readonly holidays: readonly string[];
}

export interface PlanWindowInput {
  readonly after: Instant;
  readonly from: string;
  readonly to: string;
  readonly timeZone: string;
}

export interface MaintenanceWindow {
  readonly startsAt: Instant;
  readonly endsAt: Instant;
}

export interface MeasureImpactInput {
  readonly incidentId: string;
  readonly failedRequestsQuery: string;
  readonly affectedUsersQuery: string;
  readonly fromAt: Instant;
  readonly untilAt: Instant;
}

export interface RecordTimelineInput {
  readonly incidentId: string;
  readonly events: readonly TimelineEvent[];
  readonly facts: IncidentFacts;
}

export interface OpenActionItemsInput {
  readonly facts: IncidentFacts;
  readonly items: readonly {
    readonly id: string;
    readonly what: string;
    readonly owner: string | null;
    readonly dueAt: Instant;
  }[];
  readonly leases: readonly Lease[];
  readonly communication: CommunicationPolicy;
  readonly at: Instant;
  readonly speed: number;
  /** Where each item gets a ticket, and the addresses of owners; null: nowhere (R6.6). */
  readonly tickets?: {
    readonly system: 'jira' | 'zendesk';
    readonly ownerEmails: Readonly<Record<string, string>>;
  } | null;
  /** How what is learned goes back into the runbooks; null: that is left to people (R6.5). */
  readonly runbooks?: RunbooksPolicy | null;
  /** The draft, to be edited and approved by people; null when this severity has no post-mortem. */
  readonly document: { readonly path: string; readonly digest: string; readonly dueAt: Instant } | null;
}

export interface PlacePostMortemInput {
  readonly incidentId: string;
  readonly path: string;
  /** Of the text, in the evidence store. */
  readonly digest: string;
  readonly documentsUrl: string;
}

export interface DraftRunbookChangeInput {
  readonly facts: IncidentFacts;
  /** Of the post-mortem as it stands, in the evidence store. */
  readonly postMortemDigest: string;
  readonly postMortemUrl: string | null;
  /** True: only once somebody wrote what was learned; until then the answer is null. */
  readonly onlyWithLessons: boolean;
}

export interface DraftedRunbookChange {
  readonly digest: string;
  /** What was proposed of the same incident before it came back; absent when nothing was. */
  readonly before?: { readonly digest: string; readonly link: string | null };
}

export interface FollowUpActivities {
  /** The meeting's instant: next business day of the team's zone (R6.1); zone arithmetic is done once and recorded. */
  planReview(input: PlanReviewInput): Promise<{ readonly meetingAt: Instant }>;
  /** The next maintenance window (R5.8); zone arithmetic is done once and recorded. */
  planWindow(input: PlanWindowInput): Promise<MaintenanceWindow>;
  measureImpact(input: MeasureImpactInput): Promise<PostMortemFigures>;
  writePostMortem(input: WritePostMortemInput): Promise<WrittenDocument>;
  /** Puts a text that people edited where documents live; the same text again changes nothing. */
  placePostMortem(input: PlacePostMortemInput): Promise<{ readonly location: string }>;
  /** What an incident adds to a runbook (R6.5), kept in the evidence store under its digest. */
  draftRunbookChange(input: DraftRunbookChangeInput): Promise<DraftedRunbookChange | null>;
  /** What became of the proposal stays in the record also when the incident has closed. */
  recordRunbookChange(input: RunbookChange): Promise<void>;
  /** The authoritative copy of the timeline in the store: at phase ends and before continue-as-new. */
  recordTimeline(input: RecordTimelineInput): Promise<{ readonly digest: string }>;
  /** Starts the workflow that chases what outlives the incident; a second call finds the first one's. */
  openActionItems(input: OpenActionItemsInput): Promise<{ readonly workflowId: string }>;
}
