import type { TemplateName } from './policy.ts';

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

/**
 * The values each text of the policy may use, written `{{ name }}` (Liquid). A policy that uses another one is refused
 * when it is read, not in the middle of the night when the text is first needed.
 */
export const PLACEHOLDERS: Readonly<Record<TemplateName, readonly string[]>> = {
  slackInitial: INTERNAL,
  slackUpdate: INTERNAL,
  slackResolved: INTERNAL,
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
  pageSummary: INTERNAL,
};
