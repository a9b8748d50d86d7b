import type { FaultKind } from '../../simulation/faults/faults.ts';
import type { Dice } from './dice.ts';

/** A fault as a drill file writes it, without its `at`. */
export type WrittenFault = { readonly kind: FaultKind } & Readonly<Record<string, unknown>>;

const APPLICATION = 'noa-mcp';
const COMPANION = 'noa-claude-flow';

export { APPLICATION, COMPANION };

const NODES = ['node-a', 'node-b', 'node-c'] as const;
const CHANGES = [
  'feature X',
  'v1.9.1: faster session export',
  'billing page redesign',
  'bump fastify to 5.2',
  'retry budget per tenant',
  'usage report for admins',
  'new embeddings router',
  'tidy up request logging',
  'pending requests dashboard',
  'rollout of the new serializer',
] as const;
const APPLICATION_ENDPOINTS = [
  '/api/v1/chat/completions',
  '/api/v1/messages',
  '/api/v1/embeddings',
  '/api/v1/requests',
] as const;
const CODE_MESSAGES = [
  "Cannot read properties of undefined (reading 'limits')",
  'Unexpected token u in JSON at position 0',
  'Maximum call stack size exceeded',
  "Invalid value for enum field 'tier'",
  'Converting circular structure to JSON',
] as const;
const STATEMENTS = [
  {
    table: 'requests',
    statement: "SELECT * FROM requests WHERE status = 'pending' AND created_at < NOW() - INTERVAL '1 hour'",
  },
  {
    table: 'usage_events',
    statement: 'SELECT user_id, sum(tokens) FROM usage_events WHERE day >= $1 GROUP BY user_id',
  },
  { table: 'sessions', statement: 'SELECT * FROM sessions WHERE lower(email) = lower($1) ORDER BY last_seen DESC' },
  { table: 'flows', statement: 'UPDATE flows SET state = $1 WHERE payload LIKE $2' },
] as const;

/** One drawing a kind: each parameter is left out at times, so that the defaults are played too. */
export const FAULT_DRAWS: Readonly<Record<FaultKind, (dice: Dice) => WrittenFault>> = {
  'bad-deploy': badDeploy,
  'slow-query': (dice) => {
    const { table, statement } = dice.one('statement', STATEMENTS);
    return written('slow-query', {
      ...(dice.chance('named', 0.7) ? { statement, table: dice.sometimes('table', table) } : {}),
      seconds: dice.sometimes('seconds', dice.number('seconds', 3, 10, 1)),
      perMinute: dice.sometimes('perMinute', dice.whole('perMinute', 70, 160)),
    });
  },
  'connection-leak': (dice) =>
    written('connection-leak', {
      deployment: dice.sometimes('deployment', dice.one('deployment', [APPLICATION, APPLICATION, COMPANION])),
      perMinute: dice.sometimes('perMinute', dice.whole('perMinute', 5, 20)),
    }),
  'postgres-down': (dice) =>
    written('postgres-down', { recovers: dice.sometimes('recovers', dice.one('recovers', ['on-delete', 'never'])) }),
  'postgres-unreachable': (dice) =>
    written('postgres-unreachable', { from: dice.sometimes('from', dice.one('from', [APPLICATION, COMPANION])) }),
  'replica-lag': (dice) =>
    written('replica-lag', { seconds: dice.sometimes('seconds', dice.whole('seconds', 60, 900)) }),
  'replica-missing': () => written('replica-missing', {}),
  'redis-down': (dice) =>
    written('redis-down', {
      recovers: dice.sometimes('recovers', dice.one('recovers', ['on-delete', 'on-restart', 'never'])),
    }),
  'cache-degraded': (dice) =>
    written('cache-degraded', {
      hitRate: dice.sometimes('hitRate', dice.number('hitRate', 0.05, 0.55)),
      cause: dice.sometimes('cause', dice.one('cause', ['stale-connections', 'evictions'])),
    }),
  'provider-outage': (dice) => {
    const mode = dice.one('mode', ['down', 'errors', 'slow', 'rate-limited', 'unauthorised']);
    return written('provider-outage', {
      provider: dice.one('provider', ['claude', 'openai']),
      mode,
      statusPage: dice.sometimes('statusPage', dice.one('statusPage', ['reports', 'silent'])),
      errorRate: dice.sometimes('errorRate', dice.number('errorRate', mode === 'slow' ? 0.2 : 0.34, 1)),
    });
  },
  'memory-leak': (dice) =>
    written('memory-leak', {
      deployment: dice.sometimes('deployment', dice.one('deployment', [APPLICATION, COMPANION])),
      mibPerMinute: dice.sometimes('mibPerMinute', dice.whole('mibPerMinute', 60, 220)),
    }),
  'traffic-surge': (dice) =>
    written('traffic-surge', {
      factor: dice.sometimes('factor', dice.number('factor', 3, 8, 1)),
      endpoints: dice.sometimes('endpoints', [dice.one('endpoint', APPLICATION_ENDPOINTS)], 0.3),
      source: dice.sometimes('source', dice.one('source', ['customers', 'abuse'])),
    }),
  'slow-endpoint': (dice) =>
    written('slow-endpoint', {
      endpoint: dice.one('endpoint', [
        '/api/v1/chat/completions',
        '/api/v1/messages',
        '/api/v1/embeddings',
        '/api/v1/flows',
      ]),
      p95Seconds: dice.sometimes('p95Seconds', dice.number('p95Seconds', 5, 18, 1)),
    }),
  'node-pressure': (dice) =>
    written('node-pressure', {
      node: dice.one('node', NODES),
      resource: dice.sometimes('resource', dice.one('resource', ['cpu', 'memory', 'disk'])),
    }),
  'node-down': (dice) => written('node-down', { node: dice.one('node', NODES) }),
  'pods-stuck': (dice) =>
    written('pods-stuck', {
      deployment: dice.sometimes('deployment', dice.one('deployment', [APPLICATION, COMPANION])),
      reason: dice.sometimes('reason', dice.one('reason', ['CrashLoopBackOff', 'ImagePullBackOff', 'Pending'])),
      change: dice.sometimes('change', dice.one('change', CHANGES)),
    }),
  'config-change': (dice) => {
    const effect = codeEffect(dice, ['errors', 'errors', 'slow', 'query']);
    return written('config-change', { effect: dice.chance('plain', 0.2) ? undefined : effect });
  },
  'canary-regression': (dice) =>
    written('canary-regression', {
      errorRate: dice.number('errorRate', 0.1, 0.9),
      p95Seconds: dice.sometimes('p95Seconds', dice.number('p95Seconds', 4, 12, 1), 0.3),
    }),
  'infrastructure-down': (dice) =>
    written('infrastructure-down', { scope: dice.one('scope', ['zone', 'cluster', 'dns']) }),
  'data-corruption': (dice) =>
    written('data-corruption', { scope: dice.sometimes('scope', dice.one('scope', ['partial', 'full'])) }),
  'security-breach': (dice) =>
    written('security-breach', { scope: dice.sometimes('scope', dice.one('scope', ['partial', 'full'])) }),
  'authentication-broken': (dice) =>
    written('authentication-broken', { scope: dice.sometimes('scope', dice.one('scope', ['partial', 'full'])) }),
  'minor-bug': (dice) =>
    written('minor-bug', { what: dice.sometimes('what', dice.one('what', ['ui', 'docs', 'logging'])) }),
  'user-report': (dice) =>
    written('user-report', {
      through: dice.one('through', ['slack', 'zendesk', 'jira']),
      text: dice.one('text', [
        'Your API is down for us',
        'Chat completions fail since this morning',
        'Everything is slow',
      ]),
      real: false,
    }),
  noise: (dice) => {
    const what = dice.one('what', [
      'harmless-deploy',
      'harmless-deploy',
      'harmless-deploy',
      'unrelated-alert',
      'flapping-alert',
      'stale-alert',
      'log-noise',
      'log-noise',
      'ticket-spam',
      'late-duplicate-webhook',
    ]);
    if (what !== 'harmless-deploy') return written('noise', { what });
    return written('noise', {
      what,
      deployment: dice.one('deployment', [APPLICATION, APPLICATION, COMPANION]),
      change: dice.sometimes(
        'change',
        dice.one('change', ['copy tweak', 'new icon set', 'update translations', ...CHANGES]),
      ),
    });
  },
  'alert-storm': (dice) =>
    written('alert-storm', {
      alerts: dice.whole('alerts', 20, 120),
      services: dice.whole('services', 3, 20),
      perSecond: dice.whole('perSecond', 2, 20),
    }),
};

function badDeploy(dice: Dice): WrittenFault {
  const deployment = dice.one('deployment', [APPLICATION, APPLICATION, APPLICATION, COMPANION]);
  const effects = ['errors', 'errors', 'errors', 'slow', 'query', 'memory'] as const;
  return written('bad-deploy', {
    deployment,
    change: dice.one('change', CHANGES),
    ...codeEffect(dice, effects, deployment),
  });
}

type Effect = 'errors' | 'slow' | 'query' | 'memory';

function codeEffect(
  dice: Dice,
  effects: readonly [Effect, ...Effect[]],
  deployment: string = APPLICATION,
): Readonly<Record<string, unknown>> {
  const logPattern = dice.sometimes('logPattern', dice.one('logPattern', CODE_MESSAGES));
  switch (dice.one('effect', effects)) {
    case 'errors':
      return {
        // A deployment that serves little has to fail more before anybody notices.
        errorRate: dice.number('errorRate', deployment === APPLICATION ? 0.15 : 0.5, 1),
        endpoints:
          deployment === APPLICATION
            ? dice.sometimes(
                'endpoints',
                [dice.one('endpoint', ['/api/v1/chat/completions', '/api/v1/messages'])],
                0.25,
              )
            : undefined,
        logPattern,
      };
    case 'slow':
      return { p95Seconds: dice.number('p95Seconds', 4, 15, 1) };
    case 'query':
      return {
        slowQuery: dice.one('slowQuery', [true, true, dice.one('statement', STATEMENTS).statement]),
        errorRate: dice.sometimes('errorRate', dice.number('errorRate', 0.2, 0.7)),
      };
    case 'memory':
      return { memoryLeak: dice.one('memoryLeak', [true, dice.whole('mib', 80, 250)]) };
  }
}

function written(kind: FaultKind, parameters: Readonly<Record<string, unknown>>): WrittenFault {
  return { kind, ...Object.fromEntries(Object.entries(parameters).filter(([, value]) => value !== undefined)) };
}
