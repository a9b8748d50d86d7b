import type { RequestRule } from './rule.ts';

const READ_ON = '2026-11-26';
const SPECIFICATION =
  'https://github.com/elastic/elasticsearch-specification/blob/9d9b9a521cc1070c1c9eb6c77d91c3a5fb09730d/specification';
const SOURCES = {
  esType: 'https://www.elastic.co/docs/reference/elasticsearch/rest-apis/api-conventions',
  esWindow: `${SPECIFICATION}/_global/search/SearchRequest.ts`,
  esUnits: `${SPECIFICATION}/_types/Time.ts`,
};

/** The search of Elasticsearch. */
export const ELASTICSEARCH_REQUEST_RULES: readonly RequestRule[] = [
  {
    id: 'content-type',
    call: 'POST /:index/_search',
    at: 'header content-type',
    must: { kind: 'matches', pattern: '^application/(vnd\\.elasticsearch\\+)?json' },
    status: 406,
    says: 'media_type_header_exception: Content-Type must be application/json',
    source: SOURCES.esType,
    readOn: null,
  },
  {
    id: 'window',
    call: 'POST /:index/_search',
    at: 'body size',
    must: { kind: 'number', least: 0, most: 10000 },
    status: 400,
    says: 'illegal_argument_exception: Result window is too large, from + size must be less than or equal to: [10000]',
    source: SOURCES.esWindow,
    readOn: READ_ON,
  },
  {
    id: 'timeout',
    call: 'POST /:index/_search',
    at: 'body timeout',
    must: { kind: 'matches', pattern: '^\\d+(nanos|micros|ms|s|m|h|d)$' },
    status: 400,
    says: 'parsing_exception: failed to parse [timeout]: unit is missing or unrecognized',
    source: SOURCES.esUnits,
    readOn: READ_ON,
  },
  {
    id: 'from',
    call: 'POST /:index/_search',
    at: 'body from',
    must: { kind: 'number', least: 0, most: 10000 },
    status: 400,
    says: 'illegal_argument_exception: [from] parameter cannot be negative, nor reach beyond [10000]',
    source: SOURCES.esWindow,
    readOn: READ_ON,
  },
];
