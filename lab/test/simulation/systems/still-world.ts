import type {
  AdminState,
  CacheTruth,
  DatabaseTruth,
  ProviderTruth,
  WorldTruth,
} from '../../../simulation/world/api.ts';

interface Admin {
  breakers: Record<string, 'open' | 'closed'>;
  failovers: Record<string, string>;
}

/** A world in which nothing happens by itself: what a test sets is true. */
export class StillWorld implements WorldTruth {
  nowMs: number;
  readonly series = { select: () => [] };
  lines: { atMs: number; line: string; pod: string }[] = [];
  databaseTruth: DatabaseTruth = { answers: true, maxConnections: 100, activity: [], statements: [] };
  cacheTruth: CacheTruth = {
    answers: true,
    hits: 900,
    misses: 100,
    evictedKeys: 0,
    connectedClients: 12,
    idleClients: 1,
    usedMemoryMiB: 64,
    memoryLimitMiB: 256,
    keys: 1000,
    uptimeSeconds: 86_400,
  };
  providers = new Map<string, ProviderTruth>();
  healthTruth = { ok: true, detail: 'all good' };
  readonly #admin = new Map<
    string,
    { breakers: Record<string, 'open' | 'closed'>; failovers: Record<string, string> }
  >();

  constructor(nowMs: number) {
    this.nowMs = nowMs;
  }

  logs(podName: string, sinceMs: number, untilMs: number) {
    return this.lines.filter((one) => one.pod === podName && one.atMs >= sinceMs && one.atMs <= untilMs);
  }

  podUsage() {
    return { cpuMillicores: 250, memoryMiB: 512 };
  }

  nodeUsage() {
    return { cpuMillicores: 2500, memoryMiB: 8192 };
  }

  database(): DatabaseTruth {
    return this.databaseTruth;
  }

  cache(): CacheTruth {
    return this.cacheTruth;
  }

  provider(name: string): ProviderTruth {
    return this.providers.get(name) ?? { name, mode: 'ok', errorRate: 0, statusPage: 'operational' };
  }

  admin(podName: string): AdminState {
    return this.#adminOf(podName);
  }

  setBreaker(podName: string, provider: string, open: boolean): void {
    this.#adminOf(podName).breakers[provider] = open ? 'open' : 'closed';
  }

  setFailover(podName: string, primary: string, fallback: string | null): void {
    const { failovers } = this.#adminOf(podName);
    if (fallback === null) delete failovers[primary];
    else failovers[primary] = fallback;
  }

  health() {
    return this.healthTruth;
  }

  tickets() {
    return [];
  }

  posts() {
    return [];
  }

  requests() {
    return { total: 0, failed: 0 };
  }

  #adminOf(podName: string) {
    const known = this.#admin.get(podName);
    if (known !== undefined) return known;
    const created: Admin = { breakers: {}, failovers: {} };
    this.#admin.set(podName, created);
    return created;
  }
}
