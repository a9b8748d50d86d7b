import type { EvidenceBundle, Finding } from './evidence.ts';
import { percent } from './format.ts';
import type { Instant } from './instant.ts';
import type { ReportsPolicy } from './policy.ts';

/** Somebody outside says that something is broken (R1.7): a message or a ticket, and where to answer it. */
export interface UserReport {
  /** The source and its own id of it: `slack:C1:1700000000.000100`, `zendesk:48201`, `jira:NOA-7`. */
  readonly id: string;
  readonly through: 'slack' | 'zendesk' | 'jira';
  /** One line, at most 300 characters. */
  readonly text: string;
  readonly reporter: string | null;
  /** The channel's id for chat; null for a ticket. */
  readonly channel: string | null;
  /** What is answered: the message's `ts`, or the ticket. */
  readonly ref: string;
  readonly receivedAt: Instant;
}

/** What looking into a report came to. */
export interface Verdict {
  readonly confirmed: boolean;
  /** What confirms it; empty when nothing does. */
  readonly findings: readonly string[];
  /** What was looked at and found in order, and what could not be looked at. */
  readonly checked: readonly string[];
}

/** What a verification asks (R1.7): the health of the service, its providers, and corroboration in monitoring. */
export const VERIFYING_PROBES = [
  'service-health',
  'providers',
  'error-rate',
  'latency',
  'affected-users',
  'firing-alerts',
] as const;

/**
 * A report is confirmed by what is measured, never by its words. When neither the service nor its errors could be asked,
 * nothing speaks against the reporter: silence would be the worse mistake, so that counts as confirmed.
 */
export function verdictOf(
  bundle: EvidenceBundle,
  reports: readonly UserReport[],
  rules: ReportsPolicy,
  ownAlerts: readonly string[],
): Verdict {
  const read = bundle.items.map(({ finding, words, probe }) => ({
    probe,
    finding: findingOf(finding, rules, ownAlerts),
    words,
  }));
  const findings = read.flatMap(({ finding }) => finding ?? []);
  const people = new Set(reports.map(({ reporter, id }) => reporter ?? id)).size;
  if (people >= rules.similarReportsFrom) findings.push(`${people} people report the same`);
  const blind = !bundle.items.some(({ probe }) => probe === 'service-health' || probe === 'error-rate');
  if (blind) findings.push('neither the service nor its error rate could be asked');
  const inOrder = read.filter(({ finding }) => finding === null).map(({ words }) => words);
  const gaps = bundle.gaps.map(({ source, reason }) => `${source} could not be asked: ${reason}`);
  return { confirmed: findings.length > 0, findings, checked: [...inOrder, ...gaps] };
}

/** What in it confirms a report, in words; null when it is in order or says nothing. */
function findingOf(finding: Finding, rules: ReportsPolicy, ownAlerts: readonly string[]): string | null {
  switch (finding.probe) {
    case 'service-health': {
      const failing = finding.checks.filter(({ ok }) => !ok);
      return failing.length === 0 ? null : `${failing.length} of ${finding.checks.length} health checks fail`;
    }
    case 'providers': {
      const down = finding.providers.filter(({ api }) => api === 'down' || api === 'unauthorised');
      return down.length === 0 ? null : `${down.map(({ name }) => name).join(' and ')} cannot be used`;
    }
    case 'error-rate':
      return (finding.ratio ?? 0) >= rules.errorRatioFrom ? `${percent(finding.ratio ?? 0)} of requests fail` : null;
    case 'latency':
      return (finding.p95Seconds ?? 0) >= rules.p95SecondsFrom
        ? `requests take ${finding.p95Seconds?.toFixed(1)} s (p95)`
        : null;
    case 'affected-users':
      return (finding.ratio ?? 0) >= rules.errorRatioFrom
        ? `${percent(finding.ratio ?? 0)} of users are affected`
        : null;
    case 'firing-alerts': {
      const ours = finding.alerts.filter(({ name }) => ownAlerts.includes(name));
      return ours.length === 0 ? null : `alerts fire: ${[...new Set(ours.map(({ name }) => name))].join(', ')}`;
    }
    default:
      return null;
  }
}

const ANSWER_CHARACTERS = 1_500;

/** What the reporter is told, from policy's text. */
export function answerText(verdict: Verdict, incidentId: string | null, rules: ReportsPolicy): string {
  const template = verdict.confirmed ? rules.answers.confirmed : rules.answers.notConfirmed;
  const values: Readonly<Record<string, string>> = {
    incident: incidentId ?? 'an incident',
    findings: verdict.findings.join('; '),
    checked: verdict.checked.join(' '),
  };
  return template
    .replace(/\{(incident|findings|checked)\}/g, (_all, name: string) => values[name] ?? '')
    .slice(0, ANSWER_CHARACTERS);
}
