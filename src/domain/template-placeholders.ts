import type { TemplateName } from './communication-policy.ts';

/** What any text for colleagues may say about an incident; each is a string made from the one fact set. */
const INTERNAL = [
  'time',
  'date',
  'severity',
  'severityLabel',
  'status',
  'title',
  'issue',
  'impact',
  'service',
  'product',
  'incident',
  'channel',
  'commander',
  'teams',
  'cause',
  'mitigation',
  'expectedRecovery',
  'nextUpdate',
  'news',
  'detected',
  'duration',
  'fix',
  'verification',
  'followUp',
  'errorRate',
  'p95',
  'link',
] as const;

/** What a public text may say: nothing that names a person, a channel or an internal link (R4.4). */
const PUBLIC = [
  'time',
  'date',
  'status',
  'service',
  'product',
  'issue',
  'impact',
  'cause',
  'mitigation',
  'nextUpdate',
  'news',
  'detected',
  'duration',
  'errorRate',
] as const;

/** What a customer may be told: nothing in words of the evidence, which may name tables, hosts or people (R4.5). */
const CUSTOMER = [
  'product',
  'service',
  'day',
  'today',
  'start',
  'end',
  'minutes',
  'length',
  'failedShare',
  'happened',
  'done',
] as const;

/**
 * The values each text of the policy may use, written `{{ name }}` (Liquid). A policy that uses another one is refused
 * when it is read, not in the middle of the night when the text is first needed.
 */
export const PLACEHOLDERS: Readonly<Record<TemplateName, readonly string[]>> = {
  chatInitial: INTERNAL,
  chatUpdate: INTERNAL,
  chatResolved: INTERNAL,
  statusInvestigating: PUBLIC,
  statusIdentified: PUBLIC,
  statusMonitoring: PUBLIC,
  statusResolved: PUBLIC,
  statusNoNews: PUBLIC,
  escalationMailSubject: [...INTERNAL, 'because'],
  escalationMail: [...INTERNAL, 'because'],
  incidentMailSubject: INTERNAL,
  incidentMail: INTERNAL,
  engineeringSummary: [...INTERNAL, 'actionItems', 'learnings', 'report'],
  customerMailSubject: CUSTOMER,
  customerMail: CUSTOMER,
  customerCorrectionSubject: CUSTOMER,
  customerCorrection: CUSTOMER,
  pageSummary: INTERNAL,
};
