import type { ConductorOptions, Played } from './conductor.ts';

const TICK_MS = 100;
/** Workflows are looked at less often than the clock ticks: they need nobody to move them. */
const LOOK_EVERY_TICKS = 5;

/**
 * The same players by the wall clock: one wall second is `speed` incident seconds. Nobody is moved; the world follows
 * the clock, people act when their time has come.
 */
export async function playRealTime(options: ConductorOptions, startAtMs: number, speed: number): Promise<Played> {
  const { stage, tracker, people, wires } = options;
  const begunAt = performance.now();
  const clockMs = (): number => Math.floor(startAtMs + (performance.now() - begunAt) * speed);
  for (let tick = 0; ; tick++) {
    const nowMs = Math.min(clockMs(), options.endsAtMs);
    options.setClock(nowMs);
    for (let atMs = stage.nowMs(); ; ) {
      atMs = await stage.advance(nowMs);
      while ((await stage.tellNext()) !== null);
      if (atMs >= nowMs) break;
    }
    await wires.act(nowMs);
    if (tick % LOOK_EVERY_TICKS === 0) {
      await tracker.look(nowMs);
      await people.act(nowMs);
      if (options.isDone(nowMs)) return { endedAtMs: nowMs, reached: true, instants: tick };
    }
    if (nowMs >= options.endsAtMs || options.stopped()) return { endedAtMs: nowMs, reached: false, instants: tick };
    await new Promise((done) => setTimeout(done, TICK_MS));
  }
}
