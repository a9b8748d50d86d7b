import { readFileSync } from 'node:fs';
import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { away, fine, refused, type SystemFinding, unset } from '../../activities/finding.ts';
import { mailServerOf } from '../../config/smtp-url.ts';
import { DEADLINE_MS, reasonOf } from './ask.ts';
import type { Settings } from './settings.ts';

/** Says hello to the mail server and signs in, but sends nothing. */
export async function checkMail(settings: Settings): Promise<SystemFinding> {
  const system = 'e-mail';
  const written = settings.get('SMTP_URL');
  if (written === null) return unset(system, 'SMTP_URL', 'no e-mail is sent');
  if (!URL.canParse(written)) return refused(system, 'SMTP_URL is no address', 'Write smtp://user:password@host:587.');
  const { host, port, secure, auth, requireTls } = mailServerOf(written);
  const caFile = settings.get('SMTP_CA_FILE');
  // An address is no server name (RFC 6066); the certificate is checked against it all the same.
  const trust = {
    ...(isIP(host) === 0 ? { servername: host } : { host }),
    ...(caFile === null ? {} : { ca: readFileSync(caFile, 'utf8') }),
  };
  let socket: Socket = secure ? connectTls({ host, port, ...trust }) : connectPlain({ host, port });
  try {
    let session = conversation(socket);
    await session.expect('', 220);
    let greeting = await session.expect('EHLO incident-doctor', 250);
    if (!secure && /STARTTLS/i.test(greeting)) {
      await session.expect('STARTTLS', 220);
      socket = connectTls({ socket, ...trust });
      session = conversation(socket);
      greeting = await session.expect('EHLO incident-doctor', 250);
    } else if (!secure && requireTls) {
      socket.destroy();
      const words = `${host}:${port} offers no TLS, so no mail is sent through it`;
      return refused(system, words, 'Write smtps://, or ?requireTLS=false where the network between is yours.');
    }
    if (auth !== null) {
      const credentials = `\0${auth.user}\0${auth.pass}`;
      await session.expect(`AUTH PLAIN ${Buffer.from(credentials).toString('base64')}`, 235);
    }
    socket.end('QUIT\r\n');
    return fine(system, `${host}:${port}`);
  } catch (error) {
    socket.destroy();
    const words = `${host}:${port}: ${reasonOf(error)}`;
    return error instanceof Refusal && error.code >= 500
      ? refused(system, words, 'Correct user and password in SMTP_URL.')
      : away(
          system,
          words,
          'Let this machine reach the mail server, or correct SMTP_URL (587 for smtp:, 465 for smtps:).',
        );
  }
}

class Refusal extends Error {
  readonly code: number;
  constructor(code: number, words: string) {
    super(words);
    this.code = code;
  }
}

/** `expect` sends a line (none when empty) and waits for the whole answer, whose code must be that one. */
function conversation(socket: Socket): { expect(line: string, code: number): Promise<string> } {
  let text = '';
  socket.setEncoding('utf8');
  return {
    expect: (line, code) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(
          () => finish(() => reject(new Error(`no answer within ${DEADLINE_MS / 1000} s`))),
          DEADLINE_MS,
        );
        const finish = (settle: () => void): void => {
          clearTimeout(timer);
          socket.off('data', read).off('error', fail).off('close', closed);
          settle();
        };
        const read = (chunk: string): void => {
          text += chunk;
          const last = /^(\d{3}) .*\r?\n/m.exec(text);
          if (last === null) return;
          const answer = text;
          text = '';
          finish(() =>
            Number(last[1]) === code
              ? resolve(answer)
              : reject(new Refusal(Number(last[1]), `it answers "${last[0].trim()}"`)),
          );
        };
        const fail = (error: Error): void => finish(() => reject(error));
        const closed = (): void => finish(() => reject(new Error('it hung up')));
        socket.on('data', read).on('error', fail).on('close', closed);
        if (line !== '') socket.write(`${line}\r\n`);
      }),
  };
}
