import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { DEADLINE_MS, reasonOf } from './ask.ts';
import { away, fine, refused, type SystemFinding, unset } from './finding.ts';
import type { Settings } from './settings.ts';

/** Says hello to the mail server and signs in, but sends nothing. */
export async function checkMail(settings: Settings): Promise<SystemFinding> {
  const system = 'e-mail';
  const written = settings.get('SMTP_URL');
  if (written === null) return unset(system, 'SMTP_URL', 'no e-mail is sent');
  if (!URL.canParse(written)) return refused(system, 'SMTP_URL is no address', 'Write smtp://user:password@host:587.');
  const url = new URL(written);
  const secure = url.protocol === 'smtps:';
  const port = Number(url.port || (secure ? 465 : 587));
  let socket: Socket = secure
    ? connectTls({ host: url.hostname, port, servername: url.hostname })
    : connectPlain({ host: url.hostname, port });
  try {
    let session = conversation(socket);
    await session.expect('', 220);
    let greeting = await session.expect('EHLO incident-doctor', 250);
    if (!secure && /STARTTLS/i.test(greeting)) {
      await session.expect('STARTTLS', 220);
      socket = connectTls({ socket, servername: url.hostname });
      session = conversation(socket);
      greeting = await session.expect('EHLO incident-doctor', 250);
    }
    if (url.username !== '') {
      const credentials = `\0${decodeURIComponent(url.username)}\0${decodeURIComponent(url.password)}`;
      await session.expect(`AUTH PLAIN ${Buffer.from(credentials).toString('base64')}`, 235);
    }
    socket.end('QUIT\r\n');
    return fine(system, `${url.hostname}:${port}`);
  } catch (error) {
    socket.destroy();
    const words = `${url.hostname}:${port}: ${reasonOf(error)}`;
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
