import { createHttpClient } from '../http.ts';
import type { EnvOf } from '../system.ts';
import type { SystemPorts } from '../system-ports.ts';
import type { serviceApi } from './settings.ts';

const TIMEOUT_MILLISECONDS = 5_000;

export function ports({ SERVICE_API_URL: baseUrl }: EnvOf<typeof serviceApi>): SystemPorts {
  if (baseUrl === undefined) return {};
  const http = createHttpClient({ name: 'The service', baseUrl, timeoutMilliseconds: TIMEOUT_MILLISECONDS });
  return {
    serviceApi: {
      async check(path) {
        const url = `${baseUrl.replace(/\/$/, '')}${path}`;
        try {
          const answer = await http.send({ path });
          return { url, status: answer.status, ok: answer.status < 400, detail: answer.text.slice(0, 200) };
        } catch (error) {
          return { url, status: null, ok: false, detail: error instanceof Error ? error.message : String(error) };
        }
      },
    },
  };
}
