import { z } from 'zod';
import type { FaultKind } from '../simulation/faults/faults.ts';
import { atField, fraction, lengthField } from './schema-parts.ts';

const text = z.string().min(1);
const share = fraction.optional();
const positive = z.number().positive().optional();
const slowQuery = z.union([
  z.boolean(),
  text,
  z.strictObject({ statement: text.optional(), table: text.optional(), seconds: positive, perMinute: positive }),
]);
/** What faulty code or configuration does to requests. */
const codeEffect = {
  errorRate: share,
  endpoints: z.array(text).optional(),
  p95Seconds: positive,
  slowQuery: slowQuery.optional(),
  memoryLeak: z.union([z.boolean(), z.number().positive()]).optional(),
  logPattern: text.optional(),
};
const breadth = z.enum(['partial', 'full']).optional();

/** The table "Faults of production" of the drill format: one schema a kind. */
export const FAULT_SCHEMAS = {
  'bad-deploy': fault('bad-deploy', { deployment: text.optional(), change: text.optional(), ...codeEffect }),
  'slow-query': fault('slow-query', {
    statement: text.optional(),
    table: text.optional(),
    seconds: positive,
    perMinute: positive,
  }),
  'connection-leak': fault('connection-leak', { deployment: text.optional(), perMinute: positive }),
  'postgres-down': fault('postgres-down', { recovers: z.enum(['on-delete', 'never']).optional() }),
  'postgres-unreachable': fault('postgres-unreachable', { from: text.optional() }),
  'replica-lag': fault('replica-lag', { seconds: positive }),
  'replica-missing': fault('replica-missing', { seconds: positive }),
  'redis-down': fault('redis-down', { recovers: z.enum(['on-delete', 'on-restart', 'never']).optional() }),
  'cache-degraded': fault('cache-degraded', {
    hitRate: share,
    cause: z.enum(['stale-connections', 'evictions']).optional(),
  }),
  'provider-outage': fault('provider-outage', {
    provider: text.optional(),
    mode: z.enum(['down', 'errors', 'slow', 'rate-limited', 'unauthorised']).optional(),
    statusPage: z.enum(['reports', 'silent']).optional(),
    errorRate: share,
  }),
  'memory-leak': fault('memory-leak', { deployment: text.optional(), mibPerMinute: positive }),
  'traffic-surge': fault('traffic-surge', {
    factor: positive,
    endpoints: z.array(text).optional(),
    source: z.enum(['customers', 'abuse']).optional(),
  }),
  'slow-endpoint': fault('slow-endpoint', { endpoint: text, p95Seconds: positive }),
  'node-pressure': fault('node-pressure', { node: text, resource: z.enum(['cpu', 'memory', 'disk']).optional() }),
  'node-down': fault('node-down', { node: text, resource: z.enum(['cpu', 'memory', 'disk']).optional() }),
  'pods-stuck': fault('pods-stuck', {
    deployment: text.optional(),
    reason: z.enum(['CrashLoopBackOff', 'ImagePullBackOff', 'Pending']).optional(),
    change: text.optional(),
  }),
  'config-change': fault('config-change', {
    configmap: text.optional(),
    effect: z.strictObject(codeEffect).optional(),
  }),
  'canary-regression': fault('canary-regression', { errorRate: share, p95Seconds: positive }),
  'infrastructure-down': fault('infrastructure-down', { scope: z.enum(['zone', 'cluster', 'dns']).optional() }),
  'data-corruption': fault('data-corruption', { scope: breadth }),
  'security-breach': fault('security-breach', { scope: breadth }),
  'authentication-broken': fault('authentication-broken', { scope: breadth }),
  'minor-bug': fault('minor-bug', { what: z.enum(['ui', 'docs', 'logging']).optional() }),
  'user-report': fault('user-report', {
    through: z.enum(['slack', 'zendesk', 'jira']).optional(),
    text: text.optional(),
    real: z.boolean().optional(),
  }),
  noise: fault('noise', {
    what: z.enum([
      'harmless-deploy',
      'unrelated-alert',
      'flapping-alert',
      'stale-alert',
      'log-noise',
      'ticket-spam',
      'late-duplicate-webhook',
    ]),
    deployment: text.optional(),
    change: text.optional(),
  }),
  'alert-storm': fault('alert-storm', {
    alerts: z.number().int().positive().optional(),
    services: z.number().int().positive().optional(),
    perSecond: positive,
  }),
} as const satisfies Record<FaultKind, z.ZodType>;

function fault<K extends FaultKind, S extends z.ZodRawShape>(kind: K, parameters: S) {
  return z.strictObject({ at: atField, kind: z.literal(kind), for: lengthField.optional(), ...parameters });
}
