import { createClient } from 'redis';
import { away, fine, refused, type SystemFinding, unset } from '../../activities/finding.ts';
import { DEADLINE_MS, reasonOf } from './ask.ts';
import type { Settings } from './settings.ts';

/** What the evidence of R2.5 and R3.3.3 asks, with the right that allows it. */
const ASKED = [
  { words: ['PING'], right: '+ping' },
  { words: ['INFO'], right: '+info' },
  { words: ['CLIENT', 'LIST', 'TYPE', 'normal'], right: '+client|list' },
] as const;
const SYSTEM = 'service cache';
const VARIABLE = 'SERVICE_CACHE_URL';

export async function checkCache(settings: Settings): Promise<SystemFinding> {
  const url = settings.get(VARIABLE);
  if (url === null) return unset(SYSTEM, VARIABLE, 'whether the cache answers, and why it misses, is not known');
  const where = `redis at ${URL.canParse(url) ? new URL(url).host : 'an address that cannot be read'}`;
  const client = createClient({
    url,
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: 'disabled',
    socket: { connectTimeout: DEADLINE_MS, reconnectStrategy: false },
  });
  client.on('error', () => undefined);
  const timer = setTimeout(() => client.isOpen && client.destroy(), DEADLINE_MS);
  try {
    await client.connect();
    const missing: string[] = [];
    for (const { words, right } of ASKED) {
      await client.sendCommand([...words]).catch((error: Error) => {
        if (!error.message.startsWith('NOPERM')) throw error;
        missing.push(right);
      });
    }
    if (missing.length === 0) return fine(SYSTEM, where);
    return refused(
      SYSTEM,
      `${where} does not let us ${missing.join(', ')}`,
      `Give the user the missing rights: ACL SETUSER ${userOf(url)} ${missing.join(' ')}`,
    );
  } catch (error) {
    const reason = reasonOf(error);
    if (/WRONGPASS|NOAUTH/.test(reason))
      return refused(SYSTEM, `${where}: ${reason}`, `Correct the user and the password in ${VARIABLE}.`);
    return away(SYSTEM, `${where}: ${reason}`, `Start it, or correct ${VARIABLE}.`);
  } finally {
    clearTimeout(timer);
    if (client.isOpen) client.destroy();
  }
}

function userOf(url: string): string {
  const name = URL.canParse(url) ? decodeURIComponent(new URL(url).username) : '';
  return name === '' ? 'default' : name;
}
