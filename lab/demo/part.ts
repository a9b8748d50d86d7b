import type { ExitNotice } from '../embedded/processes.ts';

export interface Runs {
  readonly exited: Promise<ExitNotice>;
  stop(): Promise<unknown>;
}

/** One of the processes of the demo, started again when it dies. */
export interface Part<R extends Runs> {
  readonly name: string;
  current(): R;
  /** Ends it and starts it anew, because what it was given has changed. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface PartOptions<R extends Runs> {
  readonly name: string;
  readonly start: () => Promise<R>;
  readonly say: (line: string) => void;
  /** After it was started again: for those that depend on where it is. */
  readonly afterRestart?: () => Promise<void>;
  /** It kept dying; the demo cannot go on. */
  readonly gaveUp: (why: string) => void;
}

const RESTARTS_ALLOWED = 5;
const WITHIN_MS = 60_000;
const PAUSE_MS = 500;

/** Starts it; throws when the first start fails. A death nobody asked for is repaired and said. */
export async function startPart<R extends Runs>(options: PartOptions<R>): Promise<Part<R>> {
  const { name, say } = options;
  let current = await options.start();
  let stopping = false;
  let replacing: Promise<void> | null = null;
  const deathsAtMs: number[] = [];

  const watch = (): void => {
    const watched = current;
    void watched.exited.then((notice) => {
      if (stopping || watched !== current || notice.asked) return;
      replacing = revive(notice).finally(() => {
        replacing = null;
      });
    });
  };
  const revive = async ({ code, signal }: ExitNotice): Promise<void> => {
    const nowMs = performance.now();
    deathsAtMs.push(nowMs);
    const lately = deathsAtMs.filter((atMs) => nowMs - atMs < WITHIN_MS).length;
    if (lately > RESTARTS_ALLOWED) return options.gaveUp(`${name} ended ${lately} times within a minute.`);
    say(`${name} ended (${signal ?? `exit code ${code}`}); starting it again.`);
    await new Promise((done) => setTimeout(done, PAUSE_MS));
    if (stopping) return;
    try {
      current = await options.start();
    } catch (error) {
      return options.gaveUp(`${name} could not be started again: ${(error as Error).message}`);
    }
    if (stopping) {
      await current.stop();
      return;
    }
    watch();
    say(`${name} is back.`);
    await options.afterRestart?.();
  };

  watch();
  return {
    name,
    current: () => current,
    async restart() {
      if (stopping) return;
      await current.stop();
      current = await options.start();
      watch();
    },
    async stop() {
      stopping = true;
      await replacing;
      await current.stop();
    },
  };
}
