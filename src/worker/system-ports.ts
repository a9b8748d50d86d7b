import type { EvidencePorts } from '../activities/evidence/ports.ts';
import type { SystemPorts } from '../activities/system-ports.ts';
import { SYSTEMS } from '../activities/systems.ts';
import type { WorkerEnv } from '../config/env.ts';

export interface GivenPorts {
  /** Null: no system that gives it is configured. */
  one<N extends keyof SystemPorts>(name: N): NonNullable<SystemPorts[N]> | null;
  /** In the order of the systems. */
  all<N extends keyof SystemPorts>(name: N): readonly NonNullable<SystemPorts[N]>[];
}

/** What the systems that the environment names give this worker. */
export async function systemPorts(env: WorkerEnv): Promise<GivenPorts> {
  const given: SystemPorts[] = [];
  for (const system of SYSTEMS) if ('ports' in system) given.push((await system.ports()).ports(env));
  const all: GivenPorts['all'] = (name) => given.flatMap((ports) => ports[name] ?? []) as never;
  return { all, one: (name) => all(name)[0] ?? null };
}

/** What evidence asks of the systems; the cluster and what is our own aside. */
export function evidenceOf({ one, all }: GivenPorts): Omit<EvidencePorts, 'cluster' | 'record' | 'store' | 'clock'> {
  return {
    metrics: one('metrics'),
    alertRouting: one('alertRouting'),
    database: one('database'),
    cache: one('cache'),
    providers: one('providers'),
    statusPage: one('publicStatusPage'),
    serviceApi: one('serviceApi'),
    tickets: all('writtenTickets'),
    social: one('mentions'),
    code: all('commits'),
    builds: all('builds'),
    logSearch: one('logSearch'),
    panels: one('grafana'),
  };
}
