import { fine, reasonOf, refused, type SystemFinding, unreachable, unset } from '../finding.ts';
import type { EnvOf } from '../system.ts';
import { probe } from './client.ts';
import { redisOptions } from './ports.ts';
import type { redis } from './settings.ts';

/** What the evidence of R2.5 and R3.3.3 asks, with the right that allows it. */
const ASKED = [
  { words: ['PING'], right: '+ping' },
  { words: ['INFO'], right: '+info' },
  { words: ['CLIENT', 'LIST', 'TYPE', 'normal'], right: '+client|list' },
] as const;
const SYSTEM = 'service cache';
const VARIABLE = 'SERVICE_CACHE_URL';

export async function check(env: EnvOf<typeof redis>): Promise<SystemFinding> {
  const options = redisOptions(env);
  if (options === null) return unset(SYSTEM, VARIABLE, 'whether the cache answers, and why it misses, is not known');
  const { url } = options;
  const where = `redis at ${new URL(url).host}`;
  try {
    const missing = await probe(options, async (client) => {
      const refusedRights: string[] = [];
      for (const { words, right } of ASKED) {
        await client.sendCommand([...words]).catch((error: Error) => {
          if (!error.message.startsWith('NOPERM')) throw error;
          refusedRights.push(right);
        });
      }
      return refusedRights;
    });
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
    return unreachable(SYSTEM, `${where}: ${reason}`, `Start it, or correct ${VARIABLE}.`);
  }
}

function userOf(url: string): string {
  const name = decodeURIComponent(new URL(url).username);
  return name === '' ? 'default' : name;
}
