import type { RequestRule } from './rule.ts';

const READ_ON = '2026-11-26';
const SOURCES = {
  grafana: 'https://grafana.com/docs/grafana/latest/developers/http_api/annotations/#create-annotation',
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
    source: SOURCES.grafana,
    readOn: READ_ON,
  },
];
