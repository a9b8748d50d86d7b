import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CALENDAR_RULES, Calendars } from '../../../lab/simulation/systems/calendars.ts';
import { createSmtp, type Smtp } from '../../../lab/simulation/systems/smtp.ts';
import { createEmailClient } from '../../../src/activities/email/client.ts';
import { type InvitationInput, invitation } from '../../../src/views/invitation.ts';
import { COMMUNICATION, HOSTILE_FACTS, RESOLVED } from '../../views/facts.ts';
import { closing, vendorWorld } from '../vendor.ts';

const ATTENDEES = ['jane@example.com', 'em@example.com', 'pm@example.com'];
const INPUT: InvitationInput = {
  facts: RESOLVED,
  meetingAt: '2024-10-24T10:00:00.000Z',
  review: {
    meetingMinutes: 60,
    agenda: [
      { what: 'Timeline review', minutes: 10 },
      { what: 'Root cause; analysis, “deep” – with much to say about ä, ö and ü', minutes: 15 },
    ],
  },
  organiser: COMMUNICATION.mailFrom,
  attendees: ATTENDEES,
  sequence: 0,
};
const closed = closing();
afterEach(() => closed.all());

let smtp: Smtp;
let send: (input: InvitationInput, key: string, to?: readonly string[]) => Promise<unknown>;
beforeEach(async () => {
  smtp = createSmtp(vendorWorld('2024-10-23T15:05:00Z').common);
  const { port } = await smtp.listen();
  closed.add(() => smtp.close());
  const email = createEmailClient({ host: '127.0.0.1', port, secure: false, auth: null });
  send = (input, key, to = input.attendees) => email.send({ ...invitation(input), key, from: INPUT.organiser, to });
});

const inCalendars = () => ATTENDEES.map((mailbox) => smtp.calendars.of(mailbox));

describe('the review in the calendars of those invited (R6.1)', () => {
  it('stands there as it was meant, for each of them', async () => {
    await send(INPUT, 'incident/invitation/0');
    expect(smtp.calendars.refusals).toEqual([]);
    for (const entries of inCalendars()) {
      expect(entries).toEqual([
        {
          uid: 'review-incident-20241023-1430@example.com',
          sequence: 0,
          stampedAt: '2024-10-23T15:05:00Z',
          startsAt: '2024-10-24T10:00:00Z',
          endsAt: '2024-10-24T11:00:00Z',
          summary: 'Post-Mortem - API High Error Rate 2024-10-23',
          description: invitation(INPUT).text,
          organiser: 'incidents@example.com',
          attendees: ATTENDEES,
          cancelled: false,
        },
      ]);
    }
  });

  it('is the same meeting when it is moved, and none when it is called off', async () => {
    await send(INPUT, 'incident/invitation/0');
    const moved = { ...INPUT, sequence: 1, meetingAt: '2024-10-25T10:00:00.000Z' };
    await send(moved, 'incident/invitation/1');
    for (const entries of inCalendars())
      expect(entries.map(({ startsAt }) => startsAt)).toEqual(['2024-10-25T10:00:00Z']);
    await send({ ...moved, sequence: 2, calledOff: true }, 'incident/invitation/called-off');
    expect(inCalendars()).toEqual([[], [], []]);
    expect(smtp.calendars.refusals).toEqual([]);
    expect(smtp.mails.map(({ subject, icsMethod }) => [subject.split(':')[0], icsMethod])).toEqual([
      ['Post-Mortem - API High Error Rate 2024-10-23', 'REQUEST'],
      ['Moved', 'REQUEST'],
      ['Called off', 'CANCEL'],
    ]);
  });

  it('comes to who joins later, once, as the meeting that it is by then, and leaves the others in peace', async () => {
    await send(INPUT, 'a');
    const moved = { ...INPUT, sequence: 1, meetingAt: '2024-10-25T10:00:00.000Z' };
    await send(moved, 'b');
    const all = [...ATTENDEES, 'rob@example.com'];
    await send({ ...moved, attendees: all, isFirst: true }, 'c', ['rob@example.com']);
    expect(smtp.calendars.of('rob@example.com')).toMatchObject([
      { sequence: 1, startsAt: '2024-10-25T10:00:00Z', attendees: all },
    ]);
    expect(smtp.mails.map(({ to }) => to.length)).toEqual([3, 3, 1]);
    await send({ ...moved, attendees: all, sequence: 2, calledOff: true }, 'd');
    expect([...inCalendars(), smtp.calendars.of('rob@example.com')]).toEqual([[], [], [], []]);
    expect(smtp.calendars.refusals).toEqual([]);
  });

  it('does not come back by a mail that arrives late', async () => {
    await send({ ...INPUT, sequence: 1, meetingAt: '2024-10-25T10:00:00.000Z' }, 'b');
    await send(INPUT, 'a');
    for (const entries of inCalendars()) expect(entries.map(({ sequence }) => sequence)).toEqual([1]);
    expect(smtp.calendars.refusals[0]?.because).toBe('sequence 0 is older than 1');
  });

  it('is one meeting when the mail was delivered twice', async () => {
    await send(INPUT, 'a');
    await send(INPUT, 'a');
    expect(inCalendars().map((entries) => entries.length)).toEqual([1, 1, 1]);
  });

  it('takes no other property from a title or an address', async () => {
    const hostile = { ...INPUT, facts: { ...HOSTILE_FACTS, title: 'x\r\nATTENDEE:mailto:evil@example.com\u0007' } };
    await send({ ...hostile, attendees: ['jane@example.com\r\nX-EVIL:1'] }, 'a', ['jane@example.com']);
    const [refusal] = smtp.calendars.refusals;
    // Whoever is invited under a broken address is not invited under another.
    expect(refusal === undefined || refusal.because.includes('not among the attendees')).toBe(true);
    for (const mailbox of ['evil@example.com', 'jane@example.com'])
      expect(smtp.calendars.of(mailbox).flatMap(({ attendees }) => attendees)).not.toContain('evil@example.com');
  });
});

describe('the simulated calendar refuses', () => {
  const refused = (ics: string, method: string | null = 'REQUEST', to = 'jane@example.com') => {
    const calendars = new Calendars();
    calendars.receive([to], ics, method);
    return calendars.refusals[0]?.because ?? null;
  };
  const { calendar } = invitation(INPUT);

  it.each([
    ['bare newlines', calendar.replaceAll('\r\n', '\n'), 'CRLF'],
    ['lines that are too long', calendar.replace('VERSION:2.0', `VERSION:2.0\r\nX-LONG:${'x'.repeat(80)}`), 'octets'],
    ['no UID', calendar.replace(/UID:[^\r]*\r\n/u, ''), 'UID is missing'],
    ['no DTSTAMP', calendar.replace(/DTSTAMP:[^\r]*\r\n/u, ''), 'DTSTAMP is missing'],
    ['local times', calendar.replace('T100000Z', 'T100000'), 'not in UTC'],
    ['an unknown method', calendar.replace('METHOD:REQUEST', 'METHOD:PUBLISH'), 'not understood'],
    ['a cancellation of nothing', invitation({ ...INPUT, calledOff: true }).calendar, 'part says'],
  ])('%s', (_what, ics, because) => {
    expect(refused(ics)).toContain(because);
  });

  it('takes what is right, and its rules name their sources', () => {
    expect(refused(calendar)).toBeNull();
    expect(refused(calendar, 'REQUEST', 'stranger@example.com')).toContain('not among the attendees');
    for (const { source, readOn } of Object.values(CALENDAR_RULES))
      expect([source.startsWith('https://'), readOn.length]).toEqual([true, 10]);
  });
});
