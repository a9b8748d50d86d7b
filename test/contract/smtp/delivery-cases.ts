import { simpleParser } from 'mailparser';
import { expect } from 'vitest';
import { messageIdOf } from '../../../src/activities/email/client.ts';
import { readDeliveryReport } from '../../../src/activities/email/delivery-report.ts';
import { invitation } from '../../../src/views/invitation.ts';
import { COMMUNICATION, RESOLVED } from '../../views/facts.ts';
import type { ContractCase } from '../suite.ts';
import { thrown } from '../vendor.ts';
import { boxOf, client, mailOf, serial, settledBoxOf } from './kit.ts';
import { CLOSED_PORT_DOMAIN, LARGEST_MAIL_BYTES, type MailStage, RETURNED_DOMAIN } from './stage.ts';

const HARD_TEXT = [
  'Größe, naïve, 日本語, 🚨 and a lone \u00a0 space',
  '.',
  '..two dots',
  'From the beginning of a line',
  `long ${'x'.repeat(3_000)} line`,
  'trailing blanks   ',
  '=3D =C3=BC is no escape here',
  '',
  'end',
].join('\n');

/** What arrives, and what is refused. */
export const DELIVERY_CASES: readonly ContractCase<MailStage>[] = [
  {
    name: 'sends what cannot be delivered after all back to the envelope’s own sender, in a report that is understood',
    cannotShow: { simulator: 'it reports nothing later; the reports of four servers are in test/gateway' },
    async run(stage) {
      const number = serial();
      const bounceTo = `bounces+mark${number}@example.com`;
      const mail = mailOf({ to: [`Gone${number}@${RETURNED_DOMAIN}`], bounceTo });
      await client(stage.ports.plain).send(mail);
      const [report] = await boxOf(stage, bounceTo);
      expect(await readDeliveryReport(report ?? Buffer.alloc(0))).toMatchObject({
        kind: 'report',
        messageIds: [messageIdOf(mail.key, mail.from)],
        reportedTo: expect.arrayContaining([bounceTo]),
        recipients: [
          { action: 'failed', address: `gone${number}@${RETURNED_DOMAIN}`, status: expect.stringMatching(/^5/) },
        ],
      });
    },
  },
  {
    name: 'delivers once, under an id made from the key, with its headers',
    async run(stage) {
      const mail = mailOf({
        replyTo: 'war-room@example.com',
        headers: { 'List-Unsubscribe': '<https://x.example/u>' },
      });
      const [address = ''] = mail.to;
      expect(await client(stage.ports.plain).send(mail)).toEqual({
        ref: messageIdOf(mail.key, mail.from),
        rejected: [],
        putOff: [],
      });
      await boxOf(stage, address);
      const box = await settledBoxOf(stage, address);
      expect(box).toHaveLength(1);
      const parsed = await simpleParser(box[0] ?? '');
      expect(parsed).toMatchObject({ messageId: messageIdOf(mail.key, mail.from), subject: 'Still open' });
      expect(parsed.replyTo?.text).toBe('war-room@example.com');
      expect(parsed.headers.get('auto-submitted')).toBe('auto-generated');
      expect(parsed.headers.get('x-incident-key')).toBe(mail.key);
      expect(String(box[0])).toMatch(/^List-Unsubscribe: <https:\/\/x\.example\/u>\r?$/m);
    },
  },
  {
    name: 'brings text, HTML and subject through unchanged: no ASCII, lone dots, lines of 3,000 characters',
    async run(stage) {
      const subject =
        'Störung: „API“ 日本語 🚨 — a subject that is so long that it has to be folded over several lines';
      const mail = mailOf({ subject, text: HARD_TEXT, html: `<pre>${HARD_TEXT}</pre>` });
      await client(stage.ports.plain).send(mail);
      const [raw = Buffer.alloc(0)] = await boxOf(stage, mail.to[0] ?? '');
      const parsed = await simpleParser(raw);
      expect(parsed.subject).toBe(subject);
      expect(parsed.text?.replace(/\r\n/g, '\n').replace(/\n$/, '')).toBe(HARD_TEXT);
      expect(String(parsed.html).replace(/\r\n/g, '\n').replace(/\n$/, '')).toBe(`<pre>${HARD_TEXT}</pre>`);
      // RFC 5321, 4.5.3.1.6: servers may cut longer lines.
      const longest = Math.max(
        ...raw
          .toString('latin1')
          .split('\n')
          .map((line) => line.length),
      );
      expect(longest).toBeLessThanOrEqual(998);
    },
  },
  {
    name: 'brings an invitation through byte for byte (R6.1)',
    async run(stage) {
      const mail = mailOf();
      const { calendar } = invitation({
        facts: RESOLVED,
        meetingAt: '2024-10-24T10:00:00.000Z',
        review: { meetingMinutes: 60, agenda: [{ what: 'Rückblick – 日本語', minutes: 10 }] },
        organiser: COMMUNICATION.mailFrom,
        attendees: mail.to,
        sequence: 0,
      });
      await client(stage.ports.plain).send({ ...mail, calendar });
      const [raw = Buffer.alloc(0)] = await boxOf(stage, mail.to[0] ?? '');
      const { attachments } = await simpleParser(raw);
      expect(attachments.find(({ filename }) => filename === 'invitation.ics')?.content.toString('utf8')).toBe(
        calendar,
      );
      expect(raw.toString('latin1')).toMatch(/text\/calendar;[^\n]*method=REQUEST/i);
    },
  },
  {
    name: 'names the recipients that were refused; the others have it, and who is refused alone is a failure for good',
    async run(stage) {
      const number = serial();
      const [known, unknown] = [`known${number}@example.com`, `nobody${number}@example.com`];
      stage.setUnknown(unknown, true);
      const mail = mailOf({ to: [known, unknown, `also${number}@example.com`] });
      expect((await client(stage.ports.plain).send(mail)).rejected).toEqual([unknown]);
      expect(await boxOf(stage, known)).toHaveLength(1);
      expect(await boxOf(stage, mail.to[2] ?? '')).toHaveLength(1);
      expect(await settledBoxOf(stage, unknown)).toEqual([]);
      const refused = await thrown(client(stage.ports.plain).send(mailOf({ to: [unknown] })));
      expect(refused).toMatchObject({
        type: 'Invalid',
        nonRetryable: true,
        message: expect.stringContaining('User unknown'),
      });
    },
  },
  {
    name: 'comes again later where it was put off, and is delivered then',
    async run(stage) {
      const mail = mailOf();
      const [address = ''] = mail.to;
      stage.setGreylisted(address, true);
      const error = await thrown(client(stage.ports.plain).send(mail));
      expect(error).toMatchObject({ type: 'Unavailable', nonRetryable: false, nextRetryDelay: 60_000 });
      expect(error.message).toContain('Greylisted');
      expect(await settledBoxOf(stage, address)).toEqual([]);
      stage.setGreylisted(address, false);
      await client(stage.ports.plain).send(mail);
      expect(await boxOf(stage, address)).toHaveLength(1);
    },
  },
  {
    name: 'tells who was put off among others, and reaches them alone later, with the same mail',
    async run(stage) {
      const number = serial();
      const [known, grey, unknown] = ['known', 'grey', 'nobody'].map((name) => `${name}${number}@example.com`);
      const mail = mailOf({ to: [known ?? '', grey ?? '', unknown ?? ''] });
      stage.setUnknown(unknown ?? '', true);
      stage.setGreylisted(grey ?? '', true);
      const first = await client(stage.ports.plain).send(mail);
      expect(first).toMatchObject({ rejected: [unknown], putOff: [grey] });
      stage.setGreylisted(grey ?? '', false);
      const second = await client(stage.ports.plain).send({ ...mail, only: [grey ?? ''] });
      expect(second).toEqual({ ref: first.ref, rejected: [], putOff: [] });
      expect(await settledBoxOf(stage, known ?? '')).toHaveLength(1);
      const [raw = Buffer.alloc(0)] = await boxOf(stage, grey ?? '');
      expect((await simpleParser(raw)).to).toMatchObject({ value: mail.to.map((address) => ({ address })) });
    },
  },
  {
    name: 'fails for good with a mail that is too large, and nothing of it arrives',
    async run(stage) {
      const mail = mailOf({ text: `${'many words '.repeat(LARGEST_MAIL_BYTES / 10)}` });
      expect(await thrown(client(stage.ports.plain).send(mail))).toMatchObject({
        type: 'Invalid',
        nonRetryable: true,
      });
      expect(await settledBoxOf(stage, mail.to[0] ?? '')).toEqual([]);
    },
  },
  {
    name: 'lets nobody write headers or recipients through subject, key, addresses or header values',
    async run(stage) {
      const evil = `evil${serial()}@example.com`;
      const mail = mailOf({
        key: `k/${evil}\r\nBcc: ${evil}`,
        subject: `a\r\nBcc: ${evil}\r\n\r\nbody of another`,
        from: `"Incidents\r\nX-Evil: 1" <incidents@example.com>`,
        headers: { 'List-Unsubscribe': `<https://x.example>\r\nX-Evil: 1\r\nBcc: ${evil}` },
        replyTo: `war-room@example.com\r\nX-Evil: 1`,
      });
      await client(stage.ports.plain).send(mail);
      const [raw = Buffer.alloc(0)] = await boxOf(stage, mail.to[0] ?? '');
      const header = raw.toString('latin1').split(/\r?\n\r?\n/, 1)[0] ?? '';
      expect(header).not.toMatch(/^(?:X-Evil|Bcc):/im);
      expect((await simpleParser(raw)).text?.trim()).toBe('text');
      expect(await settledBoxOf(stage, evil)).toEqual([]);
      const two = await thrown(client(stage.ports.plain).send(mailOf({ to: [`a@example.com>\r\nRCPT TO:<${evil}`] })));
      expect(two).toMatchObject({ type: 'Invalid' });
      expect(await settledBoxOf(stage, evil)).toEqual([]);
    },
  },
  {
    name: 'is told that the server passes nothing on',
    cannotShow: { simulator: 'it takes mail for every domain, as a company’s own relay does' },
    async run(stage) {
      const error = await thrown(client(stage.ports.plain).send(mailOf({ to: [`x@${CLOSED_PORT_DOMAIN}`] })));
      expect(error).toMatchObject({ type: 'Invalid', message: expect.stringContaining('Relaying denied') });
    },
  },
];
