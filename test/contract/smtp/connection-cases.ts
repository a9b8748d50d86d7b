import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { simpleParser } from 'mailparser';
import { expect } from 'vitest';
import { createEmailClient, messageIdOf } from '../../../src/activities/email/client.ts';
import { examined } from '../../cli/examined.ts';
import { deafProxy } from '../deaf-proxy.ts';
import type { ContractCase } from '../suite.ts';
import { thrown } from '../vendor.ts';
import { boxOf, client, mailOf, overTls, settledBoxOf } from './kit.ts';
import { ACCOUNT, type MailStage } from './stage.ts';

/** Passwords go out in Base64 only. */
const PASSWORD_BASE64 = Buffer.from(`\0${ACCOUNT.user}\0${ACCOUNT.pass}`).toString('base64');

/** Log-in, TLS, and connections that end when they should not. */
export const CONNECTION_CASES: readonly ContractCase<MailStage>[] = [
  {
    name: 'logs in over STARTTLS, and over TLS from the first byte',
    async run(stage) {
      for (const settings of [{}, { port: stage.ports.smtps, secure: true }]) {
        const mail = mailOf();
        await overTls(stage, settings).send(mail);
        expect(await boxOf(stage, mail.to[0] ?? '')).toHaveLength(1);
      }
    },
  },
  {
    name: 'keeps a connection for many mails',
    async run(stage) {
      const pooled = overTls(stage, { connections: 2 });
      const many = Array.from({ length: 12 }, () => mailOf());
      await Promise.all(many.map((mail) => pooled.send(mail)));
      pooled.close();
      for (const { to } of many) expect(await boxOf(stage, to[0] ?? '')).toHaveLength(1);
    },
  },
  {
    name: 'does not get in with a wrong password, and the refusal does not tell it',
    async run(stage) {
      const error = await thrown(
        overTls(stage, { auth: { user: ACCOUNT.user, pass: 'another0planted0secret' } }).send(mailOf()),
      );
      expect(error).toMatchObject({ type: 'Unauthorised', nonRetryable: true });
      expect(`${error.message} ${JSON.stringify(error)} ${error.stack}`).not.toContain('another0planted0secret');
    },
  },
  {
    name: 'says that it must log in where it has no password',
    async run(stage) {
      const silent = await thrown(overTls(stage, { auth: null }).send(mailOf()));
      expect(silent).toMatchObject({
        type: 'Unauthorised',
        message: expect.stringMatching(/530.*Authentication required/i),
      });
    },
  },
  {
    name: 'says nothing, and above all no password, to a server that offers no TLS where TLS is required',
    async run(stage) {
      const heard: string[] = [];
      const proxy = await deafProxy(`smtp://127.0.0.1:${stage.ports.plain}`, (chunk) => heard.push(chunk.toString()));
      try {
        const mail = mailOf();
        const error = await thrown(overTls(stage, { port: Number(new URL(proxy.url).port) }).send(mail));
        expect(error).toMatchObject({ type: 'Invalid', message: expect.stringContaining('STARTTLS') });
        expect(heard.join('')).toContain('EHLO');
        expect(heard.join('')).not.toMatch(/AUTH|MAIL FROM/i);
        expect(heard.join('')).not.toContain(PASSWORD_BASE64);
        expect(await settledBoxOf(stage, mail.to[0] ?? '')).toEqual([]);
      } finally {
        proxy.close();
      }
    },
  },
  {
    name: 'does not believe a certificate that nobody vouches for',
    async run(stage) {
      for (const settings of [{}, { port: stage.ports.smtps, secure: true }]) {
        const stranger = createEmailClient({
          host: '127.0.0.1',
          port: stage.ports.starttls,
          secure: false,
          requireTls: true,
          auth: ACCOUNT,
          timeoutMilliseconds: 5_000,
          ...settings,
        });
        const error = await thrown(stranger.send(mailOf()));
        expect(error).toMatchObject({ type: 'Unavailable', message: expect.stringMatching(/self.signed/i) });
      }
    },
  },
  {
    name: 'does not know whether it was taken when the answer to the mail is lost; the second copy has the same id',
    async run(stage) {
      const mail = mailOf();
      const proxy = await deafProxy(`smtp://127.0.0.1:${stage.ports.plain}`);
      proxy.loseAnswerOf(/\r\n\.\r\n$/);
      const through = client(Number(new URL(proxy.url).port));
      try {
        expect(await thrown(through.send(mail))).toMatchObject({ type: 'Unavailable', nonRetryable: false });
        await through.send(mail);
        const box = await boxOf(stage, mail.to[0] ?? '', 2);
        expect(box).toHaveLength(2);
        const ids = await Promise.all(box.map(async (raw) => (await simpleParser(raw)).messageId));
        expect(new Set(ids)).toEqual(new Set([messageIdOf(mail.key, mail.from)]));
      } finally {
        proxy.close();
      }
    },
  },
  {
    name: 'delivers nothing when it is cut off before the mail was over',
    async run(stage) {
      const mail = mailOf();
      const proxy = await deafProxy(`smtp://127.0.0.1:${stage.ports.plain}`);
      proxy.loseAnswerOf(/DATA\r\n$/);
      try {
        const error = await thrown(client(Number(new URL(proxy.url).port)).send(mail));
        expect(error).toMatchObject({ type: 'Unavailable', nonRetryable: false });
        expect(await settledBoxOf(stage, mail.to[0] ?? '')).toEqual([]);
      } finally {
        proxy.close();
      }
    },
  },
  {
    name: 'gives up within its own time on a connection on which nothing comes any more',
    async run(stage) {
      for (const pattern of [/^EHLO/, /RCPT TO/, /\r\n\.\r\n$/]) {
        const proxy = await deafProxy(`smtp://127.0.0.1:${stage.ports.plain}`);
        proxy.loseAnswerOf(pattern, 'silence');
        const begunMs = performance.now();
        try {
          const impatient = client(Number(new URL(proxy.url).port), { timeoutMilliseconds: 400 });
          expect(await thrown(impatient.send(mailOf()))).toMatchObject({ type: 'Unavailable', nonRetryable: false });
          expect(performance.now() - begunMs).toBeLessThan(8_000);
        } finally {
          proxy.close();
        }
      }
    },
  },
  {
    name: 'is what doctor says it is: fine over TLS, and refused with what to do where a password would go in the clear',
    async run(stage) {
      const folder = mkdtempSync(join(tmpdir(), 'authority-'));
      const file = join(folder, 'ca.pem');
      writeFileSync(file, stage.certificate.cert);
      const doctor = async (scheme: string, port: number, pass: string, query = '') => {
        const url = `${scheme}://${ACCOUNT.user}:${pass}@127.0.0.1:${port}${query}`;
        return (await examined({ SMTP_URL: url, SMTP_CA_FILE: file }, ['e-mail']))[0];
      };
      try {
        const { starttls, smtps, plain } = stage.ports;
        expect(await doctor('smtp', starttls, ACCOUNT.pass)).toMatchObject({ reachable: 'yes', authorised: 'yes' });
        expect(await doctor('smtps', smtps, ACCOUNT.pass)).toMatchObject({ reachable: 'yes', authorised: 'yes' });
        const wrong = await doctor('smtp', starttls, 'another0planted0secret');
        expect(wrong).toMatchObject({ authorised: 'no', advice: expect.stringContaining('user and password') });
        expect(JSON.stringify(wrong)).not.toContain('another0planted0secret');
        const inTheClear = await doctor('smtp', plain, ACCOUNT.pass, '?requireTLS=true');
        expect(inTheClear).toMatchObject({ authorised: 'no', advice: expect.stringContaining('smtps://') });
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  },
  {
    name: 'takes no greeting for an answer that is none, and waits for none for ever',
    cannotShow: { real: 'a mail server that runs greets as it should' },
    async run() {
      for (const greeting of ['HTTP/1.1 400 Bad Request\r\n\r\n', '220-half of', '']) {
        const odd = createServer((socket) => {
          socket.on('error', () => undefined);
          socket.write(greeting);
        });
        await new Promise<void>((resolve) => odd.listen(0, '127.0.0.1', () => resolve()));
        const { port } = odd.address() as { port: number };
        const error = await thrown(client(port, { timeoutMilliseconds: 300 }).send(mailOf()));
        expect(error).toMatchObject({ type: 'Unavailable', nonRetryable: false });
        odd.close();
      }
    },
  },
];
