import type { Alert } from '../../src/domain/alert.ts';
import { correlate } from '../../src/domain/correlation.ts';
import type { IncidentFacts } from '../../src/domain/incident-facts.ts';
import { MACHINE } from '../../src/domain/people.ts';
import type { IntakePolicy } from '../../src/domain/policy.ts';
import type { TimelineEvent, TimelineFact } from '../../src/domain/timeline.ts';
import type { Intake } from '../../src/store/intake.ts';

export const INTAKE_POLICY: IntakePolicy = {
  correlateBy: ['service', 'cluster'],
  dependsOn: { database: ['shop', 'search'] },
  reopenWindowMinutes: 30,
  ignore: [],
  coalesceMilliseconds: 80,
  maximumClockSkewMinutes: 5,
  maximumAgeHours: 24,
};

export function anAlert(changes: Partial<Alert> = {}): Alert {
  return {
    source: 'alertmanager',
    fingerprint: 'a1b2c3',
    status: 'firing',
    name: 'HighErrorRate',
    summary: 'Error rate above 50%',
    service: 'shop',
    labels: { alertname: 'HighErrorRate', service: 'shop' },
    annotations: {},
    startsAt: '2024-10-23T14:30:00.000Z',
    endsAt: null,
    claimedSeverity: 'P0',
    receivedAt: '2024-10-23T14:30:05.000Z',
    link: null,
    alreadyPaged: false,
    ...changes,
  };
}

export function anIntake(changes: Partial<Alert> = {}, more: Partial<Intake> = {}): Intake {
  const alert = anAlert(changes);
  return {
    alert,
    startsAt: alert.startsAt,
    correlation: correlate(alert, INTAKE_POLICY),
    detectedAt: alert.startsAt,
    reopenWindowMinutes: INTAKE_POLICY.reopenWindowMinutes,
    ignoredBecause: null,
    ...more,
  };
}

export function anEvent(seq: number, at: string, fact: TimelineFact): TimelineEvent {
  return { ...fact, seq, at, by: MACHINE, decisionId: null } as TimelineEvent;
}

export function someFacts(incidentId: string, at: string, changes: Partial<IncidentFacts> = {}): IncidentFacts {
  return {
    incidentId,
    name: incidentId,
    title: 'Error rate above 50%',
    service: 'shop',
    product: 'Shop',
    severity: 'P0',
    severityLabel: 'SEV1',
    provisional: false,
    reasons: [],
    phase: 'detection',
    status: 'investigating',
    openedAt: at,
    detectedAt: at,
    at,
    acknowledgedBy: null,
    acknowledgedAt: null,
    commander: null,
    responders: [],
    channelName: null,
    issue: '',
    impact: '',
    errorRatio: null,
    p95Seconds: null,
    cause: null,
    causeWords: '',
    mitigation: '',
    expectedRecoveryAt: null,
    nextUpdateAt: null,
    teamsNotified: [],
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
    links: [],
    ...changes,
  };
}
