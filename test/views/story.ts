import type { Alert } from '../../src/domain/alert.ts';
import type { RemedyPlan } from '../../src/domain/remedy.ts';
import type { TimelineEvent } from '../../src/domain/timeline.ts';
import { event, FACTS } from './facts.ts';

export const PLAN: RemedyPlan = {
  key: 'i/restart/1',
  action: 'restart',
  target: { kind: 'deployment', namespace: 'noa-server', name: 'noa-mcp' },
  parameters: {},
  before: {},
  preconditions: {},
  preview: 'Restarts noa-mcp.',
  command: 'kubectl rollout restart deployment/noa-mcp',
  plannedAt: '2024-10-23T14:45:00.000Z',
  digest: 'd',
  temporary: false,
};

export const ALERT: Alert = {
  source: 'alertmanager',
  fingerprint: 'f1',
  status: 'firing',
  name: 'HighErrorRate',
  summary: 'API Error Rate >10%',
  service: 'API',
  labels: {},
  annotations: {},
  startsAt: '2024-10-23T14:30:00.000Z',
  endsAt: null,
  claimedSeverity: 'P1',
  receivedAt: '2024-10-23T14:30:30.000Z',
  link: null,
  alreadyPaged: false,
};

/** The runbook's incident as it could have been recorded (R9). */
export function story(): readonly TimelineEvent[] {
  const cause = FACTS.cause;
  return [
    event('14:31', {
      kind: 'opened',
      title: 'API High Error Rate',
      service: 'API',
      detectedAt: '2024-10-23T14:30:00.000Z',
      previousIncidentId: null,
    }),
    event('14:31', { kind: 'alert-received', alert: ALERT, repeats: 2 }),
    event('14:31', {
      kind: 'severity-assessed',
      severity: 'P1',
      provisional: true,
      reasons: ['error rate 45% is above 10%'],
    }),
    event('14:31', {
      kind: 'promised',
      promise: {
        id: 'p1',
        kind: 'acknowledge',
        words: 'Acknowledged within 15 minutes',
        dueAt: '2024-10-23T14:46:00.000Z',
      },
    }),
    event('14:31', {
      kind: 'promised',
      promise: { id: 'p2', kind: 'update', words: 'Update by 14:50 UTC', dueAt: '2024-10-23T14:50:00.000Z' },
    }),
    event('14:33', { kind: 'acknowledged' }, 'jane'),
    event('14:33', { kind: 'promise-ended', promiseId: 'p1', how: 'kept', because: 'jane acknowledged' }),
    event('14:35', {
      kind: 'evidence-collected',
      bundle: {
        purpose: 'investigation',
        collectedAt: '2024-10-23T14:35:00.000Z',
        items: [],
        gaps: [{ probe: 'nodes', source: 'kubernetes', kind: 'no-answer', reason: 'timeout' }],
      },
    }),
    event('14:40', { kind: 'explained', hypotheses: cause === null ? [] : [cause], changed: 'first explanation' }),
    event(
      '14:45',
      { kind: 'approval-granted', approvalId: 'a1', option: 'restart', how: 'approved', because: null },
      'jane',
    ),
    event('14:50', { kind: 'remedy-intended', plan: PLAN, approvalId: 'a1' }),
    event('14:50', {
      kind: 'remedy-carried-out',
      key: 'i/restart/1',
      action: 'restart',
      outcome: { result: 'done', readBack: '6 of 6 pods are new', observed: {} },
    }),
    event('14:53', { kind: 'promise-ended', promiseId: 'p2', how: 'late', because: 'Slack was down' }),
    event('14:55', {
      kind: 'remedy-verified',
      key: 'i/restart/1',
      action: 'restart',
      helped: true,
      words: 'error rate 2%',
    }),
    event('14:56', { kind: 'step-finished', step: 'mitigation', outcome: null }),
    event(
      '15:05',
      { kind: 'resolved', fix: 'Restarted application pods.', verification: 'error rate 0.5%', followUp: 'review' },
      'jane',
    ),
  ];
}
