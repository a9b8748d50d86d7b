import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** One user of the world's metrics and the customer behind it. */
export interface DirectoryEntry {
  readonly customerId: string;
  readonly email: string;
  readonly userId: string;
  readonly unsubscribed: boolean;
}

export interface SimulatedDirectory {
  readonly entries: readonly DirectoryEntry[];
  /** As a CRM exports it: customer_id, name, email, user_id, unsubscribed. */
  readonly csvPath: string;
  remove(): void;
}

/** Real directories are not clean: some want no mail, some have no address. */
const UNSUBSCRIBED_EVERY = 25;
const WITHOUT_ADDRESS_EVERY = 40;

/** The company's customers: one for each of the world's users, written where a worker can read it. */
export function createCustomerDirectory(users: number, userLabels: number): SimulatedDirectory {
  const labels = Math.max(1, Math.min(users, userLabels));
  const entries = Array.from({ length: users }, (_, index): DirectoryEntry => {
    const number = String(index + 1).padStart(5, '0');
    return {
      customerId: `cust-${number}`,
      email: (index + 1) % WITHOUT_ADDRESS_EVERY === 0 ? '' : `contact@customer-${number}.example`,
      userId: `u${String((index % labels) + 1).padStart(3, '0')}`,
      unsubscribed: (index + 1) % UNSUBSCRIBED_EVERY === 0,
    };
  });
  const folder = mkdtempSync(join(tmpdir(), 'customers-'));
  const csvPath = join(folder, 'customers.csv');
  const lines = entries.map(
    ({ customerId, email, userId, unsubscribed }, index) =>
      `${customerId},"Customer ${index + 1}, Inc.",${email},${userId},${unsubscribed ? 'yes' : 'no'}`,
  );
  writeFileSync(csvPath, ['customer_id,name,email,user_id,unsubscribed', ...lines, ''].join('\r\n'));
  return { entries, csvPath, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
