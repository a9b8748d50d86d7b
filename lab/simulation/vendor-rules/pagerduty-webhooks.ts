import type { RequestRule } from './rule.ts';

const DOCS = 'https://github.com/PagerDuty/developer-docs/blob/94224391aa3eac8fa73ea6a6af542dee0613d3e8/docs/webhooks';
const OVERVIEW = { source: `${DOCS}/01-Overview.md`, readOn: '2026-11-26' } as const;
const CALL = 'POST /webhooks/pagerduty';

/** Each event that a subscription can ask for, and the type of what it carries. */
export const PAGERDUTY_EVENT_TYPES: Readonly<Record<string, string>> = {
  'incident.acknowledged': 'incident',
  'incident.action_invocation.created': 'incident_action_invocation',
  'incident.action_invocation.terminated': 'incident_action_invocation',
  'incident.action_invocation.updated': 'incident_action_invocation',
  'incident.annotated': 'incident_note',
  'incident.conference_bridge.updated': 'incident_conference_bridge',
  'incident.custom_field_values.updated': 'incident_field_values',
  'incident.delegated': 'incident',
  'incident.escalated': 'incident',
  'incident.incident_type.changed': 'incident',
  'incident.priority_updated': 'incident',
  'incident.reassigned': 'incident',
  'incident.reopened': 'incident',
  'incident.resolved': 'incident',
  'incident.responder.added': 'incident_responder',
  'incident.responder.replied': 'incident_responder',
  'incident.role.assigned': 'incident_role_assignment',
  'incident.service_updated': 'incident',
  'incident.status_update_published': 'incident_status_update',
  'incident.task.completed': 'incident_task',
  'incident.task.created': 'incident_task',
  'incident.task.updated': 'incident_task',
  'incident.triggered': 'incident',
  'incident.unacknowledged': 'incident',
  'incident.workflow.completed': 'incident_workflow_instance',
  'incident.workflow.started': 'incident_workflow_instance',
  'service.created': 'service',
  'service.custom_field_values.updated': 'service_field_values',
  'service.deleted': 'service',
  'service.updated': 'service',
};

/** The test message of a new subscription; the documentation does not list it. */
const PING = 'pagey.ping';
const OF_INCIDENT = {
  at: 'body event.event_type',
  is: Object.keys(PAGERDUTY_EVENT_TYPES).filter((type) => PAGERDUTY_EVENT_TYPES[type] === 'incident'),
} as const;

/**
 * A delivery of a webhook of version 3, the other way round: what PagerDuty says to us. Our simulator’s deliveries keep
 * these, and the gateway takes whatever does; a delivery without its signature is refused.
 */
export const PAGERDUTY_WEBHOOK_RULES: readonly RequestRule[] = [
  {
    id: 'signed',
    call: CALL,
    at: 'header x-pagerduty-signature',
    must: { kind: 'present' },
    status: 401,
    says: 'not signed',
    source: `${DOCS}/04-Signatures.md`,
    readOn: '2026-11-26',
  },
  {
    id: 'signature',
    call: CALL,
    at: 'header x-pagerduty-signature',
    must: { kind: 'matches', pattern: '^v1=[0-9a-f]{64}(?:,v1=[0-9a-f]{64})*$' },
    status: 401,
    says: 'signed in another way',
    source: `${DOCS}/04-Signatures.md`,
    readOn: '2026-11-26',
  },
  {
    id: 'delivery',
    call: CALL,
    at: 'header x-webhook-id',
    must: { kind: 'present' },
    status: 202,
    says: 'no id of the delivery; the event’s own id is what we know it by',
    source: `${DOCS}/02-Behavior.md`,
    readOn: '2026-11-26',
  },
  {
    ...OVERVIEW,
    id: 'event-id',
    call: CALL,
    at: 'body event.id',
    must: { kind: 'present' },
    status: 422,
    says: 'no id',
  },
  {
    ...OVERVIEW,
    id: 'event-type',
    call: CALL,
    at: 'body event.event_type',
    must: { kind: 'one-of', values: [...Object.keys(PAGERDUTY_EVENT_TYPES), PING] },
    // More may be added over time, so an unknown one is taken and nothing follows from it.
    status: 202,
    says: 'an event that is not documented',
  },
  {
    ...OVERVIEW,
    id: 'event-type-there',
    call: CALL,
    at: 'body event.event_type',
    must: { kind: 'present' },
    status: 422,
    says: 'no type',
  },
  {
    ...OVERVIEW,
    id: 'resource-type',
    call: CALL,
    at: 'body event.resource_type',
    must: { kind: 'one-of', values: ['incident', 'service', 'pagey'] },
    status: 202,
    says: 'a resource that is not documented',
  },
  {
    ...OVERVIEW,
    id: 'occurred-at',
    call: CALL,
    at: 'body event.occurred_at',
    must: {
      kind: 'matches',
      pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(?:\\.\\d+)?(?:Z|[+-]\\d\\d:\\d\\d)$',
    },
    status: 202,
    says: 'not an instant',
  },
  {
    ...OVERVIEW,
    id: 'agent',
    call: CALL,
    at: 'body event.agent.type',
    must: { kind: 'matches', pattern: '_reference$' },
    status: 202,
    says: 'an agent that is no reference',
  },
  {
    ...OVERVIEW,
    id: 'incident',
    call: CALL,
    at: 'body event.data.type',
    must: { kind: 'one-of', values: ['incident'] },
    when: OF_INCIDENT,
    status: 202,
    says: 'an incident’s event that carries something else',
  },
  ...['id', 'status', 'title', 'created_at', 'number', 'service.id', 'html_url', 'urgency'].map(
    (field): RequestRule => ({
      ...OVERVIEW,
      id: `incident-${field}`,
      call: CALL,
      at: `body event.data.${field}`,
      must: { kind: 'present' },
      when: OF_INCIDENT,
      status: 202,
      says: `an incident without ${field}`,
    }),
  ),
  {
    ...OVERVIEW,
    id: 'incident-status-name',
    call: CALL,
    at: 'body event.data.status',
    must: { kind: 'one-of', values: ['triggered', 'acknowledged', 'resolved'] },
    when: OF_INCIDENT,
    status: 202,
    says: 'an unknown status',
  },
  {
    ...OVERVIEW,
    id: 'note-of',
    call: CALL,
    at: 'body event.data.incident.id',
    must: { kind: 'present' },
    when: { at: 'body event.event_type', is: ['incident.annotated'] },
    status: 202,
    says: 'a note without its incident',
  },
];
