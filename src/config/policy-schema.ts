import { z } from 'zod';
import { PAGE_NOTES, PRE_APPROVABLE, TEMPLATE_NAMES } from '../domain/communication-policy.ts';
import { CAUSE_KINDS } from '../domain/diagnosis.ts';
import { PROBE_NAMES } from '../domain/evidence.ts';
import { CONTACTS, ROLES } from '../domain/people.ts';
import { APPROVAL_MODES, APPROVAL_NAMES, type Policy, QUERY_NAMES } from '../domain/policy.ts';
import { ACTION_NAMES } from '../domain/remedy.ts';
import { MIGRATION_KINDS } from '../domain/resolution-policy.ts';
import { SEVERITIES } from '../domain/severity.ts';

/** A strict object with the same value for each of some names; all of them must be there. */
function each<K extends string, V extends z.ZodType>(names: readonly K[], value: V) {
  const shape = Object.fromEntries(names.map((name) => [name, value])) as Record<K, V>;
  return z.strictObject(shape);
}

const text = z.string().trim().min(1, 'must not be empty');
const zeroOrMore = z.number('must be a number').min(0, 'must not be negative');
const positive = z.number('must be a number').positive('must be more than 0');
const count = z.number('must be a whole number').int('must be a whole number').min(1, 'must be at least 1');
const RATIO_WORDS = 'must be a ratio from 0 to 1, or a percentage such as 10%';
/** `0.1` or `10%`. */
const ratio = z
  .union(
    [
      z.number().min(0, RATIO_WORDS).max(1, RATIO_WORDS),
      z.string().regex(/^(100(\.0+)?|\d{1,2}(\.\d+)?) ?%$/, RATIO_WORDS),
    ],
    RATIO_WORDS,
  )
  .transform((value) => (typeof value === 'number' ? value : Number(value.replace('%', '').trim()) / 100));
const clockTime = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day such as "02:00", in quotes');
const url = z.url('must be a URL');
const severity = z.enum(SEVERITIES);
const contact = z.enum(CONTACTS);
const role = z.enum(ROLES);
const probe = z.enum(PROBE_NAMES);

const escalation = z.strictObject({ afterMinutes: zeroOrMore, to: z.array(contact).min(1, 'must name a contact') });

const severityPolicy = z.strictObject({
  label: text,
  definition: text,
  acknowledgeWithinMinutes: positive,
  updateEveryMinutes: positive,
  escalations: z.array(escalation),
  paging: z.array(escalation),
  audiences: z.strictObject({ statusPage: z.boolean(), customers: z.boolean() }),
  postMortem: z.boolean(),
});

const classification = z.strictObject({
  usersAffectedP0Above: ratio,
  usersAffectedP1Above: ratio,
  errorRatioP1Above: ratio,
  errorRatioP2From: ratio,
  p95SecondsP1Above: positive,
  p95SecondsP2From: positive,
  keywords: z.array(z.strictObject({ severity, anyOf: z.array(text).min(1), because: text })),
});

const phase = z.strictObject({ fromMinutes: zeroOrMore, toMinutes: positive });
const workload = z.strictObject({ deployment: text, selector: text, container: text });

const service = z.strictObject({
  name: text,
  namespace: text,
  application: workload,
  companions: z.array(workload),
  database: z
    .strictObject({
      statefulSet: text,
      pod: text,
      selector: text,
      database: text,
      poolLimit: count,
      exhaustedAbove: count,
      slowStatementMilliseconds: positive,
      replica: z.strictObject({ statefulSet: text, pod: text, service: text }).nullable().default(null),
    })
    .nullable(),
  cache: z.strictObject({ workload: text, pod: text, minimumHitRatio: ratio }).nullable(),
  providers: z.array(
    z.strictObject({ name: text, fallback: text.nullable().default(null), alsoCalled: z.array(text).default([]) }),
  ),
  queries: each(QUERY_NAMES, z.string()),
  baselineRequestsPerMinute: positive,
  healthPaths: z.array(z.string().startsWith('/', 'must begin with /')),
  adminApi: z
    .strictObject({
      port: z.number().int().min(1).max(65_535),
      breakerPath: text,
      failoverPath: text,
      providersPath: text,
    })
    .nullable(),
  dashboards: z.array(
    z.strictObject({ name: text, url, probes: z.array(probe), panels: z.partialRecord(probe, count).default({}) }),
  ),
});

const alertRule = z.strictObject({
  alert: text,
  expr: z.string(),
  forSeconds: zeroOrMore,
  labels: z.record(z.string(), z.string()),
  annotations: z.record(z.string(), z.string()),
});

const person = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9._-]*$/, 'must be a short name in lower case, e.g. alice'),
  name: text,
  email: z.email('must be an e-mail address'),
  roles: z.array(role).min(1, 'must have a role'),
  chatId: text.nullable().default(null),
  pagingId: text.nullable().default(null),
  contacts: z.array(contact).default([]),
  tokenSha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 in hexadecimal (64 digits), never the token itself')
    .nullable()
    .default(null),
});

const onCallSource = z.union(
  [z.strictObject({ schedule: text }), z.strictObject({ escalationPolicy: text, level: count })],
  'must be { schedule: … } or { escalationPolicy: …, level: … }',
);

const communication = z.strictObject({
  incidentsChannel: text,
  oncallChannel: text,
  engineeringChannel: text,
  channelPrefix: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,20}$/, 'must be lower case letters, digits and hyphens'),
  remindBeforeMinutes: zeroOrMore,
  statusPageUrl: url,
  statusPageComponents: z.array(z.strictObject({ id: text, name: text, services: z.array(text) })),
  documentsUrl: url,
  incidentMail: z.array(z.email('must be an e-mail address')),
  mailFrom: text,
  consoleUrl: url.nullable().default(null),
  preApproved: z.array(z.enum(PRE_APPROVABLE)),
  pageNotes: z.array(z.enum(PAGE_NOTES)).default([]),
  fallback: z
    .strictObject({ afterMinutes: positive, mailTo: z.array(z.email('must be an e-mail address')).min(1) })
    .nullable()
    .default(null),
  templates: each(TEMPLATE_NAMES, text),
});

const ranged = text.includes('$range', 'must contain $range, the length of the incident');
const customers = z.strictObject({
  affectedUsersQuery: ranged,
  userLabel: text,
  minimumFailedRequests: zeroOrMore,
  failedRequestsQuery: ranged,
  requestsQuery: ranged,
  directoryQuery: text.includes('$1', 'must contain $1, the list of user ids').nullable(),
  mailFrom: text,
  replyTo: z.email('must be an e-mail address').nullable(),
  bounceTo: text
    .refine((address) => z.email().safeParse(address.replace('{mail}', 'x'.repeat(20))).success, {
      error: 'must be an e-mail address; {mail} in it becomes each mail’s own mark',
    })
    .nullable()
    .default(null),
  unsubscribeUrl: url.nullable(),
  unsubscribeMail: z.email('must be an e-mail address').nullable(),
  mailsPerBatch: count,
});

/** The file as a team writes it. Nothing is optional that a decision could hang on; unknown keys are refused. */
export const policySchema = z.strictObject({
  version: z.literal(1, 'must be 1, the only version there is'),
  team: z.strictObject({
    name: text,
    product: text,
    timeZone: text,
    workingHours: z.strictObject({
      from: clockTime,
      to: clockTime,
      days: z.array(z.number().int().min(1).max(7)).min(1),
    }),
  }),
  severities: each(SEVERITIES, severityPolicy),
  classification,
  phases: each(['detection', 'investigation', 'mitigation', 'resolution', 'review'], phase),
  service,
  alertRules: z.array(alertRule),
  intake: z.strictObject({
    correlateBy: z.array(text).min(1, 'must name a label'),
    dependsOn: z.record(z.string(), z.array(text)),
    reopenWindowMinutes: zeroOrMore,
    ignore: z.array(text),
    coalesceMilliseconds: zeroOrMore,
    maximumClockSkewMinutes: positive,
    maximumAgeHours: positive,
  }),
  reports: z.strictObject({
    socialHandle: text.nullable(),
    chatChannels: z.array(text),
    zendeskTags: z.array(text),
    jiraLabels: z.array(text),
    lookAgainMinutes: z.array(positive).max(10),
    errorRatioFrom: ratio,
    p95SecondsFrom: positive,
    similarReportsFrom: count,
    answers: each(['confirmed', 'notConfirmed'], text),
    ticketsIn: z.enum(['jira', 'zendesk']).nullable(),
  }),
  evidence: z.strictObject({
    probeDeadlineSeconds: positive,
    probes: each(['firstAssessment', 'investigation', 'afterRemedy', 'rootCause'], z.array(probe).min(1)),
    logTailLines: count,
    exportHours: positive,
    changesHours: positive,
    againEveryMinutes: positive,
  }),
  diagnosis: z.strictObject({
    recentDeployMinutes: positive,
    errorRatioPlaybookAbove: ratio,
    p95SecondsPlaybookAbove: positive,
    memoryNearLimitRatio: ratio,
    surgeAboveBaselineRatio: z.number().min(1, 'must be at least 1'),
    unknownBelow: ratio,
  }),
  actions: each(
    ACTION_NAMES,
    z.strictObject({
      risk: z.enum(['low', 'medium', 'high']),
      approver: role,
      temporary: z.boolean(),
      leaseMinutes: positive.nullable(),
    }),
  ),
  approvals: each(APPROVAL_NAMES, z.enum(APPROVAL_MODES)),
  approvalLimits: z.strictObject({
    objectionSeconds: positive,
    expireMinutes: positive,
    remindBeforeMinutes: zeroOrMore,
    evidenceMaximumAgeMinutes: positive,
    repeatsBeforePerson: count,
    repeatsWithinMinutes: positive,
  }),
  verification: z.strictObject({
    errorRatioBelow: ratio,
    p95SecondsBelow: positive,
    withinMinutes: positive,
    holdMinutes: zeroOrMore,
    pollSeconds: positive,
    rolloutTimeoutMinutes: positive,
  }),
  leases: z.strictObject({ askAgainMinutes: positive, renewMinutes: positive }),
  communication,
  customers: customers.nullable().default(null),
  contacts: each(
    CONTACTS,
    z.strictObject({
      name: text,
      email: z.email('must be an e-mail address').nullable(),
      pagingService: text.nullable(),
      chatGroup: text.nullable(),
      onCall: onCallSource.nullable().default(null),
    }),
  ),
  people: z.array(person),
  review: z.strictObject({
    inviteWithinHours: positive,
    meetingAt: clockTime,
    meetingMinutes: count,
    attendees: z.array(contact),
    agenda: z.array(z.strictObject({ what: text, minutes: count })).min(1),
    reviewWithinHours: positive,
    runbooks: z
      .strictObject({
        proposeWhen: z.enum(['approved', 'lessons-written']),
        openAfterMinutes: zeroOrMore,
        branchPrefix: text,
        reviewers: z.array(text),
        files: z.array(z.strictObject({ file: text, causes: z.array(z.enum(CAUSE_KINDS)).min(1) })),
        otherwise: text.nullable(),
      })
      .nullable()
      .default(null),
  }),
  playbooks: z.strictObject({
    scaleReplicas: count,
    memoryLimit: z.string().regex(/^\d+(\.\d+)?(Ki|Mi|Gi|Ti|k|M|G|T)?$/, 'must be a quantity such as 2Gi'),
    rateLimitManifest: text.nullable(),
    topErrors: count,
    topErrorsOfLines: count,
    slowestStatements: count,
    failoverMaximumLagSeconds: zeroOrMore,
    databaseMaintenanceDocument: text.nullable(),
  }),
  resolution: z.strictObject({
    statementsListed: count,
    commitsFromHoursBefore: positive,
    commitsToMinutesBefore: zeroOrMore,
    snapshotBeforeHours: positive,
    snapshotAfterHours: positive,
    migrationsFolder: text.nullable(),
    allowedMigrations: z.array(z.enum(MIGRATION_KINDS)),
    fixBranchPrefix: text,
    reviewers: z.array(text),
    reviewReminderMinutes: positive,
    fixApprovalMinutes: positive,
    canaryManifest: text.nullable(),
    canaryWatchMinutes: positive,
    canaryComparison: z.strictObject({
      errorRatio: text,
      stableErrorRatio: text,
      p95Seconds: text,
      stableP95Seconds: text,
      errorRatioMargin: ratio,
      p95SecondsMargin: positive,
    }),
    promoteManifest: text.nullable(),
    postMortemsFolder: text,
  }),
  references: z.array(z.strictObject({ title: text, url })),
  maintenanceWindow: z.strictObject({ from: clockTime, to: clockTime, timeZone: text }),
  holidays: z.array(z.iso.date('must be a date such as 2026-12-25')),
  limits: z.strictObject({ decisionsPerRun: count, timelineTailEvents: count }),
});

/** Fails to compile when the schema and the type of the domain drift apart, in either direction. */
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;
type Parsed = z.infer<typeof policySchema>;
/** @public read by the compiler alone */
export const SCHEMA_MATCHES_TYPE: Same<Mutable<Policy>, Parsed> = true;
type Mutable<T> = T extends readonly (infer E)[]
  ? Mutable<E>[]
  : T extends object
    ? { -readonly [K in keyof T]: Mutable<T[K]> }
    : T;

/** JSON Schema of the file, for editors: what may be written, before shorthands are expanded. */
export function policyJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(policySchema, { io: 'input', target: 'draft-2020-12' });
  return { title: 'Incident policy', ...schema };
}
