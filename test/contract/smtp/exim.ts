import { spawn } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../../lab/embedded/ports.ts';
import { userToRunAs } from '../../../lab/embedded/postgres-binaries.ts';
import { startServer } from '../servers.ts';
import type { MailStage } from './stage.ts';
import { ACCOUNT, CLOSED_PORT_DOMAIN, LARGEST_MAIL_BYTES, RETURNED_DOMAIN, type TestCertificate } from './stage.ts';

export const EXIM = '/usr/sbin/exim4';

/**
 * A real Exim in a folder of its own, as an ordinary user: local delivery into maildirs, three doors on loopback, no
 * name lookups, and nothing of the machine's own mail system touched.
 */
export async function startExim(certificate: TestCertificate): Promise<MailStage> {
  const runAs = await userToRunAs();
  const [starttlsPort, smtpsPort] = [await freePort(), await freePort()];
  const server = await startServer(
    EXIM,
    (plainPort, folder) => {
      for (const part of ['spool', 'log', 'mail', 'unknown', 'greylisted']) mkdirSync(join(folder, part));
      writeFileSync(join(folder, 'key.pem'), certificate.key);
      writeFileSync(join(folder, 'cert.pem'), certificate.cert);
      writeFileSync(
        join(folder, 'exim.conf'),
        configuration(folder, { plainPort, starttlsPort, smtpsPort }, runAs ?? ownUser()),
      );
      if (runAs !== null) {
        // The configuration stays ours; what the server writes or reads as a secret is the other user's.
        chmodSync(folder, 0o711);
        for (const part of ['spool', 'log', 'mail', 'key.pem', '.'])
          chownSync(join(folder, part), runAs.uid, runAs.gid);
      }
      return ['-C', join(folder, 'exim.conf'), '-bdf', '-q1m'];
    },
    undefined,
    (program, args, options) =>
      spawn(program, [...args], { ...options, ...(runAs === null ? {} : { uid: runAs.uid, gid: runAs.gid }) }),
  );
  const at = (list: 'unknown' | 'greylisted', address: string) => join(server.folder, list, address);
  return {
    ports: { plain: server.port, starttls: starttlsPort, smtps: smtpsPort },
    certificate,
    async delivered(address) {
      // One box for all: a path made of what a stranger says is more than Exim allows.
      const box = join(server.folder, 'mail', 'new');
      const all = namesIn(box).map((name) => readFileSync(join(box, name)));
      return all.filter((raw) => raw.toString('latin1').startsWith(`Envelope-to: ${address}\n`));
    },
    setUnknown: (address, on) => mark(at('unknown', address), on),
    setGreylisted: (address, on) => mark(at('greylisted', address), on),
    stop: () => server.stop(),
  };
}

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

function mark(file: string, on: boolean): void {
  if (on) writeFileSync(file, '');
  else rmSync(file, { force: true });
}

interface Ports {
  readonly plainPort: number;
  readonly starttlsPort: number;
  readonly smtpsPort: number;
}

/** Who may start it: Exim lets only the user that it is configured for. */
function ownUser(): Owner {
  return { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
}

function configuration(folder: string, { plainPort, starttlsPort, smtpsPort }: Ports, { uid, gid }: Owner): string {
  return `
primary_hostname = localhost
exim_path = ${EXIM}
exim_user = ${uid}
exim_group = ${gid}
spool_directory = ${folder}/spool
log_file_path = ${folder}/log/%slog
pid_file_path = ${folder}/spool/exim.pid
keep_environment =
disable_ipv6 = true
local_interfaces = 127.0.0.1
daemon_smtp_ports = ${plainPort} : ${starttlsPort} : ${smtpsPort}
tls_on_connect_ports = ${smtpsPort}
tls_advertise_hosts = \${if eq{$received_port}{${starttlsPort}}{*}{}}
tls_certificate = ${folder}/cert.pem
tls_privatekey = ${folder}/key.pem
auth_advertise_hosts = \${if def:tls_in_cipher{*}{}}
never_users =
deliver_drop_privilege = true
host_lookup =
rfc1413_query_timeout = 0s
message_size_limit = ${LARGEST_MAIL_BYTES}
acl_smtp_mail = sender
acl_smtp_rcpt = recipient
acl_smtp_data = accept

begin acl
sender:
  deny    condition = \${if eq{$received_port}{${plainPort}}{no}{yes}}
          !encrypted = *
          message = 530 5.7.0 Must issue a STARTTLS command first
  deny    condition = \${if eq{$received_port}{${plainPort}}{no}{yes}}
          !authenticated = *
          message = 530 5.7.0 Authentication required
  accept
recipient:
  deny    condition = \${if exists{${folder}/unknown/$local_part@$domain}}
          message = 550 5.1.1 <$local_part@$domain>: Recipient address rejected: User unknown
  defer   condition = \${if exists{${folder}/greylisted/$local_part@$domain}}
          message = 450 4.2.0 <$local_part@$domain>: Recipient address rejected: Greylisted
  deny    domains = ${CLOSED_PORT_DOMAIN}
          message = 550 5.7.1 Relaying denied
  accept

begin routers
unheard_of:
  driver = redirect
  domains = ${RETURNED_DOMAIN}
  allow_fail
  data = :fail: 5.1.1 User unknown in virtual mailbox table
everybody:
  driver = accept
  transport = boxes

begin transports
boxes:
  driver = appendfile
  maildir_format
  directory = ${folder}/mail
  create_directory
  envelope_to_add

begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = \${if and{{eq{$auth2}{${ACCOUNT.user}}}{eq{$auth3}{${ACCOUNT.pass}}}}}
  server_set_id = $auth2
`;
}
