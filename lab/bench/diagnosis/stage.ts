import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { readAlertmanager } from '../../../src/activities/alertmanager/webhook.ts';
import { workerEnv } from '../../../src/config/env.ts';
import type { Alert } from '../../../src/domain/alert.ts';
import { instant } from '../../../src/domain/instant.ts';
import type { Policy } from '../../../src/domain/policy.ts';
import { wireActivities } from '../../../src/worker/wiring.ts';
import type { Drill } from '../../rehearsal/drill.ts';
import { type Production, startProduction } from '../../simulation/production.ts';

/** A drill's production with our real activities on its wires, and an ear for its alerts; no engine, no store. */
export interface Stage {
  readonly production: Production;
  readonly activities: ReturnType<typeof wireActivities>;
  /** Alerts heard so far, in order of arrival. */
  readonly heard: readonly Alert[];
  close(): Promise<void>;
}

/** An empty database cluster is kept from drill to drill: making one takes longer than the rest of a short drill. */
const TEMPLATES = join(import.meta.dirname, '../../../.cache/virtual-postgres');
const NOT_USED = {
  DATABASE_URL: 'postgres://nobody@127.0.0.1:9/none',
  INCIDENT_POLICY: 'policy/noa.yaml',
  DECISION_SIGNING_KEY: 'only-for-the-bench-0123456789',
};

export async function openStage(drill: Drill, policy: Policy): Promise<Stage> {
  const production = await startProduction({
    seed: drill.seed,
    startMs: drill.startAtMs,
    mode: 'virtual',
    world: drill.world,
    rules: policy.alertRules,
    postgresTemplateFolder: TEMPLATES,
  });
  const heard: Alert[] = [];
  const clock = () => instant(production.world.nowMs);
  const ear = await listen((body) => {
    for (const { alert } of readAlertmanager(JSON.parse(body), policy, clock()).alerts) heard.push(alert);
  });
  production.setReceivers([{ name: 'incidents', url: ear.url, bearerToken: null }]);
  for (const { spec, atMs } of drill.faults) production.world.addFault(spec, drill.startAtMs + atMs);
  const env = workerEnv({ ...NOT_USED, ...production.endpoints });
  const store = {
    evidence: {
      put: async ({ body }: { body: string | Buffer }) => ({
        digest: createHash('sha256').update(body).digest('hex'),
        sizeBytes: Buffer.byteLength(body),
      }),
    },
  };
  const activities = wireActivities({ env, store, people: {}, clock, actionItems: {} } as unknown as Parameters<
    typeof wireActivities
  >[0]);
  return {
    production,
    activities,
    heard,
    async close() {
      ear.server.closeAllConnections();
      ear.server.close();
      await production.stop();
    },
  };
}

function listen(hear: (body: string) => void): Promise<{ readonly server: Server; readonly url: string }> {
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    hear(Buffer.concat(parts).toString('utf8'));
    response.end('{}');
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve({ server, url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/` });
    });
  });
}
