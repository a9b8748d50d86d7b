import type { RequestRule } from './rule.ts';

const SOURCES = {
  openai: 'https://platform.openai.com/docs/api-reference/authentication',
};

/** The list of models at OpenAI. */
export const OPENAI_REQUEST_RULES: readonly RequestRule[] = [
  {
    id: 'key',
    call: 'GET /v1/models',
    at: 'header authorization',
    must: { kind: 'matches', pattern: '^Bearer \\S' },
    status: 401,
    says: "invalid_request_error: You didn't provide an API key.",
    source: SOURCES.openai,
    readOn: null,
  },
  {
    id: 'key-there',
    call: 'GET /v1/models',
    at: 'header authorization',
    must: { kind: 'present' },
    status: 401,
    says: "invalid_request_error: You didn't provide an API key.",
    source: SOURCES.openai,
    readOn: null,
  },
];
