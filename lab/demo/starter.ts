import { type Part, type PartOptions, type Runs, startPart } from './part.ts';
import type { Screen } from './screen.ts';

/** Starts a part with its line on the screen, unless somebody has asked to stop meanwhile. */
export type Start = <R extends Runs>(
  name: string,
  start: () => Promise<R>,
  outcome: (running: R) => string,
  afterRestart?: () => Promise<void>,
) => Promise<Part<R>>;

export interface StarterOptions {
  readonly screen: Screen;
  readonly interrupted: () => boolean;
  readonly gaveUp: (why: string) => void;
}

/** Every part that was started is added to `parts`, in the order in which they came up. */
export function starter({ screen, interrupted, gaveUp }: StarterOptions, parts: Part<Runs>[]): Start {
  return async <R extends Runs>(
    name: string,
    start: () => Promise<R>,
    outcome: (running: R) => string,
    afterRestart?: () => Promise<void>,
  ) => {
    const refuse = (): void => {
      if (interrupted()) throw new Error('Stopped while starting.');
    };
    refuse();
    const options: PartOptions<R> = {
      name,
      start,
      say: screen.say,
      gaveUp,
      ...(afterRestart === undefined ? {} : { afterRestart }),
    };
    const part = await screen.step(
      name,
      () => startPart(options),
      (started) => outcome(started.current()),
    );
    parts.push(part);
    refuse();
    return part;
  };
}
