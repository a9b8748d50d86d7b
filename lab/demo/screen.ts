import pico from 'picocolors';

export interface Screen {
  /** A line about how the start goes, or what happened later. */
  say(line: string): void;
  /** Runs one step of the start; its line appears when it is done, with how long it took and what it came to. */
  step<T>(name: string, work: () => Promise<T>, outcome: (value: T) => string): Promise<T>;
  summary(rows: readonly (readonly [label: string, value: string, hint?: string])[]): void;
}

const NAME_COLUMNS = 12;
const SLOW_AFTER_MS = 5_000;

export function createScreen(write: (text: string) => void): Screen {
  const line = (text: string): void => write(`${text}\n`);
  return {
    say: (text) => line(`${pico.dim('·')} ${text}`),
    async step(name, work, outcome) {
      const startedAtMs = performance.now();
      const seconds = (): string => `${((performance.now() - startedAtMs) / 1000).toFixed(1)} s`;
      const timer = setInterval(
        () => line(pico.dim(`  ${name.padEnd(NAME_COLUMNS)} still starting, ${seconds()} …`)),
        SLOW_AFTER_MS,
      );
      try {
        const value = await work();
        line(`${pico.green('✓')} ${name.padEnd(NAME_COLUMNS)} ${outcome(value)} ${pico.dim(seconds())}`);
        return value;
      } finally {
        clearInterval(timer);
      }
    },
    summary(rows) {
      line('');
      for (const [label, value, hint] of rows) {
        line(
          `  ${pico.dim(label.padEnd(NAME_COLUMNS))} ${label === '' ? value : pico.bold(value)}${hint === undefined ? '' : `\n  ${' '.repeat(NAME_COLUMNS)} ${pico.dim(hint)}`}`,
        );
      }
      line('');
    },
  };
}
