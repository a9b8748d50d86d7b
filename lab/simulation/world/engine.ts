import type { ClusterModel, DeploymentView, PodView } from './api.ts';
import type { Conditions } from './conditions.ts';
import { HEALTHY } from './conditions.ts';
import type { Layout } from './layout.ts';
import { layoutOf } from './layout.ts';
import type { PoolState } from './pool.ts';
import { callersWhenFull, GATHERING_MINUTES, poolState } from './pool.ts';
import { Process } from './process.ts';
import { draw, drawNormal } from './random.ts';
import { Column } from './recording.ts';
import type { WorldSettings } from './settings.ts';
import { MAX_USER_LABELS, STEP_SECONDS } from './settings.ts';
import { type StepInput, serve, type Tally } from './traffic.ts';
import { UserAssignment, userWeights } from './user-assignment.ts';

/** The name under which the ingress counts requests that found nobody to serve them. */
export const INGRESS = 'ingress-nginx-controller';
/** A process has room for this many times its fair share of ordinary traffic. */
const HEADROOM = 2.4;
/** Clients that were failing come back together; this part of requests fails at first, and it passes with this time. */
const STAMPEDE_SHARE = 0.09;
const STAMPEDE_SECONDS = 180;
/** Failing clients back off, so callers of slow statements gather more slowly while they do. */
const BACKED_OFF = 0.6;
const FRESH_POOL: PoolState = poolState(100, 4, 0, []);

interface Group {
  readonly assignment: UserAssignment;
  key: string;
  shares: ReadonlyMap<string, number>;
}

/** The service's processes, its database's connections and its users, moved on in steps of equal length. */
export class Engine {
  readonly settings: WorldSettings;
  readonly layout: Layout;
  readonly seed: number;
  readonly userWeights: Float64Array;
  readonly processes = new Map<string, Process>();
  readonly ingress: Process;
  /** Requests since history began, by step: the judge's own account. */
  readonly totals = new Column();
  readonly failures = new Column();
  conditions: Conditions = HEALTHY;
  pool: PoolState = FRESH_POOL;
  databaseAnswers = true;
  cacheHitRate: number;
  /** Executions and seconds of each slow statement so far. */
  readonly slowTotals = new Map<string, { calls: number; seconds: number }>();
  ordinaryDatabaseCalls = 0;
  deployments: readonly DeploymentView[] = [];
  #stampede = 0;
  #stepsTaken = 0;
  #total = 0;
  #failed = 0;
  readonly #groups = new Map<string, Group>();
  readonly #images = new Map<string, string>();
  readonly #onNewProcess: (process: Process) => void;
  readonly #onUsersMoved: (process: Process) => void;

  constructor(
    seed: number,
    settings: WorldSettings,
    heard: { readonly newProcess: (process: Process) => void; readonly usersMoved: (process: Process) => void },
  ) {
    this.seed = seed;
    this.settings = settings;
    this.layout = layoutOf(settings);
    this.userWeights = userWeights(Math.min(settings.users, MAX_USER_LABELS), (user) =>
      draw(seed, 'user-weight', user),
    );
    this.cacheHitRate = settings.cacheHitRate;
    this.ingress = new Process(INGRESS, INGRESS, this.layout, 0, 0);
    this.#onNewProcess = heard.newProcess;
    this.#onUsersMoved = heard.usersMoved;
  }

  /** Takes over the pods as the cluster shows them. `nextScrape` is the first scrape that will see what is new. */
  observe(cluster: ClusterModel, nextScrape: number): void {
    this.deployments = cluster
      .deployments()
      .filter((one) => this.layout.endpoints.some((e) => e.deployment === servedBy(one.name)));
    for (const process of this.processes.values()) process.present = false;
    for (const deployment of this.deployments) {
      for (const revision of [...deployment.history, deployment.current]) {
        this.#images.set(`${deployment.name}/${revision.revision}`, revision.image);
      }
      for (const pod of deployment.pods) this.#observePod(pod, deployment, nextScrape);
    }
    for (const process of this.processes.values()) if (!process.present) process.serving = false;
    this.#settleUsers(nextScrape);
  }

  get serving(): readonly Process[] {
    return [...this.processes.values()].filter((process) => process.serving);
  }

  /** One step that ends at the given scrape grid position; `limitPerMinute` is the ingress's, null for none. */
  step(limitPerMinute: number | null, databaseAnswers: boolean): void {
    const { conditions, layout, settings } = this;
    this.#stepsTaken++;
    this.databaseAnswers = databaseAnswers;
    this.cacheHitRate = conditions.cacheDown ? 0 : (conditions.cacheHitRate ?? settings.cacheHitRate);
    const offered = this.#offered();
    const perSecond = offered.reduce((sum, one) => sum + one, 0);
    const admitted = limitPerMinute === null ? 1 : Math.min(1, limitPerMinute / 60 / perSecond);
    this.#useDatabase(offered, admitted);
    const input: StepInput = {
      settings,
      layout,
      conditions,
      seconds: STEP_SECONDS,
      pool: this.pool,
      databaseAnswers,
      stampede: STAMPEDE_SHARE * this.#stampede,
      cacheHitRate: this.cacheHitRate,
      offered,
      admittedShare: admitted,
      turnsCustomersAway: !conditions.surges.some((surge) => surge.abuse),
    };
    const tally: Tally = { total: 0, failed: 0 };
    for (const name of new Set(layout.endpoints.map((endpoint) => endpoint.deployment)))
      this.#serveDeployment(name, input, tally);
    this.#leak();
    this.#total += tally.total;
    this.#failed += tally.failed;
    this.totals.push(this.#total);
    this.failures.push(this.#failed);
  }

  capacityPerSecond(deployment: string): number {
    const about = this.settings.deployments[deployment];
    if (about?.requestsPerMinutePerPod !== undefined) return about.requestsPerMinutePerPod / 60;
    const share = this.layout
      .endpointsOf(deployment)
      .reduce((sum, one) => sum + (this.layout.endpoints[one]?.share ?? 0), 0);
    return (HEADROOM * this.settings.requestsPerMinute * share) / 60 / (about?.replicas ?? 1);
  }

  #observePod(pod: PodView, deployment: DeploymentView, nextScrape: number): void {
    let process = this.processes.get(pod.name);
    const isNew = process === undefined;
    if (process === undefined) {
      // A container that never ran has nothing to scrape.
      if (pod.phase !== 'Running') return;
      process = new Process(pod.name, servedBy(deployment.name), this.layout, nextScrape, this.processes.size);
      process.isCanary = servedBy(deployment.name) !== deployment.name;
      this.processes.set(pod.name, process);
    }
    const image = this.#images.get(`${deployment.name}/${pod.revision}`) ?? deployment.current.image;
    process.present = true;
    process.observe(pod, image, deployment.memoryLimitMiB, this.conditions.deadNodes);
    if (isNew) this.#onNewProcess(process);
  }

  #settleUsers(nextScrape: number): void {
    for (const name of new Set(this.layout.endpoints.map((endpoint) => endpoint.deployment))) {
      const serving = this.serving.filter((process) => process.deployment === name).map((process) => process.name);
      const sorted = serving.sort();
      let group = this.#groups.get(name);
      if (group === undefined) {
        group = { assignment: new UserAssignment(this.userWeights), key: '?', shares: new Map() };
        this.#groups.set(name, group);
      }
      const key = sorted.join(',');
      if (group.key === key) continue;
      group.key = key;
      group.shares = group.assignment.settle(sorted);
      for (const one of sorted) {
        const process = this.processes.get(one);
        if (process === undefined) continue;
        process.userShares.push({ fromScrape: nextScrape, shares: group.assignment.sharesOf(one) });
        this.#onUsersMoved(process);
      }
    }
  }

  #offered(): Float64Array {
    const { settings, seed } = this;
    const minute = Math.floor((this.#stepsTaken * STEP_SECONDS) / 60);
    const base = (settings.requestsPerMinute / 60) * (1 + 0.02 * drawNormal(seed, 'load', minute));
    return Float64Array.from(settings.endpoints, (endpoint) => {
      const surges = this.conditions.surges.filter(
        (one) => one.endpoints === null || one.endpoints.includes(endpoint.path),
      );
      return base * endpoint.share * surges.reduce((factor, surge) => factor * surge.factor, 1);
    });
  }

  #useDatabase(offered: Float64Array, admitted: number): void {
    const { settings, conditions } = this;
    const missing = (1 - this.cacheHitRate) / Math.max(0.01, 1 - settings.cacheHitRate);
    let ordinary = 0.5 + 0.8 * draw(this.seed, 'database-activity', Math.floor(this.#stepsTaken / 3));
    for (const [index, endpoint] of settings.endpoints.entries()) {
      const queries = (offered[index] ?? 0) * admitted;
      ordinary += queries * endpoint.databaseSeconds * (0.4 + 0.6 * missing);
      this.ordinaryDatabaseCalls += queries * STEP_SECONDS;
    }
    const size = settings.database.pool;
    const serving = this.serving;
    const leaked = serving.reduce((sum, process) => sum + process.leakedConnections, 0);
    const loads = conditions.slow.map((load) => {
      const running = serving.filter((process) => load.runs(process.deployment, process.image, process.isCanary));
      const full = callersWhenFull(size, ordinary, leaked, load.failing);
      const gathered = running.reduce((sum, process) => sum + (process.callers.get(load.statement) ?? 0), 0);
      const slower = 1 - BACKED_OFF * this.#stampede;
      const growth = ((load.perMinute / 60) * load.seconds * STEP_SECONDS * slower) / (GATHERING_MINUTES * 60);
      for (const process of running) {
        const peers = serving.filter((one) => one.deployment === process.deployment).length;
        const room = Math.max(0, full - gathered) / running.length;
        const before = process.callers.get(load.statement) ?? 0;
        process.callers.set(load.statement, before + Math.min(room, growth / peers));
      }
      const callers = running.reduce((sum, process) => sum + (process.callers.get(load.statement) ?? 0), 0);
      return { load, callers };
    });
    this.pool = poolState(size, ordinary, leaked, this.databaseAnswers ? loads : []);
    for (const { load, held, seconds } of this.pool.slow) {
      const before = this.slowTotals.get(load.statement) ?? { calls: 0, seconds: 0 };
      const calls = (held / seconds) * STEP_SECONDS;
      this.slowTotals.set(load.statement, { calls: before.calls + calls, seconds: before.seconds + calls * seconds });
    }
    this.#followStampede();
  }

  #followStampede(): void {
    const refusing = this.pool.refusedShare > 0.05;
    if (refusing) this.#stampede = Math.min(1, this.#stampede + (1 - this.#stampede) * (STEP_SECONDS / 60));
    else this.#stampede *= Math.exp(-STEP_SECONDS / STAMPEDE_SECONDS);
    if (this.#stampede < 1e-4) this.#stampede = 0;
  }

  #serveDeployment(name: string, input: StepInput, tally: Tally): void {
    const shares = this.#groups.get(name)?.shares ?? new Map<string, number>();
    const capacity = this.capacityPerSecond(name);
    const reachable = this.conditions.clusterShare;
    for (const [processName, share] of shares) {
      const process = this.processes.get(processName);
      if (process !== undefined) serve(input, process, share * reachable, capacity, tally);
    }
    const unserved = shares.size === 0 ? 1 : 1 - reachable;
    if (unserved <= 0) return;
    for (const endpoint of this.layout.endpointsOf(name)) {
      const count = (input.offered[endpoint] ?? 0) * input.seconds * unserved;
      const column = this.layout.status(endpoint, '503');
      this.ingress.figures[column] = (this.ingress.figures[column] ?? 0) + count;
      tally.total += count;
      tally.failed += count;
    }
  }

  #leak(): void {
    const minutes = STEP_SECONDS / 60;
    const serving = this.serving;
    for (const process of serving) {
      const peers = serving.filter((one) => one.deployment === process.deployment).length;
      const perMinute = this.conditions.leaks.get(process.deployment) ?? 0;
      // Only a request that gets a connection can forget to give it back.
      process.leakedConnections += (perMinute * minutes * (1 - this.pool.refusedShare)) / peers;
      for (const defect of this.conditions.defects) {
        if (defect.memoryMibPerMinute > 0 && defect.runs(process.deployment, process.image, process.isCanary)) {
          // No two processes get quite the same requests, so they do not fill up at the same time.
          const pace = 0.85 + 0.3 * draw(this.seed, 'leak-pace', process.born);
          process.leakedMiB += defect.memoryMibPerMinute * minutes * pace;
        }
      }
    }
  }
}

/** Pods of `<deployment>-canary` stand behind the same service and take their part of its requests. */
function servedBy(deployment: string): string {
  return deployment.replace(/-canary$/, '');
}
