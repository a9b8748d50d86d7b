import type { EnvOf } from '../system.ts';
import type { SystemPorts } from '../system-ports.ts';
import { createRedisClient, type RedisOptions } from './client.ts';
import type { redis } from './settings.ts';

const TIMEOUT_MILLISECONDS = 5_000;

export function ports(env: EnvOf<typeof redis>): SystemPorts {
  const options = redisOptions(env);
  return options === null ? {} : { cache: createRedisClient(options) };
}

/** Null: it is not configured. */
export function redisOptions({ SERVICE_CACHE_URL: url }: EnvOf<typeof redis>): RedisOptions | null {
  return url === undefined ? null : { url, timeoutMilliseconds: TIMEOUT_MILLISECONDS };
}
