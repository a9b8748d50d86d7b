import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { Alert } from '../../domain/alert.ts';
import { incidentNamedBy } from '../../domain/incident-name.ts';
import type { Instant } from '../../domain/instant.ts';
import type { Policy } from '../../domain/policy.ts';
import { bounded, webLink } from './bounds.ts';
import { claimedSeverity } from './claimed-severity.ts';
import { settleStart } from './start-time.ts';

/** What a PagerDuty webhook says to us. */
export type PagerdutyMessage =
  | { readonly kind: 'alert'; readonly alert: Alert; readonly startsAt: string; readonly detectedAt: Instant }
  | {
      readonly kind: 'acknowledged';
      readonly eventId: string;
      readonly fingerprint: string;
      /** Our own incident, when the page that was acknowledged is one of ours. */
      readonly incidentId: string | null;
      readonly agent: { readonly id: string; readonly name: string } | null;
    }
  | { readonly kind: 'nothing'; readonly because: string };

const reference = z.object({ id: z.string(), summary: z.string().nullish(), type: z.string().nullish() });

const message = z.object({
  event: z.object({
    id: z.string().min(1),
    event_type: z.string(),
    occurred_at: z.string().nullish(),
    agent: reference.nullish(),
    data: z
      .object({
        id: z.string().optional(),
        title: z.string().nullish(),
        incident_key: z.string().nullish(),
        created_at: z.string().nullish(),
        html_url: z.string().nullish(),
        service: reference.nullish(),
        priority: reference.nullish(),
        urgency: z.string().nullish(),
      })
      .nullish(),
  }),
});

type PagerdutyIncident = NonNullable<z.infer<typeof message>['event']['data']> & { id: string };

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
  const data = event.data;
  if (data?.id === undefined)
    return { kind: 'nothing', because: `${bounded(event.event_type, 80)} carries no incident.` };
  const incident = { ...data, id: data.id };
  switch (event.event_type) {
    case 'incident.triggered':
    case 'incident.reopened':
    case 'incident.resolved':
      return alertOf(incident, event, policy, receivedAt);
    case 'incident.acknowledged':
      return {
        kind: 'acknowledged',
        eventId: event.id,
        fingerprint: fingerprintOf(incident),
        incidentId: incidentNamedBy(incident.incident_key ?? ''),
        agent: event.agent ? { id: event.agent.id, name: bounded(event.agent.summary ?? event.agent.id, 100) } : null,
      };
    default:
      return { kind: 'nothing', because: `${bounded(event.event_type, 80)} changes nothing here.` };
  }
}

function alertOf(
  incident: PagerdutyIncident,
  event: { readonly id: string; readonly event_type: string },
  policy: Policy,
  receivedAt: Instant,
): PagerdutyMessage {
  const own = incidentNamedBy(incident.incident_key ?? '');
  // Our own page comes back as a webhook; it must not open an incident about itself.
  if (own !== null) return { kind: 'nothing', because: `It is the page of ${own}.` };
  const start = settleStart(incident.created_at ?? null, policy.intake, receivedAt);
  if (start === null) throw new Error(`created_at "${bounded(incident.created_at ?? '', 60)}" is not a time.`);
  const title = bounded((incident.title ?? '').replace(/\s+/g, ' ').trim() || `PagerDuty incident ${incident.id}`, 300);
  const priority = incident.priority?.summary ?? null;
  const resolved = event.event_type === 'incident.resolved';
  const reopened = event.event_type === 'incident.reopened';
  const alert: Alert = {
    source: 'pagerduty',
    fingerprint: fingerprintOf(incident),
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
  // A reopened incident has its old created_at; without the mark it would pass for a repeat of the first message.
  const startsAt = `${incident.created_at ?? 'unknown'}${reopened ? ` reopened by ${event.id}` : ''}`;
  return { kind: 'alert', alert, startsAt, detectedAt: reopened ? receivedAt : start.detectedAt };
}

function fingerprintOf(incident: PagerdutyIncident): string {
  return `pagerduty:${bounded(incident.id, 100)}`;
}

/** PagerDuty's name of the service when policy knows it, so that its alerts join those of Alertmanager. */
function serviceOf(name: string | null, policy: Policy): string {
  const { dependsOn } = policy.intake;
  const known = [policy.service.name, ...Object.keys(dependsOn), ...Object.values(dependsOn).flat()];
  return known.find((service) => service.toLowerCase() === name?.toLowerCase()) ?? policy.service.name;
}
