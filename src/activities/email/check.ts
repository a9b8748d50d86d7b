import { metBy } from '../failures.ts';
import { DEADLINE_MS, fine, reasonOf, refused, type SystemFinding, unreachable, unset } from '../finding.ts';
import type { EnvOf } from '../system.ts';
import { createEmailClient } from './client.ts';
import { emailSettings } from './ports.ts';
import type { email } from './settings.ts';

const SYSTEM = 'e-mail';

/** Says hello to the mail server and signs in, but sends nothing. */
export async function check(env: EnvOf<typeof email>): Promise<SystemFinding> {
  const settings = emailSettings(env);
  if (settings === null) return unset(SYSTEM, 'SMTP_URL', 'no e-mail is sent');
  const where = `${settings.host}:${settings.port}`;
  const client = createEmailClient({ ...settings, timeoutMilliseconds: DEADLINE_MS });
  try {
    await client.signIn();
    return fine(SYSTEM, where);
  } catch (error) {
    const { code } = (metBy(error)?.error ?? {}) as { readonly code?: string };
    if (code === 'ETLS')
      return refused(
        SYSTEM,
        `${where} offers no TLS, so no mail is sent through it`,
        'Write smtps://, or ?requireTLS=false where the network between is yours.',
      );
    const words = `${where}: ${reasonOf(error)}`;
    return (error as { readonly type?: string }).type === 'Unavailable'
      ? unreachable(
          SYSTEM,
          words,
          'Let this machine reach the mail server, or correct SMTP_URL (587 for smtp:, 465 for smtps:).',
        )
      : refused(SYSTEM, words, 'Correct user and password in SMTP_URL.');
  } finally {
    client.close();
  }
}
