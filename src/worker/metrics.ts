import { ApplicationFailure } from '@temporalio/common';
import type { ActivityExecuteInput, ActivityInboundCallsInterceptor, Next } from '@temporalio/worker';
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { VERSION } from '../config/version.ts';

export interface WorkerMetrics {
  readonly registry: Registry;
  counting(activity: string): ActivityInboundCallsInterceptor;
}

const SECONDS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** What this process did: attempts of activities by name and outcome. The SDK's own series have an address of theirs. */
export function workerMetrics(): WorkerMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'incident_worker_' });
  new Gauge({
    name: 'incident_build_info',
    help: 'Always 1; the version is the label.',
    labelNames: ['version'],
    registers: [registry],
  }).set({ version: VERSION }, 1);
  const attempts = new Histogram({
    name: 'incident_activity_attempt_duration_seconds',
    help: 'Attempts of activities. Outcome: done, waiting (it polls for something), or the kind of failure.',
    labelNames: ['activity', 'outcome'],
    buckets: SECONDS,
    registers: [registry],
  });
  return {
    registry,
    counting: (activity) => ({
      async execute(input: ActivityExecuteInput, next: Next<ActivityInboundCallsInterceptor, 'execute'>) {
        const end = attempts.startTimer({ activity });
        try {
          const value = await next(input);
          end({ outcome: 'done' });
          return value;
        } catch (error) {
          end({ outcome: outcomeOf(error) });
          throw error;
        }
      },
    }),
  };
}

/** Failures come from a closed list (activities/failures.ts), so the label has few values. */
function outcomeOf(error: unknown): string {
  if (!(error instanceof ApplicationFailure)) return 'unexpected';
  return error.type === 'NotYet' ? 'waiting' : (error.type ?? 'unexpected');
}
