import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEmailClient, messageIdOf } from '../../../src/activities/email/client.ts';
import { invitation } from '../../../src/views/invitation.ts';
import { COMMUNICATION, RESOLVED } from '../../views/facts.ts';
import { type Mailbox, startMailbox } from './mailbox.ts';

const MAIL = {
  key: 'incident-1/escalation/1',
  from: 'Incidents <incidents@example.com>',
  to: ['em@example.com', 'cto@example.com'],
  subject: 'Still open',
  text: 'text <b>',
  html: '<p>text &lt;b&gt;</p>',
  calendar: null,
};

let mailbox: Mailbox;
beforeEach(async () => {
  mailbox = await startMailbox();
});
afterEach(() => mailbox.close());

const client = () =>
  createEmailClient({ host: '127.0.0.1', port: mailbox.port, secure: false, auth: null, timeoutMilliseconds: 1200 });

describe('send', () => {
  it('delivers text and HTML under an id made from the key', async () => {
    const sent = await client().send(MAIL);
    expect(sent).toEqual({ ref: messageIdOf(MAIL.key, MAIL.from), rejected: [], putOff: [] });
    const mail = mailbox.mails[0];
    expect(mail?.messageId).toBe(sent.ref);
    expect(mail?.subject).toBe('Still open');
    expect(mail?.text?.trim()).toBe('text <b>');
    expect(mail?.html).toContain('&lt;b&gt;');
    expect(mail?.headers.get('auto-submitted')).toBe('auto-generated');
  });

  it('invites with a calendar object that comes through unchanged', async () => {
    const view = invitation({
      facts: RESOLVED,
      meetingAt: '2024-10-24T10:00:00.000Z',
      review: { meetingMinutes: 60, agenda: [{ what: 'Timeline – review', minutes: 10 }] },
      organiser: COMMUNICATION.mailFrom,
      attendees: MAIL.to,
      sequence: 0,
    });
    await client().send({ ...MAIL, calendar: view.calendar });
    const attachment = mailbox.mails[0]?.attachments.find((part) => part.filename === 'invitation.ics');
    expect(attachment?.content.toString('utf8')).toBe(view.calendar);
    expect(mailbox.mails[0]?.attachments.some((part) => part.contentType === 'text/calendar')).toBe(true);
  });

  it('names the addresses that were refused, and fails only when all are', async () => {
    mailbox.unknown.add('cto@example.com');
    expect((await client().send(MAIL)).rejected).toEqual(['cto@example.com']);
    mailbox.unknown.add('em@example.com');
    await expect(client().send(MAIL)).rejects.toMatchObject({ type: 'Invalid', nonRetryable: true });
  });

  it.each([
    [451, 'Unavailable', false, 60_000],
    [554, 'Invalid', true, undefined],
  ])('reads a %d', async (code, type, nonRetryable, nextRetryDelay) => {
    mailbox.next = { refuse: { code, words: 'not now' } };
    await expect(client().send(MAIL)).rejects.toMatchObject({ type, nonRetryable, nextRetryDelay });
  });

  it('repeats the same Message-ID when the answer was lost', async () => {
    mailbox.next = { lost: true };
    await expect(client().send(MAIL)).rejects.toMatchObject({ type: 'Unavailable', nonRetryable: false });
    await client().send(MAIL);
    expect(new Set(mailbox.mails.map((mail) => mail.messageId)).size).toBe(1);
  });

  it('does not wait for ever for a server that never greets', async () => {
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const port = (silent.address() as { port: number }).port;
    const mute = createEmailClient({ host: '127.0.0.1', port, secure: false, auth: null, timeoutMilliseconds: 150 });
    await expect(mute.send(MAIL)).rejects.toMatchObject({ type: 'Unavailable' });
    silent.close();
  });

  it('reads no file, whatever the mail says', async () => {
    await client().send({ ...MAIL, text: '/etc/hostname', subject: 'a\r\nBcc: evil@example.com' });
    expect(mailbox.mails[0]?.text?.trim()).toBe('/etc/hostname');
    expect(mailbox.mails[0]?.bcc).toBeUndefined();
  });
});

describe('messageIdOf', () => {
  it('keeps keys apart that look alike', () => {
    expect(messageIdOf('a/b', 'x@example.com')).not.toBe(messageIdOf('a.b', 'x@example.com'));
    expect(messageIdOf('a/b', 'x@example.com')).toMatch(/^<a\.b\.[0-9a-f]{12}@example\.com>$/u);
  });
});
