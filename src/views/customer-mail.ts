import type { CauseKind } from '../domain/diagnosis.ts';
import { percent } from '../domain/format.ts';
import type { IncidentFacts } from '../domain/incident-facts.ts';
import type { Instant } from '../domain/instant.ts';
import type { ActionName } from '../domain/remedy.ts';
import { cleanLine } from './escape.ts';
import { htmlPage, type MailView, plainText } from './mail.ts';
import { fillTemplate, type TemplateContext } from './templates.ts';
import { clockUtc, dateOf, durationBetween, listed, longDate } from './words.ts';

export interface CustomerMailFigures {
  readonly fromAt: Instant;
  readonly untilAt: Instant;
  /** 0..1; null when it could not be measured. Then, and when next to none failed, the text says something else. */
  readonly failedShare: number | null;
}

/** Less would read as "0%" to people who were refused all the same: a refusal is no server error (R0.6). */
const SMALLEST_TOLD_SHARE = 0.005;

/** What affected customers are told (R4.5): no name, command, table or host of ours, whatever the evidence says. */
export function customerMail(
  kind: 'notification' | 'correction',
  facts: IncidentFacts,
  figures: CustomerMailFigures,
  context: TemplateContext,
): MailView {
  const { fromAt, untilAt, failedShare } = figures;
  const more = {
    day: longDate(fromAt),
    start: clockUtc(fromAt, fromAt),
    end: `${clockUtc(untilAt, fromAt)} UTC`,
    minutes: String(Math.max(1, Math.round((Date.parse(untilAt) - Date.parse(fromAt)) / 60_000))),
    length: durationBetween(fromAt, untilAt),
    failedShare: failedShare === null || failedShare < SMALLEST_TOLD_SHARE ? '' : percent(failedShare),
    happened: publicCause(facts.cause?.cause ?? 'unknown'),
    done: publicRemedies(facts),
    today: dateOf(facts.at),
  };
  const [subjectName, bodyName] =
    kind === 'notification'
      ? (['customerMailSubject', 'customerMail'] as const)
      : (['customerCorrectionSubject', 'customerCorrection'] as const);
  const subject = cleanLine(fillTemplate(subjectName, facts, { more }, context, plainText), 200);
  const text = fillTemplate(bodyName, facts, { more }, context, plainText);
  return { subject, text, html: htmlPage(subject, text) };
}

const DATABASE = 'A database connection pool exhaustion caused intermittent API failures.';
const CHANGE = 'A change that we had deployed caused API requests to fail.';
const CAUSES: Readonly<Partial<Record<CauseKind, string>>> = {
  'bad-deploy': CHANGE,
  'config-change': CHANGE,
  'canary-regression': CHANGE,
  'memory-leak': 'A memory problem made our application services restart again and again.',
  'slow-query': DATABASE,
  'lock-contention': DATABASE,
  'connection-leak': DATABASE,
  'postgres-down': 'Our database was not available.',
  'postgres-unreachable': 'Our services could not reach the database.',
  'redis-down': 'An internal cache was not available.',
  'cache-degraded': 'An internal cache did not work as it should.',
  'provider-outage': 'A provider that we depend on was not available.',
  'traffic-surge': 'More requests arrived than our services could answer.',
  'node-down': 'Some of our servers were not available.',
  'node-pressure': 'Some of our servers ran out of resources.',
  'pods-stuck': 'Some of our application services did not start.',
  'infrastructure-down': 'The infrastructure that our services run on was not available.',
  'authentication-broken': 'Signing in did not work.',
  'security-breach': 'We found a security problem and acted on it.',
  'data-corruption': 'Some of our data was damaged.',
};

function publicCause(kind: CauseKind): string {
  return CAUSES[kind] ?? 'API requests failed; we are still working out why.';
}

const REMEDIES: Readonly<Partial<Record<ActionName, string>>> = {
  restart: 'restarted our application services',
  rollback: 'took back the change',
  scale: 'added capacity',
  'delete-pod': 'restarted the service that had failed',
  'replace-pods': 'replaced the services that had failed',
  'failover-database': 'switched to our standby database',
  'open-breaker': 'took the failing provider out of use',
  'provider-failover': 'switched to another provider',
  'rate-limit': 'limited the number of requests',
  'memory-limit': 'gave our application services more memory',
  'restore-config': 'restored the earlier configuration',
  migrate: 'mended our database',
};

/** What helped, in order; what was tried without success is of no use to a customer. */
function publicRemedies(facts: IncidentFacts): string {
  const done = facts.remedies.flatMap((remedy) => (remedy.helped === true ? (REMEDIES[remedy.action] ?? []) : []));
  const unique = [...new Set(done)];
  return unique.length === 0
    ? 'We watched our services closely until they had recovered.'
    : `We ${listed(unique)}, and checked that requests succeed again.`;
}
