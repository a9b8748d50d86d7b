import type { RequestRule } from './rule.ts';

const READ_ON = '2026-11-26';
const SOURCES = {
  githubPulls:
    'https://github.com/github/rest-api-description/blob/1e9ee981cf46e750264247702268ec4ba0bd20df/descriptions/api.github.com/api.github.com.2022-11-28.json',
};

/** Pull requests, as the published OpenAPI description has them; headers and rights are in systems/github/rules.ts. */
export const GITHUB_REQUEST_RULES: readonly RequestRule[] = [
  {
    id: 'pull-title',
    call: 'POST /pulls',
    at: 'body title',
    must: { kind: 'present' },
    status: 422,
    says: 'Validation Failed',
    source: SOURCES.githubPulls,
    readOn: READ_ON,
  },
  {
    id: 'pull-head',
    call: 'POST /pulls',
    at: 'body head',
    must: { kind: 'present' },
    status: 422,
    says: 'Validation Failed',
    source: SOURCES.githubPulls,
    readOn: READ_ON,
  },
  {
    id: 'pull-base',
    call: 'POST /pulls',
    at: 'body base',
    must: { kind: 'present' },
    status: 422,
    says: 'Validation Failed',
    source: SOURCES.githubPulls,
    readOn: READ_ON,
  },
  {
    id: 'pull-title-length',
    call: 'POST /pulls',
    at: 'body title',
    must: { kind: 'characters', most: 256 },
    status: 422,
    says: 'Validation Failed',
    source: SOURCES.githubPulls,
    readOn: READ_ON,
  },
  {
    id: 'pull-body-length',
    call: 'POST /pulls',
    at: 'body body',
    must: { kind: 'characters', most: 65536 },
    status: 422,
    says: 'Validation Failed',
    source: SOURCES.githubPulls,
    readOn: READ_ON,
  },
  {
    id: 'pulls-state',
    call: 'GET /pulls',
    at: 'query state',
    must: { kind: 'one-of', values: ['open', 'closed', 'all'] },
    status: 422,
    says: 'Validation Failed',
    source: SOURCES.githubPulls,
    readOn: READ_ON,
  },
  {
    id: 'pulls-sort',
    call: 'GET /pulls',
    at: 'query sort',
    must: { kind: 'one-of', values: ['created', 'updated', 'popularity', 'long-running'] },
    status: 422,
    says: 'Validation Failed',
    source: SOURCES.githubPulls,
    readOn: READ_ON,
  },
  {
    id: 'merge-method',
    call: 'PUT /pulls/:number/merge',
    at: 'body merge_method',
    must: { kind: 'one-of', values: ['merge', 'squash', 'rebase'] },
    status: 422,
    says: 'Validation Failed',
    source: SOURCES.githubPulls,
    readOn: READ_ON,
  },
];
