import { z } from 'zod';
import { DECISION_NAMES, type DecisionName, declarationOf } from '../../src/domain/decision.ts';
import { CONTACTS, ROLES } from '../../src/domain/people.ts';
import { ACTION_NAMES } from '../../src/domain/remedy.ts';
import { SEVERITIES } from '../../src/domain/severity.ts';
import { FAULT_SCHEMAS } from './fault-schemas.ts';
import { atField, durationField, fraction, lengthField } from './schema-parts.ts';

/** Systems whose wires a drill may fault. */
export const SYSTEMS = [
  'pagerduty',
  'slack',
  'prometheus',
  'alertmanager',
  'grafana',
  'elasticsearch',
  'kubernetes',
  'postgres',
  'redis',
  'admin-api',
  'anthropic',
  'openai',
  'git',
  'github',
  'jenkins',
  'zendesk',
  'jira',
  'social',
  'status-page',
  'smtp',
  'documents',
  'service-api',
  'store',
] as const;
export const WIRE_FAULTS = [
  'down',
  'refused',
  'timeout',
  'half-open',
  'reset-mid-body',
  'rate-limited',
  'error-500',
  'error-503',
  'slow',
  'malformed',
  'unauthorised',
  'lost-answer',
  'duplicate-delivery',
  'reordered-delivery',
  'late-delivery',
] as const;
export const PROCESSES = ['worker', 'gateway', 'temporal', 'store'] as const;
export const PROCESS_FAULTS = ['killed', 'paused', 'restarted'] as const;
export const VIAS = ['slack', 'cli', 'console', 'pagerduty', 'api'] as const;
export const EXTRA_CHECKS = [
  'pull-request',
  'migration',
  'canary',
  'promotion',
  'invitation',
  'post-mortem',
  'tickets',
  'mailing-interrupted',
  'runbook-change',
  'page-notes',
  'correlated-timeline',
] as const;

const severity = z.enum(SEVERITIES);
const text = z.string().min(1);
const because = text.optional();
const actionName = z.enum([...ACTION_NAMES, ...ACTION_NAMES.map((name) => `revert-${name}` as const)]);
const via = z.enum(VIAS).optional();

/** A name, a glob such as `*` or `publish-*`, or a list of them. */
const what = z.union([text, z.array(text).min(1)]);
const publishedList = z.union([z.literal('none'), z.array(text)]);
/** Kinds of mail to customers, in order: the notification, and the correction when it came back. */
const customerMails = z.union([z.enum(['none', 'sent', 'corrected']), z.array(z.enum(['sent', 'corrected']))]);
const onCall = z.union([z.boolean(), z.enum(CONTACTS), z.array(z.enum(CONTACTS))]);

export const personSchema = z.strictObject({
  who: text,
  name: text.optional(),
  email: z.string().optional(),
  roles: z.array(z.enum(ROLES)).min(1).optional(),
  onCall: onCall.optional(),
  via,
  acknowledges: z.strictObject({ after: durationField, via }).optional(),
  approves: z
    .union([
      z.strictObject({ what: what.optional(), after: durationField, via }),
      z.array(z.strictObject({ what: what.optional(), after: durationField, via })),
    ])
    .optional(),
});

/** One schema for each thing that people do at a time of their own: each decision, and what is no decision of an incident. */
export const ACT_SCHEMAS = {
  ...(Object.fromEntries(DECISION_NAMES.map((name) => [name, act(name, parametersOf(name))])) as {
    readonly [N in DecisionName]: ReturnType<typeof act>;
  }),
  'approve-post-mortem': act('approve-post-mortem', {}),
} as const;

/** What a drill says of a decision; what it leaves out, the person picks when the time has come. */
function parametersOf(name: DecisionName): z.ZodRawShape {
  const parameters: Record<string, z.ZodType> = {};
  for (const [field, { kind, optional, alsoNamed }] of Object.entries(declarationOf(name).fields)) {
    const sometimes = <T extends z.ZodType>(schema: T) => (optional === true ? schema.optional() : schema);
    switch (kind) {
      case 'text':
      case 'lines':
      case 'person':
        parameters[field] = sometimes(text);
        break;
      case 'because':
        parameters.because = because;
        break;
      case 'severity':
        parameters[field] = sometimes(severity);
        break;
      case 'minutes':
        parameters.for = sometimes(lengthField);
        break;
      case 'instant':
        parameters[field.replace(/At$/, '')] = sometimes(durationField);
        break;
      case 'incident':
        parameters[field] = sometimes(z.union([text, z.number().int().positive()]));
        break;
      case 'question':
        // Where it may be something that is in no list, the drill has to name it.
        parameters.what = alsoNamed === undefined ? text.optional() : text;
        break;
      case 'lease':
        parameters.what = text.optional();
        break;
      case 'option':
      case 'draft':
        break;
    }
  }
  // The format has it, and nothing reads it: what fixed it is said as `fix`.
  return name === 'resolve' ? { ...parameters, because } : parameters;
}

export const systemWireSchema = z.strictObject({
  at: atField,
  system: z.enum(SYSTEMS),
  fault: z.enum(WIRE_FAULTS),
  for: lengthField.optional(),
  retryAfter: durationField.optional(),
  seconds: z.number().positive().optional(),
  /** Only the next so many requests. */
  times: z.number().int().positive().optional(),
});

export const processWireSchema = z.strictObject({
  at: atField,
  process: z.enum(PROCESSES),
  fault: z.enum(PROCESS_FAULTS),
  for: lengthField.optional(),
  /** Not at `at` but after so many mails that the mail server took from then on: in the middle of a mailing. */
  afterMails: z.number().int().positive().optional(),
});

const cause = z.strictObject({ kind: text, names: z.array(text).optional() });
const within = z.strictObject({
  detected: durationField.optional(),
  declared: durationField.optional(),
  acknowledged: durationField.optional(),
  causeKnown: durationField.optional(),
  mitigated: durationField.optional(),
  resolved: durationField.optional(),
});

const expectSchema = z.strictObject({
  declared: z.boolean().optional(),
  incidents: z.number().int().min(0).optional(),
  severity: severity.optional(),
  cause: cause.optional(),
  causes: z.array(cause).optional(),
  firstAction: z.union([actionName, z.array(actionName).min(1), z.literal('none')]).optional(),
  actions: z.array(actionName).optional(),
  never: z.array(actionName).optional(),
  within: within.optional(),
  promises: z.literal('kept').optional(),
  paged: z.array(z.enum(CONTACTS)).optional(),
  mailed: z.array(z.enum(CONTACTS)).optional(),
  published: z
    .strictObject({
      statusPage: publishedList.optional(),
      customerEmail: customerMails.optional(),
      slack: publishedList.optional(),
    })
    .optional(),
  also: z.array(z.enum(EXTRA_CHECKS)).optional(),
});

const endpoint = z.strictObject({
  path: z.string().startsWith('/', 'must begin with "/"'),
  method: text,
  share: fraction,
  medianSeconds: z.number().positive(),
  databaseSeconds: z.number().min(0),
  callsProvider: z.boolean(),
  deployment: text,
});
/** Keys and healthy baseline of the simulated production (its defaults: 1,000 requests a minute, three pods, …). */
const worldSchema = z.strictObject({
  requestsPerMinute: z.number().positive().optional(),
  deployments: z
    .record(
      text,
      z.strictObject({ replicas: z.number().int().min(0), requestsPerMinutePerPod: z.number().positive().optional() }),
    )
    .optional(),
  database: z.strictObject({ pool: z.number().int().min(10) }).optional(),
  endpoints: z.array(endpoint).min(1).optional(),
  users: z.number().int().positive().optional(),
  providers: z.record(text, fraction).optional(),
  cacheHitRate: fraction.optional(),
  baselineErrorRate: fraction.optional(),
  scrapeSeconds: z.number().int().positive().optional(),
  failuresPerTicket: z.number().positive().optional(),
});

const UNTIL = z.union([z.enum(['resolved', 'reviewed', 'closed']), durationField]);

/** The file as it is checked first; the members of its lists are checked by the schema of their own kind. */
export const drillSchema = drillShape(z.looseObject({}), z.looseObject({}), z.looseObject({}));

/** The whole format as a JSON Schema, for editors: `bin/incident drill schema`. */
export function drillJsonSchema(): unknown {
  const faults = z.union(Object.values(FAULT_SCHEMAS) as unknown as [z.ZodType, z.ZodType]);
  const people = z.union([personSchema, ...(Object.values(ACT_SCHEMAS) as z.ZodType[])] as unknown as [
    z.ZodType,
    z.ZodType,
  ]);
  const schema = drillShape(faults, people, z.union([systemWireSchema, processWireSchema]));
  return z.toJSONSchema(schema, { target: 'draft-2020-12', io: 'input' });
}

function drillShape<F extends z.ZodType, P extends z.ZodType, W extends z.ZodType>(fault: F, person: P, wire: W) {
  return z.strictObject({
    drill: z.string().regex(/^[a-z0-9][a-z0-9-]{0,60}$/, 'must be a short name of lower-case letters, digits and "-"'),
    version: z.literal(1),
    about: z.string().optional(),
    seed: z.number().int().min(0).optional(),
    start: z.iso.datetime({ offset: true, message: 'must be an instant such as 2026-03-03T09:00:00Z' }),
    until: UNTIL.optional(),
    limit: lengthField.optional(),
    policy: text.optional(),
    set: z.record(text, z.unknown()).optional(),
    onCall: z.union([text, z.partialRecord(z.enum(CONTACTS), text)]).optional(),
    world: worldSchema.optional(),
    faults: z.array(fault).optional(),
    people: z.array(person).optional(),
    wires: z.array(wire).optional(),
    expect: expectSchema.optional(),
  });
}

function act(name: string, parameters: z.ZodRawShape) {
  return z.strictObject({
    who: text,
    at: atField,
    does: z.literal(name),
    via,
    /** Which incident, counted from 1 in order of opening; the newest open one when left out. */
    incident: z.number().int().positive().optional(),
    ...parameters,
  });
}

export type Expectations = z.infer<typeof expectSchema>;
