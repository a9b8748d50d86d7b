import { type Attachment, simpleParser } from 'mailparser';
import { cleanLine } from '../../views/escape.ts';

/** What became of one recipient, by a delivery status notification (RFC 3464). */
export interface ReportedRecipient {
  readonly address: string | null;
  /** As we wrote it and as it came to be in the end, which differ where mail was forwarded; in lower case. */
  readonly addresses: readonly string[];
  readonly action: 'failed' | 'delayed' | 'delivered' | 'relayed' | 'expanded';
  /** RFC 3463, e.g. `5.1.1`; null when the report has none. */
  readonly status: string | null;
  /** The other server's own words, on one line. */
  readonly words: string;
}

export type DeliveryReport =
  | {
      readonly kind: 'report';
      /** Message-IDs of the mail that it is about, as the reporter returns them; angle brackets included. */
      readonly messageIds: readonly string[];
      /** To whom the report went, and who the returned mail says was its sender: the envelope's sender by either. */
      readonly reportedTo: readonly string[];
      readonly recipients: readonly ReportedRecipient[];
    }
  /** A mail, but no report about a delivery: an answer of a person or of an absence notice. */
  | { readonly kind: 'other'; readonly because: string };

const STATUS_TYPES = ['message/delivery-status', 'message/global-delivery-status'];
const RETURNED_TYPES = [
  'message/rfc822',
  'message/global',
  'text/rfc822-headers',
  'message/rfc822-headers',
  'message/global-headers',
];
const RECIPIENTS = 50;
const WORDS_CHARACTERS = 300;

/**
 * Reads a raw mail as a mail server hands it over. Postfix, Exim and Exchange return the original's headers or all of
 * it in a part of its own; Gmail names its Message-ID in the report as well. Throws on what is no mail at all.
 */
export async function readDeliveryReport(raw: Buffer): Promise<DeliveryReport> {
  const mail = await simpleParser(raw, {
    keepDeliveryStatus: true,
    skipHtmlToText: true,
    skipTextToHtml: true,
    skipImageLinks: true,
    skipTextLinks: true,
  });
  if (mail.headers.size === 0) throw new Error('This is no mail: it has no headers. Send the raw message (RFC 5322).');
  const reports = mail.attachments.filter(({ contentType }) => STATUS_TYPES.includes(contentType));
  if (reports.length === 0) {
    return { kind: 'other', because: 'It has no part of the type message/delivery-status, so it reports no delivery.' };
  }
  const [whole, ...groups] = reports.flatMap((part) => fieldGroups(textOf(part)));
  const recipients = groups.slice(0, RECIPIENTS).flatMap(recipientOf);
  if (whole === undefined || recipients.length === 0)
    return { kind: 'other', because: 'Its delivery status names no recipient.' };
  const returned = mail.attachments.filter(({ contentType }) => RETURNED_TYPES.includes(contentType));
  const named = [
    whole.get('x-original-message-id'),
    ...returned.map((part) => headersOf(textOf(part)).get('message-id')),
  ];
  const reportedTo = [
    ...mail.headerLines.flatMap(({ key, line }) => (ADDRESSED.includes(key) ? addressesIn(line) : [])),
    ...returned.flatMap((part) => addressesIn(headersOf(textOf(part)).get('return-path'))),
  ];
  return {
    kind: 'report',
    messageIds: [...new Set(named.flatMap(messageIdsIn))],
    reportedTo: [...new Set(reportedTo)].slice(0, RECIPIENTS),
    recipients,
  };
}

/** Where mail servers note to whom a mail came by its envelope. */
const ADDRESSED = ['to', 'delivered-to', 'x-original-to', 'envelope-to', 'x-envelope-to'];

type Fields = ReadonlyMap<string, string>;

function textOf({ content }: Attachment): string {
  return content.toString('utf8').replace(/\r\n?/g, '\n');
}

/** Fields about the message, then a group for each recipient, with empty lines between them (RFC 3464, 2.1). */
function fieldGroups(text: string): readonly Fields[] {
  return text
    .split(/\n[ \t]*\n/)
    .map(headersOf)
    .filter((fields) => fields.size > 0);
}

/** The first of each name; folded lines are put together again. */
function headersOf(text: string): Fields {
  const fields = new Map<string, string>();
  const [head = ''] = text.replace(/^\n+/, '').split(/\n[ \t]*\n/);
  for (const line of head.replace(/\n[ \t]+/g, ' ').split('\n')) {
    const [, name, value] = /^([!-9;-~]+):[ \t]*(.*)$/.exec(line) ?? [];
    if (name !== undefined && !fields.has(name.toLowerCase())) fields.set(name.toLowerCase(), (value ?? '').trim());
  }
  return fields;
}

function recipientOf(fields: Fields): readonly ReportedRecipient[] {
  const action = /^(failed|delayed|delivered|relayed|expanded)\b/i.exec(fields.get('action') ?? '')?.[1]?.toLowerCase();
  if (action === undefined) return [];
  const status = /\b([245]\.\d{1,3}\.\d{1,3})\b/.exec(fields.get('status') ?? '')?.[1] ?? null;
  const addresses = ['original-recipient', 'final-recipient'].flatMap((name) => addressIn(fields.get(name)) ?? []);
  const said = fields.get('diagnostic-code')?.replace(/^[\w-]+\s*;\s*/, '');
  return [
    {
      address: addresses[0] ?? null,
      addresses,
      action: action as ReportedRecipient['action'],
      status,
      words: cleanLine(said === undefined || said === '' ? `status ${status ?? 'unknown'}` : said, WORDS_CHARACTERS),
    },
  ];
}

/** `rfc822; somebody@example.com` → the address, in lower case. */
function addressIn(field: string | undefined): string | null {
  const [, address] = /^[\w-]+\s*;\s*<?([^\s<>;]+@[^\s<>;]+)>?/.exec(field ?? '') ?? [];
  return address?.toLowerCase() ?? null;
}

function messageIdsIn(field: string | undefined): readonly string[] {
  return [...(field ?? '').matchAll(/<[^<>\s]{3,300}>/g)].map(([id]) => id);
}

/** Every address of a header, in lower case. */
function addressesIn(header: string | undefined): readonly string[] {
  return [...(header ?? '').matchAll(/[^\s<>,;:"()]{1,64}@[A-Za-z0-9.-]{1,253}/g)].map(([address]) =>
    address.toLowerCase(),
  );
}
