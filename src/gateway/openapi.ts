import { z } from 'zod';
import { lineOf } from '../domain/deciding/line.ts';
import { DECISION_NAMES, type DecisionName, declarationOf } from '../domain/decision.ts';
import { schemaOf } from './decision-schemas.ts';

type Json = Readonly<Record<string, unknown>>;

const ANY_INSTANT = '1970-01-01T00:00:00.000Z';
const PATH = '/api/incidents/{id}/decisions';

/** What anybody may send to decide something, as OpenAPI 3.1, from the declarations of the decisions. */
export function openApi(): Json {
  const refs = DECISION_NAMES.map((name) => [name, `#/components/schemas/${name}`] as const);
  const decision = {
    oneOf: refs.map(([, ref]) => ({ $ref: ref })),
    discriminator: { propertyName: 'name', mapping: Object.fromEntries(refs) },
  };
  return {
    openapi: '3.1.0',
    info: {
      title: 'Decisions about incidents',
      version: '1',
      description: 'What people decide about an incident. The console, Slack and the command line send the same.',
    },
    paths: { [PATH]: { post: operation(decision) } },
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      schemas: {
        ...Object.fromEntries(DECISION_NAMES.map((name) => [name, schemaOfDecision(name)])),
        answer: ANSWER,
        refusal: REFUSAL,
      },
    },
  };
}

function operation(decision: Json): Json {
  return {
    operationId: 'decide',
    summary: 'Decide something about an incident',
    security: [{ token: [] }],
    parameters: [
      { name: 'id', in: 'path', required: true, schema: { type: 'string' }, example: 'incident-20241023-1430' },
    ],
    requestBody: { required: true, content: { 'application/json': { schema: decision } } },
    responses: {
      200: answered('It is decided, or had been by the same id.', 'answer'),
      401: answered('The token is missing or unknown.', 'refusal'),
      403: answered('Somebody else may decide this.', 'refusal'),
      404: answered('There is no such incident.', 'refusal'),
      409: answered('It is not possible now.', 'refusal'),
      422: answered('The body is not what this decision takes.', 'refusal'),
      503: answered(
        'Nobody can take it now; with `accepted: "pending"` it is kept. The same id may be sent again.',
        'refusal',
      ),
    },
  };
}

function answered(description: string, schema: 'answer' | 'refusal'): Json {
  return { description, content: { 'application/json': { schema: { $ref: `#/components/schemas/${schema}` } } } };
}

function schemaOfDecision(name: DecisionName): Json {
  const declared = declarationOf(name);
  const { $schema, ...body } = z.toJSONSchema(schemaOf(declared.fields, ANY_INSTANT), { io: 'input' });
  const example = { id: '6f2c7d0e-chosen-by-you', name, body: declared.example };
  return {
    type: 'object',
    title: declared.verb,
    description:
      `${declared.about} Roles: ${declared.roles.join(', ')}. Command: incident ${name} ${lineOf(declared, declared.example)}`.trim(),
    properties: {
      id: { type: 'string', minLength: 1, maxLength: 200, description: 'Chosen by you: the same id is one decision.' },
      name: { const: name },
      incidentId: { type: 'string', description: 'When given, it must be the incident of the address.' },
      body,
    },
    required: Object.values(declared.fields).some((field) => field.optional !== true)
      ? ['id', 'name', 'body']
      : ['id', 'name'],
    additionalProperties: false,
    examples: [example],
  };
}

const ANSWER: Json = {
  type: 'object',
  properties: {
    accepted: { const: true },
    decisionId: { type: 'string' },
    effect: { type: 'string', description: 'What happens now, in one sentence.' },
    repeated: { type: 'boolean', description: 'Whether this very decision had been taken before.' },
  },
  required: ['accepted', 'decisionId', 'effect', 'repeated'],
};

const REFUSAL: Json = {
  type: 'object',
  properties: {
    error: { type: 'string', description: 'What was wrong, and what to do.' },
    problems: { type: 'array', items: { type: 'string' } },
    accepted: { enum: [false, 'pending'] },
    decisionId: { type: 'string' },
  },
  required: ['error'],
};
