import type { EnvOf } from '../system.ts';
import type { SystemPorts } from '../system-ports.ts';
import { createElasticsearchClient, type ElasticsearchSettings } from './client.ts';
import type { elasticsearch } from './settings.ts';

const TIMEOUT_MILLISECONDS = 5_000;

export function ports(env: EnvOf<typeof elasticsearch>): SystemPorts {
  const settings = elasticsearchSettings(env);
  return settings === null ? {} : { logSearch: createElasticsearchClient(settings) };
}

/** Null: it is not configured. */
export function elasticsearchSettings(env: EnvOf<typeof elasticsearch>): ElasticsearchSettings | null {
  if (env.ELASTICSEARCH_URL === undefined) return null;
  return {
    url: env.ELASTICSEARCH_URL,
    apiKey: env.ELASTICSEARCH_API_KEY ?? null,
    index: env.ELASTICSEARCH_INDEX,
    kibana: env.KIBANA_URL === undefined ? null : { url: env.KIBANA_URL, dataViewId: env.KIBANA_DATA_VIEW },
    timeoutMilliseconds: TIMEOUT_MILLISECONDS,
  };
}
