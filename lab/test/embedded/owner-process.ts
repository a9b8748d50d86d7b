import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const OWNER = fileURLToPath(new URL('./fixtures/owner.ts', import.meta.url));

/** Runs fixtures/owner.ts as a process of its own; resolves when what it was ordered to start is up. */
export async function startOwner(order: unknown): Promise<{ owner: ChildProcess; pid: number }> {
  const owner = spawn(process.execPath, ['--import', 'tsx', OWNER, JSON.stringify(order)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const line = await new Promise<string>((resolve, reject) => {
    createInterface({ input: owner.stdout }).once('line', resolve);
    owner.once('exit', (code) => reject(new Error(`the owner ended with ${code}`)));
  });
  return { owner, pid: (JSON.parse(line) as { pid: number }).pid };
}

/** SIGKILL: the owner gets no chance to stop anything. */
export function killOwner(owner: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    owner.once('exit', () => resolve());
    owner.kill('SIGKILL');
  });
}
