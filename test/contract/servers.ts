import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, isListening } from '../../lab/embedded/ports.ts';

/** A real server of a test's own, in a folder of its own; it ends with the test. */
export interface RealServer {
  readonly port: number;
  readonly folder: string;
  stop(): Promise<void>;
}

const READY_WITHIN_MS = 20_000;
const ASK_EVERY_MS = 50;

/** The name of the program when this machine has it not, for the reason of a skipped part. */
export function missingProgram(program: string, saysItsVersionTo = '--version'): string | null {
  return spawnSync(program, [saysItsVersionTo]).status === 0 ? null : program;
}

export async function startServer(
  program: string,
  argumentsFor: (port: number, folder: string) => readonly string[],
  isReady: (port: number) => Promise<boolean> = isListening,
  start: (program: string, args: readonly string[], options: SpawnOptions) => ChildProcess = spawn,
): Promise<RealServer> {
  const folder = mkdtempSync(join(tmpdir(), `contract-${program.split('/').at(-1)}-`));
  const port = await freePort();
  const child = start(program, [...argumentsFor(port, folder)], { stdio: 'ignore', cwd: folder });
  const stop = async () => {
    await ended(child);
    rmSync(folder, { recursive: true, force: true });
  };
  const begunMs = performance.now();
  while (!(await isReady(port).catch(() => false))) {
    if (child.exitCode !== null || performance.now() - begunMs > READY_WITHIN_MS) {
      await stop();
      throw new Error(`${program} did not become ready on port ${port}.`);
    }
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
  }
  return { port, folder, stop };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await exit;
}
