import { createHash } from 'node:crypto';
import { availableParallelism, loadavg } from 'node:os';
import { collect } from '../../src/activities/evidence/collect.ts';
import type { EvidencePorts } from '../../src/activities/evidence/ports.ts';
import { createKubernetesClient } from '../../src/activities/kubernetes/client.ts';
import { connectToKubernetes } from '../../src/activities/kubernetes/connection.ts';
import { createClusterReadings } from '../../src/activities/kubernetes/readings.ts';
import { type WorkerEnv, workerEnv } from '../../src/config/env.ts';
import { loadPolicy } from '../../src/config/policy.ts';
import type { EvidenceBundle } from '../../src/domain/evidence.ts';
import { evidenceOf, systemPorts } from '../../src/worker/system-ports.ts';
import { type Production, startProduction } from '../simulation/production.ts';
import { quantile } from './figures.ts';

// npx tsx lab/bench/sweep.ts [rounds]: the whole sweep of an investigation (R2), beside its own slowest probe: as it is on
// loopback, with systems as far away as they are in production, and with one system slow or dead among them. Ends with 1
// when the sweep takes much longer than its slowest probe, or the dead system is no named gap. On a busy machine other
// probes miss their deadline too, since simulation and clients share it: the load is printed.
const ROUNDS = Number(process.argv[2] ?? 3);
const START = Date.parse('2024-10-23T14:00:00Z');
const DETECTED_AT = '2024-10-23T14:30:00.000Z';
const NOW = '2024-10-23T14:40:00.000Z';
/** As long as a client waits by itself. */
const DEADLINE_SECONDS = 5;
/** What an answer takes; far more than this machine's own work for it, so that waiting is what is measured. */
const FAR_SECONDS = 0.5;
const SLOW_SECONDS = 2;
/** A sweep may take so much longer than its slowest probe. */
const MOST_RATIO = 1.5;
const HTTP_SYSTEMS = [
  'prometheus',
  'kubernetes',
  'elasticsearch',
  'github',
  'jenkins',
  'zendesk',
  'jira',
  'grafana',
] as const;

interface Sweep {
  readonly totalMs: number;
  readonly slowestMs: number;
  readonly bundle: EvidenceBundle;
}

async function main(): Promise<void> {
  const policy = await loadPolicy('policy/noa.yaml');
  const production = await startProduction({
    seed: 7,
    startMs: START,
    mode: 'virtual',
    rules: [],
    world: { requestsPerMinute: 60 },
  });
  try {
    const fault = { kind: 'bad-deploy', deployment: 'noa-mcp', change: 'feature X', errorRate: 0.4 } as const;
    production.world.addFault(fault, START + 15 * 60_000);
    await production.advanceTo(Date.parse(NOW));
    const env = workerEnv({
      ...production.endpoints,
      DATABASE_URL: 'postgres://x@127.0.0.1:1/x',
      INCIDENT_POLICY: 'x',
      DECISION_SIGNING_KEY: '0123456789abcdef',
    });
    const sweep = (): Promise<Sweep> => portsOf(env).then((ports) => once(ports, policy));
    await sweep();
    const { wires } = production;
    const far = () => {
      for (const system of HTTP_SYSTEMS) wires.set(system, { kind: 'slow', seconds: FAR_SECONDS });
    };
    const settings: readonly (readonly [string, () => void, readonly string[]])[] = [
      ['on loopback', () => undefined, []],
      [`every HTTP system ${FAR_SECONDS * 1000} ms away`, far, []],
      [
        `the same, Elasticsearch ${SLOW_SECONDS} s`,
        () => {
          far();
          wires.set('elasticsearch', { kind: 'slow', seconds: SLOW_SECONDS });
        },
        [],
      ],
      [
        `the same, Elasticsearch dead (deadline ${DEADLINE_SECONDS} s)`,
        () => {
          far();
          wires.set('elasticsearch', { kind: 'timeout' });
        },
        ['Elasticsearch'],
      ],
      [
        'the same, one dead and one slow',
        () => {
          far();
          wires.set('elasticsearch', { kind: 'timeout' });
          wires.set('zendesk', { kind: 'slow', seconds: SLOW_SECONDS });
        },
        ['Elasticsearch'],
      ],
    ];
    console.log(
      `${policy.evidence.probes.investigation.length} probes, median of ${ROUNDS}, load ${loadavg()[0]?.toFixed(1)} on ${availableParallelism()} cores`,
    );
    for (const [name, prepare, gaps] of settings) {
      const sweeps: Sweep[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        clear(production);
        prepare();
        sweeps.push(await sweep());
      }
      clear(production);
      report(name, sweeps, gaps);
    }
  } finally {
    await production.stop();
  }
}

function clear({ wires }: Production): void {
  for (const system of HTTP_SYSTEMS) wires.clear(system);
}

function report(name: string, sweeps: readonly Sweep[], expected: readonly string[]): void {
  const median = (of: (sweep: Sweep) => number) => quantile(sweeps.map(of), 0.5);
  const ratio = median(({ totalMs, slowestMs }) => totalMs / slowestMs);
  const gaps = [...new Set(sweeps.flatMap(({ bundle }) => bundle.gaps.map(({ source }) => source)))];
  const items = median(({ bundle }) => bundle.items.length);
  console.log(
    `${name.padEnd(48)} sweep ${median(({ totalMs }) => totalMs)
      .toFixed(0)
      .padStart(5)} ms, slowest probe ${median(({ slowestMs }) => slowestMs)
      .toFixed(0)
      .padStart(5)} ms, ratio ${ratio.toFixed(2)}, ${items} answers, gaps: ${gaps.join(', ') || 'none'}`,
  );
  if (ratio > MOST_RATIO || expected.some((one) => !gaps.includes(one))) process.exitCode = 1;
}

/** How long each probe took is seen where its deadline is set and given up. */
async function once(ports: EvidencePorts, policy: Awaited<ReturnType<typeof loadPolicy>>): Promise<Sweep> {
  let slowestMs = 0;
  const deadlines: EvidencePorts['deadlines'] = {
    after(milliseconds, late) {
      const begunMs = performance.now();
      let over = false;
      const end = () => {
        if (!over) slowestMs = Math.max(slowestMs, performance.now() - begunMs);
        over = true;
      };
      const timer = setTimeout(() => {
        end();
        late();
      }, milliseconds);
      return () => {
        clearTimeout(timer);
        end();
      };
    },
  };
  const begunMs = performance.now();
  const bundle = await collect({ ...ports, deadlines }, {
    request: {
      incidentId: 'incident-a',
      purpose: 'investigation',
      probes: policy.evidence.probes.investigation,
      aroundAt: DETECTED_AT,
      at: NOW,
    },
    service: policy.service,
    evidence: { ...policy.evidence, probeDeadlineSeconds: DEADLINE_SECONDS },
    resolution: policy.resolution,
    reports: policy.reports,
  } as unknown as Parameters<typeof collect>[1]);
  return { totalMs: performance.now() - begunMs, slowestMs, bundle };
}

async function portsOf(env: WorkerEnv): Promise<EvidencePorts> {
  const { KUBERNETES_API_URL: apiUrl = '', KUBERNETES_API_TOKEN: token = '' } = env;
  const connection = connectToKubernetes({ apiUrl, token, timeoutMilliseconds: 5_000 });
  return {
    cluster: createClusterReadings(createKubernetesClient(connection)),
    ...evidenceOf(await systemPorts(env)),
    record: { similar: async () => [] },
    store: {
      async put(body) {
        return { digest: createHash('sha256').update(body).digest('hex'), sizeBytes: Buffer.byteLength(body) };
      },
    },
    clock: () => NOW,
  };
}

await main();
