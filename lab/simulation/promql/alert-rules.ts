import { expandAlertTemplate } from './alert-template.ts';
import type { Expr } from './ast.ts';
import { executionError } from './errors.ts';
import { evaluateInstant } from './evaluate.ts';
import type { Labels } from './labels.ts';
import { dropMetricName, labelsKey } from './labels.ts';
import { parsePromql } from './parse.ts';
import type { SeriesSource } from './store.ts';

export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly forSeconds: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** A pending or firing alert as of the latest evaluation. */
export interface ActiveAlert {
  readonly labels: Labels;
  readonly annotations: Readonly<Record<string, string>>;
  readonly state: 'pending' | 'firing';
  readonly activeAtMs: number;
  readonly firedAtMs: number | null;
  readonly value: number;
}

/** A change of state. A pending alert whose condition goes away just disappears, as in Prometheus. */
export interface AlertTransition {
  readonly kind: 'pending' | 'firing' | 'resolved';
  readonly rule: AlertRule;
  readonly labels: Labels;
  readonly annotations: Readonly<Record<string, string>>;
  readonly value: number;
  /** When the condition was first true; the alert's startsAt is `startsAtMs`, the instant it began to fire. */
  readonly activeAtMs: number;
  readonly startsAtMs: number | null;
  readonly endsAtMs: number | null;
}

/** One rule and what it remembers between evaluations; evaluations must go forward in time. */
export class RuleState {
  readonly rule: AlertRule;
  readonly #expr: Expr;
  #active = new Map<string, ActiveAlert>();
  #lastEvaluationMs: number | null = null;

  /** Throws `PromqlError` when the expression is bad: a rule that cannot be loaded must not be silent. */
  constructor(rule: AlertRule) {
    this.rule = rule;
    this.#expr = parsePromql(rule.expr);
  }

  get active(): readonly ActiveAlert[] {
    return [...this.#active.values()];
  }

  get lastEvaluationMs(): number | null {
    return this.#lastEvaluationMs;
  }

  evaluate(atMs: number, source: SeriesSource): AlertTransition[] {
    const found = this.#found(atMs, source);
    const transitions: AlertTransition[] = [];
    const next = new Map<string, ActiveAlert>();
    for (const [key, alert] of this.#active) {
      if (found.has(key) || alert.state === 'pending') continue;
      transitions.push(this.#transition('resolved', alert, atMs));
    }
    for (const [key, { labels, annotations, value }] of found) {
      const known = this.#active.get(key);
      const activeAtMs = known?.activeAtMs ?? atMs;
      const firing = known?.state === 'firing' || atMs - activeAtMs >= this.rule.forSeconds * 1000;
      const firedAtMs = known?.firedAtMs ?? (firing ? atMs : null);
      const alert: ActiveAlert = {
        labels,
        annotations,
        state: firing ? 'firing' : 'pending',
        activeAtMs,
        firedAtMs,
        value,
      };
      next.set(key, alert);
      if (alert.state !== known?.state) transitions.push(this.#transition(alert.state, alert, null));
    }
    this.#active = next;
    this.#lastEvaluationMs = atMs;
    return transitions;
  }

  #found(atMs: number, source: SeriesSource) {
    const result = evaluateInstant(this.#expr, atMs, source);
    const samples =
      result.resultType === 'vector'
        ? result.result
        : result.resultType === 'scalar'
          ? [{ labels: {}, value: result.result }]
          : [];
    const found = new Map<string, Pick<ActiveAlert, 'labels' | 'annotations' | 'value'>>();
    for (const { labels: measured, value } of samples) {
      const expand = (texts: Readonly<Record<string, string>>) =>
        Object.entries(texts).map(([name, text]) => [name, expandAlertTemplate(text, value, measured)] as const);
      const labels: Labels = Object.fromEntries(
        [
          ...Object.entries(dropMetricName(measured)),
          ...expand(this.rule.labels),
          ['alertname', this.rule.alert],
        ].filter(([, text]) => text !== ''),
      );
      const key = labelsKey(labels);
      if (found.has(key)) {
        throw executionError('vector contains metrics with the same labelset after applying alert labels');
      }
      found.set(key, { labels, annotations: Object.fromEntries(expand(this.rule.annotations)), value });
    }
    return found;
  }

  #transition(kind: AlertTransition['kind'], alert: ActiveAlert, endsAtMs: number | null): AlertTransition {
    const { labels, annotations, value, activeAtMs, firedAtMs } = alert;
    return { kind, rule: this.rule, labels, annotations, value, activeAtMs, startsAtMs: firedAtMs, endsAtMs };
  }
}
