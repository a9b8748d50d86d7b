import type { CustomerMetrics } from '../activities/customers/ports.ts';
import type { MetricsPort } from '../activities/evidence/ports.ts';
import { failure } from '../activities/failures.ts';
import type { MetricsPort as ImpactMetricsPort } from '../activities/follow-up/ports.ts';

const IMPACT_STEP_SECONDS = 60;

export function impactMetrics(metrics: MetricsPort | null): ImpactMetricsPort {
  return {
    async valueAt(query, at) {
      const series = await metrics?.range({ query, fromAt: at, untilAt: at, stepSeconds: IMPACT_STEP_SECONDS });
      return series?.[0]?.points.at(-1)?.[1] ?? null;
    },
    async valuesBetween(query, fromAt, untilAt, stepSeconds) {
      const series = await metrics?.range({ query, fromAt, untilAt, stepSeconds });
      return (series?.[0]?.points ?? []).flatMap(([, value]) => (value === null ? [] : [value]));
    },
  };
}

/** Whom an incident hit is asked of the metrics; without them nobody is guessed. */
export function customerMetrics(metrics: MetricsPort | null): CustomerMetrics {
  const at = async (query: string, instant: string) => {
    if (metrics === null)
      throw failure('Invalid', 'No metrics are configured, so it is not known who was affected. Set PROMETHEUS_URL.');
    return metrics.range({ query, fromAt: instant, untilAt: instant, stepSeconds: IMPACT_STEP_SECONDS });
  };
  return {
    async valuesByLabel(query, label, instant) {
      const series = await at(query, instant);
      return new Map(
        series.flatMap(({ labels, points }) => {
          const value = points.at(-1)?.[1] ?? null;
          return labels[label] === undefined || value === null ? [] : [[labels[label], value] as const];
        }),
      );
    },
    valueAt: async (query, instant) => (await at(query, instant))[0]?.points.at(-1)?.[1] ?? null,
  };
}
