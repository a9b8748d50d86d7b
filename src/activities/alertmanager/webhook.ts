import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Alert } from '../../domain/alert.ts';
import { epochMs, type Instant, instant } from '../../domain/instant.ts';
import { ANNOTATION_LIMITS, bounded, boundedTexts, LABEL_LIMITS, webLink } from '../../domain/intake/bounds.ts';
import { claimedSeverity } from '../../domain/intake/claimed-severity.ts';
import { settleStart } from '../../domain/intake/start-time.ts';
import type { UnderstoodAlert } from '../../domain/intake/understood-alert.ts';
import type { Policy } from '../../domain/policy.ts';

/** What a webhook was understood as. Refused alerts are named by their place, the others are taken all the same. */
export interface AlertmanagerMessage {
  readonly alerts: readonly UnderstoodAlert[];
  readonly refused: readonly { readonly index: number; readonly error: string }[];
  /** So many more alerts of the group were left out by Alertmanager itself. */
  readonly truncatedAlerts: number;
}

const MAX_ALERTS = 5_000;
/** Alertmanager writes this for an alert that has not ended. */
const NOT_ENDED = /^0001-/;

const envelope = z.object({
  version: z.string().optional(),
  groupKey: z.string().optional(),
  truncatedAlerts: z.number().int().nonnegative().catch(0),
  externalURL: z.string().optional().catch(undefined),
  alerts: z.array(z.unknown(), 'needs "alerts", a list').max(MAX_ALERTS, `has more than ${MAX_ALERTS} alerts`),
});

const texts = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]).transform(String));

const wireAlert = z.object({
  status: z.enum(['firing', 'resolved'], 'status must be "firing" or "resolved"'),
  labels: texts,
  annotations: texts.nullish(),
  startsAt: z.string().nullish(),
  endsAt: z.string().nullish(),
  generatorURL: z.string().nullish(),
  fingerprint: z.string().nullish(),
});

type WireAlert = z.infer<typeof wireAlert>;

/** Alertmanager's webhook, version 4. Throws a sentence (a plain Error) when the whole cannot be understood. */
export function readAlertmanager(json: unknown, policy: Policy, receivedAt: Instant): AlertmanagerMessage {
  const parsed = envelope.safeParse(json);
  if (!parsed.success) {
    const problem = parsed.error.issues[0]?.message ?? 'is not a JSON object';
    throw new Error(`This is not an Alertmanager webhook of version 4: it ${problem}.`);
  }
  if (parsed.data.version !== undefined && parsed.data.version !== '4') {
    throw new Error(
      `This is an Alertmanager webhook of version "${bounded(parsed.data.version, 20)}"; only version 4 is understood.`,
    );
  }
  const alerts: UnderstoodAlert[] = [];
  const refused: { index: number; error: string }[] = [];
  parsed.data.alerts.forEach((raw, index) => {
    const understood = understand(raw, parsed.data.truncatedAlerts, policy, receivedAt);
    if (typeof understood === 'string') refused.push({ index, error: understood });
    else alerts.push(understood);
  });
  return { alerts, refused, truncatedAlerts: parsed.data.truncatedAlerts };
}

function understand(
  raw: unknown,
  truncatedAlerts: number,
  policy: Policy,
  receivedAt: Instant,
): UnderstoodAlert | string {
  const parsed = wireAlert.safeParse(raw);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return `The alert cannot be read: ${[...(issue?.path ?? [])].join('.') || 'it'} ${issue?.message ?? 'has another shape'}.`;
  }
  if (Object.keys(parsed.data.labels).length === 0) {
    return 'The alert has no labels, so nothing says what it is about. Give it at least an alertname.';
  }
  const start = settleStart(parsed.data.startsAt ?? null, policy.intake, receivedAt);
  if (start === null)
    return `startsAt "${bounded(parsed.data.startsAt ?? '', 60)}" is not a time. Use RFC 3339, e.g. 2024-10-23T14:30:00Z.`;
  const left: Record<string, string> =
    truncatedAlerts === 0 ? {} : { truncated: `Alertmanager left ${truncatedAlerts} more alerts of this group out.` };
  const alert = { ...toAlert(parsed.data, policy, receivedAt), startsAt: start.detectedAt };
  return {
    alert: { ...alert, annotations: { ...alert.annotations, ...start.notes, ...left } },
    startsAt: parsed.data.startsAt ? instant(epochMs(parsed.data.startsAt)) : 'unknown',
    detectedAt: start.detectedAt,
  };
}

function toAlert(wire: WireAlert, policy: Policy, receivedAt: Instant): Alert {
  const labels = boundedTexts(wire.labels, LABEL_LIMITS);
  const annotations = boundedTexts(wire.annotations ?? {}, ANNOTATION_LIMITS);
  const name = bounded(labels.alertname ?? 'unnamed alert', 200);
  const service = labels.service ?? policy.service.name;
  const words = annotations.summary ?? annotations.description ?? annotations.message ?? `${name} on ${service}`;
  return {
    source: 'alertmanager',
    fingerprint: fingerprintOf(wire),
    status: wire.status,
    name,
    summary: bounded(words.replace(/\s+/g, ' ').trim() || name, 300),
    service,
    labels,
    annotations,
    startsAt: receivedAt,
    endsAt: wire.status === 'resolved' ? endOf(wire, receivedAt) : null,
    claimedSeverity: claimedSeverity(labels.severity ?? labels.priority ?? null),
    receivedAt,
    link: webLink(wire.generatorURL ?? null),
    alreadyPaged: false,
  };
}

/** Alertmanager's own fingerprint; for senders that leave it out, one of the labels as Alertmanager would. */
function fingerprintOf(wire: WireAlert): string {
  if (wire.fingerprint && wire.fingerprint.length <= 128) return wire.fingerprint;
  const sorted = Object.entries(wire.labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex').slice(0, 32);
}

function endOf(wire: WireAlert, receivedAt: Instant): Instant {
  const ms = epochMs(wire.endsAt ?? '');
  const known = !Number.isNaN(ms) && !NOT_ENDED.test(wire.endsAt ?? '');
  return known && ms <= epochMs(receivedAt) ? instant(ms) : receivedAt;
}
