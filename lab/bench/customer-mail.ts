import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadPolicy } from '../../src/config/policy.ts';
import { messageTemplatesFor } from '../../src/domain/message-templates.ts';
import { openSender } from '../../test/activities/customers/sender.ts';
import { testPostgres } from '../../test/store/test-postgres.ts';
import { RESOLVED } from '../../test/views/facts.ts';
import { print } from './figures.ts';

// npx tsx lab/bench/customer-mail.ts [customers]: an incident's mail to so many customers, each through the ledger
// (begun before, sent after), over SMTP to a server that takes everything, beside the bare SMTP conversation's count.

const AT = '2024-10-23T15:10:00.000Z';

async function main(count: number): Promise<void> {
  const policy = await loadPolicy('policy/noa.yaml');
  const { customers } = policy;
  if (customers === null) throw new Error('policy/noa.yaml has no customers.');
  const [postgres, sink, folder] = await Promise.all([
    testPostgres(),
    startSink(),
    mkdtemp(join(tmpdir(), 'customer-mail-')),
  ]);
  const csv = join(folder, 'customers.csv');
  const rows = Array.from({ length: count }, (_, index) => `c${index},c${index}@example.com,u${index}`);
  await writeFile(csv, ['customer_id,email,user_id', ...rows].join('\n'));
  const failures = new Map(Array.from({ length: count }, (_, index) => [`u${index}`, 3] as const));
  const databaseUrl = await postgres.fresh();
  const { activities, store } = await openSender({
    databaseUrl,
    smtpPort: sink.port,
    csv,
    directoryUrl: null,
    failures,
  });
  try {
    const preparedMs = performance.now();
    const { digest } = await activities.prepareCustomerMail({
      edition: 'resolved-0',
      kind: 'notification',
      facts: RESOLVED,
      texts: messageTemplatesFor(policy.communication, [{ medium: 'customers', what: 'notification' }]),
      customers,
      fromAt: '2024-10-23T14:30:00.000Z',
      untilAt: '2024-10-23T15:05:00.000Z',
      at: AT,
    });
    const sentMs = performance.now();
    let batches = 0;
    for (let left = count; left > 0 && batches < count; batches += 1) {
      const input = { incidentId: RESOLVED.incidentId, edition: 'resolved-0', digest, customers, at: AT };
      ({ left } = await activities.sendCustomerMails(input));
    }
    const seconds = (performance.now() - sentMs) / 1000;
    print([
      ['customers', count],
      ['found, rendered and written down', (sentMs - preparedMs) / 1000, 's'],
      ['sent', seconds, 's'],
      ['mails a second', count / seconds],
      ['batches (activities)', batches],
      ['mails the server took', sink.mails()],
    ]);
    if (sink.mails() !== count) process.exitCode = 1;
  } finally {
    await store.close();
    await Promise.all([postgres.stop(), sink.close(), rm(folder, { recursive: true, force: true })]);
  }
}

/** As little of a mail server as there can be, so that it is not the server that is measured. */
async function startSink(): Promise<{ readonly port: number; mails(): number; close(): Promise<void> }> {
  let mails = 0;
  const server = createServer((socket) => {
    let body = false;
    let rest = '';
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy());
    socket.write('220 sink\r\n');
    socket.on('data', (chunk) => {
      rest += chunk.toString('latin1');
      for (let end = rest.indexOf('\r\n'); end >= 0; end = rest.indexOf('\r\n')) {
        const line = rest.slice(0, end);
        rest = rest.slice(end + 2);
        if (body && line !== '.') continue;
        if (body) {
          body = false;
          mails += 1;
          socket.write('250 queued\r\n');
        } else if (line === 'DATA') {
          body = true;
          socket.write('354 go\r\n');
        } else socket.write(line.startsWith('QUIT') ? '221 bye\r\n' : '250 ok\r\n');
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    port: address.port,
    mails: () => mails,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

await main(Number(process.argv[2] ?? 10_000));
