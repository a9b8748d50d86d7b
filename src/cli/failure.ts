/** Exit codes of `incident`; docs/cli.md documents them, scripts rely on them. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  auth: 4,
  conflict: 5,
  unavailable: 6,
  timeout: 7,
  interrupted: 130,
  terminated: 143,
} as const;

export type ExitName = keyof typeof EXIT;

/** A failure as a person reads it: what happened (with what was tried), and what to do next. */
export class CliFailure extends Error {
  override readonly name = 'CliFailure';
  readonly exit: ExitName;
  /** What to do next, a sentence or a command; null when the message says it. */
  readonly advice: string | null;

  constructor(exit: ExitName, message: string, advice: string | null = null) {
    super(message);
    this.exit = exit;
    this.advice = advice;
  }
}

/** The person or the system asked the command to end (Ctrl-C, SIGTERM): no message, only an exit code. */
export class Stopped extends Error {
  override readonly name = 'Stopped';
}
