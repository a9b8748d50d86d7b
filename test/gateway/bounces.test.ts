import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readDeliveryReport } from '../../src/activities/email/delivery-report.ts';
import { createIncidentClient, type IncidentClient } from '../../src/client/incident-client.ts';
import { type TestPostgres, testPostgres } from '../store/test-postgres.ts';
import { exchange, gmail, MESSAGE_ID, outOfOffice, postfix } from './delivery-samples.ts';
import { as, type GatewayRig, gatewayRig, wireAlert } from './gateway-rig.ts';

const AT = '2024-10-23T15:05:00.000Z';
const ID = 'incident-20241023-1430';
const WHICH = { incidentId: ID, edition: 'resolved-0' };

let postgres: TestPostgres;
let rig: GatewayRig;
let away: IncidentClient;
beforeAll(async () => {
  postgres = await testPostgres();
  away = createIncidentClient({ connection: { address: '127.0.0.1:1' }, namespace: 'default', answerWithinMs: 200 });
});
beforeEach(async () => {
  rig = await gatewayRig({ url: await postgres.fresh(), client: away, start: false });
  await rig.alertmanager([wireAlert()]);
  const { customerMail } = rig.store;
  const recipients = ['acme', 'bolt', 'core'].map((customerId) => ({
    customerId,
    email: `gone@${customerId}.example`,
  }));
  const mail = { subject: 'Service Disruption', text: 't', html: 'h', digest: 'd', at: AT };
  await customerMail.prepare({ ...WHICH, ...mail, recipients });
  for (const [customerId, messageId] of [
    ['acme', MESSAGE_ID],
    ['bolt', '<of-bolt@noaserver.com>'],
  ] as const) {
    const bounceTo = customerId === 'bolt' ? 'bounces+b01t@noaserver.com' : null;
    await customerMail.begin({ ...WHICH, customerId, messageId, bounceTo, at: AT });
    await customerMail.sent({ ...WHICH, customerId, at: AT });
  }
  return () => rig.close();
});
afterAll(async () => {
  await away.close();
  await postgres.stop();
});

/** As `curl --data-binary @-` sends it. */
async function pipe(mail: Buffer | string, token = 'bounces-token') {
  const reply = await rig.app.inject({
    method: 'POST',
    url: '/webhooks/bounces',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/x-www-form-urlencoded' },
    payload: mail,
  });
  return { status: reply.statusCode, json: reply.json() };
}
const counts = () => rig.store.customerMail.counts(WHICH);

describe('a report of a mail that came back (R4.5)', () => {
  it.each([
    ['Postfix', postfix(), '550 5.1.1 <Gone@acme.example>: Recipient address rejected: User unknown', '5.1.1'],
    ['Exchange', exchange(), '550 5.1.10 RESOLVER.ADR.RecipientNotFound', '5.1.10'],
    ['Gmail', gmail(), '550-5.1.1 The email account that you tried to reach does not exist', '5.1.1'],
  ])('is understood as %s writes it', async (_server, mail, words, status) => {
    const report = await readDeliveryReport(mail);
    expect(report).toMatchObject({
      kind: 'report',
      messageIds: [MESSAGE_ID],
      recipients: [{ address: 'gone@acme.example', action: 'failed', status }],
    });
    expect(report.kind === 'report' && report.recipients[0]?.words).toContain(words);
    expect(await pipe(mail)).toMatchObject({ status: 200, json: { outcome: 'bounced' } });
    expect(await counts()).toEqual({ waiting: 1, sent: 1, refused: 0, bounced: 1 });
  });

  it('is noted with its reason, where people see it', async () => {
    await pipe(postfix());
    const url = `/api/incidents/${ID}/customer-mails`;
    const { mails } = (await rig.app.inject({ url, headers: as('viewer') })).json();
    expect(mails).toMatchObject([
      { edition: 'resolved-0', subject: 'Service Disruption', sent: 1, bounced: 1, refused: 0, waiting: 1 },
    ]);
    expect(mails[0].notDelivered).toEqual([
      { customerId: 'acme', words: expect.stringMatching(/^gone@acme\.example: 550 5\.1\.1 .*\(5\.1\.1\)$/) },
    ]);
    expect((await rig.app.inject({ url })).statusCode).toBe(401);
  });

  it('counts once, however often it comes, and also when it is quicker than the sender', async () => {
    await pipe(postfix());
    expect(await pipe(exchange())).toMatchObject({ json: { outcome: 'duplicate' } });
    const core = { ...WHICH, customerId: 'core', at: AT };
    await rig.store.customerMail.begin({ ...core, messageId: '<of-core@noaserver.com>', bounceTo: null });
    expect(await pipe(postfix('<of-core@noaserver.com>'))).toMatchObject({ json: { outcome: 'bounced' } });
    await rig.store.customerMail.sent(core);
    expect(await counts()).toEqual({ waiting: 0, sent: 1, refused: 0, bounced: 2 });
  });

  /** As a server writes it that returns nothing of the mail. */
  const bare = (more: { readonly to?: string; readonly final?: string } = {}) =>
    postfix()
      .toString()
      .replaceAll(MESSAGE_ID, '')
      .replace('To: status@noaserver.com', `To: ${more.to ?? 'status@noaserver.com'}`)
      .replace(/Original-Recipient: .*\r?\n/, '')
      .replace(
        'Final-Recipient: rfc822; Gone@acme.example',
        `Final-Recipient: rfc822; ${more.final ?? 'GONE@acme.example'}`,
      );

  it('is about the mail whose own envelope’s sender it went to, whatever else it says (VERP)', async () => {
    const answer = await pipe(bare({ to: 'Bounces+B01T@noaserver.com', final: 'deep@forwarded.example' }));
    expect(answer.json).toEqual({ outcome: 'bounced', words: expect.stringContaining('customer bolt') });
    expect(await pipe(bare({ to: 'bounces+other@noaserver.com', final: 'deep@forwarded.example' }))).toMatchObject({
      json: { outcome: 'foreign' },
    });
    const delivered = bare({ final: 'x@y.example' }).replace(
      'Subject:',
      'Delivered-To: bounces+b01t@noaserver.com\nSubject:',
    );
    expect((await pipe(delivered)).json.outcome).toBe('duplicate');
  });

  it('is about the only mail that went to its recipient lately, where it names no mail at all (RFC 3464)', async () => {
    expect((await pipe(bare())).json).toEqual({ outcome: 'bounced', words: expect.stringContaining('customer acme') });
    expect((await pipe(bare())).json.outcome).toBe('duplicate');
    expect(await counts()).toEqual({ waiting: 1, sent: 1, refused: 0, bounced: 1 });
  });

  it('changes nothing when several mails went to that recipient, or none for a week', async () => {
    const { customerMail } = rig.store;
    const second = { ...WHICH, edition: 'reopened-1' };
    const recipients = [{ customerId: 'acme', email: 'gone@acme.example' }];
    await customerMail.prepare({ ...second, subject: 's', text: 't', html: 'h', digest: 'd', at: AT, recipients });
    await customerMail.begin({
      ...second,
      customerId: 'acme',
      messageId: '<two@noaserver.com>',
      bounceTo: null,
      at: AT,
    });
    expect((await pipe(bare())).json.outcome).toBe('foreign');
    const old = { ...WHICH, customerId: 'core', messageId: '<old@noaserver.com>', bounceTo: null };
    await customerMail.begin({ ...old, at: '2024-10-16T15:05:00.000Z' });
    expect((await pipe(bare({ final: 'gone@core.example' }))).json.outcome).toBe('foreign');
    expect(await counts()).toMatchObject({ bounced: 0 });
  });

  it.each([
    [
      'of somebody else’s mail',
      postfix('<other@example.com>'),
      'foreign',
      /no mail to a customer that was sent from here/,
    ],
    [
      'that names no mail and nobody of ours',
      Buffer.from(
        postfix()
          .toString()
          .replaceAll(MESSAGE_ID, '')
          .replace(/Gone@acme/g, 'gone@zeta'),
      ),
      'foreign',
      /does not say which: it returns no Message-ID/,
    ],
    [
      'that returns another’s Message-ID, for an address of ours',
      postfix('<other@example.com>'),
      'foreign',
      /no mail to a customer/,
    ],
    ['of a mere delay', postfix(MESSAGE_ID, 'delayed'), 'delayed', /goes on trying/],
    ['of a delivery', postfix(MESSAGE_ID, 'delivered'), 'delivered', /no failure/],
    ['that is an absence notice', outOfOffice(), 'no-report', /no part of the type message\/delivery-status/],
  ])('is taken and changes nothing: %s', async (_what, mail, outcome, words) => {
    const answer = await pipe(mail);
    expect(answer).toMatchObject({ status: 200, json: { outcome, words: expect.stringMatching(words) } });
    expect(await counts()).toEqual({ waiting: 1, sent: 2, refused: 0, bounced: 0 });
  });

  it('is refused without the token, without a mail, and where none is expected', async () => {
    expect(await pipe(postfix(), 'guessed')).toMatchObject({
      status: 401,
      json: { error: expect.stringContaining('The mail server must send the token') },
    });
    expect((await pipe('')).status).toBe(400);
    expect((await pipe('\r\n\r\nno header at all\r\n')).status).toBe(422);
    expect((await pipe(Buffer.alloc(2 * 1024 * 1024, 'a'))).status).toBe(413);
    expect(await counts()).toMatchObject({ bounced: 0 });
  });
});
