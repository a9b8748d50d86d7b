import { percent, secondsWords } from '../../domain/format.ts';
import { failure } from '../failures.ts';
import type { Recovery, RecoveryInput } from './api.ts';
import type { EvidencePorts, MetricsPort } from './ports.ts';

/** One look at what R3.2.5 calls recovered. No data is not recovered: a dead service sends no errors either. */
export async function lookAtRecovery(
  ports: EvidencePorts,
  { service, verification }: RecoveryInput,
): Promise<Recovery> {
  if (ports.metrics === null)
    throw failure('Invalid', 'Prometheus is not configured, so recovery cannot be measured: manual review required.');
  const [errorRatio, p95Seconds] = await Promise.all([
    currentValue(ports.metrics, service.queries.errorRatio),
    currentValue(ports.metrics, service.queries.p95Seconds),
  ]);
  const errorsWell = errorRatio !== null && errorRatio < verification.errorRatioBelow;
  const latencyWell = p95Seconds !== null && p95Seconds < verification.p95SecondsBelow;
  const recovered = errorsWell && latencyWell;
  return {
    recovered,
    errorRatio,
    p95Seconds,
    words: [
      `${recovered ? 'Recovered' : 'Not recovered'}: error rate ${errorRatio === null ? 'no data' : percent(errorRatio)} (well below ${percent(verification.errorRatioBelow)}),`,
      `p95 ${p95Seconds === null ? 'no data' : secondsWords(p95Seconds)} (well below ${secondsWords(verification.p95SecondsBelow)}).`,
    ].join(' '),
    measuredAt: ports.clock(),
  };
}

async function currentValue(metrics: MetricsPort, query: string): Promise<number | null> {
  const [sample] = await metrics.instant(query);
  return sample?.value ?? null;
}
