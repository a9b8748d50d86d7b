import type { ApplicationFailure } from '@temporalio/common';
import { createTransport } from 'nodemailer';
import { sha256 } from '../digest.ts';
import { failure, met } from '../failures.ts';
import { NOTHING_DONE } from '../once.ts';
import { redactSecrets } from '../redaction.ts';

export interface EmailSettings {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte (port 465); otherwise STARTTLS is used when the server offers it. */
  readonly secure: boolean;
  readonly auth: { readonly user: string; readonly pass: string } | null;
  /** Nothing is said before TLS is up; otherwise it is used where it is offered. */
  readonly requireTls?: boolean;
  /** PEM: whom to believe instead of the public authorities. */
  readonly certificateAuthority?: string;
  readonly timeoutMilliseconds?: number;
  /** So many connections are kept while mails follow each other; absent: one for each mail. */
  readonly connections?: number;
}

export interface Mail {
  readonly key: string;
  readonly from: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** A calendar object, for invitations; its own METHOD says what it asks for. */
  readonly calendar: string | null;
  readonly replyTo?: string | null;
  /** The envelope's sender, who is told when it cannot be delivered; absent or null: `from`. */
  readonly bounceTo?: string | null;
  /** E.g. List-Unsubscribe. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Those of `to` who have not got it yet; everybody when left out. */
  readonly only?: readonly string[];
}

export interface SentMail {
  readonly ref: string;
  /** Addresses the server would not take; the others have the mail. */
  readonly rejected: readonly string[];
  /** Addresses it would not take just now (4xx), which may be tried again. */
  readonly putOff: readonly string[];
}

export interface EmailClient {
  /**
   * Sends once. SMTP cannot be asked whether it already has a message, so the Message-ID is made from the key:
   * should an answer be lost after the server took the mail, the second copy is recognised by the receiving side.
   */
  send(mail: Mail): Promise<SentMail>;
  /** As before a mail, without one. Throws the failures of failures.ts. */
  signIn(): Promise<void>;
  /** Ends kept connections; nothing to end without `connections`. */
  close(): void;
}

/** No pool unless many mails follow each other: idle pooled sockets are dropped by servers just when they are needed. */
export function createEmailClient(settings: EmailSettings): EmailClient {
  const timeout = settings.timeoutMilliseconds ?? TIMEOUT_MILLISECONDS;
  const { connections } = settings;
  const transport = createTransport({
    ...(connections === undefined
      ? {}
      : { pool: true, maxConnections: connections, maxMessages: MAILS_PER_CONNECTION }),
    host: settings.host,
    port: settings.port,
    secure: settings.secure,
    requireTLS: settings.requireTls ?? false,
    ...(settings.certificateAuthority === undefined ? {} : { tls: { ca: settings.certificateAuthority } }),
    ...(settings.auth === null ? {} : { auth: { ...settings.auth } }),
    connectionTimeout: timeout,
    greetingTimeout: timeout,
    socketTimeout: timeout,
    dnsTimeout: timeout,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return {
    async send(mail) {
      const messageId = messageIdOf(mail.key, mail.from);
      const odd = mail.to.find((address) => /[\p{Cc},;]/u.test(address));
      if (odd !== undefined)
        throw failure('Invalid', `${JSON.stringify(odd)} is not one address, so the mail was not sent.`);
      try {
        const info = await transport.sendMail({
          messageId,
          from: mail.from,
          to: [...mail.to],
          subject: mail.subject,
          text: mail.text,
          html: mail.html,
          ...(mail.replyTo == null ? {} : { replyTo: mail.replyTo }),
          ...envelopeOf(mail),
          headers: { ...mail.headers, 'Auto-Submitted': 'auto-generated', 'X-Incident-Key': headerText(mail.key) },
          ...(mail.calendar === null
            ? {}
            : { icalEvent: { method: methodOf(mail.calendar), filename: 'invitation.ics', content: mail.calendar } }),
        });
        const refusals = (info.rejectedErrors ?? []) as readonly Refusal[];
        const putOff = refusals.flatMap(({ recipient, responseCode = 0 }) =>
          recipient !== undefined && isPassing(responseCode) ? [recipient] : [],
        );
        return { ref: messageId, rejected: info.rejected.map(String).filter((one) => !putOff.includes(one)), putOff };
      } catch (error) {
        throw failureOf(error, settings);
      }
    },
    async signIn() {
      try {
        await transport.verify();
      } catch (error) {
        throw met(failureOf(error, settings), { status: null, error });
      }
    },
    close: () => transport.close(),
  };
}

interface Refusal {
  readonly recipient?: string;
  readonly responseCode?: number;
}

function isPassing(code: number): boolean {
  return code >= 400 && code < 500;
}

/** Without one it goes to whomever its headers name. */
function envelopeOf({ bounceTo, from, to, only }: Mail) {
  if (bounceTo == null && only === undefined) return {};
  return { envelope: { from: bounceTo ?? from, to: [...(only ?? to)] } };
}

/** The part's type must name the same method as the object in it, or calendars take it for a mere attachment. */
function methodOf(calendar: string): 'REQUEST' | 'CANCEL' {
  return /^METHOD:CANCEL\r?$/mu.test(calendar) ? 'CANCEL' : 'REQUEST';
}

const TIMEOUT_MILLISECONDS = 7_000;
const MAILS_PER_CONNECTION = 500;

/** The same key gives the same id; two keys never do, whatever characters they have. */
export function messageIdOf(key: string, from: string): string {
  const domain = /@([A-Za-z0-9.-]+)/u.exec(from)?.[1] ?? 'localhost';
  const readable = key.replace(/[^A-Za-z0-9._-]+/gu, '.').slice(0, 80);
  return `<${readable}.${sha256(key).slice(0, 12)}@${domain}>`;
}

function headerText(key: string): string {
  return key.replace(/[^\x20-\x7e]+/gu, '?').slice(0, 200);
}

function failureOf(error: unknown, settings: EmailSettings): ApplicationFailure {
  const { code, responseCode, message } = error as { code?: string; responseCode?: number; message?: string };
  const words = `The mail server ${settings.host}:${settings.port} did not take the mail: ${redactSecrets(message ?? String(error), settings.auth === null ? [] : [settings.auth.pass])}`;
  if (responseCode !== undefined && isPassing(responseCode))
    return failure('Unavailable', words, { retryAfterSeconds: TRY_AGAIN_SECONDS, details: [NOTHING_DONE] });
  // 530 asks for a log-in or for TLS first, 534 and 538 for another way of either (RFC 4954, RFC 3207).
  if (code === 'EAUTH' || code === 'ENOAUTH' || [530, 534, 535, 538].includes(responseCode ?? 0))
    return failure('Unauthorised', words);
  if (responseCode !== undefined && responseCode >= 500) return failure('Invalid', words);
  if (code === 'EENVELOPE' && responseCode === undefined) return failure('Invalid', words);
  return failure('Unavailable', words);
}

/** Greylisting servers want to see some time pass; RFC 5321 (4.5.4.1) would have us wait longer than an incident has. */
const TRY_AGAIN_SECONDS = 60;
