import type { RecordedChange } from '../../journal.ts';
import type { WireFaults } from '../../wire/faults.ts';
import type { WireLedger } from '../../wire/ledger.ts';
import type { ClusterModel } from '../../world/api.ts';
import type { AdminAction, ServiceUnderTest } from '../service-api.ts';
import { createApiServer } from './api-server.ts';
import { Cluster } from './cluster.ts';
import type { ClusterAction } from './ledger.ts';
import type { ClusterSettings } from './settings.ts';
import type { AcceptedWrite } from './writes.ts';

export interface Kubernetes {
  /** What the world reads and disturbs. */
  readonly cluster: ClusterModel;
  readonly namespace: string;
  /** Writes that the API server accepted, in order. What the world did (deploys, troubles) is not among them. */
  readonly actions: readonly ClusterAction[];
  readonly adminActions: readonly AdminAction[];
  /** Writes what another cluster accepted. Throws what this one refuses it with. */
  again(write: AcceptedWrite): void;
  /** To be called once before the first request: logs, usage and the service's admin API come from it. */
  connect(service: ServiceUnderTest): void;
  listen(port?: number): Promise<{ readonly url: string; readonly port: number }>;
  close(): Promise<void>;
}

export function createKubernetes(options: {
  readonly clock: () => number;
  readonly faults: WireFaults;
  readonly log: WireLedger;
  readonly settings: ClusterSettings;
  readonly seed: number;
  readonly startMs: number;
  readonly token: string;
  readonly strangers?: Readonly<Record<string, string>>;
  /** Told of everything that the world feels, in order. */
  readonly done?: (done: RecordedChange) => void;
}): Kubernetes {
  const { clock, faults, log, token } = options;
  const cluster = new Cluster(options.settings, options.seed, options.startMs);
  let connected: ServiceUnderTest | null = null;
  const service = () => {
    if (connected === null) throw new Error('The cluster was asked before the world was connected to it.');
    return connected;
  };
  const server = createApiServer({
    clock,
    faults,
    log,
    cluster,
    token,
    service,
    ...(options.strangers === undefined ? {} : { strangers: options.strangers }),
    ...(options.done === undefined ? {} : { done: options.done }),
  });
  return {
    cluster,
    namespace: options.settings.namespace,
    actions: server.actions,
    adminActions: server.adminActions,
    again: server.again,
    connect(world) {
      connected = world;
    },
    listen: (port) => server.listen(port),
    close: () => server.close(),
  };
}
