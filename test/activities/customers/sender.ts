import { createCustomerActivities } from '../../../src/activities/customers/activities.ts';
import { createCustomerDirectory } from '../../../src/activities/customers/client.ts';
import { createEmailClient, messageIdOf } from '../../../src/activities/email/client.ts';
import { createTemplateRenderer } from '../../../src/config/liquid.ts';
import { openStore, type Store } from '../../../src/store/store.ts';

export interface SenderOptions {
  readonly databaseUrl: string;
  readonly smtpPort: number;
  readonly csv: string | null;
  readonly directoryUrl: string | null;
  /** Failed requests of each user, as the metrics would tell. */
  readonly failures: ReadonlyMap<string, number>;
}

/** The activities as a worker wires them, with a real store and mail server; only the metrics are given. */
export async function openSender(options: SenderOptions) {
  const store: Store = await openStore({ url: options.databaseUrl });
  const activities = createCustomerActivities({
    directory: createCustomerDirectory({ csv: options.csv, databaseUrl: options.directoryUrl }),
    metrics: {
      valuesByLabel: async () => options.failures,
      valueAt: async (query) => (query.includes('status=') ? 450 : 1000),
    },
    ledger: store.customerMail,
    openMail: () => ({
      ...createEmailClient({ host: '127.0.0.1', port: options.smtpPort, secure: false, auth: null, connections: 4 }),
      messageId: messageIdOf,
    }),
    render: createTemplateRenderer(),
  });
  return { activities, store };
}
