import { Context } from '@temporalio/activity';
import type { ActivityExecuteInput, ActivityInboundCallsInterceptor, Next } from '@temporalio/worker';

const BEAT_EVERY_MS = 1_000;

/**
 * Every activity says that its process lives, so that one whose worker was killed is begun again after its heartbeat
 * timeout (see workflows/activity-calls.ts) and not only when its whole time is up: in an incident, half a minute.
 */
export class KeepBeating implements ActivityInboundCallsInterceptor {
  async execute(input: ActivityExecuteInput, next: Next<ActivityInboundCallsInterceptor, 'execute'>): Promise<unknown> {
    const context = Context.current();
    const beat = setInterval(() => context.heartbeat(), BEAT_EVERY_MS);
    try {
      return await next(input);
    } finally {
      clearInterval(beat);
    }
  }
}
