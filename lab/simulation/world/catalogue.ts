import type { ClusterModel } from './api.ts';
import type { Engine } from './engine.ts';
import { memoryMiB, NODE_CPU_CORES, NODE_MEMORY_MIB, nodeFigures } from './gauges.ts';
import { KubeState } from './kube-state.ts';
import { BUCKETS, LATENCY_BOUNDS_SECONDS } from './latency.ts';
import { PROVIDER_STATUSES, STATUSES, type Status } from './layout.ts';
import type { Process } from './process.ts';
import { draw } from './random.ts';
import { columnSeries, type SeriesStore, type StoredSeries, userSeries } from './series.ts';
import { WrittenSeries } from './written-series.ts';

const NAMESPACE = 'noa-server';
const MIB = 1024 * 1024;
const REPLICA = 'noa-postgres-1';
const WAL_BYTES_PER_SECOND = 400_000;
const NODE_DISK_MIB = 200 * 1024;
const PLAIN = {};
const IDLE = { cpu: '0', mode: 'idle' };
const USER = { cpu: '0', mode: 'user' };
const ROOT = { mountpoint: '/' };
const DISK = { device: 'nvme0n1' };
const NETWORK = { device: 'eth0' };
type Labels = Readonly<Record<string, string>>;

/** Offers the world's figures as series, named and labelled as the runbook's queries expect them. */
export class Catalogue {
  readonly #engine: Engine;
  readonly #store: SeriesStore;
  readonly #written: WrittenSeries;
  readonly #kubeState: KubeState;
  readonly #userSeries = new Set<string>();
  readonly #rareSeen = new Map<string, [number, Status][]>();
  readonly #ofProcess = new Map<string, StoredSeries[]>();
  readonly #gone = new Set<string>();
  readonly #nodes = new Set<string>();
  readonly #sums = new Map<string, number>();

  constructor(engine: Engine, store: SeriesStore) {
    this.#engine = engine;
    this.#store = store;
    this.#written = new WrittenSeries(store);
    this.#kubeState = new KubeState(NAMESPACE, this.#written);
  }

  addProcess(process: Process): void {
    const { layout } = this.#engine;
    const common = { namespace: NAMESPACE, job: process.deployment, pod: process.name };
    const counter = (name: string, labels: Labels, column: number, scale = 1) =>
      this.#column(process, { __name__: name, ...labels, ...common }, (value) => Math.floor(value * scale), column);
    const gauge = (name: string, labels: Labels, column: number, scale = 1) =>
      this.#column(process, { __name__: name, ...labels, ...common }, (value) => value * scale, column);
    for (const endpoint of layout.endpointsOf(process.deployment)) {
      const about = { endpoint: layout.endpoints[endpoint]?.path ?? '' };
      for (let bucket = 0; bucket < BUCKETS; bucket++) {
        const le = bucket < LATENCY_BOUNDS_SECONDS.length ? String(LATENCY_BOUNDS_SECONDS[bucket]) : '+Inf';
        counter('http_request_duration_seconds_bucket', { ...about, le }, layout.bucket(endpoint) + bucket);
      }
      counter('http_request_duration_seconds_count', about, layout.bucket(endpoint) + BUCKETS - 1);
      gauge('http_request_duration_seconds_sum', about, layout.durationSum(endpoint));
    }
    if (layout.endpointsOf(process.deployment).some((endpoint) => layout.endpoints[endpoint]?.callsProvider)) {
      for (const [index, provider] of layout.providers.entries()) {
        for (const status of PROVIDER_STATUSES)
          counter('ai_requests_total', { provider, status }, layout.provider(index, status));
      }
    }
    counter('cache_hits_total', {}, layout.cacheHits);
    counter('cache_requests_total', {}, layout.cacheRequests);
    gauge('db_pool_connections', { state: 'active' }, layout.poolActive);
    gauge('db_pool_connections', { state: 'idle' }, layout.poolIdle);
    gauge('db_pool_connections', { state: 'waiting' }, layout.poolWaiting);
    gauge('container_cpu_usage_seconds_total', { container: process.deployment }, layout.cpuSeconds);
    gauge('container_memory_working_set_bytes', { container: process.deployment }, layout.memoryMiB, MIB);
    gauge('up', {}, layout.up);
  }

  /** Users came to a process: their counters begin there, with the statuses that it usually answers. */
  addUsers(process: Process, nextScrape: number): void {
    const { layout } = this.#engine;
    for (const endpoint of layout.endpointsOf(process.deployment)) {
      for (const status of usualStatuses(layout.endpoints[endpoint]))
        this.#addUserSeries(process, endpoint, status, nextScrape);
    }
    for (const [endpoint, status] of this.#rareSeen.get(process.name) ?? []) {
      this.#addUserSeries(process, endpoint, status, nextScrape);
    }
  }

  /** Samples everything at one scrape. */
  scrape(scrape: number, atMs: number, cluster: ClusterModel): void {
    const engine = this.#engine;
    const { layout } = engine;
    this.#store.scraped(atMs);
    const processes = [...engine.processes.values()];
    const serving = engine.serving.length;
    for (const process of processes) {
      if (!process.present) continue;
      const figures = process.figures;
      const part = process.serving && serving > 0 ? 1 / serving : 0;
      figures[layout.memoryMiB] = memoryMiB(engine, process, scrape);
      figures[layout.poolActive] = Math.round(engine.pool.used * part);
      figures[layout.poolIdle] = Math.round(engine.pool.idle * part);
      figures[layout.poolWaiting] = Math.round(engine.pool.waiting * part);
      figures[layout.up] = process.serving ? 1 : 0;
      this.#addRareStatuses(process, layout.endpointsOf(process.deployment), RARE_STATUSES, scrape);
      process.rows.push(figures);
    }
    const everywhere = layout.endpoints.map((_, index) => index);
    this.#addRareStatuses(engine.ingress, everywhere, ['503'], scrape);
    engine.ingress.rows.push(engine.ingress.figures);
    this.#markGone(processes, scrape);
    this.#scrapeDatabase(scrape);
    this.#kubeState.scrape(scrape, cluster);
    for (const process of processes) {
      if (process.node !== '') this.#nodes.add(process.node);
    }
    for (const node of this.#nodes) this.#scrapeNode(scrape, node);
  }

  /** Counters of statuses that are seldom answered appear with the first such answer. */
  #addRareStatuses(process: Process, endpoints: readonly number[], statuses: readonly Status[], scrape: number): void {
    const seen = this.#rareSeen.get(process.name) ?? [];
    for (const endpoint of endpoints) {
      for (const status of statuses) {
        if ((process.figures[this.#engine.layout.status(endpoint, status)] ?? 0) === 0) continue;
        if (seen.some((one) => one[0] === endpoint && one[1] === status)) continue;
        seen.push([endpoint, status]);
        this.#rareSeen.set(process.name, seen);
        this.#addUserSeries(process, endpoint, status, scrape);
      }
    }
  }

  #addUserSeries(process: Process, endpoint: number, status: Status, scrape: number): void {
    const { layout, seed } = this.#engine;
    const about = layout.endpoints[endpoint];
    const shares = process.userShares.at(-1)?.shares ?? new Float64Array();
    // A client library exports a counter from zero on, so the scrape before the first request shows it already.
    const firstScrape = Math.max(process.rows.firstScrape, scrape - 1);
    for (const [user, share] of shares.entries()) {
      const key = `${process.name}/${endpoint}/${status}/${user}`;
      if (share === 0 || this.#userSeries.has(key)) continue;
      this.#userSeries.add(key);
      const labels = {
        __name__: 'http_requests_total',
        endpoint: about?.path ?? '',
        method: about?.method ?? 'GET',
        status,
        user_id: `u${String(user + 1).padStart(3, '0')}`,
        namespace: NAMESPACE,
        job: process.deployment,
        pod: process.name,
      };
      const phase = draw(seed, `phase/${key}`, 0);
      const split = { index: user, shares: process.userShares, firstScrape, phase };
      this.#add(process, userSeries(labels, process.rows, layout.status(endpoint, status), split));
    }
  }

  /** Prometheus marks the series of a target that went away as stale at the next scrape. */
  #markGone(processes: readonly Process[], scrape: number): void {
    for (const process of processes) {
      if (process.present || this.#gone.has(process.name)) continue;
      this.#gone.add(process.name);
      for (const series of this.#ofProcess.get(process.name) ?? []) series.staleScrapes.push(scrape);
    }
  }

  #add(process: Process, series: StoredSeries): void {
    const others = this.#ofProcess.get(process.name);
    if (others === undefined) this.#ofProcess.set(process.name, [series]);
    else others.push(series);
    this.#store.add(series);
  }

  #scrapeDatabase(scrape: number): void {
    const { pool, databaseAnswers, conditions } = this.#engine;
    const postgres = (name: string, value: number) =>
      this.#written.set(name, '', () => ({ job: 'postgres-exporter' }), scrape, value);
    const count = (state: string, value: number) => {
      const labels = () => ({ state, datname: 'noa', job: 'postgres-exporter' });
      this.#written.set('pg_stat_activity_count', state, labels, scrape, databaseAnswers ? Math.round(value) : 0);
    };
    count('active', pool.active);
    count('idle', pool.idle);
    count('idle in transaction', pool.idleInTransaction);
    postgres('pg_settings_max_connections', pool.size);
    postgres('pg_up', databaseAnswers ? 1 : 0);
    this.#scrapeReplica(scrape);
    this.#written.set('redis_up', '', () => ({ job: 'redis-exporter' }), scrape, conditions.cacheDown ? 0 : 1);
  }

  /** The replica's own exporter tells how far it is behind, the primary's how many bytes it has not been sent. */
  #scrapeReplica(scrape: number): void {
    const { replica } = this.#engine.conditions;
    if (!replica.present) {
      this.#written.end(REPLICA, scrape);
      return;
    }
    const own = () => ({ instance: REPLICA, job: 'postgres-exporter' });
    this.#written.set('pg_replication_lag_seconds', REPLICA, own, scrape, replica.lagSeconds);
    const seen = () => ({ application_name: REPLICA, state: 'streaming', job: 'postgres-exporter' });
    const bytes = replica.lagSeconds * WAL_BYTES_PER_SECOND;
    this.#written.set('pg_stat_replication_pg_wal_lsn_diff', REPLICA, seen, scrape, bytes);
  }

  #scrapeNode(scrape: number, node: string): void {
    const figures = nodeFigures(this.#engine, node, scrape);
    const seconds = this.#engine.settings.scrapeSeconds;
    const set = (name: string, more: Labels, value: number) =>
      this.#written.set(
        name,
        `${node}${more.mode ?? ''}`,
        () => ({ instance: node, job: 'node-exporter', ...more }),
        scrape,
        value,
      );
    const total = (name: string, more: Labels, added: number) =>
      set(name, more, this.#sum(`${name}${node}${more.mode ?? ''}`, added));
    total('node_cpu_seconds_total', IDLE, (NODE_CPU_CORES - figures.cpuCores) * seconds);
    total('node_cpu_seconds_total', USER, figures.cpuCores * seconds);
    set('node_memory_MemTotal_bytes', PLAIN, NODE_MEMORY_MIB * MIB);
    set('node_memory_MemAvailable_bytes', PLAIN, (NODE_MEMORY_MIB - figures.memoryMiB) * MIB);
    set('node_filesystem_size_bytes', ROOT, NODE_DISK_MIB * MIB);
    set('node_filesystem_avail_bytes', ROOT, NODE_DISK_MIB * MIB * (1 - figures.diskUsedShare));
    total('node_disk_io_time_seconds_total', DISK, seconds * 0.04 * figures.cpuCores);
    total('node_network_receive_bytes_total', NETWORK, figures.cpuCores * 900_000 * seconds);
  }

  #sum(name: string, added: number): number {
    const sum = (this.#sums.get(name) ?? 0) + added;
    this.#sums.set(name, sum);
    return sum;
  }

  #column(process: Process, labels: Labels, shown: (value: number) => number, column: number): void {
    this.#add(
      process,
      columnSeries(labels, process.rows, (row) => shown(process.rows.at(row, column))),
    );
  }
}

const RARE_STATUSES: readonly Status[] = ['401', '429'];

function usualStatuses(
  endpoint: { readonly callsProvider: boolean; readonly method: string } | undefined,
): readonly Status[] {
  return STATUSES.filter((status) => {
    if (RARE_STATUSES.includes(status)) return false;
    if (status === '502' || status === '504') return endpoint?.callsProvider === true;
    return status !== '404' || endpoint?.method === 'GET';
  });
}
