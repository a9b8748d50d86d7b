import { correlate, separateCorrelation } from '../../domain/correlation.ts';
import type { Instant } from '../../domain/instant.ts';
import type { NoReport } from '../../domain/intake/report-text.ts';
import type { UnderstoodAlert } from '../../domain/intake/understood-alert.ts';
import type { PersonPolicy } from '../../domain/policy.ts';
import type { UserReport } from '../../domain/user-report.ts';
import type { Taken } from '../../store/intake.ts';
import type { TakenReport } from '../../store/reports.ts';
import { aboutIncident } from '../../tracing/spans.ts';
import type { GatewayOptions } from '../options.ts';
import { alertOfPerson, type CreateIncident } from './person.ts';

/** Stores one alert and sets it on its way. */
export async function takeAlert(
  options: GatewayOptions,
  { alert, startsAt, detectedAt }: UnderstoodAlert,
): Promise<Taken> {
  const { intake } = options.policy();
  const ignored = intake.ignore.includes(alert.name) ? `Policy ignores alerts named ${alert.name}.` : null;
  const taken = await options.store.inbox.take({
    alert,
    startsAt,
    correlation: correlate(alert, intake),
    detectedAt,
    reopenWindowMinutes: intake.reopenWindowMinutes,
    ignoredBecause: ignored,
  });
  aboutIncident(taken.incidentId);
  if (taken.incidentId !== null && taken.state === 'pending') options.forwarder.nudge(taken.incidentId);
  return taken;
}

/** What a person reports, stored and set on its way; the same id twice is one report. */
export async function openByPerson(
  options: GatewayOptions,
  person: PersonPolicy,
  report: CreateIncident,
  id: string,
  receivedAt: Instant = options.clock(),
): Promise<Taken> {
  const policy = options.policy();
  const alert = alertOfPerson(report, id, person, policy, receivedAt);
  const taken = await options.store.inbox.take({
    alert,
    // The client's id alone recognises a repeat: its second try arrives at another time.
    startsAt: id,
    correlation: report.separate === true ? separateCorrelation(id) : correlate(alert, policy.intake),
    detectedAt: receivedAt,
    reopenWindowMinutes: policy.intake.reopenWindowMinutes,
    ignoredBecause: null,
  });
  aboutIncident(taken.incidentId);
  if (taken.incidentId !== null) options.forwarder.nudge(taken.incidentId);
  return taken;
}

/** Keeps a report and sets its verification on its way; what is none is answered with why. */
export async function takeReport(
  options: GatewayOptions,
  read: UserReport | NoReport,
): Promise<TakenReport | { readonly verificationId: null; readonly reason: string }> {
  if ('because' in read) return { verificationId: null, reason: read.because };
  const taken = await options.store.reports.takeReport(read, options.policy().service.name);
  if (taken.state === 'pending') options.reportForwarder?.nudge();
  return taken;
}
