import type { SeriesPoint } from '../../domain/crossings.ts';
import type { Instant } from '../../domain/instant.ts';
import type { QueryName } from '../../domain/policy.ts';
import type { MetricsPort, Sample } from './ports.ts';
import { type Look, NoAnswer, seriesFromAt } from './probe.ts';

/** What nobody would open an incident for, unless it has just risen (R0.5: errors from 5%, p95 from 2 s). */
export const ORDINARY_ERROR_RATIO = 0.05;
export const ORDINARY_P95_SECONDS = 2;

/** The PromQL that policy has for a question. */
export function query(look: Look, name: QueryName): string {
  return look.service.queries[name];
}

/** The vector now; an empty one is no answer to the question, and is named a gap. */
export async function present(port: MetricsPort, look: Look, name: QueryName): Promise<readonly Sample[]> {
  const samples = await port.instant(query(look, name));
  if (samples.length === 0) throw new NoAnswer(`Prometheus has no data for ${name}.`);
  return samples;
}

const STEP_SECONDS = 30;

/** The first series of a query's answer, from two hours before the problem on; empty when there is none. */
export async function rangeOf(
  port: MetricsPort,
  look: Look,
  name: QueryName,
  untilAt: Instant = look.request.at,
): Promise<readonly SeriesPoint[]> {
  const series = await port.range({
    query: query(look, name),
    fromAt: seriesFromAt(look),
    untilAt,
    stepSeconds: STEP_SECONDS,
  });
  return series[0]?.points ?? [];
}
