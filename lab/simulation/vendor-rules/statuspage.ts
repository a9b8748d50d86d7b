import type { RequestRule } from './rule.ts';

const READ_ON = '2026-11-26';
/** Atlassian’s own description, as a generated client keeps it; developer.statuspage.io itself was not to be had. */
const DESCRIPTION =
  'https://github.com/sbecker59/statuspage-api-client-go/blob/bc4d957c958f5881e11c687068783591c2a58604/api/v1/statuspage/api/openapi.yaml';
const SOURCES = { statuspage: DESCRIPTION, statuspageComponents: DESCRIPTION };

const STATUSES = [
  'investigating',
  'identified',
  'monitoring',
  'resolved',
  'scheduled',
  'in_progress',
  'verifying',
  'completed',
];

function metadataNamespace(id: string, call: string): RequestRule {
  return {
    id,
    call,
    at: 'body incident.metadata.*',
    must: { kind: 'object' },
    status: 422,
    says: 'metadata values must be objects',
    source: SOURCES.statuspage,
    readOn: READ_ON,
  };
}

/** Atlassian Statuspage. */
export const STATUSPAGE_REQUEST_RULES: readonly RequestRule[] = [
  {
    id: 'name',
    call: 'POST /pages/:page/incidents',
    at: 'body incident.name',
    must: { kind: 'present' },
    status: 422,
    says: "Name can't be blank",
    source: SOURCES.statuspage,
    readOn: READ_ON,
  },
  {
    id: 'name-length',
    call: 'POST /pages/:page/incidents',
    at: 'body incident.name',
    must: { kind: 'characters', most: 255 },
    status: 422,
    says: 'name is too long (maximum is 255 characters)',
    source: SOURCES.statuspage,
    readOn: READ_ON,
  },
  {
    id: 'status',
    call: 'POST /pages/:page/incidents',
    at: 'body incident.status',
    must: { kind: 'one-of', values: STATUSES },
    status: 422,
    says: 'status is not included in the list',
    source: SOURCES.statuspage,
    readOn: READ_ON,
  },
  {
    id: 'impact',
    call: 'POST /pages/:page/incidents',
    at: 'body incident.impact_override',
    must: { kind: 'one-of', values: ['none', 'maintenance', 'minor', 'major', 'critical'] },
    status: 422,
    says: 'impact_override is not included in the list',
    source: SOURCES.statuspage,
    readOn: READ_ON,
  },
  {
    id: 'body-length',
    call: 'POST /pages/:page/incidents',
    at: 'body incident.body',
    must: { kind: 'characters', most: 25000 },
    status: 422,
    says: 'body is too long (maximum is 25000 characters)',
    source: SOURCES.statuspage,
    readOn: READ_ON,
  },
  {
    id: 'update-name-length',
    call: 'PATCH /pages/:page/incidents/:id',
    at: 'body incident.name',
    must: { kind: 'characters', most: 255 },
    status: 422,
    says: 'name is too long (maximum is 255 characters)',
    source: SOURCES.statuspage,
    readOn: READ_ON,
  },
  {
    id: 'update-status',
    call: 'PATCH /pages/:page/incidents/:id',
    at: 'body incident.status',
    must: { kind: 'one-of', values: STATUSES },
    status: 422,
    says: 'status is not included in the list',
    source: SOURCES.statuspage,
    readOn: READ_ON,
  },
  {
    id: 'update-impact',
    call: 'PATCH /pages/:page/incidents/:id',
    at: 'body incident.impact_override',
    must: { kind: 'one-of', values: ['none', 'maintenance', 'minor', 'major', 'critical'] },
    status: 422,
    says: 'impact_override is not included in the list',
    source: SOURCES.statuspage,
    readOn: READ_ON,
  },
  {
    id: 'update-body-length',
    call: 'PATCH /pages/:page/incidents/:id',
    at: 'body incident.body',
    must: { kind: 'characters', most: 25000 },
    status: 422,
    says: 'body is too long (maximum is 25000 characters)',
    source: SOURCES.statuspage,
    readOn: READ_ON,
  },
  {
    id: 'component-status',
    call: 'PATCH /pages/:page/components/:id',
    at: 'body component.status',
    must: {
      kind: 'one-of',
      values: ['operational', 'under_maintenance', 'degraded_performance', 'partial_outage', 'major_outage', ''],
    },
    status: 422,
    says: 'status is not included in the list',
    source: SOURCES.statuspageComponents,
    readOn: READ_ON,
  },
  metadataNamespace('metadata-namespace', 'POST /pages/:page/incidents'),
  metadataNamespace('update-metadata-namespace', 'PATCH /pages/:page/incidents/:id'),
];
