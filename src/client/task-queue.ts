import { TASK_QUEUE } from '../workflows/incident/api.ts';

/** What gateways send incidents to is what workers poll: both ask here with TEMPORAL_TASK_QUEUE as they were given it. */
export function taskQueueOf(given: string | undefined): string {
  return given === undefined || given === '' ? TASK_QUEUE : given;
}
