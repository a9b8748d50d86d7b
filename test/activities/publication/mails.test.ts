import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSmtp, type Smtp } from '../../../lab/simulation/systems/smtp.ts';
import { createEmailClient, messageIdOf } from '../../../src/activities/email/client.ts';
import { createPublicationActivities } from '../../../src/activities/publication/activities.ts';
import type { Delivery } from '../../../src/activities/publication/api.ts';
import { createTemplateRenderer } from '../../../src/config/liquid.ts';
import { closing, vendorWorld } from '../../contract/vendor.ts';
import { COMMUNICATION, FACTS } from '../../views/facts.ts';
import { memoryLedger } from '../memory-ledger.ts';

const [EM, CTO] = ['em@example.com', 'cto@example.com'];
const DELIVERY: Delivery = {
  medium: 'mail',
  key: 'incident-1/mail/1',
  what: 'escalation',
  to: [EM, CTO],
  detail: 'Still open.',
};
const closed = closing();
afterEach(() => closed.all());

let smtp: Smtp;
let world: ReturnType<typeof vendorWorld>;
let publish: () => Promise<{ readonly result?: string; readonly reason?: string | null }>;

beforeEach(async () => {
  world = vendorWorld(FACTS.at);
  smtp = createSmtp(world.common);
  const { port } = await smtp.listen();
  closed.add(() => smtp.close());
  const activities = createPublicationActivities({
    mail: createEmailClient({ host: '127.0.0.1', port, secure: false, auth: null }),
    ledger: memoryLedger(),
    clock: () => FACTS.at,
    render: createTemplateRenderer(),
    attempt: () => 1,
  } as never);
  const input = { facts: FACTS, texts: COMMUNICATION, chatGroups: [], deliveries: [DELIVERY] };
  publish = async () => (await activities.publish(input))[0] ?? {};
});

const boxes = () => smtp.mails.map(({ to }) => to);

describe('a mail to several', () => {
  it('reaches who was put off later, and nobody twice', async () => {
    smtp.greylisted.add(CTO);
    expect(await publish()).toMatchObject({
      result: 'failed',
      permanent: false,
      retryAfterSeconds: 60,
      reason: `The mail server deferred ${CTO}; the others have the mail.`,
    });
    expect(await publish()).toMatchObject({ result: 'failed', permanent: false });
    smtp.greylisted.clear();
    // Nothing is in doubt: what was put off was certainly not taken.
    expect(await publish()).toMatchObject({ result: 'delivered', reason: null });
    expect(await publish()).toMatchObject({ result: 'already-delivered' });
    expect(boxes()).toEqual([[EM], [CTO]]);
    expect(new Set(smtp.mails.map(({ messageId }) => messageId))).toEqual(
      new Set([messageIdOf(DELIVERY.key, COMMUNICATION.mailFrom)]),
    );
  });

  it('is delivered to the others when who was put off is refused at last', async () => {
    smtp.greylisted.add(CTO);
    await publish();
    smtp.greylisted.clear();
    smtp.unknownMailboxes.add(CTO);
    expect(await publish()).toMatchObject({ result: 'delivered', reason: `Not accepted for ${CTO}.` });
    expect(boxes()).toEqual([[EM]]);
  });

  it('whose answer was lost goes out again under its Message-ID, and says that it may be there twice', async () => {
    world.faults.set('smtp', { kind: 'lost-answer', times: 1 });
    expect(await publish()).toMatchObject({ result: 'failed', permanent: false });
    expect(await publish()).toMatchObject({ result: 'delivered', reason: expect.stringContaining('same Message-ID') });
    expect(new Set(smtp.mails.map(({ messageId }) => messageId)).size).toBe(1);
  });
});
