import { FAULT_DEFAULTS } from '../faults/faults.ts';
import type { PlacedFault } from './conditions.ts';

/** An alert message that no metric of the service brought about (a scanner, an audit or another team's rule did); Alertmanager sends it as it is. */
export interface StrayAlert {
  readonly atMs: number;
  readonly status: 'firing' | 'resolved';
  readonly startsAtMs: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

const CRITICAL = { service: 'noa-postgres', severity: 'critical' };
const FLAP_MINUTES = 4;
const FLAPS = 6;
const STALE_HOURS = 6;
const DUPLICATE_DELAY_MINUTES = 20;

/** Every stray message of a fault, in order. The duplicate ones repeat a message that was sent before. */
export function strayAlerts(fault: PlacedFault): readonly StrayAlert[] {
  const { spec, startMs } = fault;
  const minute = 60_000;
  if (spec.kind === 'alert-storm') return storm(spec, startMs);
  if (spec.kind === 'data-corruption') {
    const summary =
      spec.scope === 'partial'
        ? 'Partial data corruption: amcheck found damaged pages in one part of table requests'
        : 'Data corruption: amcheck found damaged pages all over table requests';
    return [alert(startMs, startMs, 'firing', 'DataCorruption', { ...CRITICAL, scope: spec.scope ?? 'full' }, summary)];
  }
  if (spec.kind === 'security-breach') {
    const summary = 'Active security breach: administrator sessions from unknown addresses';
    return [alert(startMs, startMs, 'firing', 'SecurityBreach', { ...CRITICAL, scope: spec.scope ?? 'full' }, summary)];
  }
  if (spec.kind !== 'noise') return [];
  switch (spec.what) {
    case 'unrelated-alert':
      return [
        alert(
          startMs,
          startMs,
          'firing',
          'CertificateExpiresSoon',
          { service: 'internal-wiki' },
          'The certificate of wiki.internal expires in 20 days',
        ),
      ];
    case 'stale-alert':
      return [
        alert(
          startMs,
          startMs - STALE_HOURS * 60 * minute,
          'firing',
          'BackupJobLate',
          { service: 'nightly-backup' },
          'The nightly backup started late',
        ),
      ];
    case 'flapping-alert':
      return Array.from({ length: FLAPS * 2 }, (_, index) => {
        const began = startMs + Math.floor(index / 2) * 2 * FLAP_MINUTES * minute;
        const at = startMs + index * FLAP_MINUTES * minute;
        const status = index % 2 === 0 ? 'firing' : 'resolved';
        return alert(
          at,
          began,
          status,
          'BatchQueueLong',
          { service: 'report-batch' },
          'The queue of the report batch is long',
        );
      });
    case 'late-duplicate-webhook': {
      const first = (at: number) =>
        alert(
          at,
          startMs,
          'firing',
          'ReportBatchSlow',
          { service: 'report-batch' },
          'The report batch takes longer than an hour',
        );
      return [
        first(startMs),
        { ...first(startMs + 2 * minute), status: 'resolved' },
        first(startMs + DUPLICATE_DELAY_MINUTES * minute),
      ];
    }
    default:
      return [];
  }
}

function storm(
  spec: { readonly alerts?: number; readonly services?: number; readonly perSecond?: number },
  startMs: number,
): readonly StrayAlert[] {
  const services = Math.max(1, spec.services ?? FAULT_DEFAULTS.stormServices);
  const perSecond = Math.max(0.01, spec.perSecond ?? FAULT_DEFAULTS.stormPerSecond);
  return Array.from({ length: spec.alerts ?? FAULT_DEFAULTS.stormAlerts }, (_, index) => {
    const at = startMs + Math.floor((index / perSecond) * 1000);
    const service = `service-${String((index % services) + 1).padStart(2, '0')}`;
    const labels = { service, instance: `${service}-${Math.floor(index / services)}` };
    return alert(at, at, 'firing', 'TargetDown', labels, `${labels.instance} cannot be scraped`);
  });
}

function alert(
  atMs: number,
  startsAtMs: number,
  status: StrayAlert['status'],
  name: string,
  labels: Readonly<Record<string, string>>,
  summary: string,
): StrayAlert {
  return {
    atMs,
    status,
    startsAtMs,
    labels: { alertname: name, severity: 'warning', ...labels },
    annotations: { summary },
  };
}
