import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Production } from '../../lab/simulation/production.ts';

export const TICK_MS = 50;

/** World time goes `speed` times as fast as the wall clock while it runs; the file says it to gateway and worker. */
export function runningClock(production: Production, folder: string, speed: number) {
  const file = join(folder, 'clock');
  const write = (): void => {
    writeFileSync(`${file}.new`, new Date(production.world.nowMs).toISOString());
    renameSync(`${file}.new`, file);
  };
  write();
  let running = false;
  let loop: Promise<void> = Promise.resolve();
  // In steps, not by the wall clock: on a busy machine the world becomes slower, and misses nothing.
  const run = async (): Promise<void> => {
    while (running) {
      await production.advanceTo(production.world.nowMs + TICK_MS * speed);
      write();
      await pause(TICK_MS);
    }
  };
  return {
    file,
    /** At once, without anybody watching. */
    async jumpTo(at: string): Promise<void> {
      await production.advanceTo(Date.parse(at));
      write();
    },
    start(): void {
      running = true;
      loop = run();
    },
    async stop(): Promise<void> {
      running = false;
      await loop;
    },
  };
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((done) => setTimeout(done, milliseconds));
}
