import type { FaultSpec } from '../faults/faults.ts';
import type { StrayAlert } from './alert-noise.ts';
import type { AdminState, CacheTruth, ClusterModel, DatabaseTruth, ProviderTruth, ReplicaTruth } from './api.ts';
import { CacheCounters } from './cache-truth.ts';
import { Catalogue } from './catalogue.ts';
import { conditionsOf } from './conditions.ts';
import { databaseTruth } from './database-truth.ts';
import { Engine, INGRESS } from './engine.ts';
import { FaultBook, type FaultTruth } from './fault-book.ts';
import { cpuCores, memoryMiB, nodeFigures } from './gauges.ts';
import { Logs } from './logs.ts';
import { Posts } from './posts.ts';
import type { Process } from './process.ts';
import { ReplicaLog } from './replica-truth.ts';
import { SeriesStore } from './series.ts';
import { completeSettings, HISTORY_HOURS, STEP_SECONDS } from './settings.ts';
import { Tickets } from './tickets.ts';
import { type UserReport, UserReports } from './user-reports.ts';
import type { World, WorldInput } from './world.ts';

export const DATABASE_POD = 'noa-postgres-0';
export const REPLICA_POD = 'noa-postgres-1';
/** By which the application finds the primary: its selector names the pod. */
const DATABASE_SERVICE = 'noa-postgres';
export const CACHE_POD = 'noa-redis-0';

/**
 * A production that has been healthy for two hours at `startMs`. It owns the cluster's time: nobody else may advance it.
 * The same seed, faults and actions at the same instants give the same world, whatever steps it is advanced in.
 */
export function createWorld(input: WorldInput): World {
  return new SimulatedWorld(input);
}

class SimulatedWorld implements World {
  readonly startMs: number;
  readonly series = new SeriesStore();
  readonly #cluster: ClusterModel;
  readonly #engine: Engine;
  readonly #catalogue: Catalogue;
  readonly #logs: Logs;
  readonly #tickets: Tickets;
  readonly #cacheCounters = new CacheCounters();
  readonly #posts: Posts;
  readonly #reports: UserReports;
  readonly #replicaLog: ReplicaLog;
  readonly #runsDatabase: boolean;
  readonly #watched: boolean;
  readonly #faults: FaultBook;
  readonly #historyStartMs: number;
  #nowMs: number;
  #steps = 0;
  #stale = true;
  #primaryReady = true;
  #primaries = new Set([DATABASE_POD]);
  #databasePod = DATABASE_POD;

  constructor({ seed, startMs, settings, cluster, watched = true }: WorldInput) {
    const whole = completeSettings(settings ?? {});
    this.startMs = startMs;
    this.#historyStartMs = startMs - HISTORY_HOURS * 3_600_000;
    this.#nowMs = this.#historyStartMs;
    this.#cluster = cluster;
    this.#watched = watched;
    this.#replicaLog = new ReplicaLog(this.#historyStartMs);
    this.#runsDatabase = cluster.pods().some((pod) => pod.name === DATABASE_POD);
    this.#engine = new Engine(seed, whole, {
      newProcess: (process) => this.#catalogue.addProcess(process),
      usersMoved: (process) => this.#catalogue.addUsers(process, this.series.scrapes),
    });
    this.#catalogue = new Catalogue(this.#engine, this.series);
    this.#logs = new Logs(this.#engine, this.series);
    this.#tickets = new Tickets(seed, whole.failuresPerTicket);
    this.#posts = new Posts(seed, whole.failuresPerTicket);
    this.#reports = new UserReports(this.#tickets);
    const identityOf = (name: string) => this.#identityOf(name);
    const stage = { cluster, databasePod: DATABASE_POD, cachePod: CACHE_POD, identityOf };
    this.#faults = new FaultBook(stage, ({ spec }, atMs) => this.#reports.begun(spec, atMs));
    this.#engine.ingress.userShares.push({ fromScrape: 0, shares: this.#engine.userWeights });
    this.#engine.observe(cluster, 0);
    this.#scrape(this.#historyStartMs);
    // The cluster's own clock begins at the start: before it, it stands as it is.
    while (this.#nextStepMs() <= startMs) this.#step();
    this.#nowMs = startMs;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  addFault(spec: FaultSpec, atMs: number): string {
    if (atMs < this.#nowMs) throw this.#past(`A fault cannot begin at ${iso(atMs)}`);
    const id = this.#faults.add(spec, atMs);
    this.#playUntil(this.#nowMs);
    return id;
  }

  endFault(id: string, atMs: number = this.#nowMs): void {
    if (atMs < this.#nowMs) throw this.#past(`A fault cannot end at ${iso(atMs)}`);
    this.#faults.endAt(id, atMs);
    this.#playUntil(this.#nowMs);
  }

  advanceTo(ms: number): void {
    if (ms < this.#nowMs) throw this.#past(`The world cannot go back to ${iso(ms)}`);
    // Somebody may have changed the cluster or a process since the last call.
    this.#stale = true;
    while (this.#nextStepMs() <= ms) {
      this.#playUntil(this.#nextStepMs());
      this.#step();
    }
    this.#playUntil(ms);
    this.#nowMs = ms;
  }

  nextEventAtMs(): number | null {
    const steps = [this.#tickets.stepsUntilNext(), this.#stepsUntilMemoryIsFull()].flatMap((count) =>
      count === null ? [] : [count],
    );
    const stepped = steps.map((count) => this.#nextStepMs() + (Math.max(1, count) - 1) * STEP_SECONDS * 1000);
    const cluster = this.#cluster.nextChangeAtMs();
    const instants = [...this.#faults.instantsMs(), ...stepped, ...(cluster === null ? [] : [cluster])].filter(
      (at) => at > this.#nowMs,
    );
    return instants.length === 0 ? null : instants.reduce((first, at) => Math.min(first, at));
  }

  truths(): readonly FaultTruth[] {
    return this.#faults.truths();
  }

  strayAlerts(sinceMs: number, untilMs: number): readonly StrayAlert[] {
    return this.#faults.strayAlerts(sinceMs, Math.min(untilMs, this.#nowMs));
  }

  logs(podName: string, sinceMs: number, untilMs: number) {
    const until = Math.min(untilMs, this.#nowMs);
    const process = podName === INGRESS ? undefined : this.#engine.processes.get(podName);
    if (process !== undefined) return this.#logs.ofProcess(process, sinceMs, until);
    return podName === this.#databasePod ? this.#logs.ofDatabase(podName, sinceMs, until) : [];
  }

  podUsage(podName: string): { readonly cpuMillicores: number; readonly memoryMiB: number } {
    const process = this.#engine.processes.get(podName);
    if (process === undefined) {
      const database = podName.includes('postgres');
      const cpu = database ? 120 + Math.round(22 * Math.min(100, this.#engine.pool.active)) : 60;
      return { cpuMillicores: cpu, memoryMiB: database ? 1840 : 210 };
    }
    if (!process.present || !process.serving) return { cpuMillicores: 0, memoryMiB: 0 };
    const memory = Math.round(memoryMiB(this.#engine, process, this.series.scrapes - 1));
    return { cpuMillicores: Math.round(cpuCores(this.#engine, process) * 1000), memoryMiB: memory };
  }

  nodeUsage(nodeName: string): { readonly cpuMillicores: number; readonly memoryMiB: number } {
    const figures = nodeFigures(this.#engine, nodeName, this.series.scrapes - 1);
    return { cpuMillicores: Math.round(figures.cpuCores * 1000), memoryMiB: Math.round(figures.memoryMiB) };
  }

  database(): DatabaseTruth {
    const truth = databaseTruth(this.#engine, this.#nowMs);
    return this.#databaseUp() ? truth : { ...truth, answers: false, activity: [] };
  }

  cache(): CacheTruth {
    const conditions = this.#conditions();
    return this.#cacheCounters.truth(!conditions.cacheDown, conditions, this.#nowMs);
  }

  provider(name: string): ProviderTruth {
    const condition = this.#conditions().providers.get(name);
    if (condition === undefined) return { name, mode: 'ok', errorRate: 0, statusPage: 'operational' };
    const reported = condition.mode === 'down' ? 'down' : 'degraded';
    return {
      name,
      mode: condition.mode,
      errorRate: condition.errorRate,
      statusPage: condition.reported ? reported : 'operational',
    };
  }

  admin(podName: string): AdminState {
    const process = this.#runningProcess(podName);
    const breakers = Object.fromEntries(
      this.#engine.layout.providers.map((name) => [name, process.breakers.get(name) ?? 'closed'] as const),
    );
    return { breakers, failovers: Object.fromEntries(process.failovers) };
  }

  setBreaker(podName: string, provider: string, open: boolean): void {
    this.#knownProvider(provider);
    this.#runningProcess(podName).breakers.set(provider, open ? 'open' : 'closed');
  }

  setFailover(podName: string, primary: string, fallback: string | null): void {
    this.#knownProvider(primary);
    const { failovers } = this.#runningProcess(podName);
    if (fallback === null) {
      failovers.delete(primary);
      return;
    }
    this.#knownProvider(fallback);
    failovers.set(primary, fallback);
  }

  health(): { readonly ok: boolean; readonly detail: string } {
    const { layout, conditions } = this.#engine;
    const idle = [...new Set(layout.endpoints.map((one) => one.deployment))].filter(
      (name) => !this.#engine.serving.some((process) => process.deployment === name),
    );
    if (idle.length > 0) return { ok: false, detail: `no ready instance of ${idle.join(', ')}` };
    if (conditions.clusterShare === 0) return { ok: false, detail: 'no upstream reachable' };
    if (!this.#databaseUp()) return { ok: false, detail: 'database: connection refused' };
    if (this.#engine.pool.refusedShare > 0.2) return { ok: false, detail: 'database: no connection available' };
    return this.cache().answers ? { ok: true, detail: 'ok' } : { ok: false, detail: 'cache: connection refused' };
  }

  tickets(sinceMs: number) {
    return this.#tickets.all.filter((ticket) => ticket.atMs >= sinceMs && ticket.atMs <= this.#nowMs);
  }

  posts(sinceMs: number) {
    return this.#posts.all.filter((post) => post.atMs >= sinceMs && post.atMs <= this.#nowMs);
  }

  userReports(sinceMs: number, untilMs: number): readonly UserReport[] {
    return this.#reports.between(sinceMs, untilMs);
  }

  requests(fromMs: number, untilMs: number): { readonly total: number; readonly failed: number } {
    const { totals, failures } = this.#engine;
    const between = (column: typeof totals) => this.#integrated(column, untilMs) - this.#integrated(column, fromMs);
    return { total: between(totals), failed: between(failures) };
  }

  promoteReplica(podName: string = REPLICA_POD): void {
    if (!this.replica().present) throw new Error(`There is no replica ${podName} that could be promoted.`);
    this.#primaries.add(podName);
    this.#replicaLog.promote(this.#conditions().replica.lagSeconds);
  }

  replica(): ReplicaTruth {
    const { replica } = this.#conditions();
    const primaryAnswers = this.#isUp(DATABASE_POD, this.#primaryPodReady());
    return this.#replicaLog.truth({ ...replica, primaryAnswers, nowMs: this.#nowMs });
  }

  pointDatabaseAt(podName: string): boolean {
    this.#databasePod = podName;
    return this.#databaseUp();
  }

  /** Requests up to an instant; inside a step they come evenly. */
  #integrated(column: { readonly length: number; at(index: number): number }, ms: number): number {
    const position = (Math.min(ms, this.#nowMs) - this.#historyStartMs) / (STEP_SECONDS * 1000);
    if (position <= 0) return 0;
    const whole = Math.min(Math.floor(position), column.length);
    const before = whole === 0 ? 0 : column.at(whole - 1);
    const after = whole < column.length ? column.at(whole) : before;
    return before + (after - before) * (position - whole);
  }

  #nextStepMs(): number {
    return this.#historyStartMs + (this.#steps + 1) * STEP_SECONDS * 1000;
  }

  /** One step of five seconds, up to the next instant of the grid. */
  #step(): void {
    const engine = this.#engine;
    this.#steps++;
    const atMs = this.#historyStartMs + this.#steps * STEP_SECONDS * 1000;
    if (this.#faults.all.length > 0) this.#keepFaults(atMs);
    if (this.#stale) this.#look();
    const before = {
      total: engine.totals.at(engine.totals.length - 1),
      failed: engine.failures.at(engine.failures.length - 1),
    };
    if (this.#isUp(DATABASE_POD, this.#primaryReady)) this.#replicaLog.primaryAlive(atMs);
    engine.step(this.#cluster.rateLimitPerMinute?.() ?? null, this.#databaseUp(this.#primaryReady));
    const last = engine.totals.length - 1;
    const requests = engine.totals.at(last) - before.total;
    const failed = engine.failures.at(last) - before.failed;
    this.#tickets.step(atMs, requests, failed);
    this.#posts.step(atMs, requests, failed);
    this.#cacheCounters.step(requests, engine.cacheHitRate, engine.conditions, this.#identityOf(CACHE_POD), atMs);
    const spam = (engine.conditions.spamTicketsPerMinute * STEP_SECONDS) / 60;
    if (spam > 0) this.#tickets.spam(atMs, spam);
    if (engine.conditions.defects.length > 0) this.#killFull(atMs);
    if ((this.#steps * STEP_SECONDS) % engine.settings.scrapeSeconds === 0) this.#scrape(atMs);
  }

  #scrape(atMs: number): void {
    if (!this.#watched) return;
    const scrape = this.series.scrapes;
    this.#catalogue.scrape(scrape, atMs, this.#cluster);
    this.#logs.scraped(scrape);
  }

  /** Lets faults begin and end and the cluster's controllers work, each at its own instant. */
  #playUntil(ms: number): void {
    if (this.#faults.playUntil(ms)) this.#stale = true;
    const change = this.#cluster.nextChangeAtMs();
    if (change !== null && change <= ms) this.#stale = true;
    this.#cluster.advanceTo(ms);
  }

  #keepFaults(atMs: number): void {
    if (this.#faults.keep(atMs)) this.#stale = true;
    this.#engine.conditions = this.#conditions();
  }

  #look(): void {
    this.#engine.observe(this.#cluster, this.series.scrapes);
    this.#primaryReady = this.#primaryPodReady();
    this.#stale = false;
  }

  /** A container whose memory reaches its limit is killed by the kernel and started again in place. */
  #killFull(atMs: number): void {
    for (const process of this.#engine.serving) {
      if (memoryMiB(this.#engine, process, 0) < process.memoryLimitMiB) continue;
      this.#cluster.restartContainer(process.name, 'OOMKilled', atMs);
      process.forget();
      this.#stale = true;
    }
  }

  #stepsUntilMemoryIsFull(): number | null {
    const perStep =
      this.#engine.conditions.defects.reduce((sum, defect) => sum + defect.memoryMibPerMinute, 0) * (STEP_SECONDS / 60);
    if (perStep <= 0) return null;
    const room = this.#engine.serving.map((one) => one.memoryLimitMiB - memoryMiB(this.#engine, one, 0));
    const least = room.reduce((smallest, one) => Math.min(smallest, one), Number.POSITIVE_INFINITY);
    return Number.isFinite(least) ? Math.max(1, Math.ceil(least / perStep)) : null;
  }

  #conditions() {
    return conditionsOf(this.#faults.all, {
      cluster: this.#cluster,
      identityOf: (name) => this.#identityOf(name),
      mainDeployment: this.#engine.settings.endpoints[0]?.deployment ?? '',
      databasePod: DATABASE_POD,
      cachePod: CACHE_POD,
    });
  }

  #databaseUp(podReady: boolean = this.#primaryPodReady()): boolean {
    return this.#isUp(this.#cluster.servicePod?.(DATABASE_SERVICE) ?? this.#databasePod, podReady);
  }

  #isUp(podName: string, primaryPodReady: boolean): boolean {
    if (!this.#primaries.has(podName)) return false;
    if (podName !== DATABASE_POD) return true;
    return primaryPodReady && !this.#conditions().databaseDown;
  }

  /** A cluster that never showed such a pod keeps its database elsewhere. */
  #primaryPodReady(): boolean {
    return this.#cluster.pods().find((one) => one.name === DATABASE_POD)?.ready ?? !this.#runsDatabase;
  }

  #identityOf(podName: string): string | null {
    const pod = this.#cluster.pods().find((one) => one.name === podName);
    return pod === undefined ? null : `${pod.startedAtMs}/${pod.restarts}`;
  }

  #runningProcess(podName: string): Process {
    // A pod that came since the last step is taken notice of at once, others at their step: reading must change nothing.
    if (!this.#engine.processes.has(podName)) this.#look();
    const process = this.#engine.processes.get(podName);
    if (process === undefined || !process.present) throw new Error(`No process runs in a pod named ${podName}.`);
    return process;
  }

  #knownProvider(name: string): void {
    const known = this.#engine.layout.providers;
    if (!known.includes(name)) throw new Error(`There is no provider ${name}; there are ${known.join(', ')}.`);
  }

  #past(what: string): Error {
    return new Error(`${what}: it is already ${iso(this.#nowMs)} there.`);
  }
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
