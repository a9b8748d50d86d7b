import { epochMs } from '../../../src/domain/instant.ts';
import type { DrillRun } from '../play-drill.ts';
import { eventsOf } from './evidence.ts';

export interface PromiseCount {
  readonly kept: number;
  readonly late: number;
  readonly missed: number;
}

export function promiseCount(workflow: DrillRun['incidents'][number]): PromiseCount {
  const ended = eventsOf(workflow, 'promise-ended');
  const count = (how: string) => ended.filter((event) => event.how === how).length;
  return { kept: count('kept'), late: count('late'), missed: count('missed') };
}

/** Promises missed without a word of explanation, or due and simply forgotten. */
export function brokenPromises({ incidents, played }: DrillRun): readonly string[] {
  return incidents.flatMap((workflow) => {
    const ended = new Map(eventsOf(workflow, 'promise-ended').map((event) => [event.promiseId, event]));
    return eventsOf(workflow, 'promised').flatMap(({ promise }) => {
      const end = ended.get(promise.id);
      if (end?.how === 'missed' && end.because.trim() === '') return [`${promise.id} missed without a reason`];
      const forgotten = end === undefined && epochMs(promise.dueAt) < played.endedAtMs && workflow.running;
      return forgotten
        ? [`${promise.id} (${promise.words}) was due at ${promise.dueAt} and nobody said what became of it`]
        : [];
    });
  });
}
