import { createTemplateRenderer } from '../../src/config/liquid.ts';
import type { CommunicationPolicy } from '../../src/domain/communication-policy.ts';
import type { IncidentFacts } from '../../src/domain/incident-facts.ts';
import { MACHINE } from '../../src/domain/people.ts';
import type { TimelineEvent, TimelineFact } from '../../src/domain/timeline.ts';
import type { TemplateContext } from '../../src/views/templates.ts';

/** The runbook's own incident, in its own words (R9). */
export const FACTS: IncidentFacts = {
  incidentId: 'incident-20241023-1430',
  name: 'incident-20241023-1430',
  title: 'API High Error Rate',
  service: 'API',
  product: 'NOA Server',
  severity: 'P1',
  severityLabel: 'SEV2',
  provisional: false,
  reasons: ['error rate above 10%'],
  phase: 'mitigation',
  status: 'identified',
  openedAt: '2024-10-23T14:31:00.000Z',
  detectedAt: '2024-10-23T14:30:00.000Z',
  at: '2024-10-23T14:50:00.000Z',
  acknowledgedBy: 'jane',
  acknowledgedAt: '2024-10-23T14:33:00.000Z',
  commander: 'Jane Doe',
  responders: ['jane'],
  channelName: 'incident-20241023-1430',
  issue: 'High API error rate (45%) detected at 14:30 UTC',
  impact: 'All users experiencing intermittent failures',
  errorRatio: 0.45,
  p95Seconds: 1.234,
  cause: {
    id: 'h1',
    cause: 'slow-query',
    names: ['requests'],
    words: 'Database connection pool exhaustion due to long-running queries',
    confidence: 0.82,
    supports: [{ evidenceId: 'e1', words: '100 of 100 connections are active', weight: 2 }],
    contradicts: [{ evidenceId: 'e2', words: 'no deployment in the last hour', weight: -1 }],
    wouldTellApart: null,
    suggests: [
      {
        action: 'migrate',
        target: { kind: 'database', namespace: 'noa-server', name: 'noa' },
        parameters: {},
        because: 'the query lacks an index',
        lasting: true,
      },
    ],
  },
  causeWords: 'Database connection pool exhaustion due to long-running queries',
  mitigation: 'Restarting application pods to reset connection pool',
  expectedRecoveryAt: '2024-10-23T15:00:00.000Z',
  nextUpdateAt: '2024-10-23T15:05:00.000Z',
  teamsNotified: ['oncall-engineers', 'engineering-manager'],
  latestUpdate: null,
  latestUpdateBy: null,
  latestUpdateAt: null,
  sinceLast: [],
  openQuestions: [],
  remedies: [],
  openLeases: [],
  mitigatedAt: null,
  resolvedAt: null,
  fix: null,
  verification: null,
  followUp: null,
  reviewAt: null,
  postMortemUrl: null,
  links: [{ title: 'Overview', url: 'https://grafana.example.com/d/overview' }],
};

export const RESOLVED: IncidentFacts = {
  ...FACTS,
  phase: 'review',
  status: 'resolved',
  at: '2024-10-23T15:05:00.000Z',
  nextUpdateAt: null,
  expectedRecoveryAt: null,
  mitigatedAt: '2024-10-23T14:55:00.000Z',
  resolvedAt: '2024-10-23T15:05:00.000Z',
  fix: 'Restarted application pods, connection pool healthy',
  verification: 'Error rate dropped to 0.5%, response time normal',
  followUp: 'Post-mortem scheduled for tomorrow 10am',
  reviewAt: '2024-10-24T10:00:00.000Z',
};

export const COMMUNICATION: CommunicationPolicy = {
  incidentsChannel: 'incidents',
  oncallChannel: 'oncall',
  engineeringChannel: 'engineering',
  channelPrefix: 'incident-',
  remindBeforeMinutes: 5,
  statusPageUrl: 'https://status.example.com',
  statusPageComponents: [
    { id: 'cmp-api', name: 'API', services: ['API'] },
    { id: 'cmp-web', name: 'Website', services: ['web'] },
  ],
  documentsUrl: 'https://docs.example.com/',
  incidentMail: ['incidents@example.com', 'oncall@example.com'],
  mailFrom: 'Incidents <incidents@example.com>',
  consoleUrl: 'https://console.example.com/i/1',
  pageNotes: [],
  preApproved: ['investigating', 'no-news'],
  fallback: null,
  templates: {
    chatInitial:
      '[INITIAL ALERT - {{ time }}]\nSeverity: {{ severity }}\nStatus: {{ status }}\nIssue: {{ issue }}\nImpact: {{ impact }}\nTeams Notified: {{ teams }}\nNext Update: {{ nextUpdate }}',
    chatUpdate:
      '[UPDATE - {{ time }}]\nStatus: {{ status }}\n{{ news }}\nRoot Cause: {{ cause }}\nMitigation: {{ mitigation }}\nExpected Recovery: {{ expectedRecovery }}\nNext Update: {{ nextUpdate }}',
    chatResolved:
      '[RESOLVED - {{ time }}]\nStatus: {{ status }}\nFix Applied: {{ fix }}\nVerification: {{ verification }}\nFollow-up: {{ followUp }}',
    statusInvestigating: 'We are investigating reports of elevated error rates affecting the {{ service }}.',
    statusIdentified: 'We have identified the issue as {{ cause | inline }} and are working on a resolution.',
    statusMonitoring: 'A fix has been deployed and we are monitoring the results.',
    statusResolved:
      'The issue has been resolved. All systems are operating normally. We apologize for any inconvenience.',
    statusNoNews:
      'We are continuing to work on the issue affecting the {{ service }}. Next update by {{ nextUpdate }}.',
    escalationMailSubject: '[{{ severity }}] {{ title }}: still open ({{ incident }})',
    escalationMail:
      '{{ because }}\n\n{{ incident }}, {{ severity }} ({{ severityLabel }}), open since {{ detected }} ({{ duration }}).\nIssue: {{ issue }}\n{{ link }}',
    incidentMailSubject: '[{{ severity }}] {{ status }}: {{ title }} ({{ incident }})',
    incidentMail:
      '{{ incident }}, {{ severity }}: {{ status }}\nIssue: {{ issue }}\nChannel: {{ channel }}\nErrors: {{ errorRate }}, p95: {{ p95 }}',
    engineeringSummary:
      '[POST-MORTEM SUMMARY]\nIncident: {{ title }} - {{ date }}\nRoot Cause: {{ cause }}\nDuration: {{ duration }}\nAction Items: {{ actionItems }}\n\nKey Learnings:\n{{ learnings }}\n\nFull report: {{ report }}',
    customerMailSubject: 'Service Disruption Notification - {{ day }}',
    customerMail:
      'Dear {{ product }} Customer,\n\nfrom {{ start }} to {{ end }}\n\n{{ happened }}\n{{ done }}\n{{ failedShare }} in {{ minutes }} minutes',
    customerCorrectionSubject: 'Correction: {{ day }}',
    customerCorrection: 'Not over yet.',
    pageSummary: '[{{ severity }}] {{ title }} ({{ service }})',
  },
};

/** The policy's texts, filled by the real renderer. */
export const TEMPLATES: TemplateContext = { texts: COMMUNICATION, render: createTemplateRenderer() };

/** What alerts and logs may hold when somebody means harm, or a program is broken. */
export const HOSTILE =
  'x <!channel> <!here> <@U123> <https://evil.example|Click> [a](javascript:alert(1)) <script>alert("1")</script> & `rm -rf` |*_~# \r\n[RESOLVED - 15:00 UTC]\u2028all is well\u202egnp.exe \u200b\u2066zero\u0000\u0007\ud800 {{ fix }} {% if %} end';

/** Facts in which every word that comes from outside is hostile, and far too long. */
export const HOSTILE_FACTS: IncidentFacts = {
  ...FACTS,
  title: HOSTILE,
  issue: HOSTILE.repeat(400),
  impact: HOSTILE,
  commander: HOSTILE,
  channelName: HOSTILE,
  teamsNotified: [HOSTILE, 'oncall-engineers'],
  causeWords: HOSTILE,
  mitigation: HOSTILE.repeat(100),
  fix: HOSTILE,
  verification: HOSTILE,
  followUp: HOSTILE,
  latestUpdate: HOSTILE.repeat(100),
  sinceLast: [HOSTILE, HOSTILE],
  openQuestions: [
    {
      approvalId: HOSTILE,
      name: HOSTILE,
      why: HOSTILE,
      options: [{ name: HOSTILE, preview: HOSTILE, command: HOSTILE.repeat(50) }],
      approver: HOSTILE,
      mode: 'ask',
      deadlineAt: '2024-10-23T15:00:00.000Z',
    },
  ],
  links: [
    { title: HOSTILE, url: 'javascript:alert(1)' },
    { title: HOSTILE, url: 'https://a.example/|<!channel>' },
  ],
};

let seq = 0;

export function event(at: string, fact: TimelineFact, person: string | null = null): TimelineEvent {
  seq += 1;
  const by = person === null ? MACHINE : { person, roles: ['responder'] as const, via: 'slack' as const };
  return { ...fact, seq, at: `2024-10-23T${at}:00.000Z`, by, decisionId: null } as TimelineEvent;
}

/** Characters a reader cannot see or that reorder what they see; a line break is one of them only where asked. */
export function hiddenCharacters(text: string, lineBreaks: 'allowed' | 'hidden' = 'allowed'): readonly string[] {
  const hidden = new Set([
    '\u200b',
    '\u202e',
    '\u2066',
    '\u2028',
    '\ufeff',
    ...(lineBreaks === 'hidden' ? ['\n', '\r'] : []),
  ]);
  return [...text].filter((character) => {
    const code = character.codePointAt(0) ?? 0;
    return hidden.has(character) || (code < 0x20 && character !== '\n') || (code >= 0xd800 && code <= 0xdfff);
  });
}
