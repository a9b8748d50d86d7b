import { hasStaleConnections, isEvicting } from '../../domain/cache.ts';
import { percent } from '../../domain/format.ts';
import { answerWords, isUnwell } from './answers.ts';
import type { CacheFact } from './ports.ts';
import { count, jsonBody, type Look, type Probe, type ProbeTable, required } from './probe.ts';

type CacheProbe = 'cache-answers' | 'cache-statistics';

const SOURCE = 'Redis';
const CACHE = 'The connection to the cache';

const cacheAnswers: Probe = {
  source: SOURCE,
  async ask({ cache }, look) {
    const answer = await required(cache, CACHE).answers();
    const words = answerWords(SOURCE, answer);
    return {
      command: redisCli(look, 'ping'),
      words,
      abnormal: isUnwell(answer),
      excerpt: words,
      finding: { probe: 'cache-answers', ...answer },
      ...jsonBody(answer),
    };
  },
};

/** What tells stale connections from evictions: a restart helps against the first only (R3.3.3). */
const cacheStatistics: Probe = {
  source: SOURCE,
  async ask({ cache }, look) {
    const facts = await required(cache, CACHE).statistics();
    const words = statisticsWords(facts);
    return {
      command: redisCli(look, 'info'),
      words,
      abnormal: isEvicting(facts) || hasStaleConnections(facts) || facts.rejectedConnections > 0,
      excerpt: words,
      finding: { probe: 'cache-statistics', ...facts },
      ...jsonBody(facts),
    };
  },
};

export const CACHE_PROBES: ProbeTable<CacheProbe> = {
  'cache-answers': cacheAnswers,
  'cache-statistics': cacheStatistics,
};

function statisticsWords(facts: CacheFact): string {
  const { hitRatio, evictedKeys, connectedClients, idleClients, usedMemoryMiB, memoryLimitMiB } = facts;
  const verdict = isEvicting(facts)
    ? 'The cache is full and throws keys out'
    : hasStaleConnections(facts)
      ? 'Most connections to the cache are stale'
      : 'The cache has room and its connections are in use';
  const idle = idleClients === null ? '' : `, ${idleClients} of them silent for ten minutes`;
  const limit = memoryLimitMiB === null ? ' without a limit' : ` of ${memoryLimitMiB}`;
  const hits = hitRatio === null ? 'no lookups yet' : `${percent(hitRatio)} of all lookups since its start were hits`;
  const refused = facts.rejectedConnections === 0 ? '' : ` ${count(facts.rejectedConnections, 'connection')} refused.`;
  return `${verdict}: ${count(connectedClients, 'client')}${idle}; ${count(evictedKeys, 'key')} evicted; ${usedMemoryMiB}${limit} MiB in use; ${hits}.${refused}`;
}

function redisCli({ service }: Look, command: string): string {
  return `kubectl exec ${service.cache?.pod ?? 'redis-0'} -n ${service.namespace} -- redis-cli ${command}`;
}
