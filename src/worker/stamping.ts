import type { ActivityExecuteInput, ActivityInboundCallsInterceptor, Next } from '@temporalio/worker';
import type { Instant } from '../domain/instant.ts';

/**
 * Puts the instant of this process's clock beside every activity's answer: incident time follows the clocks at the
 * edge, checked against the engine's (see workflows/incident/clock.ts).
 */
export class StampAnswers implements ActivityInboundCallsInterceptor {
  constructor(private readonly clock: () => Instant) {}

  async execute(input: ActivityExecuteInput, next: Next<ActivityInboundCallsInterceptor, 'execute'>): Promise<unknown> {
    const value = await next(input);
    return { at: this.clock(), value };
  }
}
