import { z } from 'zod';
import type { Field, Fields } from '../domain/deciding/declare.ts';
import { DECISION_NAMES, type DecisionBodies, type DecisionName, declarationOf } from '../domain/decision.ts';
import type { Instant } from '../domain/instant.ts';
import { SEVERITIES } from '../domain/severity.ts';
import { instantOf, minutesOf, severityOf } from '../domain/written.ts';

const ID_CHARACTERS = 200;
const LINE_CHARACTERS = 1_000;
const TEXT_CHARACTERS = 4_000;
const LONGEST_MINUTES = 7 * 24 * 60;

/** The body of a decision as its fields say. Times and lengths may be given as people write them, read at `now`. */
export function schemaOf(fields: Fields, now: Instant): z.ZodType {
  const shape = Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, fieldSchema(field, now)]));
  const unless = Object.entries(fields).flatMap(([path, field]) => (field.unless === undefined ? [] : { path, field }));
  return unless.reduce<z.ZodType>(
    (schema, { path, field: { unless: other = '' } }) =>
      schema.refine((body) => valueIn(body, path) !== '' || valueIn(body, other) != null, {
        path: [path],
        message: 'must not be empty',
      }),
    z.strictObject(shape),
  );
}

function fieldSchema(field: Field, now: Instant): z.ZodType {
  const value = valueSchema(field, now).describe(describedAs(field));
  // What only a button carries stays absent where it is not given, as the histories of open incidents have it.
  if (field.kind === 'draft') return value.nullish();
  if (field.unless !== undefined)
    return trimmed(field.most ?? TEXT_CHARACTERS)
      .default('')
      .describe(field.label);
  return field.optional === true ? value.nullish().transform((given) => given ?? null) : value;
}

/** For whoever reads the published schema. */
function describedAs({ kind, label, most = LONGEST_MINUTES }: Field): string {
  if (kind === 'minutes') return `${label}: minutes, or a length such as 30m or 2h; at most ${most} minutes`;
  return kind === 'instant' ? `${label}: such as 15:00 (UTC), or an ISO instant with its zone` : label;
}

function valueSchema(field: Field, now: Instant): z.ZodType {
  switch (field.kind) {
    case 'text':
    case 'because':
      return words(field.most ?? LINE_CHARACTERS);
    case 'lines':
      return words(field.most ?? TEXT_CHARACTERS);
    case 'person':
    case 'incident':
    case 'question':
    case 'option':
    case 'lease':
    case 'draft':
      return words(field.most ?? ID_CHARACTERS);
    case 'minutes': {
      const most = field.most ?? LONGEST_MINUTES;
      return z
        .union(
          [z.number(), z.string().transform(minutesOf)],
          'must be a number of minutes, or a length such as 30m or 2h',
        )
        .pipe(
          z
            .number('must be a number of minutes, or a length such as 30m or 2h')
            .positive('must be above 0')
            .max(most, `must be at most ${most} minutes`),
        );
    }
    case 'instant':
      return z
        .string('must be a time')
        .transform((text) => instantOf(text, now))
        .pipe(z.string('must be a UTC clock time such as 15:00, or an ISO instant such as 2024-10-23T15:00:00Z'));
    case 'severity':
      return z
        .string(`must be ${SEVERITIES.join(', ')}`)
        .transform((text): string | null => severityOf(text))
        .pipe(z.enum(SEVERITIES as [string, ...string[]], `must be ${SEVERITIES.join(', ')}`));
  }
}

const trimmed = (limit: number) =>
  z.string('must be a text').trim().max(limit, `must have at most ${limit} characters`);
const words = (limit: number) => trimmed(limit).min(1, 'must not be empty');

function valueIn(body: unknown, name: string): unknown {
  return (body as Readonly<Record<string, unknown>>)[name];
}

export const decisionRequest = z.strictObject({
  id: z.string('must be a text chosen by you').min(1, 'must not be empty').max(200, 'must have at most 200 characters'),
  name: z.enum(
    DECISION_NAMES as unknown as [DecisionName, ...DecisionName[]],
    `must be one of ${DECISION_NAMES.join(', ')}`,
  ),
  /** When given, it must be the incident of the address. */
  incidentId: z.string().optional(),
  body: z.unknown().optional(),
});

type ReadBody<N extends DecisionName> =
  | { readonly ok: true; readonly body: DecisionBodies[N] }
  | {
      readonly ok: false;
      readonly problems: readonly string[];
      /** The same, by the field that each is about. */
      readonly byField: Readonly<Record<string, string>>;
    };

/** The body of a decision, or sentences that say what is wrong with it. */
export function readDecisionBody<N extends DecisionName>(name: N, body: unknown, now: Instant): ReadBody<N> {
  const parsed = schemaOf(declarationOf(name).fields, now).safeParse(body ?? {});
  if (parsed.success) return { ok: true, body: parsed.data as DecisionBodies[N] };
  const problems = sentencesOf(parsed.error, `"${name}"`);
  const fields = parsed.error.issues.map((issue, index) => [String(issue.path[0] ?? ''), problems[index] ?? '']);
  return { ok: false, problems, byField: Object.fromEntries(fields) };
}

/** One sentence for each problem: where, what. */
export function sentencesOf(error: z.ZodError, whole: string): readonly string[] {
  return error.issues.map((issue) => {
    if (issue.code === 'unrecognized_keys')
      return `${whole} does not know ${issue.keys.map((key) => `"${key}"`).join(', ')}.`;
    const where = issue.path.length === 0 ? whole : `"${issue.path.join('.')}"`;
    const missing = issue.code === 'invalid_type' && /received undefined/.test(issue.message);
    return `${where} ${missing ? 'is missing' : issue.message}.`;
  });
}
