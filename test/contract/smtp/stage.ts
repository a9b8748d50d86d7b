import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSmtp, type Smtp, type SmtpOptions } from '../../../lab/simulation/systems/smtp.ts';
import { vendorWorld } from '../vendor.ts';

/** A mail server with three doors, and what its recipients have got. */
export interface MailStage {
  readonly ports: {
    /** Takes mail from everybody and offers no TLS. */
    readonly plain: number;
    /** Takes mail over TLS from who has logged in; STARTTLS. */
    readonly starttls: number;
    /** The same, TLS from the first byte. */
    readonly smtps: number;
  };
  readonly certificate: TestCertificate;
  /** Whole mails in the box of that address, oldest first. */
  delivered(address: string): Promise<readonly Buffer[]>;
  setUnknown(address: string, on: boolean): void;
  setGreylisted(address: string, on: boolean): void;
  stop(): Promise<void>;
}

export interface TestCertificate {
  readonly key: string;
  readonly cert: string;
}

export const ACCOUNT = { user: 'incidents', pass: 'planted0mail0password' } as const;
export const LARGEST_MAIL_BYTES = 200_000;
/** Mail for it is taken from nobody. */
export const CLOSED_PORT_DOMAIN = 'elsewhere.example';

/** Mail for it is taken, and comes back. */
export const RETURNED_DOMAIN = 'returned.example';

/** Signed by itself, for 127.0.0.1, as long as a test runs. */
export function makeCertificate(): TestCertificate {
  const folder = mkdtempSync(join(tmpdir(), 'certificate-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  try {
    const made = spawnSync('openssl', ['req', '-x509', ...kind, ...subject, '-keyout', key, '-out', cert]);
    if (made.status !== 0) throw new Error(`openssl made no certificate: ${made.stderr}`);
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Three of our simulated servers, one for each door. */
export async function startSimulated(certificate: TestCertificate): Promise<MailStage> {
  const { common } = vendorWorld('2026-03-03T09:00:00Z');
  const open = async (more: Partial<SmtpOptions>): Promise<readonly [Smtp, number]> => {
    const smtp = createSmtp({ ...common, largestMailBytes: LARGEST_MAIL_BYTES, ...more });
    return [smtp, (await smtp.listen()).port];
  };
  const accounts = { [ACCOUNT.user]: ACCOUNT.pass };
  const doors = await Promise.all([
    open({}),
    open({ accounts, tls: { ...certificate, fromTheFirstByte: false } }),
    open({ accounts, tls: { ...certificate, fromTheFirstByte: true } }),
  ]);
  const [[, plain], [, starttls], [, smtps]] = doors;
  const set = (list: 'unknownMailboxes' | 'greylisted') => (address: string, on: boolean) => {
    for (const [smtp] of doors) smtp[list][on ? 'add' : 'delete'](address);
  };
  return {
    ports: { plain, starttls, smtps },
    certificate,
    delivered: async (address) =>
      doors.flatMap(([smtp]) => smtp.mails.filter(({ to }) => to.includes(address)).map(({ raw }) => raw)),
    setUnknown: set('unknownMailboxes'),
    setGreylisted: set('greylisted'),
    stop: async () => {
      for (const [smtp] of doors) await smtp.close();
    },
  };
}
