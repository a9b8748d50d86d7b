import { createEmailClient, type EmailSettings, type Mail } from '../../../src/activities/email/client.ts';
import { ACCOUNT, type MailStage } from './stage.ts';

let mails = 0;

/** Distinguishes addresses of one run from each other. */
export const serial = (): number => {
  mails += 1;
  return mails;
};

/** A mail with a key and a recipient of its own, so that no case sees another's. */
export function mailOf(more: Partial<Mail> = {}): Mail {
  const number = serial();
  return {
    key: `incident-1/contract/${number}`,
    from: 'Incidents <incidents@example.com>',
    to: [`box${number}@example.com`],
    subject: 'Still open',
    text: 'text',
    html: '<p>text</p>',
    calendar: null,
    ...more,
  };
}

export const client = (port: number, more: Partial<EmailSettings> = {}) =>
  createEmailClient({ host: '127.0.0.1', port, secure: false, auth: null, timeoutMilliseconds: 5_000, ...more });
export const overTls = (stage: MailStage, more: Partial<EmailSettings> = {}) =>
  client(stage.ports.starttls, {
    requireTls: true,
    certificateAuthority: stage.certificate.cert,
    auth: ACCOUNT,
    ...more,
  });

/** A server delivers after it has answered; so many mails are waited for, a little. */
export async function boxOf(stage: MailStage, address: string, count = 1): Promise<readonly Buffer[]> {
  const begunMs = performance.now();
  for (;;) {
    const box = await stage.delivered(address);
    if (box.length >= count || performance.now() - begunMs > 10_000) return box;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** What comes late, such as a second delivery, would be there after this. */
const AFTER_DELIVERY_MS = 500;
export async function settledBoxOf(stage: MailStage, address: string): Promise<readonly Buffer[]> {
  await new Promise((resolve) => setTimeout(resolve, AFTER_DELIVERY_MS));
  return stage.delivered(address);
}
