import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { Instant } from '../../domain/instant.ts';
import { bounded } from '../../domain/intake/bounds.ts';
import { type NoReport, reportText } from '../../domain/intake/report-text.ts';
import type { ReportsPolicy } from '../../domain/policy.ts';
import type { UserReport } from '../../domain/user-report.ts';

/** `X-Hub-Signature: sha256=<hex>` over the raw body, by any of the secrets. There is no timestamp: repeats are recognised instead. */
export function isSignedByJira(header: string | undefined, bytes: Buffer, secrets: readonly string[]): boolean {
  const hex = /^sha256=([0-9a-f]{64})$/i.exec((header ?? '').trim())?.[1];
  if (hex === undefined) return false;
  const given = Buffer.from(hex, 'hex');
  return secrets
    .map((secret) => timingSafeEqual(createHmac('sha256', secret).update(bytes).digest(), given))
    .includes(true);
}

const issueEvent = z.object({
  webhookEvent: z.string(),
  issue: z
    .object({
      key: z.string(),
      fields: z.object({
        summary: z.string().nullish(),
        labels: z.array(z.string()).nullish(),
        reporter: z.object({ accountId: z.string().nullish(), displayName: z.string().nullish() }).nullish(),
      }),
    })
    .nullish(),
});

const OUR_LABEL = 'incident-runbook';

/** The event "issue created" as a report (R1.7). Throws a sentence (a plain Error) when it is something else. */
export function readJira(json: unknown, policy: ReportsPolicy, receivedAt: Instant): UserReport | NoReport {
  const parsed = issueEvent.safeParse(json);
  if (!parsed.success)
    throw new Error('This is not a webhook of Jira: it needs "webhookEvent", and "issue" with "key" and "fields".');
  const { webhookEvent, issue } = parsed.data;
  if (webhookEvent !== 'jira:issue_created' || issue == null)
    return { because: `${bounded(webhookEvent, 80)} reports nothing.` };
  const labels = issue.fields.labels ?? [];
  if (labels.includes(OUR_LABEL)) return { because: 'This product made the ticket itself.' };
  if (policy.jiraLabels.length > 0 && !policy.jiraLabels.some((label) => labels.includes(label)))
    return { because: `It has none of the labels that policy takes for a report (${policy.jiraLabels.join(', ')}).` };
  const ref = bounded(issue.key, 60);
  const reporter = issue.fields.reporter;
  return {
    id: `jira:${ref}`,
    through: 'jira',
    text: reportText(issue.fields.summary),
    reporter: bounded(reporter?.displayName ?? reporter?.accountId ?? '', 100) || null,
    channel: null,
    ref,
    receivedAt,
  };
}
