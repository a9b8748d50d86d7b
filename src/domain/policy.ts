import type { CommunicationPolicy } from './communication-policy.ts';
import type { ProbeName } from './evidence.ts';
import type { Contact, Role } from './people.ts';
import { ACTION_NAMES, type ActionName } from './remedy.ts';
import type { ResolutionPolicy } from './resolution-policy.ts';
import type { ReviewPolicy } from './review-policy.ts';
import type { Severity } from './severity.ts';

/**
 * Everything a team decides: every number, name, channel, audience, cadence, threshold and text of its runbook.
 * Parsed once at the edge (src/config/policy.ts), then travels, frozen, in the workflow's input; people and roles
 * are read live instead.
 */
export interface Policy {
  readonly version: 1;
  readonly team: TeamPolicy;
  readonly severities: Readonly<Record<Severity, SeverityPolicy>>;
  readonly classification: ClassificationPolicy;
  /** The runbook's time box of each phase, minutes since detection; an overrun is recorded and escalated. */
  readonly phases: Readonly<
    Record<'detection' | 'investigation' | 'mitigation' | 'resolution' | 'review', PhaseWindow>
  >;
  readonly service: ServicePolicy;
  readonly alertRules: readonly AlertRule[];
  readonly intake: IntakePolicy;
  readonly reports: ReportsPolicy;
  readonly evidence: EvidencePolicy;
  readonly diagnosis: DiagnosisPolicy;
  readonly actions: Readonly<Record<ActionName, ActionPolicy>>;
  /** One line each: how an action or a publication is allowed to happen. `rollback: automatic` is R3.2.4. */
  readonly approvals: Readonly<Record<ApprovalName, ApprovalMode>>;
  readonly approvalLimits: ApprovalLimits;
  readonly verification: VerificationPolicy;
  readonly leases: LeasePolicy;
  readonly communication: CommunicationPolicy;
  /** How affected customers are found and written to (R4.5); null: this team writes to none. */
  readonly customers: CustomersPolicy | null;
  readonly contacts: Readonly<Record<Contact, ContactPolicy>>;
  readonly people: readonly PersonPolicy[];
  readonly review: ReviewPolicy;
  /** Absolute values the playbooks act with: how many replicas, which limit, which manifest (R3). */
  readonly playbooks: PlaybookPolicy;
  /** The permanent fix and its canary, and how far the root-cause analysis looks (R5). */
  readonly resolution: ResolutionPolicy;
  /** Where people look things up: shown as links, never called. */
  readonly references: readonly ReferencePolicy[];
  readonly maintenanceWindow: { readonly from: string; readonly to: string; readonly timeZone: string };
  readonly holidays: readonly string[];
  readonly limits: { readonly decisionsPerRun: number; readonly timelineTailEvents: number };
}

export interface TeamPolicy {
  readonly name: string;
  readonly product: string;
  readonly timeZone: string;
  /** `[from, to)` on the clock of `timeZone`, for what waits for working hours (P3). */
  readonly workingHours: { readonly from: string; readonly to: string; readonly days: readonly number[] };
}

export interface SeverityPolicy {
  readonly label: string;
  readonly definition: string;
  readonly acknowledgeWithinMinutes: number;
  readonly updateEveryMinutes: number;
  /** Who is told that it is still open, after how long (R0.1–R0.4b); an acknowledgement does not cancel it. */
  readonly escalations: readonly { readonly afterMinutes: number; readonly to: readonly Contact[] }[];
  /** Who is paged and when nobody has acknowledged, minutes after the first page (R1.4). First entry is 0. */
  readonly paging: readonly { readonly afterMinutes: number; readonly to: readonly Contact[] }[];
  readonly audiences: { readonly statusPage: boolean; readonly customers: boolean };
  readonly postMortem: boolean;
}

export interface PhaseWindow {
  readonly fromMinutes: number;
  readonly toMinutes: number;
}

/** Thresholds of the decision tree (R0.5). Ratios are 0..1. `above` is exclusive, `from` inclusive. */
export interface ClassificationPolicy {
  readonly usersAffectedP0Above: number;
  readonly usersAffectedP1Above: number;
  readonly errorRatioP1Above: number;
  readonly errorRatioP2From: number;
  readonly p95SecondsP1Above: number;
  readonly p95SecondsP2From: number;
  /** Examples of R0.6: an alert whose label or text names one of these is at least that severity. */
  readonly keywords: readonly {
    readonly severity: Severity;
    readonly anyOf: readonly string[];
    readonly because: string;
  }[];
}

/** What the team runs, and how each question about it is asked. No code outside policy names any of it. */
export interface ServicePolicy {
  readonly name: string;
  readonly namespace: string;
  /** The deployment that serves users: restarted, rolled back and scaled by the playbooks. */
  readonly application: WorkloadPolicy;
  /** Other deployments whose rollouts and logs are looked at. */
  readonly companions: readonly WorkloadPolicy[];
  readonly database: DatabasePolicy | null;
  readonly cache: { readonly workload: string; readonly pod: string; readonly minimumHitRatio: number } | null;
  readonly providers: readonly ProviderPolicy[];
  /** PromQL by name; `$service`-free, complete queries. */
  readonly queries: Readonly<Record<QueryName, string>>;
  readonly baselineRequestsPerMinute: number;
  readonly healthPaths: readonly string[];
  readonly adminApi: {
    readonly port: number;
    readonly breakerPath: string;
    readonly failoverPath: string;
    readonly providersPath: string;
  } | null;
  readonly dashboards: readonly {
    readonly name: string;
    readonly url: string;
    readonly probes: readonly ProbeName[];
    /** Ids of the panels that show what a probe asks about, for pictures (R2.9). */
    readonly panels: Partial<Readonly<Record<ProbeName, number>>>;
  }[];
}

export const QUERY_NAMES = [
  'errorRatio',
  'errorRate',
  'p95Seconds',
  'requestsPerMinute',
  'errorRatioByEndpoint',
  'requestsPerMinuteByEndpoint',
  'p95SecondsByEndpoint',
  'affectedUsers',
  'totalUsers',
  'cacheHitRatio',
  'providerRequestsPerMinute',
  'providerErrorRatio',
  'failedRequests',
  'databaseConnections',
  'cpu',
  'memory',
  'diskIo',
  'network',
] as const;
export type QueryName = (typeof QUERY_NAMES)[number];

export interface WorkloadPolicy {
  readonly deployment: string;
  readonly selector: string;
  readonly container: string;
}

export interface DatabasePolicy {
  readonly statefulSet: string;
  readonly pod: string;
  readonly selector: string;
  readonly database: string;
  readonly poolLimit: number;
  readonly exhaustedAbove: number;
  readonly slowStatementMilliseconds: number;
  /** Its streaming replica, to which it fails over (R3.1.5); null when there is none. */
  readonly replica: ReplicaPolicy | null;
}

export interface ReplicaPolicy {
  /** May be the database's own StatefulSet, of which the replica is another pod. */
  readonly statefulSet: string;
  readonly pod: string;
  /** The Service by which the application finds the primary; a failover points it at the replica's pod. */
  readonly service: string;
}

export interface ProviderPolicy {
  readonly name: string;
  readonly fallback: string | null;
  /** Other names by which log lines call it: its company, its models. */
  readonly alsoCalled: readonly string[];
}

/** A rule of the team's Prometheus: the drills' world fires these, doctor compares them with the real ones. */
export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly forSeconds: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface IntakePolicy {
  /** Labels whose values together are the correlation key of an alert (R1.9). */
  readonly correlateBy: readonly string[];
  /** A service that fails makes those that depend on it fail: `{ database: [api] }` joins the alerts of both. */
  readonly dependsOn: Readonly<Record<string, readonly string[]>>;
  readonly reopenWindowMinutes: number;
  /** Alerts by name that only a person should look at in the morning (P3 noise) or that are ignored. */
  readonly ignore: readonly string[];
  readonly coalesceMilliseconds: number;
  readonly maximumClockSkewMinutes: number;
  readonly maximumAgeHours: number;
}

/** What people outside say: where it is heard, and what confirms it (R1.7, R2.16, R2.17). */
export interface ReportsPolicy {
  /** What people write when they mean us, such as `@noaserver`; null: nobody is listened to in public. */
  readonly socialHandle: string | null;
  /** Channels in which what anybody writes is a report; a mention of the app is one everywhere. */
  readonly chatChannels: readonly string[];
  /** Only tickets with one of these tags (labels) are reports; with none named, every ticket is. */
  readonly zendeskTags: readonly string[];
  readonly jiraLabels: readonly string[];
  /** Waits between one look and the next, before a report counts as not confirmed. */
  readonly lookAgainMinutes: readonly number[];
  /** Each alone confirms a report; `from` is inclusive. */
  readonly errorRatioFrom: number;
  readonly p95SecondsFrom: number;
  readonly similarReportsFrom: number;
  /** What a reporter is told. `{incident}`, `{findings}` and `{checked}` are filled in. */
  readonly answers: { readonly confirmed: string; readonly notConfirmed: string };
  /** Where follow-ups get their tickets; null: nowhere. */
  readonly ticketsIn: 'jira' | 'zendesk' | null;
}

export interface EvidencePolicy {
  readonly probeDeadlineSeconds: number;
  readonly probes: Readonly<
    Record<'firstAssessment' | 'investigation' | 'afterRemedy' | 'rootCause', readonly ProbeName[]>
  >;
  readonly logTailLines: number;
  readonly exportHours: number;
  /** How far back commits and builds are looked at during investigation (R2.12, R2.13). */
  readonly changesHours: number;
  /** How often evidence is collected again while the incident is not mitigated. */
  readonly againEveryMinutes: number;
}

export interface DiagnosisPolicy {
  readonly recentDeployMinutes: number;
  readonly errorRatioPlaybookAbove: number;
  readonly p95SecondsPlaybookAbove: number;
  readonly memoryNearLimitRatio: number;
  readonly surgeAboveBaselineRatio: number;
  /** Below this confidence (0..1) the machine says that it does not know. */
  readonly unknownBelow: number;
}

export const APPROVAL_NAMES = [...ACTION_NAMES, 'publish-status', 'publish-email', 'resolve'] as const;
export type ApprovalName = (typeof APPROVAL_NAMES)[number];

/** automatic = pre-approved · objection = goes ahead unless somebody objects · ask = waits for a person. */
export const APPROVAL_MODES = ['automatic', 'objection', 'ask'] as const;
export type ApprovalMode = (typeof APPROVAL_MODES)[number];

export interface ActionPolicy {
  readonly risk: 'low' | 'medium' | 'high';
  readonly approver: Role;
  readonly temporary: boolean;
  readonly leaseMinutes: number | null;
}

export interface ApprovalLimits {
  readonly objectionSeconds: number;
  readonly expireMinutes: number;
  readonly remindBeforeMinutes: number;
  readonly evidenceMaximumAgeMinutes: number;
  /** The third automatic remedy of one kind on one target within this time goes to a person. */
  readonly repeatsBeforePerson: number;
  readonly repeatsWithinMinutes: number;
}

export interface VerificationPolicy {
  /** Mitigated once the error ratio is below and p95 below, within the time given (R3.2.5). */
  readonly errorRatioBelow: number;
  readonly p95SecondsBelow: number;
  readonly withinMinutes: number;
  /** How long it has to stay so before resolution is proposed. */
  readonly holdMinutes: number;
  readonly pollSeconds: number;
  readonly rolloutTimeoutMinutes: number;
}

export interface LeasePolicy {
  readonly askAgainMinutes: number;
  readonly renewMinutes: number;
}

export interface CustomersPolicy {
  /** PromQL: failed requests of each user over `$range`, one series for each value of `userLabel`. */
  readonly affectedUsersQuery: string;
  readonly userLabel: string;
  /** Fewer failed requests than this are no disruption for a user. */
  readonly minimumFailedRequests: number;
  readonly failedRequestsQuery: string;
  readonly requestsQuery: string;
  /** SQL of the directory (`$1`: list of user ids; columns customer_id, email, user_id, unsubscribed); null with a CSV. */
  readonly directoryQuery: string | null;
  readonly mailFrom: string;
  readonly replyTo: string | null;
  /**
   * Where the mail server sends what cannot be delivered; null: to `mailFrom`. `{mail}` becomes each mail's own mark, so
   * that a report tells by its address alone what it is about: `bounces+{mail}@example.com`.
   */
  readonly bounceTo: string | null;
  /** Where one click unsubscribes; `{customer}` becomes the customer's id. */
  readonly unsubscribeUrl: string | null;
  readonly unsubscribeMail: string | null;
  readonly mailsPerBatch: number;
}

export interface ContactPolicy {
  readonly name: string;
  readonly email: string | null;
  /** Routing key name or escalation target at the paging system; null when this contact is never paged. */
  readonly pagingService: string | null;
  /** Group to mention in chat, e.g. `oncall-engineers`. */
  readonly chatGroup: string | null;
  /** Where the paging system says who holds it now; null: whoever in `people` has this contact. */
  readonly onCall: OnCallSource | null;
}

/** By name or id there: a schedule, or a level (from 1) of an escalation policy. */
export type OnCallSource =
  | { readonly schedule: string }
  | { readonly escalationPolicy: string; readonly level: number };

export interface PersonPolicy {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly roles: readonly Role[];
  readonly chatId: string | null;
  readonly pagingId: string | null;
  readonly contacts: readonly Contact[];
  /** SHA-256 (hex) of the person's API token; null when they have none. */
  readonly tokenSha256: string | null;
}

export interface PlaybookPolicy {
  readonly scaleReplicas: number;
  /** A Kubernetes quantity, e.g. `2Gi`. */
  readonly memoryLimit: string;
  /** Path in the team's repository of what is applied to shed load; null when there is none. */
  readonly rateLimitManifest: string | null;
  readonly topErrors: number;
  readonly topErrorsOfLines: number;
  readonly slowestStatements: number;
  /** A failover that could lose more seconds of writes than this is refused (R3.1.5). */
  readonly failoverMaximumLagSeconds: number;
  /** Shown to whoever decides about a failover (R3.1.5). */
  readonly databaseMaintenanceDocument: string | null;
}

export interface ReferencePolicy {
  readonly title: string;
  readonly url: string;
}
