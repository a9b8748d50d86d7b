import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readOrNull } from './places.ts';

/** Incident time of the demo: wall time, times speed, from where it was anchored when the demo was first started. */
export interface DemoClock {
  readonly speed: number;
  nowMs(): number;
  /** The file that gateway and worker read the time from, written every tenth of a second until `stop`. */
  readonly file: string;
  stop(): void;
}

interface Anchor {
  readonly wallMs: number;
  readonly incidentMs: number;
  readonly speed: number;
}

export const DEFAULT_SPEED = 30;
const WRITE_EVERY_MS = 100;

/**
 * Incidents that were kept from an earlier run have gone on meanwhile at their speed, so the clock does too: it is
 * anchored once. Throws a sentence when another speed is asked for than the kept incidents run at.
 */
export function startDemoClock(folder: string, wantedSpeed: number | null): DemoClock {
  const anchor = anchorOf(join(folder, 'clock.json'), wantedSpeed);
  const file = join(folder, 'clock');
  const nowMs = (): number => Math.round(anchor.incidentMs + (Date.now() - anchor.wallMs) * anchor.speed);
  const write = (): void => {
    // Renamed into place: a reader never sees half an instant.
    writeFileSync(`${file}.new`, new Date(nowMs()).toISOString());
    renameSync(`${file}.new`, file);
  };
  write();
  const timer = setInterval(write, WRITE_EVERY_MS);
  return { speed: anchor.speed, nowMs, file, stop: () => clearInterval(timer) };
}

function anchorOf(file: string, wantedSpeed: number | null): Anchor {
  const kept = readOrNull(file);
  if (kept !== null) {
    const anchor = JSON.parse(kept) as Anchor;
    if (wantedSpeed === null || wantedSpeed === anchor.speed) return anchor;
    throw new Error(
      `The incidents kept from earlier runs go at speed ${anchor.speed}. Start over at another: npm start -- --fresh --speed ${wantedSpeed}`,
    );
  }
  const wallMs = Date.now();
  const anchor: Anchor = { wallMs, incidentMs: wallMs, speed: wantedSpeed ?? DEFAULT_SPEED };
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(anchor));
  return anchor;
}
