import { openSender } from './sender.ts';

// A worker of its own for the test that kills one: argv is [database, SMTP port, input as JSON].
const [databaseUrl = '', smtpPort = '0', input = '{}'] = process.argv.slice(2);
const { activities } = await openSender({
  databaseUrl,
  smtpPort: Number(smtpPort),
  csv: null,
  directoryUrl: null,
  failures: new Map(),
});
await activities.sendCustomerMails(JSON.parse(input));
