import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { epochMs, type Instant } from '../../domain/instant.ts';
import { bounded } from '../../domain/intake/bounds.ts';
import { type NoReport, reportText } from '../../domain/intake/report-text.ts';
import type { ReportsPolicy } from '../../domain/policy.ts';
import type { UserReport } from '../../domain/user-report.ts';

/** Zendesk tries again for an hour at most; what is older was replayed. */
const SKEW_SECONDS = 2 * 3600;

/**
 * What is wrong with Zendesk's signature: base64 of HMAC-SHA256 over the timestamp followed by the raw body. Null when
 * one of the secrets made it; several are right while one is being exchanged for another.
 */
export function zendeskSignatureProblem(
  headers: { readonly timestamp: string | undefined; readonly signature: string | undefined },
  bytes: Buffer,
  secrets: readonly string[],
  now: Instant,
): string | null {
  const { timestamp = '', signature = '' } = headers;
  const given = Buffer.from(signature, 'base64');
  const base = Buffer.concat([Buffer.from(timestamp), bytes]);
  const right = secrets
    .map((secret) => createHmac('sha256', secret).update(base).digest())
    .map((digest) => digest.length === given.length && timingSafeEqual(digest, given))
    .includes(true);
  if (!right) return 'The signature does not fit the body. Check that this gateway has the webhook’s signing secret.';
  const skewSeconds = Math.abs(epochMs(now) - Date.parse(timestamp)) / 1000;
  return skewSeconds <= SKEW_SECONDS
    ? null
    : 'The request was signed too long ago, or its time cannot be read. Check both clocks.';
}

const ticketEvent = z.object({
  type: z.string(),
  detail: z.object({
    id: z.union([z.string(), z.number()]).transform(String),
    subject: z.string().nullish(),
    description: z.string().nullish(),
    requester_id: z.union([z.string(), z.number()]).transform(String).nullish(),
    tags: z.array(z.string()).nullish(),
    external_id: z.string().nullish(),
  }),
});

const OUR_TAG = 'incident_runbook';

/** The event "ticket created" as a report (R1.7). Throws a sentence (a plain Error) when it is something else. */
export function readZendesk(json: unknown, policy: ReportsPolicy, receivedAt: Instant): UserReport | NoReport {
  const parsed = ticketEvent.safeParse(json);
  if (!parsed.success)
    throw new Error('This is not an event webhook of Zendesk about a ticket: it needs "type" and "detail" with "id".');
  const { type, detail } = parsed.data;
  if (type !== 'zen:event-type:ticket.created') return { because: `${bounded(type, 80)} reports nothing.` };
  const tags = detail.tags ?? [];
  if (tags.includes(OUR_TAG)) return { because: 'This product made the ticket itself.' };
  if (policy.zendeskTags.length > 0 && !policy.zendeskTags.some((tag) => tags.includes(tag)))
    return { because: `It has none of the tags that policy takes for a report (${policy.zendeskTags.join(', ')}).` };
  const ref = bounded(detail.id, 40);
  return {
    id: `zendesk:${ref}`,
    through: 'zendesk',
    text: reportText(detail.subject, detail.description),
    reporter: detail.requester_id == null ? null : bounded(detail.requester_id, 60),
    channel: null,
    ref,
    receivedAt,
  };
}
