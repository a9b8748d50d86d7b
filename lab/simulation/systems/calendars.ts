/**
 * What the mailboxes' calendars hold after the invitations that reached them. Reads iCalendar by itself (RFC 5545) and
 * acts on it as a calendar does (RFC 5546); what breaks a rule is kept as a refusal instead.
 */
export const CALENDAR_RULES = {
  lines: {
    says: 'lines end in CRLF and have at most 75 octets',
    source: 'https://www.rfc-editor.org/rfc/rfc5545#section-3.1',
    readOn: '2026-11-25',
  },
  required: {
    says: 'a VEVENT of a request has UID, DTSTAMP, DTSTART, ORGANIZER, SUMMARY and an ATTENDEE; a calendar has PRODID and VERSION 2.0',
    source: 'https://www.rfc-editor.org/rfc/rfc5546#section-3.2.2',
    readOn: '2026-11-25',
  },
  invited: {
    says: 'whoever gets a request is one of its attendees',
    source: 'https://www.rfc-editor.org/rfc/rfc5546#section-3.2.2',
    readOn: '2026-11-25',
  },
  sequence: {
    says: 'the higher SEQUENCE wins, of equal ones the later DTSTAMP; an older one is ignored',
    source: 'https://www.rfc-editor.org/rfc/rfc5546#section-2.1.5',
    readOn: '2026-11-25',
  },
  cancel: {
    says: 'a CANCEL names the same UID and takes the event out',
    source: 'https://www.rfc-editor.org/rfc/rfc5546#section-3.2.5',
    readOn: '2026-11-25',
  },
  method: {
    says: 'the method parameter of the MIME part is the METHOD of the object',
    source: 'https://www.rfc-editor.org/rfc/rfc6047#section-2.4',
    readOn: '2026-11-25',
  },
} as const;

export interface CalendarEntry {
  readonly uid: string;
  readonly sequence: number;
  readonly stampedAt: string;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly summary: string;
  readonly description: string;
  readonly organiser: string;
  readonly attendees: readonly string[];
  readonly cancelled: boolean;
}

export interface CalendarRefusal {
  readonly mailbox: string;
  readonly because: string;
}

export class Calendars {
  readonly refusals: CalendarRefusal[] = [];
  readonly #byMailbox = new Map<string, Map<string, CalendarEntry>>();

  /** What stands in somebody's calendar now: nothing that was cancelled. */
  of(mailbox: string): readonly CalendarEntry[] {
    return [...(this.#byMailbox.get(mailbox.toLowerCase())?.values() ?? [])].filter(({ cancelled }) => !cancelled);
  }

  receive(to: readonly string[], ics: string, partMethod: string | null): void {
    for (const mailbox of to) {
      const problem = this.#take(mailbox.toLowerCase(), ics, partMethod);
      if (problem !== null) this.refusals.push({ mailbox, because: problem });
    }
  }

  #take(mailbox: string, ics: string, partMethod: string | null): string | null {
    const read = readCalendar(ics);
    if (typeof read === 'string') return read;
    const { method, entry } = read;
    if (partMethod !== null && partMethod.toUpperCase() !== method)
      return `the part says ${partMethod}, the object ${method}`;
    if (!entry.attendees.includes(mailbox)) return `${mailbox} is not among the attendees`;
    const held = this.#byMailbox.get(mailbox) ?? new Map<string, CalendarEntry>();
    const before = held.get(entry.uid);
    if (before === undefined && method === 'CANCEL') return `there is no event ${entry.uid} to cancel`;
    if (before !== undefined) {
      const newer =
        entry.sequence > before.sequence || (entry.sequence === before.sequence && entry.stampedAt >= before.stampedAt);
      if (!newer) return `sequence ${entry.sequence} is older than ${before.sequence}`;
    }
    this.#byMailbox.set(mailbox, held.set(entry.uid, { ...entry, cancelled: method === 'CANCEL' }));
    return null;
  }
}

interface Property {
  readonly name: string;
  readonly value: string;
}

/** A sentence when it is no calendar object that a calendar would take. */
function readCalendar(ics: string): { readonly method: 'REQUEST' | 'CANCEL'; readonly entry: CalendarEntry } | string {
  if (/[^\r]\n/.test(ics)) return 'a line does not end in CRLF';
  const long = ics.split('\r\n').find((line) => Buffer.byteLength(line) > 75);
  if (long !== undefined) return `a line has ${Buffer.byteLength(long)} octets`;
  const properties = ics
    .replace(/\r\n[ \t]/g, '')
    .split('\r\n')
    .filter((line) => line !== '')
    .map(propertyOf);
  const broken = properties.find((one) => one === null);
  if (broken !== undefined) return 'a line is no property';
  const all = properties.filter((one) => one !== null);
  const [first, last] = [all[0], all.at(-1)];
  if (first?.value !== 'VCALENDAR' || last?.name !== 'END' || last.value !== 'VCALENDAR') return 'it is no VCALENDAR';
  const value = (name: string) => all.find((one) => one.name === name)?.value;
  if (value('VERSION') !== '2.0' || value('PRODID') === undefined) return 'VERSION 2.0 or PRODID is missing';
  const method = value('METHOD');
  if (method !== 'REQUEST' && method !== 'CANCEL') return `the method ${method ?? '(none)'} is not understood`;
  const missing = ['UID', 'DTSTAMP', 'DTSTART', 'ORGANIZER', 'SUMMARY', 'ATTENDEE'].find(
    (name) => value(name) === undefined,
  );
  if (missing !== undefined) return `${missing} is missing`;
  const [stampedAt, startsAt, endsAt] = ['DTSTAMP', 'DTSTART', 'DTEND'].map((name) => instantOf(value(name) ?? ''));
  if (stampedAt === null || startsAt === null || endsAt === null) return 'a time is not in UTC';
  const mail = (text: string) => text.replace(/^mailto:/i, '').toLowerCase();
  return {
    method,
    entry: {
      uid: value('UID') ?? '',
      sequence: Number(value('SEQUENCE') ?? 0),
      stampedAt: stampedAt ?? '',
      startsAt: startsAt ?? '',
      endsAt: endsAt ?? '',
      summary: unescaped(value('SUMMARY') ?? ''),
      description: unescaped(value('DESCRIPTION') ?? ''),
      organiser: mail(value('ORGANIZER') ?? ''),
      attendees: all.filter(({ name }) => name === 'ATTENDEE').map((one) => mail(one.value)),
      cancelled: false,
    },
  };
}

/** `NAME;PARAMETER="with : in it":value`. */
function propertyOf(line: string): Property | null {
  const match = /^([A-Za-z0-9-]+)((?:;[A-Za-z0-9-]+=(?:"[^"]*"|[^";:,]*)(?:,(?:"[^"]*"|[^";:,]*))*)*):(.*)$/s.exec(
    line,
  );
  return match === null ? null : { name: (match[1] ?? '').toUpperCase(), value: match[3] ?? '' };
}

function unescaped(text: string): string {
  return text.replace(/\\([\\;,nN])/g, (_match, one: string) => (one === 'n' || one === 'N' ? '\n' : one));
}

function instantOf(text: string): string | null {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  return match === null ? null : `${match[1]}-${match[2]}-${match[3]}T${match[4]}:${match[5]}:${match[6]}Z`;
}
