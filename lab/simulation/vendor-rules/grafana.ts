import type { RequestRule } from './rule.ts';

const READ_ON = '2026-11-26';
/** Generated from Grafana’s own description. */
const CLIENT = 'https://github.com/grafana/grafana-openapi-client-go/blob/6029e6c64947a724b217f9cfec1bae9ba1f6b9ec';
const SOURCES = {
  grafana: `${CLIENT}/models/post_annotations_cmd.go`,
  found: `${CLIENT}/client/annotations/get_annotations_parameters.go`,
};

/** Annotations of Grafana’s HTTP API. */
export const GRAFANA_REQUEST_RULES: readonly RequestRule[] = [
  {
    id: 'text',
    call: 'POST /api/annotations',
    at: 'body text',
    must: { kind: 'present' },
    status: 400,
    says: 'Failed to save annotation: text field should not be empty',
    source: SOURCES.grafana,
    readOn: READ_ON,
  },
  {
    id: 'time',
    call: 'POST /api/annotations',
    at: 'body time',
    must: { kind: 'number', least: 0, most: 9999999999999 },
    status: 400,
    says: 'bad request data',
    source: SOURCES.grafana,
    readOn: READ_ON,
  },
  {
    id: 'time-end',
    call: 'POST /api/annotations',
    at: 'body timeEnd',
    must: { kind: 'number', least: 0, most: 9999999999999 },
    status: 400,
    says: 'bad request data',
    source: SOURCES.grafana,
    readOn: READ_ON,
  },
  {
    id: 'found-limit',
    call: 'GET /api/annotations',
    at: 'query limit',
    must: { kind: 'number', least: 0, most: 1000000 },
    status: 400,
    says: 'bad request data',
    source: SOURCES.found,
    readOn: READ_ON,
  },
  {
    id: 'found-type',
    call: 'GET /api/annotations',
    at: 'query type',
    must: { kind: 'one-of', values: ['alert', 'annotation'] },
    status: 400,
    says: 'bad request data',
    source: SOURCES.found,
    readOn: READ_ON,
  },
  {
    id: 'found-any',
    call: 'GET /api/annotations',
    at: 'query matchAny',
    must: { kind: 'one-of', values: ['true', 'false'] },
    status: 400,
    says: 'bad request data',
    source: SOURCES.found,
    readOn: READ_ON,
  },
];
