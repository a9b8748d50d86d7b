import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CliFailure, EXIT, Stopped } from './failure.ts';
import { type Io, processIo } from './io.ts';
import { loadLab, needsLab } from './lab.ts';
import { CommanderError, createProgram } from './program.ts';

/** Runs one command line (without `node` and the script) and answers its exit code; never throws. */
export async function main(argv: readonly string[], io: Io, lab = loadLab): Promise<number> {
  try {
    const program = createProgram(io, versionOf(io.root), needsLab(argv) ? await lab() : null);
    await program.command.parseAsync([...argv], { from: 'user' });
    return program.exitCode();
  } catch (error) {
    return exitOf(error, argv.includes('--json'), io);
  }
}

/** The real process: stdin, stdout, signals, exit code. `root` is the clone or the image's folder that it belongs to. */
export async function runProcess(root: string): Promise<void> {
  const io = processIo(root);
  const code = await main(process.argv.slice(2), io);
  process.exitCode = io.signalled() ?? code;
  leaveSoon();
}

/** A command that has given its answer has ended; what it may have left open (a socket, a thread) holds it no longer. */
const LEAVES_WITHIN_MS = 5_000;

/** The timer itself holds nothing up: where nothing was left open, the process is gone long before. */
function leaveSoon(): void {
  const leave = (): void => {
    // Whoever reads slowly still gets all of it.
    if (process.stdout.writableLength > 0 || process.stderr.writableLength > 0) leaveSoon();
    else process.exit();
  };
  setTimeout(leave, LEAVES_WITHIN_MS).unref();
}

function exitOf(error: unknown, json: boolean, io: Io): number {
  if (error instanceof Stopped) return EXIT.interrupted;
  if (error instanceof CommanderError) {
    // Commander has said what is wrong already; help and version are no failure.
    return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  }
  // By name: the laboratory runs from its sources, beside a product that is built, and each has a class of its own.
  const failure =
    error instanceof Error && error.name === 'CliFailure'
      ? (error as CliFailure)
      : new CliFailure(
          'failed',
          `This should not happen: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
          'Please report it with the command that you ran.',
        );
  const code = EXIT[failure.exit];
  if (json)
    io.err(JSON.stringify({ error: { exit: failure.exit, code, message: failure.message, advice: failure.advice } }));
  else io.err(`${io.colours.red('error:')} ${failure.message}${failure.advice === null ? '' : `\n${failure.advice}`}`);
  return code;
}

function versionOf(root: string): string {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  return version;
}
