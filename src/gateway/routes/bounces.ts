import type { FastifyInstance } from 'fastify';
import { requireToken } from '../authentication.ts';
import type { GatewayOptions } from '../gateway.ts';
import { RequestRefused } from '../refusals.ts';
import { MAX_BODY_BYTES } from '../request-body.ts';
import { type DeliveryReport, type ReportedRecipient, readDeliveryReport } from '../sources/delivery-report.ts';

/** What was done about one mail that a mail server piped here. Only `bounced` changed anything. */
export interface BounceAnswer {
  readonly outcome: 'bounced' | 'duplicate' | 'delayed' | 'delivered' | 'foreign' | 'no-report';
  readonly words: string;
}

type Report = Extract<DeliveryReport, { kind: 'report' }>;

/**
 * Mails to customers that come back later (R4.5): the mail server pipes each delivery status notification here as it is
 * (`curl --data-binary @-`). Whatever is understood is answered 200, also when it changes nothing: a server that got
 * another answer would report on the report. It counts only for a mail of ours, found by the Message-ID that only its
 * recipient was told.
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

async function bounced(
  { store, clock }: GatewayOptions,
  { messageIds }: Report,
  failed: ReportedRecipient,
): Promise<BounceAnswer> {
  if (messageIds.length === 0)
    return { outcome: 'foreign', words: 'It does not say which mail it is about (no Message-ID is returned).' };
  const where = failed.address === null ? '' : `${failed.address}: `;
  const words = `${where}${failed.words}${failed.status === null ? '' : ` (${failed.status})`}`;
  for (const messageId of messageIds) {
    const found = await store.customerMail.bounced({ messageId, words, at: clock() });
    if (found === null) continue;
    const mail = `customer ${found.customerId}, mail ${found.edition} of ${found.incidentId}`;
    return found.before === 'bounced'
      ? { outcome: 'duplicate', words: `It was known already that this came back: ${mail}.` }
      : { outcome: 'bounced', words: `Noted that it came back: ${mail}.` };
  }
  return {
    outcome: 'foreign',
    words: `It is about no mail to a customer that was sent from here: ${messageIds.join(', ')}.`,
  };
}
