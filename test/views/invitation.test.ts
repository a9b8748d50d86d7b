import { describe, expect, it } from 'vitest';
import { invitation } from '../../src/views/invitation.ts';
import { COMMUNICATION, HOSTILE_FACTS, RESOLVED } from './facts.ts';

const REVIEW = {
  meetingMinutes: 60,
  agenda: [
    { what: 'Timeline review', minutes: 10 },
    { what: 'Root cause; analysis, deep', minutes: 15 },
  ],
};
const INPUT = {
  facts: RESOLVED,
  meetingAt: '2024-10-24T10:00:00.000Z',
  review: REVIEW,
  organiser: COMMUNICATION.mailFrom,
  attendees: ['jane@example.com', 'em@example.com'],
  sequence: 0,
};

describe('invitation', () => {
  it('says when and what about', () => {
    const view = invitation(INPUT);
    expect(view.subject).toBe('Post-Mortem - API High Error Rate 2024-10-23');
    expect(view.text).toBe(
      [
        'Meeting: Post-Mortem - API High Error Rate 2024-10-23',
        'When: 2024-10-24 10:00 UTC',
        'Duration: 1 hour',
        'Incident: incident-20241023-1430, P1, commander Jane Doe',
        '',
        'Agenda:',
        '1. Timeline review (10 min)',
        '2. Root cause; analysis, deep (15 min)',
      ].join('\n'),
    );
  });

  it('names the time on the clock that people meet by, and in UTC (R6.1)', () => {
    const when = (timeZone: string, meetingAt = INPUT.meetingAt) =>
      invitation({ ...INPUT, timeZone, meetingAt }).text.split('\n')[1];
    expect(when('Europe/Berlin', '2026-10-26T09:00:00.000Z')).toBe('When: 2026-10-26 10:00 Europe/Berlin (09:00 UTC)');
    expect(when('Pacific/Auckland', '2026-10-25T21:00:00.000Z')).toBe(
      'When: 2026-10-26 10:00 Pacific/Auckland (2026-10-25 21:00 UTC)',
    );
    expect(when('UTC')).toBe('When: 2024-10-24 10:00 UTC');
  });

  it('is no moved meeting for whoever had none before, and knows one mailbox in two spellings', () => {
    const late = {
      ...INPUT,
      sequence: 2,
      attendees: ['Jane@Example.com', 'jane@example.com', 'Rob <rob@example.com>'],
    };
    expect(invitation(late).subject).toMatch(/^Moved: /);
    const view = invitation({ ...late, isFirst: true });
    expect(view.subject).toMatch(/^Post-Mortem - /);
    const properties = parseCalendar(view.calendar);
    expect(properties.find(([name]) => name === 'SEQUENCE')?.[1]).toBe('2');
    expect(properties.filter(([name]) => name === 'ATTENDEE').map(([, value]) => value)).toEqual([
      'mailto:jane@example.com',
      'mailto:rob@example.com',
    ]);
  });

  it('folds only between characters, at 75 octets, and escapes what separates (RFC 5545)', () => {
    const title = `${'Ausfall der Überweisungen – 決済障害 😀; Zahlung, Konto \\ '.repeat(3)}Ende`;
    const view = invitation({ ...INPUT, facts: { ...RESOLVED, title } });
    const lines = view.calendar.split('\r\n');
    for (const line of lines) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(75);
    const folded = lines.filter((line) => line.startsWith(' '));
    expect(folded.some((line) => Buffer.byteLength(line) >= 72)).toBe(true);
    // Each piece is whole by itself: a reader that decodes line by line sees no half of a character.
    for (const line of lines)
      expect(Buffer.from(Buffer.from(line, 'utf8').toString('utf8')).equals(Buffer.from(line))).toBe(true);
    expect(view.calendar).not.toContain('\ufffd');
    expect(parseCalendar(view.calendar).find(([name]) => name === 'SUMMARY')?.[1]).toBe(view.subject);
    expect(view.calendar.replace(/\r\n /gu, '')).toMatch(/SUMMARY:[^\r]*\\; Zahlung\\, Konto \\\\/);
  });

  it('makes a calendar object that reads back as the same meeting', () => {
    const view = invitation(INPUT);
    const properties = parseCalendar(view.calendar);
    expect(properties).toEqual(
      expect.arrayContaining([
        ['METHOD', 'REQUEST'],
        ['UID', 'review-incident-20241023-1430@example.com'],
        ['SEQUENCE', '0'],
        ['DTSTAMP', '20241023T150500Z'],
        ['DTSTART', '20241024T100000Z'],
        ['DTEND', '20241024T110000Z'],
        ['SUMMARY', view.subject],
        ['DESCRIPTION', view.text],
        ['ORGANIZER', 'mailto:incidents@example.com'],
      ]),
    );
    expect(properties.filter(([name]) => name === 'ATTENDEE').map(([, value]) => value)).toEqual([
      'mailto:jane@example.com',
      'mailto:em@example.com',
    ]);
    for (const line of view.calendar.split('\r\n')) expect(Buffer.byteLength(line)).toBeLessThanOrEqual(75);
  });

  it('lets no title or address add a property', () => {
    const view = invitation({
      ...INPUT,
      facts: { ...HOSTILE_FACTS, title: `${'é😀'.repeat(60)}\r\nATTENDEE:mailto:evil@example.com` },
      attendees: ['a@example.com\r\nX-EVIL:1'],
    });
    const names = parseCalendar(view.calendar).map(([name]) => name);
    expect(names.filter((name) => name === 'ATTENDEE')).toHaveLength(1);
    expect(names).not.toContain('X-EVIL');
    expect(view.calendar).not.toContain('\ufffd');
    expect(Buffer.from(view.calendar).toString('utf8')).toBe(view.calendar);
  });
});

/** A reader of RFC 5545 that shares nothing with the writer: unfold, split, unescape. */
function parseCalendar(text: string): [string, string][] {
  return text
    .replace(/\r\n[ \t]/gu, '')
    .split('\r\n')
    .filter((line) => line !== '')
    .map((line) => {
      const colon = line.indexOf(':');
      const value = line
        .slice(colon + 1)
        .replace(/\\([\\;,nN])/gu, (_match, escaped: string) => (/n/iu.test(escaped) ? '\n' : escaped));
      return [(line.slice(0, colon).split(';')[0] ?? '').toUpperCase(), value];
    });
}
