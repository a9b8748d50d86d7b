import type { AlertFact, RoutedAlert } from './ports.ts';
import { count, firstOf, instantWords, jsonBody, type Probe, required } from './probe.ts';

/**
 * What fires by Prometheus (R2.8), and what becomes of it: an alert that is silenced or inhibited reaches nobody, and
 * at three in the morning somebody should know that it is there. Either of the two may be away.
 */
export const firingAlerts: Probe = {
  source: 'Prometheus',
  async ask({ metrics, alertRouting }) {
    const port = required(metrics, 'Prometheus');
    const [firing, routed] = await Promise.allSettled([port.firingAlerts(), alertRouting?.alerts() ?? null]);
    const told = routed.status === 'fulfilled' ? routed.value : null;
    if (firing.status === 'rejected' && told === null) throw firing.reason;
    const alerts = firing.status === 'fulfilled' ? withFate(firing.value, told ?? []) : (told ?? []).map(asFact);
    const words = [
      wordsOf(alerts),
      firing.status === 'rejected' ? 'Prometheus does not say which; Alertmanager does.' : '',
      routed.status === 'rejected' ? `Whether any of them is held back is not known: ${messageOf(routed.reason)}` : '',
    ];
    const text = words.filter((sentence) => sentence !== '').join(' ');
    return {
      command: `curl -s $PROMETHEUS/api/v1/alerts${alertRouting === null ? '' : '; curl -s $ALERTMANAGER/api/v2/alerts'}`,
      words: text,
      abnormal: alerts.length > 0,
      excerpt: text,
      finding: { probe: 'firing-alerts', alerts: firstOf(alerts) },
      ...jsonBody(alerts),
    };
  },
};

function wordsOf(alerts: readonly AlertFact[]): string {
  if (alerts.length === 0) return 'No alert is firing.';
  const held = alerts.filter(({ heldBack }) => heldBack != null).length;
  const list = firstOf(alerts).map(
    ({ name, activeAt, heldBack }) =>
      `${name} since ${instantWords(activeAt)}${heldBack == null ? '' : ` (${heldBack})`}`,
  );
  const untold = held === 0 ? '' : `, ${held} of which nobody is told`;
  return `${count(alerts.length, 'alert')} firing${untold}: ${list.join('; ')}.`;
}

/** By name and severity: Alertmanager knows labels that Prometheus adds on the way. */
function withFate(alerts: readonly AlertFact[], routed: readonly RoutedAlert[]): readonly AlertFact[] {
  return alerts.map((alert) => {
    const same = routed.filter(({ name, severity }) => name === alert.name && severity === alert.severity);
    // Of several of one name, the problem is told as soon as one of them is.
    const heldBack = same.every((one) => one.heldBack !== null) ? (same[0]?.heldBack ?? null) : null;
    return heldBack === null ? alert : { ...alert, heldBack };
  });
}

function asFact({ name, severity, startsAt, summary, heldBack }: RoutedAlert): AlertFact {
  return { name, severity, activeAt: startsAt, summary, ...(heldBack === null ? {} : { heldBack }) };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
