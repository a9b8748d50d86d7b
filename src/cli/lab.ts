import type { Command } from 'commander';
import { CliFailure } from './failure.ts';
import type { Io } from './io.ts';
import type { CommonOptions } from './session.ts';

/** What the laboratory is given to add its commands with: the same leaves and flags as the product's own commands. */
export interface DrillToolkit {
  readonly drill: Command;
  readonly io: Io;
  readonly leaf: (parent: Command, written: string, about: string) => Command;
  readonly flagsOf: <T extends object>(command: Command) => CommonOptions & T;
  /** Leaves the exit code of the command. */
  readonly done: (code: number) => void;
}

export type AddDrillCommands = (toolkit: DrillToolkit) => void;

const PACKAGE = 'incident-lab';

/** Whether these words need the laboratory's commands: its own, their help, and the completion of all commands. */
export function needsLab(argv: readonly string[]): boolean {
  const [first, second] = argv.filter((word) => !word.startsWith('-'));
  return first === 'drill' || first === 'completion' || (first === 'help' && second === 'drill');
}

/**
 * The commands that rehearse. They belong to a package of their own, which neither the production image nor an
 * installation of the product contains: null where it is not installed.
 */
export async function loadLab(): Promise<AddDrillCommands | null> {
  // In a variable, so that no bundler follows it.
  const module = `${PACKAGE}/cli`;
  try {
    return ((await import(module)) as { readonly addDrillCommands: AddDrillCommands }).addDrillCommands;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ERR_MODULE_NOT_FOUND' && message.includes(`'${PACKAGE}'`)) return null;
    throw error;
  }
}

export function labIsMissing(): CliFailure {
  return new CliFailure(
    'unavailable',
    `Drills need the package ${PACKAGE}, which is not installed here: it simulates a production, and no production carries it.`,
    'Run them in a clone of the repository, where npm ci installs it: bin/incident drill run drills/',
  );
}
