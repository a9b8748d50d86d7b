import type { AddressInfo, Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { simpleParser } from 'mailparser';
import { SMTPServer } from 'smtp-server';
import type { WireFault, WireFaults } from '../wire/faults.ts';
import type { WireLedger } from '../wire/ledger.ts';
import { Calendars } from './calendars.ts';

/** A mail that was accepted. Whoever judges counts Message-IDs. */
export interface Mail {
  readonly atMs: number;
  /** As it came over the wire, dots unstuffed. */
  readonly raw: Buffer;
  readonly messageId: string;
  readonly from: string;
  /** The envelope's sender: who hears of it when it cannot be delivered. */
  readonly sender: string;
  /** The envelope's recipients: who really got it. */
  readonly to: readonly string[];
  readonly subject: string;
  readonly text: string;
  readonly html: string | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly attachments: readonly {
    readonly filename: string | null;
    readonly contentType: string;
    readonly content: string;
  }[];
  /** The calendar object, when there is one. */
  readonly ics: string | null;
  /** The method that the calendar part's type names. */
  readonly icsMethod: string | null;
}

export interface Smtp {
  readonly mails: readonly Mail[];
  /** Addresses whose mailbox does not exist: refused for good when somebody writes to them. */
  readonly unknownMailboxes: Set<string>;
  /** Addresses for which it says "try again later" as long as they stand here. */
  readonly greylisted: Set<string>;
  /** What the recipients' calendars hold. */
  readonly calendars: Calendars;
  /**
   * After so many more mails it takes no further one, calls `then` once whoever sends has come to a stop before it, and
   * goes on when that has ended: what befalls the sender meanwhile befalls it in the middle of a mailing.
   */
  haltAfter(mails: number, then: () => Promise<void>): void;
  listen(port?: number): Promise<{ readonly url: string; readonly port: number }>;
  close(): Promise<void>;
}

const SYSTEM = 'smtp';
/** Whoever sends over several connections has come to a stop when no more of them has asked for so long. */
const STOPPED_AFTER_MS = 300;
const HOST = '127.0.0.1';

export interface SmtpOptions {
  readonly clock: () => number;
  readonly faults: WireFaults;
  readonly log: WireLedger;
  /** Offers STARTTLS, or speaks TLS from the first byte; neither when left out. */
  readonly tls?: { readonly key: string; readonly cert: string; readonly fromTheFirstByte: boolean };
  /** Users and passwords: without one of them no mail is taken. Over TLS only where there is TLS. */
  readonly accounts?: Readonly<Record<string, string>>;
  /** Announced, and refused beyond. */
  readonly largestMailBytes?: number;
}

class Halt {
  #timer: NodeJS.Timeout | undefined;
  #over: Promise<void> | null = null;
  #end: () => void = () => undefined;

  constructor(
    readonly atMails: number,
    private readonly then: () => Promise<void>,
  ) {}

  /** Resolves when it is over; each who asks puts its beginning off a little. */
  over(): Promise<void> {
    clearTimeout(this.#timer);
    this.#over ??= new Promise((done) => {
      this.#end = done;
    });
    this.#timer = setTimeout(() => void this.then().finally(this.#end), STOPPED_AFTER_MS);
    return this.#over;
  }
}

/** A mail server for one machine, by itself without TLS and log-in. Faults: those of the wire that a mail server can have. */
export function createSmtp(options: SmtpOptions): Smtp {
  const { clock, faults, log, tls, accounts, largestMailBytes } = options;
  const mails: Mail[] = [];
  const unknownMailboxes = new Set<string>();
  const greylisted = new Set<string>();
  const calendars = new Calendars();
  const sockets = new Set<Socket>();
  const halts = new Set<Halt>();
  const take = (...kinds: WireFault['kind'][]) => faults.take(SYSTEM, ({ kind }) => kinds.includes(kind));
  const note = (status: number | null, fault: WireFault | null, words: string) =>
    log.record({
      system: SYSTEM,
      atMs: clock(),
      method: 'MAIL',
      path: '/',
      status,
      fault: fault?.kind ?? null,
      note: words,
    });

  const server = new SMTPServer({
    authOptional: accounts === undefined,
    disabledCommands: [...(tls === undefined ? ['STARTTLS'] : []), ...(accounts === undefined ? ['AUTH'] : [])],
    allowInsecureAuth: tls === undefined,
    authMethods: ['PLAIN', 'LOGIN'],
    ...(tls === undefined ? {} : { key: tls.key, cert: tls.cert, secure: tls.fromTheFirstByte }),
    ...(largestMailBytes === undefined ? {} : { size: largestMailBytes }),
    onAuth({ username = '', password = '' }, _session, callback) {
      if (accounts !== undefined && Object.hasOwn(accounts, username) && accounts[username] === password)
        return callback(null, { user: username });
      const words = '5.7.8 Error: authentication failed';
      note(535, null, words);
      callback(Object.assign(new Error(words), { responseCode: 535 }));
    },
    disableReverseLookup: true,
    closeTimeout: 100,
    logger: false,
    async onMailFrom(_address, _session, callback) {
      for (const halt of halts) if (mails.length >= halt.atMails) await halt.over();
      const fault = take('error-500', 'error-503', 'rate-limited', 'unauthorised');
      if (fault === null) return callback();
      const { code, words } = refusalOf(fault);
      note(code, fault, words);
      callback(Object.assign(new Error(words), { responseCode: code }));
    },
    onRcptTo({ address }, _session, callback) {
      const refusal = unknownMailboxes.has(address)
        ? { responseCode: 550, words: '5.1.1 Recipient address rejected: User unknown in virtual mailbox table' }
        : greylisted.has(address)
          ? { responseCode: 450, words: '4.2.0 Recipient address rejected: Greylisted' }
          : null;
      if (refusal === null) return callback();
      const words = refusal.words.replace('Recipient', `<${address}>: Recipient`);
      note(refusal.responseCode, null, words);
      callback(Object.assign(new Error(words), { responseCode: refusal.responseCode }));
    },
    onData(stream, session, callback) {
      const recipients = session.envelope.rcptTo.map(({ address }) => address);
      const { mailFrom } = session.envelope;
      accept(stream, mailFrom === false ? '' : mailFrom.address, recipients).then(
        (mail) => {
          if (stream.sizeExceeded) {
            const words = '5.3.4 Message size exceeds fixed limit';
            note(552, null, words);
            return callback(Object.assign(new Error(words), { responseCode: 552 }));
          }
          mails.push(mail);
          if (mail.ics !== null) calendars.receive(mail.to, mail.ics, mail.icsMethod);
          const lost = take('lost-answer', 'reset-mid-body');
          note(lost === null ? 250 : null, lost, mail.messageId);
          if (lost === null) return callback(null, `2.0.0 Ok: queued as SIM${mails.length}`);
          cutEverything();
        },
        (error: unknown) => callback(error instanceof Error ? error : new Error(String(error))),
      );
    },
  });
  // A client that vanishes is none of the server's trouble.
  server.on('error', () => undefined);

  async function accept(stream: Readable, sender: string, to: readonly string[]): Promise<Mail> {
    const whole = await wholeOf(stream);
    log.hear({ system: SYSTEM, method: 'MAIL', url: '/', headers: {}, body: whole });
    const parsed = await simpleParser(whole);
    const attachments = parsed.attachments.map((one) => ({
      filename: one.filename ?? null,
      contentType: one.contentType,
      content: one.content.toString('utf8'),
    }));
    const ics = attachments.find((one) => one.contentType === 'text/calendar' || one.contentType === 'application/ics');
    return {
      atMs: clock(),
      raw: whole,
      messageId: parsed.messageId ?? '',
      from: parsed.from?.text ?? '',
      sender,
      to,
      subject: parsed.subject ?? '',
      text: parsed.text ?? '',
      html: parsed.html || null,
      headers: Object.fromEntries(
        parsed.headerLines.map(({ key, line }) => [key, line.slice(line.indexOf(':') + 1).trim()]),
      ),
      attachments,
      ics: ics?.content ?? null,
      icsMethod: methodOf(whole),
    };
  }

  /** Faults of the connection come before the greeting. */
  function onConnection(socket: Socket): void {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    const fault = take('down', 'refused', 'timeout', 'half-open', 'malformed', 'slow');
    switch (fault?.kind) {
      case 'down':
      case 'refused':
        note(null, fault, 'connection refused');
        return void (fault.kind === 'refused' ? socket.resetAndDestroy() : socket.destroy());
      case 'timeout':
        note(null, fault, 'no greeting');
        return;
      case 'half-open':
        note(null, fault, 'half a greeting');
        return void socket.write('220-sim');
      case 'malformed':
        note(null, fault, 'not SMTP');
        return void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
      case 'slow':
        return void setTimeout(() => hand(socket), fault.seconds * 1000).unref();
      default:
        hand(socket);
    }
  }

  const [hand] = server.server.listeners('connection') as ((socket: Socket) => void)[] as [(socket: Socket) => void];
  server.server.removeAllListeners('connection');
  server.server.on('connection', onConnection);

  function cutEverything(): void {
    for (const socket of sockets) socket.destroy();
  }

  return {
    mails,
    unknownMailboxes,
    greylisted,
    calendars,
    haltAfter(count, then) {
      const halt = new Halt(mails.length + count, async () => {
        await then();
        halts.delete(halt);
      });
      halts.add(halt);
    },
    async listen(port = 0) {
      await new Promise<void>((resolve) => {
        server.listen(port, HOST, () => resolve());
      });
      const bound = (server.server.address() as AddressInfo).port;
      return { url: `smtp://${HOST}:${bound}`, port: bound };
    },
    async close() {
      cutEverything();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function wholeOf(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** The parser keeps no parameters of a part's type, so they are read where they stand. */
function methodOf(whole: Buffer): string | null {
  const header = /^content-type:\s*text\/calendar((?:;|\r?\n[ \t]|[^\r\n])*)/im.exec(whole.toString('latin1'))?.[1];
  return /method="?([A-Za-z]+)"?/i.exec(header ?? '')?.[1] ?? null;
}

function refusalOf(fault: WireFault): { code: number; words: string } {
  switch (fault.kind) {
    case 'rate-limited':
      return { code: 450, words: '4.7.1 Rate limit exceeded, try again later' };
    case 'unauthorised':
      return { code: 530, words: '5.7.0 Authentication required' };
    case 'error-503':
      return { code: 421, words: '4.3.2 Service not available, closing transmission channel' };
    default:
      return { code: 451, words: '4.3.0 Requested action aborted: local error in processing' };
  }
}
