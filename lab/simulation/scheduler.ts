import type { EvaluationPace } from './evaluation-pace.ts';
import type { AlertTransition } from './promql/alert-rules.ts';
import type { Reporting } from './reporting.ts';
import type { Alertmanager } from './systems/alertmanager.ts';
import type { Kubernetes } from './systems/kubernetes/kubernetes.ts';
import type { PagerDuty } from './systems/pagerduty.ts';
import type { LivePostgres } from './systems/postgres/live-postgres.ts';
import type { Prometheus } from './systems/prometheus.ts';
import type { WireLedger } from './wire/ledger.ts';
import type { UserReport } from './world/user-reports.ts';
import type { World } from './world/world.ts';

/** Rules are evaluated on the grid of the scrapes, which begins at startMs. */
const EVALUATION_MS = 15_000;

interface SchedulerParts {
  readonly world: World;
  readonly kubernetes: Kubernetes;
  readonly prometheus: Prometheus;
  readonly alertmanager: Alertmanager;
  readonly reporting: Reporting;
  readonly pagerDuty: PagerDuty;
  readonly log: WireLedger;
  readonly live: LivePostgres | null;
  readonly pace: EvaluationPace;
}

/** World time and what hangs on it, in one order: the world moves, rules are evaluated, Alertmanager sends. */
export class Scheduler {
  readonly #parts: SchedulerParts;
  readonly #world: World;
  #evaluatedMs: number;
  #straysMs: number;
  #reportsMs: number;
  readonly #reports: UserReport[] = [];

  constructor(parts: SchedulerParts) {
    this.#parts = parts;
    this.#world = parts.world;
    this.#evaluatedMs = parts.world.startMs;
    this.#straysMs = parts.world.startMs - 1;
    this.#reportsMs = parts.world.startMs - 1;
  }

  async advance(ms: number, stopping: 'on' | 'before-sending' | 'after-sending'): Promise<number> {
    if (ms < this.#world.nowMs) throw new Error(`World time cannot go back to ${new Date(ms).toISOString()}.`);
    for (;;) {
      const atMs = Math.min(ms, this.#nextInstantMs());
      this.#world.advanceTo(atMs);
      this.#hear(atMs);
      this.#collectReports(atMs);
      const stops = stopping === 'before-sending' ? this.isDue(atMs) : await this.#send(atMs);
      if (atMs === ms || (stopping !== 'on' && stops)) {
        await this.#parts.live?.sync();
        return atMs;
      }
    }
  }

  /** The next evaluation, flush, or message of noise. */
  #nextInstantMs(): number {
    const flush = this.#parts.alertmanager.nextFlushAtMs() ?? Number.POSITIVE_INFINITY;
    const event = this.#world.nextEventAtMs() ?? Number.POSITIVE_INFINITY;
    const late = this.#parts.pagerDuty.late.nextDueAtMs() ?? Number.POSITIVE_INFINITY;
    return Math.max(this.#world.nowMs, Math.min(this.#evaluatedMs + EVALUATION_MS, flush, event, late));
  }

  #hear(atMs: number): void {
    const strays = this.#world.strayAlerts(this.#straysMs + 1, atMs);
    this.#straysMs = atMs;
    if (strays.length > 0) this.#parts.alertmanager.receive(strays.map(transitionOf), atMs);
    if (atMs < this.#evaluatedMs + EVALUATION_MS) return;
    this.#evaluatedMs += EVALUATION_MS;
    const { pace, prometheus, kubernetes } = this.#parts;
    const writes = kubernetes.actions.length + kubernetes.adminActions.length;
    const now = {
      world: this.#world,
      cluster: kubernetes.cluster,
      activeAlerts: prometheus.activeAlerts().length,
      writes,
    };
    if (pace.needed(atMs, now)) this.#parts.alertmanager.receive(prometheus.evaluateRules(atMs), atMs);
  }

  async #send(atMs: number): Promise<boolean> {
    const reported = await this.#parts.reporting.deliver(this.#reports.splice(0));
    const late = await this.#parts.pagerDuty.late.sendNext(atMs);
    return (await this.#sendAlerts(atMs)) || reported || late !== null;
  }

  async #sendAlerts(atMs: number): Promise<boolean> {
    const due = this.#parts.alertmanager.nextFlushAtMs();
    if (due === null || due > atMs) return false;
    const before = this.#parts.log.size;
    await this.#parts.alertmanager.flush(atMs);
    const written = this.#parts.log.entries().slice(before);
    return written.some(
      ({ system, method, status }) => system === 'alertmanager' && method === 'SEND' && status !== null,
    );
  }

  /** What people report reaches us at the instant at which they do. */
  #collectReports(atMs: number): void {
    this.#reports.push(...this.#world.userReports(this.#reportsMs + 1, atMs));
    this.#reportsMs = atMs;
  }

  isDue(atMs = this.#world.nowMs): boolean {
    const due = this.#parts.alertmanager.nextFlushAtMs();
    const alerts = due !== null && due <= atMs && this.#parts.alertmanager.prepare(atMs);
    const lateMs = this.#parts.pagerDuty.late.nextDueAtMs();
    return alerts || this.#reports.length > 0 || (lateMs !== null && lateMs <= atMs);
  }

  async sendNext(): Promise<boolean | null> {
    const report = this.#reports.shift();
    if (report !== undefined) return this.#parts.reporting.deliver([report]);
    const late = await this.#parts.pagerDuty.late.sendNext(this.#world.nowMs);
    return late ?? this.#parts.alertmanager.sendNext(this.#world.nowMs);
  }
}

type Stray = ReturnType<World['strayAlerts']>[number];

function transitionOf(stray: Stray): AlertTransition {
  const { labels, annotations, startsAtMs, status, atMs } = stray;
  const rule = { alert: labels.alertname ?? '', expr: 'vector(1)', forSeconds: 0, labels, annotations };
  return {
    kind: status,
    rule,
    labels,
    annotations,
    value: 1,
    activeAtMs: startsAtMs,
    startsAtMs,
    endsAtMs: status === 'resolved' ? atMs : null,
  };
}
