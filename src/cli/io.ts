import pc from 'picocolors';
import { EXIT } from './failure.ts';

type Colours = ReturnType<typeof pc.createColors>;

/** Everything a command touches of its surroundings, so that tests can run it in their own process. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The working folder, against which file arguments are read. */
  readonly cwd: string;
  /** The repository: policy, drills and the demo's state file are found from here. */
  readonly root: string;
  /** Data: what the command was asked for. */
  out(text: string): void;
  /** Progress, notices and errors. */
  err(text: string): void;
  readonly colours: Colours;
  /** Writes to the terminal as it is: escape sequences of a screen. */
  draw(text: string): void;
  /** Null when stdout is not a terminal. Read again at each drawing: terminals are resized. */
  terminal(): { readonly columns: number; readonly rows: number } | null;
  onResize(redraw: () => void): () => void;
  /** Aborted by SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
  /** Wall clock, milliseconds since the epoch. */
  nowMs(): number;
}

export interface ProcessIo extends Io {
  /** The exit code that the signal asks for; null when none came. */
  signalled(): number | null;
}

/** The surroundings of the real process. A reader that goes away (EPIPE: `incident list | head -1`) ends it quietly. */
export function processIo(root: string): ProcessIo {
  const { stdout, stderr, env } = process;
  const controller = new AbortController();
  let signalled: number | null = null;
  const stop = (code: number) => () => {
    // The second Ctrl-C does not wait for anything.
    if (signalled !== null) process.exit(code);
    signalled = code;
    controller.abort();
  };
  process.on('SIGINT', stop(EXIT.interrupted));
  process.on('SIGTERM', stop(EXIT.terminated));
  for (const stream of [stdout, stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(process.exitCode ?? EXIT.ok);
      throw error;
    });
  }
  return {
    env,
    cwd: process.cwd(),
    root,
    out: (text) => void stdout.write(`${text}\n`),
    err: (text) => void stderr.write(`${text}\n`),
    draw: (text) => void stdout.write(text),
    colours: pc.createColors(wantsColour(env, stdout.isTTY === true)),
    terminal: () => (stdout.isTTY ? { columns: stdout.columns || 80, rows: stdout.rows || 24 } : null),
    onResize(redraw) {
      stdout.on('resize', redraw);
      return () => void stdout.off('resize', redraw);
    },
    signal: controller.signal,
    nowMs: () => Date.now(),
    signalled: () => signalled,
  };
}

/** https://no-color.org: NO_COLOR when not empty; FORCE_COLOR colours a pipe; a dumb terminal gets none. */
export function wantsColour(env: Io['env'], isTty: boolean): boolean {
  if (env.NO_COLOR !== undefined && env.NO_COLOR !== '') return false;
  if (env.FORCE_COLOR !== undefined && env.FORCE_COLOR !== '') return env.FORCE_COLOR !== '0';
  return isTty && env.TERM !== 'dumb';
}
