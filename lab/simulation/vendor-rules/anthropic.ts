import type { RequestRule } from './rule.ts';

const READ_ON = '2026-11-26';
const SOURCES = {
  anthropicErrors: 'https://platform.claude.com/docs/en/api/errors',
  anthropicVersion: 'https://platform.claude.com/docs/en/api/versioning',
  anthropicModels: 'https://platform.claude.com/docs/en/api/models/list',
};

/** The list of models at Anthropic. */
export const ANTHROPIC_REQUEST_RULES: readonly RequestRule[] = [
  {
    id: 'key',
    call: 'GET /v1/models',
    at: 'header x-api-key',
    must: { kind: 'present' },
    status: 401,
    says: 'authentication_error: x-api-key header is required',
    source: SOURCES.anthropicErrors,
    readOn: READ_ON,
  },
  {
    id: 'version',
    call: 'GET /v1/models',
    at: 'header anthropic-version',
    must: { kind: 'present' },
    status: 400,
    says: 'invalid_request_error: anthropic-version: header is required',
    source: SOURCES.anthropicVersion,
    readOn: READ_ON,
  },
  {
    id: 'version-date',
    call: 'GET /v1/models',
    at: 'header anthropic-version',
    must: { kind: 'matches', pattern: '^(2023-01-01|2023-06-01|2026-10-21)$' },
    status: 400,
    says: 'invalid_request_error: anthropic-version: is not a valid version',
    source: SOURCES.anthropicVersion,
    readOn: READ_ON,
  },
  {
    id: 'limit',
    call: 'GET /v1/models',
    at: 'query limit',
    must: { kind: 'number', least: 1, most: 1000 },
    status: 400,
    says: 'invalid_request_error: limit: should be between 1 and 1000',
    source: SOURCES.anthropicModels,
    readOn: READ_ON,
  },
];
