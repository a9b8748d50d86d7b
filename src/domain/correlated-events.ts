import type { Alert } from './alert.ts';
import type { CorrelatedSign } from './correlated-signs.ts';
import type { Target } from './remedy.ts';
import type { EventOf, TimelineEvent } from './timeline.ts';

/** What the timeline itself says of the chain: alerts, what was done to production, and how it was verified. */
export function correlatedEvents(timeline: readonly TimelineEvent[]): readonly CorrelatedSign[] {
  const plans = new Map(
    timeline.flatMap((event) => (event.kind === 'remedy-intended' ? [[event.plan.key, event.plan] as const] : [])),
  );
  const heard = new Set<string>();
  return timeline.flatMap((event): readonly CorrelatedSign[] => {
    switch (event.kind) {
      case 'alert-received': {
        const once = `${event.alert.status} ${event.alert.name}`;
        const system = ALERT_SYSTEMS[event.alert.source];
        if (system === null || heard.has(once)) return [];
        heard.add(once);
        return [alertSign(event, system)];
      }
      case 'remedy-carried-out': {
        const plan = plans.get(event.key);
        const done = event.outcome.result === 'done' || event.outcome.result === 'already-done';
        if (plan === undefined || !done) return [];
        const words = `${event.action} of ${plan.target.name}`;
        return [
          {
            ...ofEvent(
              event,
              'action',
              SYSTEMS[plan.target.kind],
              `${words}: ${event.outcome.readBack}`,
              `the ${words}`,
            ),
            source: { command: plan.command === '' ? null : plan.command, link: null },
          },
        ];
      }
      case 'remedy-verified':
        return event.helped
          ? [ofEvent(event, 'recovery', MEASURED_BY, event.words, `the ${event.action} was seen to help`)]
          : [];
      case 'mitigated':
        return event.remedy === null ? [ofEvent(event, 'recovery', MEASURED_BY, event.words, 'it was mitigated')] : [];
      case 'relapsed':
        return [ofEvent(event, 'relapse', MEASURED_BY, event.words, 'the problem came back')];
      case 'resolved':
        return [ofEvent(event, 'recovery', MEASURED_BY, event.verification, 'it was resolved')];
      default:
        return [];
    }
  });
}

const MEASURED_BY = 'Prometheus';

/** What a person says is no system's evidence; it stands on the timeline as that person's word. */
const ALERT_SYSTEMS: Readonly<Record<Alert['source'], string | null>> = {
  alertmanager: 'Alertmanager',
  pagerduty: 'PagerDuty',
  person: null,
  'user-report': null,
};

const SYSTEMS: Readonly<Record<Target['kind'], string>> = {
  deployment: 'Kubernetes',
  statefulset: 'Kubernetes',
  pod: 'Kubernetes',
  manifest: 'Kubernetes',
  configmap: 'Kubernetes',
  provider: 'Admin API',
  database: 'PostgreSQL',
};

function alertSign(event: EventOf<'alert-received'>, system: string): CorrelatedSign {
  const { alert } = event;
  const sign = ofEvent(event, 'alert', system, `${alert.name}: ${alert.summary}`, `the alert ${alert.name}`);
  return { ...sign, source: { command: null, link: alert.link } };
}

function ofEvent(
  event: TimelineEvent,
  role: CorrelatedSign['role'],
  system: string,
  words: string,
  short: string,
): CorrelatedSign {
  return { at: event.at, role, system, words, short, names: [], source: { command: null, link: null }, seq: event.seq };
}
