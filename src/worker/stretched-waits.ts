import { ApplicationFailure } from '@temporalio/common';
import type { ActivityExecuteInput, ActivityInboundCallsInterceptor, Next } from '@temporalio/worker';

/**
 * What a system asks us to wait (Retry-After) is counted in incident time, as the workflow's own retries are: where
 * that is stretched, so is this wait. Otherwise 30 s would be 30 ms of a drill, and six minutes of a rate limit 12,000
 * attempts. Waits of `notYet` come from the workflow, which has stretched them already.
 */
export class StretchedWaits implements ActivityInboundCallsInterceptor {
  constructor(private readonly speed: number) {}

  async execute(input: ActivityExecuteInput, next: Next<ActivityInboundCallsInterceptor, 'execute'>): Promise<unknown> {
    try {
      return await next(input);
    } catch (error) {
      if (!(error instanceof ApplicationFailure) || typeof error.nextRetryDelay !== 'number' || error.type === 'NotYet')
        throw error;
      throw new ApplicationFailure(
        error.message,
        error.type,
        error.nonRetryable,
        error.details,
        error.cause,
        Math.ceil(error.nextRetryDelay / this.speed),
        error.category,
      );
    }
  }
}
