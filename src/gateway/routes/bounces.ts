import type { FastifyInstance } from 'fastify';
import {
  type DeliveryReport,
  type ReportedRecipient,
  readDeliveryReport,
} from '../../activities/email/delivery-report.ts';
import { type Instant, plusMinutes } from '../../domain/instant.ts';
import type { ReportedBy } from '../../store/customer-mail.ts';
import { requireToken } from '../authentication.ts';
import type { GatewayOptions } from '../options.ts';
import { MAX_BODY_BYTES, RequestRefused } from '../refusals.ts';

/** What was done about one mail that a mail server piped here. Only `bounced` changed anything. */
export interface BounceAnswer {
  readonly outcome: 'bounced' | 'duplicate' | 'delayed' | 'delivered' | 'foreign' | 'no-report';
  readonly words: string;
}

type Report = Extract<DeliveryReport, { kind: 'report' }>;

/**
 * Mails to customers that come back later (R4.5): the mail server pipes each delivery status notification here as it is
 * (`curl --data-binary @-`). Whatever is understood is answered 200, also when it changes nothing: a server that got
 * another answer would report on the report. It counts only for a mail of ours, found by the Message-ID or the envelope's
 * sender that only its recipient was told; where a report names neither, by the recipient, when a single mail went there
 * within the days that a mail server tries.
 */
export function registerBounces(app: FastifyInstance, options: GatewayOptions): void {
  app.register(async (raw) => {
    raw.removeAllContentTypeParsers();
    // The mail as it is, whatever curl calls it (application/x-www-form-urlencoded when nothing else is said).
    raw.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: MAX_BODY_BYTES }, (_request, body, done) =>
      done(null, body),
    );
    raw.post('/webhooks/bounces', async (request): Promise<BounceAnswer> => {
      const tokens = options.secrets.bounceTokens ?? [];
      if (tokens.length === 0)
        throw new RequestRefused(404, 'Reports of mails that came back are not taken here: set BOUNCES_TOKEN.');
      requireToken(request, tokens, 'The mail server');
      const { body } = request;
      if (!Buffer.isBuffer(body) || body.length === 0)
        throw new RequestRefused(400, 'The request has no body. Send the raw mail: curl --data-binary @-');
      const answer = await judged(options, await understood(body));
      if (answer.outcome !== 'bounced') request.log.info(`A mail to the bounces’ address: ${answer.words}`);
      return answer;
    });
  });
}

async function understood(body: Buffer): Promise<DeliveryReport> {
  try {
    return await readDeliveryReport(body);
  } catch (error) {
    throw new RequestRefused(422, (error as Error).message);
  }
}

async function judged(options: GatewayOptions, report: DeliveryReport): Promise<BounceAnswer> {
  if (report.kind === 'other') return { outcome: 'no-report', words: report.because };
  const failed = report.recipients.find(({ action }) => action === 'failed');
  if (failed !== undefined) return bounced(options, report, failed);
  if (report.recipients.some(({ action }) => action === 'delayed'))
    return { outcome: 'delayed', words: 'It is only late: the mail server goes on trying, and reports again.' };
  return { outcome: 'delivered', words: 'It reports no failure.' };
}

/** RFC 5321 (4.5.4.1): a mail server gives up after four or five days; its report takes a moment more. */
const REPORTED_WITHIN_DAYS = 6;

async function bounced(
  { store, clock }: GatewayOptions,
  report: Report,
  failed: ReportedRecipient,
): Promise<BounceAnswer> {
  const where = failed.address === null ? '' : `${failed.address}: `;
  const words = `${where}${failed.words}${failed.status === null ? '' : ` (${failed.status})`}`;
  for (const by of namesOf(report, failed, clock())) {
    const found = await store.customerMail.bounced({ by, words, at: clock() });
    if (found === null) continue;
    const mail = `customer ${found.customerId}, mail ${found.edition} of ${found.incidentId}`;
    return found.before === 'bounced'
      ? { outcome: 'duplicate', words: `It was known already that this came back: ${mail}.` }
      : { outcome: 'bounced', words: `Noted that it came back: ${mail}.` };
  }
  const { messageIds } = report;
  const named = messageIds.length === 0 ? 'it returns no Message-ID' : messageIds.join(', ');
  return {
    outcome: 'foreign',
    words: `It is about no mail to a customer that was sent from here, or does not say which: ${named}.`,
  };
}

/** By what the mail may be known, the surest first: a report that returns a Message-ID is about that mail or about none. */
function namesOf(report: Report, failed: ReportedRecipient, now: Instant): readonly ReportedBy[] {
  const sinceAt = plusMinutes(now, -REPORTED_WITHIN_DAYS * 24 * 60);
  const ids = report.messageIds.map((messageId) => ({ messageId }));
  const senders = report.reportedTo.map((bounceTo) => ({ bounceTo }));
  const recipients = ids.length > 0 ? [] : failed.addresses.map((email) => ({ email, sinceAt }));
  return [...ids, ...senders, ...recipients];
}
