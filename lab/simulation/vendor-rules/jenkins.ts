import type { RequestRule } from './rule.ts';

const READ_ON = '2026-11-26';
const SOURCES = {
  jenkins: 'https://www.jenkins.io/doc/book/using/remote-access-api/',
  jenkinsTree: 'https://www.jenkins.io/doc/book/using/remote-access-api/',
};

/** Jenkins’ remote access API. */
export const JENKINS_REQUEST_RULES: readonly RequestRule[] = [
  {
    id: 'basic',
    call: 'GET /api/json',
    at: 'header authorization',
    must: { kind: 'matches', pattern: '^Basic ' },
    status: 401,
    says: 'Unauthorized',
    source: SOURCES.jenkins,
    readOn: READ_ON,
  },
  {
    id: 'tree',
    call: 'GET /api/json',
    at: 'query tree',
    must: { kind: 'matches', pattern: '^[\\w,\\[\\]{}*:.-]+$' },
    status: 400,
    says: 'Bad Request',
    source: SOURCES.jenkinsTree,
    readOn: null,
  },
];
