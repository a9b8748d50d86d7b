import type { Workspace } from './workspace.ts';

export type SlackArgs = Readonly<Record<string, unknown>>;
export type SlackAnswer = Readonly<Record<string, unknown>>;

/** Answered as `{ok: false, error}`. */
export class SlackRefusal extends Error {
  readonly error: string;
  readonly more: SlackAnswer;

  constructor(error: string, more: SlackAnswer = {}) {
    super(error);
    this.error = error;
    this.more = more;
  }
}

/** A Web API method: what it does to the workspace, and what it answers. */
export type Method = (workspace: Workspace, args: SlackArgs, atMs: number) => SlackAnswer;

export function text(args: SlackArgs, key: string): string {
  const value = args[key];
  return value === undefined || value === null ? '' : String(value);
}

export function required(args: SlackArgs, key: string): string {
  const value = text(args, key);
  if (value === '')
    throw new SlackRefusal('invalid_arguments', {
      response_metadata: { messages: [`[ERROR] missing required field: ${key}`] },
    });
  return value;
}

export function isTrue(value: unknown): boolean {
  return value === true || value === 'true' || value === '1';
}
