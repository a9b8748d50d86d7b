import type { AddressInfo } from 'node:net';
import { type ParsedMail, simpleParser } from 'mailparser';
import { SMTPServer } from 'smtp-server';

export interface Mailbox {
  readonly port: number;
  readonly mails: ParsedMail[];
  /** What the server says to the next mail instead of taking it; `lost`: it takes it and never answers. */
  next: { readonly refuse?: { readonly code: number; readonly words: string }; readonly lost?: boolean } | null;
  readonly unknown: Set<string>;
  close(): Promise<void>;
}

/** A real SMTP server in the test's process. */
export async function startMailbox(): Promise<Mailbox> {
  const mails: ParsedMail[] = [];
  const mailbox = { mails, next: null as Mailbox['next'], unknown: new Set<string>() };
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onRcptTo(address, _session, done) {
      done(
        mailbox.unknown.has(address.address) ? Object.assign(new Error('no such user'), { responseCode: 550 }) : null,
      );
    },
    onData(stream, _session, done) {
      void simpleParser(stream).then((mail) => {
        const next = mailbox.next;
        mailbox.next = null;
        if (next?.refuse !== undefined) {
          done(Object.assign(new Error(next.refuse.words), { responseCode: next.refuse.code }));
          return;
        }
        mails.push(mail);
        if (next?.lost !== true) done(null);
      });
    },
  });
  server.on('error', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  return Object.assign(mailbox, {
    port: (server.server.address() as AddressInfo).port,
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  });
}
