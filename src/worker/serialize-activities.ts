import { Context } from '@temporalio/activity';
import type { ActivityExecuteInput, ActivityInboundCallsInterceptor, Next } from '@temporalio/worker';

/**
 * In a rehearsal activities take turns: each waits here until the conductor lets it through, one at a time, in an order
 * that depends on nothing but the incident. What was asked at one instant is then answered in the same order on every
 * machine, however busy it is, and the same drill gives the same report.
 */
export class SerializeActivities implements ActivityInboundCallsInterceptor {
  constructor(private readonly turnsUrl: string) {}

  async execute(input: ActivityExecuteInput, next: Next<ActivityInboundCallsInterceptor, 'execute'>): Promise<unknown> {
    const { workflowExecution, activityId, attempt } = Context.current().info;
    const ticket = `${workflowExecution?.runId ?? ''}/${activityId}/${attempt}`;
    await Promise.race([this.#say('wait', ticket, Context.current().cancellationSignal), Context.current().cancelled]);
    try {
      return await next(input);
    } finally {
      await this.#say('end', ticket, null);
    }
  }

  async #say(what: 'wait' | 'end', ticket: string, signal: AbortSignal | null): Promise<void> {
    const answer = await fetch(`${this.turnsUrl}/${what}/${ticket}`, { method: 'POST', signal });
    await answer.arrayBuffer();
  }
}
