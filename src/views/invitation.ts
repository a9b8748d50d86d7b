import { zonedMinute } from '../domain/calendar.ts';
import type { IncidentFacts } from '../domain/incident-facts.ts';
import { type Instant, plusMinutes } from '../domain/instant.ts';
import type { ReviewPolicy } from '../domain/review-policy.ts';
import { cleanLine } from './escape.ts';
import { htmlPage, type MailView } from './mail.ts';
import { counted, dateOf, timeUtc } from './words.ts';

export interface InvitationInput {
  readonly facts: IncidentFacts;
  readonly meetingAt: Instant;
  readonly review: Pick<ReviewPolicy, 'meetingMinutes' | 'agenda'>;
  readonly organiser: string;
  /** E-mail addresses. */
  readonly attendees: readonly string[];
  /** 0 for the first invitation, one more for each change of the same meeting, the last of which may call it off. */
  readonly sequence: number;
  readonly calledOff?: boolean;
  /** The team's own zone, by whose clocks people meet; UTC when left out. */
  readonly timeZone?: string;
  /** True for whoever had none before, however often the meeting was moved for the others. */
  readonly isFirst?: boolean;
}

export interface InvitationView extends MailView {
  /** The calendar object, CRLF lines folded at 75 octets (RFC 5545). */
  readonly calendar: string;
}

/**
 * Invitation to the review (R6.1): mail text, HTML and calendar object of the same meeting. Sent again with a higher
 * sequence it moves the meeting, and called off it takes it out of everybody's calendar: the UID is the incident's.
 */
export function invitation(input: InvitationInput): InvitationView {
  const { facts, meetingAt } = input;
  const title = `Post-Mortem - ${cleanLine(facts.title, 150)} ${dateOf(facts.detectedAt)}`;
  const calledOff = input.calledOff === true;
  const moved = input.sequence > 0 && input.isFirst !== true;
  const subject = calledOff ? `Called off: ${title}` : moved ? `Moved: ${title}` : title;
  const text = [
    ...(calledOff ? ['This meeting is called off.'] : []),
    `Meeting: ${title}`,
    `When: ${whenWords(meetingAt, input.timeZone ?? 'UTC')}`,
    `Duration: ${meetingLength(input.review.meetingMinutes)}`,
    `Incident: ${cleanLine(facts.name, 80)}, ${facts.severity}, commander ${cleanLine(facts.commander ?? 'not recorded', 80)}`,
    ...(facts.postMortemUrl === null ? [] : [`Post-mortem: ${cleanLine(facts.postMortemUrl, 300)}`]),
    '',
    'Agenda:',
    ...agendaLines(input.review),
  ].join('\n');
  return { subject, text, html: htmlPage(subject, text), calendar: calendarObject(input, title, text) };
}

/** `2024-10-24 10:00 Europe/Berlin (08:00 UTC)`: the clock on the wall first, since the meeting is set by it. */
function whenWords(at: Instant, timeZone: string): string {
  const here = zonedMinute(at, timeZone);
  const utc = timeUtc(at, '');
  if (`${here} UTC` === utc) return utc;
  return `${here} ${cleanLine(timeZone, 60)} (${dateOf(at) === here.slice(0, 10) ? utc.slice(11) : utc})`;
}

function agendaLines(review: InvitationInput['review']): readonly string[] {
  return review.agenda.map((item, index) => `${index + 1}. ${cleanLine(item.what, 120)} (${item.minutes} min)`);
}

function meetingLength(minutes: number): string {
  return minutes % 60 === 0 ? counted(minutes / 60, 'hour') : counted(minutes, 'minute');
}

function calendarObject(input: InvitationInput, subject: string, text: string): string {
  const { facts, meetingAt } = input;
  const organiser = mailAddress(input.organiser);
  const domain = organiser.split('@')[1] ?? 'localhost';
  const lines = [
    'BEGIN:VCALENDAR',
    'VERSION:2.0',
    'PRODID:-//incident-runbook//review//EN',
    'CALSCALE:GREGORIAN',
    `METHOD:${input.calledOff === true ? 'CANCEL' : 'REQUEST'}`,
    'BEGIN:VEVENT',
    `UID:${calendarText(`review-${facts.incidentId}@${domain}`)}`,
    `SEQUENCE:${input.sequence}`,
    `DTSTAMP:${calendarTime(facts.at)}`,
    `DTSTART:${calendarTime(meetingAt)}`,
    `DTEND:${calendarTime(plusMinutes(meetingAt, input.review.meetingMinutes))}`,
    `SUMMARY:${calendarText(subject)}`,
    `DESCRIPTION:${calendarText(text)}`,
    `ORGANIZER:mailto:${organiser}`,
    ...once(input.attendees.map(mailAddress)).map(
      (email) => `ATTENDEE;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:${email}`,
    ),
    `STATUS:${input.calledOff === true ? 'CANCELLED' : 'CONFIRMED'}`,
    'TRANSP:OPAQUE',
    'END:VEVENT',
    'END:VCALENDAR',
  ];
  return `${lines.map(folded).join('\r\n')}\r\n`;
}

/** `20241024T100000Z`: UTC, so that no VTIMEZONE can be wrong. */
function calendarTime(at: Instant): string {
  return `${at.slice(0, 19).replace(/[-:]/gu, '')}Z`;
}

function calendarText(text: string): string {
  // Control characters are not allowed in a value, however they are escaped (RFC 5545, 3.1).
  return text
    .replace(/[\\;,]/gu, '\\$&')
    .replace(/\r\n?|\n/gu, '\\n')
    .replace(/\p{Cc}/gu, ' ');
}

/** The bare address of `Name <address>`, without what would begin another property. */
function mailAddress(email: string): string {
  return (/<([^<>]*)>/u.exec(email)?.[1] ?? email).replace(/[\s;:,"<>]/gu, '');
}

/** One mailbox is one attendee, however its address is written. */
function once(addresses: readonly string[]): readonly string[] {
  return [...new Map(addresses.map((address) => [address.toLowerCase(), address])).values()];
}

const LINE_OCTETS = 75;

/** Folds between characters, never inside one: a folded multi-byte character is garbage to some readers. */
function folded(line: string): string {
  const encoder = new TextEncoder();
  const parts: string[] = [];
  let part = '';
  let octets = 0;
  for (const character of line) {
    const size = encoder.encode(character).length;
    if (octets + size > LINE_OCTETS) {
      parts.push(part);
      part = ' ';
      octets = 1;
    }
    part += character;
    octets += size;
  }
  return [...parts, part].join('\r\n');
}
