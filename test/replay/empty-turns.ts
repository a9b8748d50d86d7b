import type { History } from '@temporalio/common/lib/proto-utils.js';

type Attributes = { readonly workflowTaskCompletedEventId?: unknown } | null | undefined;

/** Ids of the turns (workflow tasks) that led to no command, as the one before them did (docs/decisions/0060). */
export function emptyTurnsInARow(history: History): readonly string[] {
  const turns: string[] = [];
  const withCommand = new Set<string>();
  for (const event of history.events ?? []) {
    if (event.workflowTaskCompletedEventAttributes != null) turns.push(String(event.eventId));
    if (event.workflowExecutionUpdateAcceptedEventAttributes != null) withCommand.add(turns.at(-1) ?? '');
    for (const attributes of Object.values(event) as Attributes[]) {
      const of = attributes?.workflowTaskCompletedEventId;
      if (of != null) withCommand.add(String(of));
    }
  }
  return turns.filter((turn, index) => {
    const before = turns[index - 1];
    return before !== undefined && !withCommand.has(before) && !withCommand.has(turn);
  });
}
