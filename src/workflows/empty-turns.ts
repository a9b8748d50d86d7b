import { defaultPayloadConverter, type WorkflowInternalsInterceptor } from '@temporalio/workflow';

/** Part of the workflow's memo: how often something had to be said so that a turn was not empty. */
const MEMO_KEY = 'turnsWithoutCommand';

/**
 * No two turns (workflow tasks) in a row without a command. The SDK takes such a turn, followed at once by the next, for
 * a heartbeat and hands both to the workflow as one. It does not when it replays and the next turn accepted an update.
 * So a decision that was the first thing a cold worker heard got another order live than in every replay: the incident
 * would have stood still for good (docs/decisions/0060).
 */
export function neverTwoEmptyTurns(): WorkflowInternalsInterceptor {
  let previousWasEmpty = false;
  let said = 0;
  return {
    concludeActivation(input, next) {
      // A question is answered outside history.
      if (input.commands.some(({ respondToQuery }) => respondToQuery != null)) return next(input);
      const isEmpty = input.commands.length === 0;
      if (!isEmpty || !previousWasEmpty) {
        previousWasEmpty = isEmpty;
        return next(input);
      }
      previousWasEmpty = false;
      said += 1;
      const fields = { [MEMO_KEY]: defaultPayloadConverter.toPayload(said) };
      return next({ commands: [{ modifyWorkflowProperties: { upsertedMemo: { fields } } }] });
    },
  };
}
