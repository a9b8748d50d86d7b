import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Where the activities of a drill wait for their turn (worker/serialize-activities.ts). Turns are named `run/activity/attempt`. */
export interface ActivityGate {
  readonly url: string;
  isWaiting(ticket: string): boolean;
  /** Whether one that was let through has not said yet that it ended; one whose process died never will. */
  isUnderWay(): boolean;
  /** Lets one through. It is under way until it ends, or its process does. */
  pass(ticket: string): void;
  /** Resolves when somebody came or went since it was last asked, after so many milliseconds at the latest. */
  stirred(withinMs: number): Promise<void>;
  close(): Promise<void>;
}

const HOST = '127.0.0.1';

/** `activity` says what the simulated production is about, for deadlines that count its time and not the machine's. */
export async function openActivityGate(activity: () => object = () => ({})): Promise<ActivityGate> {
  const waiting = new Map<string, ServerResponse>();
  const underWay = new Set<string>();
  let wake: () => void = () => {};
  let stirred = false;
  const server = createServer((request, response) => {
    const [, what, ...rest] = (request.url ?? '').split('/');
    const ticket = rest.join('/');
    request.resume();
    // Whatever has arrived by now is taken in hand before it is said that nothing is.
    if (what === 'activity') return void setImmediate(() => response.end(JSON.stringify(activity())));
    if (what === 'end') underWay.delete(ticket);
    if (what !== 'wait') response.end();
    else {
      waiting.set(ticket, response);
      // A worker that was killed waits for nothing any more; its next life comes with the next attempt.
      response.on('close', () => {
        if (waiting.get(ticket) === response) waiting.delete(ticket);
      });
    }
    stirred = true;
    wake();
  });
  server.keepAliveTimeout = 0;
  server.requestTimeout = 0;
  await new Promise<void>((done) => server.listen(0, HOST, done));
  return {
    url: `http://${HOST}:${(server.address() as AddressInfo).port}`,
    isWaiting: (ticket) => waiting.has(ticket),
    isUnderWay: () => underWay.size > 0,
    pass(ticket) {
      waiting.get(ticket)?.end();
      waiting.delete(ticket);
      // One at a time: whatever was let through before has ended, or its process has.
      underWay.clear();
      underWay.add(ticket);
    },
    async stirred(withinMs) {
      let timer: NodeJS.Timeout | undefined;
      if (!stirred)
        await new Promise<void>((done) => {
          wake = done;
          timer = setTimeout(done, withinMs);
        });
      clearTimeout(timer);
      stirred = false;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
