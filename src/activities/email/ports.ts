import { readFileSync } from 'node:fs';
import type { EnvOf } from '../system.ts';
import type { SystemPorts } from '../system-ports.ts';
import { createEmailClient, type EmailSettings, messageIdOf } from './client.ts';
import type { email } from './settings.ts';
import { mailServerOf } from './smtp-url.ts';

type Env = EnvOf<typeof email, 'worker'>;

/** Connections for one batch of mail to customers. */
const BULK_CONNECTIONS = 4;

export function ports(env: Env): SystemPorts {
  const settings = emailSettings(env);
  if (settings === null) return {};
  return {
    mail: createEmailClient(settings),
    openBulkMail: () => ({
      ...createEmailClient({ ...settings, connections: BULK_CONNECTIONS }),
      messageId: messageIdOf,
    }),
  };
}

/** Null: it is not configured. */
export function emailSettings({ SMTP_URL, SMTP_CA_FILE }: Env): EmailSettings | null {
  if (SMTP_URL === undefined) return null;
  return {
    ...mailServerOf(SMTP_URL),
    ...(SMTP_CA_FILE === undefined ? {} : { certificateAuthority: readFileSync(SMTP_CA_FILE, 'utf8') }),
  };
}
