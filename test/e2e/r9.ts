import type { PolicyOverrides } from '../../src/config/policy-overrides.ts';
import { openStage, type Stage } from './stage.ts';

/** The runbook's own incident (R9): "feature X" goes out at 14:15, and a quarter of an hour later the API fails. */
const BEGINS_AT = '2024-10-23T14:00:00.000Z';
const DEPLOYED_AT = '2024-10-23T14:15:00.000Z';
const SICK_AT = '2024-10-23T14:30:30.000Z';

/** A busy machine answers late; a hold of two minutes is enough to see that it stays well. */
const HURRIED = { 'evidence.probeDeadlineSeconds': 8, 'verification.holdMinutes': 2 };

/** The stage at the moment when the alert is about to fire; `clock.start()` lets time go on. */
export async function openR9(speed: number, policy: PolicyOverrides = {}): Promise<Stage> {
  const stage = await openStage({ startAt: BEGINS_AT, speed, policy: { ...HURRIED, ...policy } });
  stage.production.world.addFault(
    { kind: 'bad-deploy', deployment: 'noa-mcp', change: 'feature X', slowQuery: true },
    Date.parse(DEPLOYED_AT),
  );
  await stage.clock.jumpTo(SICK_AT);
  return stage;
}

/** What Alertmanager posts then. */
export const R9_ALERT = {
  version: '4',
  groupKey: '{}:{alertname="APIErrorRateHigh", service="api"}',
  truncatedAlerts: 0,
  status: 'firing',
  receiver: 'incidents',
  groupLabels: { alertname: 'APIErrorRateHigh', service: 'api' },
  commonLabels: { alertname: 'APIErrorRateHigh', service: 'api', severity: 'P1' },
  commonAnnotations: { summary: 'API Error Rate >10%: 45%' },
  externalURL: 'http://alertmanager.example:9093',
  alerts: [
    {
      status: 'firing',
      labels: { alertname: 'APIErrorRateHigh', service: 'api', severity: 'P1' },
      annotations: { summary: 'API Error Rate >10%: 45%' },
      startsAt: '2024-10-23T14:30:00.000Z',
      endsAt: '0001-01-01T00:00:00Z',
      generatorURL: 'http://prometheus.example:9090/graph',
      fingerprint: 'b9d2c7a4e1f05836',
    },
  ],
};
