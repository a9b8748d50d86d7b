import { randomInt } from 'node:crypto';
import { connect, createServer } from 'node:net';

/**
 * Ports are drawn below the range from which systems take the ports of outgoing connections (32768 on Linux,
 * 49152 on macOS), so that a port found free stays free until the server that wants it listens.
 */
const FIRST_PORT = 20_000;
const LAST_PORT = 29_999;
const MAX_DRAWS = 500;
const FREE_CHECK_EVERY_MS = 50;
const MAX_STEPS_FROM_PREFERRED = 100;

const handedOut = new Set<number>();

export interface ClaimedPort {
  readonly port: number;
  /** A sentence for people when the preferred port was taken; null when it was free. */
  readonly note: string | null;
}

/** A port of 127.0.0.1 that nobody listens on and that this process has not handed out before. */
export async function freePort(): Promise<number> {
  for (let draw = 0; draw < MAX_DRAWS; draw++) {
    const port = randomInt(FIRST_PORT, LAST_PORT + 1);
    if (!handedOut.has(port) && (await isFree(port))) {
      handedOut.add(port);
      return port;
    }
  }
  throw new Error(
    `No free port was found between ${FIRST_PORT} and ${LAST_PORT} in ${MAX_DRAWS} tries. End servers that you no longer need.`,
  );
}

/** The preferred port when it is free, otherwise the next free one above it with a note that says so. */
export async function claimPort(preferred: number): Promise<ClaimedPort> {
  const last = Math.min(preferred + MAX_STEPS_FROM_PREFERRED, 65_535);
  for (let port = preferred; port <= last; port++) {
    if (handedOut.has(port) || !(await isFree(port))) continue;
    handedOut.add(port);
    return { port, note: port === preferred ? null : `Port ${preferred} is in use; using ${port} instead.` };
  }
  throw new Error(
    `Ports ${preferred} to ${last} are all in use. End one of the servers there, or choose another port.`,
  );
}

/** Gives a port back, so that it can be claimed again by this process (after its server has stopped). */
export function releasePort(port: number): void {
  handedOut.delete(port);
}

/** True when a server could listen on this port of 127.0.0.1 now. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

/**
 * Resolves when the port can be listened on; one whose server is just ending is waited for. Throws a sentence that
 * names who wants it when it stays in use: otherwise the other server would be taken for the one being started.
 */
export async function waitUntilFree(port: number, wantedBy: string, timeoutMs = 3_000): Promise<void> {
  const startedAtMs = performance.now();
  while (!(await isFree(port))) {
    if (performance.now() - startedAtMs > timeoutMs) {
      throw new Error(
        `${wantedBy} needs port ${port}, which is in use. End the program there, or choose another port.`,
      );
    }
    await new Promise((done) => setTimeout(done, FREE_CHECK_EVERY_MS));
  }
}

/** True when something accepts connections on this port of 127.0.0.1. */
export function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', timeout: 1_000 });
    const settle = (listening: boolean): void => {
      socket.destroy();
      resolve(listening);
    };
    socket
      .once('connect', () => settle(true))
      .once('error', () => settle(false))
      .once('timeout', () => settle(false));
  });
}
