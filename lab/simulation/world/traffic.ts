import type { Conditions, Defect } from './conditions.ts';
import { bucketShares, meanSeconds, medianForP95 } from './latency.ts';
import type { Cause, Layout, Status } from './layout.ts';
import type { PoolState } from './pool.ts';
import type { Process } from './process.ts';
import { callOutcome } from './provider-calls.ts';
import type { WorldSettings } from './settings.ts';

/** Everything that decides how the requests of one step end. */
export interface StepInput {
  readonly settings: WorldSettings;
  readonly layout: Layout;
  readonly conditions: Conditions;
  readonly seconds: number;
  readonly pool: PoolState;
  readonly databaseAnswers: boolean;
  /** Share of requests that fail because clients all come back at once. */
  readonly stampede: number;
  readonly cacheHitRate: number;
  /** Requests a second of each endpoint, before any rate limit. */
  readonly offered: Float64Array;
  /** Share of the offered requests that the ingress lets through. */
  readonly admittedShare: number;
  /** True when requests that the rate limit turns away are those of customers. */
  readonly turnsCustomersAway: boolean;
}

export interface Tally {
  total: number;
  failed: number;
}

/** A process at this part of its capacity or more turns requests away. */
const FULL = 0.98;
const POOL_WAIT_SECONDS = 4.9;

/** Serves the requests of one step on a process that takes `share` of its deployment's load. */
export function serve(
  input: StepInput,
  process: Process,
  share: number,
  capacityPerSecond: number,
  tally: Tally,
): void {
  const { layout, settings, conditions } = input;
  const mine = layout.endpointsOf(process.deployment);
  let perSecond = 0;
  for (const endpoint of mine) perSecond += (input.offered[endpoint] ?? 0) * share * input.admittedShare;
  process.requestsPerSecond = perSecond;
  const busy = conditions.busyNodes.has(process.node) ? 2.2 : 1;
  const utilisation = (perSecond * busy) / capacityPerSecond;
  const overload = utilisation > FULL ? 1 - FULL / utilisation : 0;
  const queueSeconds = Math.min(3, (0.1 * Math.min(utilisation, 0.97)) / (1 - Math.min(utilisation, 0.97)));
  const defects = conditions.defects.filter((defect) =>
    defect.runs(process.deployment, process.image, process.isCanary),
  );
  const missing = 1 - input.cacheHitRate;
  const poolPressure = Math.min(1, input.pool.used / input.pool.size);

  for (const endpoint of mine) {
    const about = settings.endpoints[endpoint];
    if (about === undefined) continue;
    const offered = (input.offered[endpoint] ?? 0) * share * input.seconds;
    const answers = new Answers(input, process, endpoint, offered, tally);
    answers.part('429', 'rate-limited', 1 - input.admittedShare, 0.004, input.turnsCustomersAway);
    answers.part('503', 'overload', overload, 0.02, true);
    answers.part('401', 'unauthorised', conditions.unauthorisedShare, 0.01, true);
    if (conditions.unreachableFrom.has(process.deployment)) answers.part('500', 'database-unreachable', 0.97, 5, true);
    if (!conditions.namesResolve) answers.part('500', 'name-resolution', 0.85, 0.4, true);
    if (!input.databaseAnswers) answers.part('500', 'database-refused', 0.97, 0.05, true);
    // Most give up waiting in the process's own pool; some reach the server and are refused there.
    answers.part('500', 'too-many-clients', input.pool.refusedShare * 0.12, 0.4, true);
    answers.part(
      '503',
      'pool-wait',
      (input.pool.refusedShare * 0.88) / (1 - input.pool.refusedShare * 0.12),
      POOL_WAIT_SECONDS,
      true,
    );
    answers.part('500', 'reconnect', input.pool.refusedShare > 0.05 ? 0 : input.stampede, 0.3, true);
    answers.part('500', 'corrupt-page', conditions.corruptShare, 0.05, true);
    if (conditions.cacheDown) answers.part('500', 'cache-refused', 0.06, 1, true);
    for (const defect of defects) {
      if (concerns(defect, about.path)) answers.part('500', 'code', defect.errorRate, 0.06, true);
    }
    answers.part('500', 'ordinary', settings.baselineErrorRate, 0.2, true);
    if (about.method === 'GET') answers.part('404', null, 0.01, 0.01, false);

    const slowed = Math.max(about.medianSeconds, ...defects.filter((one) => concerns(one, about.path)).map(medianOf));
    const waitSeconds = input.pool.refusedShare > 0 ? 2.1 : 0.25 * poolPressure ** 4;
    const missSeconds = Math.max(0, missing - (1 - settings.cacheHitRate)) * 2.4;
    const median = slowed * busy + queueSeconds + waitSeconds + missSeconds;
    if (about.callsProvider) answers.callProviders(median);
    else answers.rest(median);
    const remaining = answers.admitted;
    process.figures[layout.cacheRequests] = (process.figures[layout.cacheRequests] ?? 0) + remaining;
    process.figures[layout.cacheHits] = (process.figures[layout.cacheHits] ?? 0) + remaining * input.cacheHitRate;
  }
  const figures = process.figures;
  figures[layout.served] = (figures[layout.served] ?? 0) + perSecond * input.seconds;
  figures[layout.cpuSeconds] =
    (figures[layout.cpuSeconds] ?? 0) + input.seconds * (0.04 + Math.min(1.2, utilisation) * 0.55) * Math.sqrt(busy);
}

/** Requests of one endpoint in one process in one step, dealt out until none is left. */
class Answers {
  readonly #input: StepInput;
  readonly #process: Process;
  readonly #endpoint: number;
  readonly #tally: Tally;
  readonly admitted: number;
  #left: number;

  constructor(input: StepInput, process: Process, endpoint: number, offered: number, tally: Tally) {
    this.#input = input;
    this.#process = process;
    this.#endpoint = endpoint;
    this.#tally = tally;
    this.#left = offered;
    this.admitted = offered * input.admittedShare;
    tally.total += offered;
  }

  /** A share of those left ends this way. */
  part(status: Status, cause: Cause | null, share: number, medianSeconds: number, failure: boolean): void {
    if (share <= 0) return;
    const count = this.#left * Math.min(1, share);
    this.#left -= count;
    this.#add(status, count, medianSeconds, failure);
    if (cause !== null) this.#increase(this.#input.layout.cause(cause), count);
  }

  rest(medianSeconds: number): void {
    this.#add('200', this.#left, medianSeconds, false);
    this.#left = 0;
  }

  callProviders(medianSeconds: number): void {
    const { layout, settings, conditions } = this.#input;
    const calls = this.#left;
    this.#left = 0;
    for (const [meantIndex, meant] of layout.providers.entries()) {
      const outcome = callOutcome(this.#process, meant, conditions);
      const count = calls * (settings.providers[meant] ?? 0);
      const bad = count * outcome.failedShare;
      this.#add(outcome.status, bad, outcome.failureSeconds, true);
      this.#add('200', count - bad, medianSeconds + outcome.successDelaySeconds, false);
      const called = outcome.called === null ? meantIndex : layout.providers.indexOf(outcome.called);
      if (called < 0) continue;
      this.#increase(layout.providerCause(called, outcome.cause), bad);
      if (outcome.called === null) continue;
      this.#increase(layout.provider(called, outcome.providerStatus), bad);
      this.#increase(layout.provider(called, '200'), count - bad);
    }
  }

  #add(status: Status, count: number, medianSeconds: number, failure: boolean): void {
    if (count <= 0) return;
    const { layout } = this.#input;
    this.#increase(layout.status(this.#endpoint, status), count);
    const shares = bucketShares(medianSeconds);
    const figures = this.#process.figures;
    const from = layout.bucket(this.#endpoint);
    for (let bucket = 0; bucket < shares.length; bucket++) {
      figures[from + bucket] = (figures[from + bucket] ?? 0) + count * (shares[bucket] ?? 0);
    }
    this.#increase(layout.durationSum(this.#endpoint), count * meanSeconds(medianSeconds));
    if (failure) this.#tally.failed += count;
  }

  #increase(column: number, by: number): void {
    this.#process.figures[column] = (this.#process.figures[column] ?? 0) + by;
  }
}

function concerns(defect: Defect, path: string): boolean {
  return defect.endpoints === null || defect.endpoints.includes(path);
}

function medianOf(defect: Defect): number {
  return defect.p95Seconds === null ? 0 : medianForP95(defect.p95Seconds);
}
