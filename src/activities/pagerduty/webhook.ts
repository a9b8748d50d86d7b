import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Alert } from '../../domain/alert.ts';
import { incidentNamedBy, incidentOfPageWords } from '../../domain/incident-name.ts';
import { epochMs, type Instant } from '../../domain/instant.ts';
import { bounded, webLink } from '../../domain/intake/bounds.ts';
import { claimedSeverity } from '../../domain/intake/claimed-severity.ts';
import { settleStart } from '../../domain/intake/start-time.ts';
import type { UnderstoodAlert } from '../../domain/intake/understood-alert.ts';
import type { Policy } from '../../domain/policy.ts';
import { type Agent, actOf, agentOf, type PagerdutyAct } from './webhook-acts.ts';
import { message, type PagerdutyEvent, type PagerdutyIncident } from './webhook-event.ts';

/** What a PagerDuty webhook says to us: of an alert, of what somebody did there, or of both at once. */
export interface PagerdutyMessage {
  readonly eventId: string;
  /** Of the PagerDuty incident it is about; null when it is about none. */
  readonly pagingId: string | null;
  /** Our own incident, when it is about a page of ours. */
  readonly ownIncidentId: string | null;
  readonly alert: UnderstoodAlert | null;
  readonly act: PagerdutyAct | null;
  readonly agent: Agent | null;
  /** Why nothing follows from it; null when something does. */
  readonly nothing: string | null;
}

/** Any v1 signature over the raw bytes by any of the secrets passes: both change hands during a rotation. */
export function isSignedByPagerduty(header: string | undefined, bytes: Buffer, secrets: readonly string[]): boolean {
  const given = (header ?? '').split(',').flatMap((part) => /^\s*v1=([0-9a-f]{64})\s*$/i.exec(part)?.[1] ?? []);
  const expected = secrets.map((secret) => createHmac('sha256', secret).update(bytes).digest());
  return given.some((hex) => expected.some((digest) => timingSafeEqual(digest, Buffer.from(hex, 'hex'))));
}

/** PagerDuty's webhook, version 3 (R1.1). Throws a sentence (a plain Error) when it is something else. */
export function readPagerduty(json: unknown, policy: Policy, receivedAt: Instant): PagerdutyMessage {
  const parsed = message.safeParse(json);
  if (!parsed.success) {
    throw new Error(
      'This is not a PagerDuty webhook of version 3: it needs "event" with "id", "event_type" and "data".',
    );
  }
  const { event } = parsed.data;
  const incident = incidentOf(event);
  const about = { eventId: event.id, agent: agentOf(event) };
  const type = bounded(event.event_type, 80);
  if (incident === null) return { ...NOTHING, ...about, nothing: `${type} carries no incident.` };
  const ownIncidentId = ownIncidentOf(incident);
  const known = { ...NOTHING, ...about, pagingId: incident.id, ownIncidentId };
  const alert = ownIncidentId === null && isOfAlert(event) ? alertOf(incident, event, policy, receivedAt) : null;
  if (isStale(event, policy, receivedAt)) {
    return alert === null ? { ...known, nothing: `${type} tells of something long past.` } : { ...known, alert };
  }
  const act = actOf(event, ownIncidentId !== null);
  const own = ownIncidentId === null ? `${type} changes nothing here.` : `It is the page of ${ownIncidentId}.`;
  return { ...known, alert, act, nothing: alert === null && act === null ? own : null };
}

const NOTHING: Omit<PagerdutyMessage, 'eventId' | 'agent'> = {
  pagingId: null,
  ownIncidentId: null,
  alert: null,
  act: null,
  nothing: null,
};

/** By the key of our page; where a service makes alerts the incident shows none, and its title says it (page.ts). */
function ownIncidentOf({ incident_key: key, title, incident }: PagerdutyIncident): string | null {
  if (key) return incidentNamedBy(key);
  return incidentOfPageWords(title ?? incident?.summary ?? '');
}

/** A note's event carries the note, which refers to its incident. */
function incidentOf({ data }: PagerdutyEvent): PagerdutyIncident | null {
  const id = data?.incident?.id ?? data?.id;
  return data === null || data === undefined || id === undefined ? null : { ...data, id };
}

/** A priority that a rule of PagerDuty gives is what the alert claims; what a user gives is a decision. */
function isOfAlert(event: PagerdutyEvent): boolean {
  if (event.event_type === 'incident.priority_updated') return agentOf(event) === null;
  return ['incident.triggered', 'incident.reopened', 'incident.resolved'].includes(event.event_type);
}

/** A signature has no time in it: what is sent again after days decides nothing any more. */
function isStale({ occurred_at: at }: PagerdutyEvent, { intake }: Policy, receivedAt: Instant): boolean {
  const ms = Date.parse(at ?? '');
  return !Number.isNaN(ms) && ms < epochMs(receivedAt) - intake.maximumAgeHours * 3_600_000;
}

function alertOf(
  incident: PagerdutyIncident,
  event: PagerdutyEvent,
  policy: Policy,
  receivedAt: Instant,
): UnderstoodAlert {
  const start = settleStart(incident.created_at ?? null, policy.intake, receivedAt);
  if (start === null) throw new Error(`created_at "${bounded(incident.created_at ?? '', 60)}" is not a time.`);
  const title = bounded((incident.title ?? '').replace(/\s+/g, ' ').trim() || `PagerDuty incident ${incident.id}`, 300);
  const priority = incident.priority?.summary ?? null;
  const resolved = event.event_type === 'incident.resolved';
  const reopened = event.event_type === 'incident.reopened';
  const alert: Alert = {
    source: 'pagerduty',
    fingerprint: fingerprintOfPage(incident.id),
    status: resolved ? 'resolved' : 'firing',
    name: title,
    summary: title,
    service: serviceOf(incident.service?.summary ?? null, policy),
    labels: {
      ...(priority === null ? {} : { severity: bounded(priority, 100) }),
      ...(incident.urgency ? { urgency: bounded(incident.urgency, 100) } : {}),
      ...(incident.service?.summary ? { pagerdutyService: bounded(incident.service.summary, 200) } : {}),
    },
    annotations: start.notes,
    startsAt: start.detectedAt,
    endsAt: resolved ? receivedAt : null,
    claimedSeverity: claimedSeverity(priority),
    receivedAt,
    link: webLink(incident.html_url ?? null),
    alreadyPaged: true,
  };
  // A reopened incident has its old created_at, and so has one with another priority; without the mark either would pass
  // for a repeat of the first message.
  const mark = reopened
    ? ` reopened by ${event.id}`
    : event.event_type.endsWith('priority_updated')
      ? ` with ${event.id}`
      : '';
  const startsAt = `${incident.created_at ?? 'unknown'}${mark}`;
  return { alert, startsAt, detectedAt: reopened ? receivedAt : start.detectedAt };
}

/** Alerts of a PagerDuty incident are known by it; also to the worker, which asks PagerDuty about them. */
export function fingerprintOfPage(pagingId: string): string {
  return `pagerduty:${bounded(pagingId, 100)}`;
}

/** PagerDuty's name of the service when policy knows it, so that its alerts join those of Alertmanager. */
function serviceOf(name: string | null, policy: Policy): string {
  const { dependsOn } = policy.intake;
  const known = [policy.service.name, ...Object.keys(dependsOn), ...Object.values(dependsOn).flat()];
  return known.find((service) => service.toLowerCase() === name?.toLowerCase()) ?? policy.service.name;
}
