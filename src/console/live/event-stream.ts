import type { ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyReply } from 'fastify';

/** An answer that goes on: server-sent events to one reader. */
export interface EventStream {
  /** False while the reader has not taken what it was sent; nothing more is to be sent then. */
  readonly ready: boolean;
  readonly ended: boolean;
  send(bytes: Buffer | string): void;
  end(lastWords?: string): void;
}

export interface StreamKeeper {
  /**
   * Sends what is new. Never twice at a time: whatever is asked for meanwhile makes one more look, so the last news is
   * never missed. It is asked for by itself when the reader has taken everything, and every `lookEveryMs`.
   */
  readonly look: (stream: EventStream) => Promise<void>;
  readonly lookEveryMs: number;
  readonly failed: (error: unknown, stream: EventStream) => void;
  readonly onEnd: () => void;
}

/** The open streams of a server: they end when it closes. */
export interface EventStreams {
  /** Takes the answer over and begins the stream; answers what asks for a look. */
  open(reply: FastifyReply, keeper: StreamKeeper): () => void;
}

export function createEventStreams(app: FastifyInstance): EventStreams {
  const open = new Set<EventStream>();
  app.addHook('onClose', async () => {
    for (const stream of open) stream.end();
  });
  return {
    open(reply, { look, lookEveryMs, failed, onEnd }) {
      let busy = false;
      let again = false;
      const news = async (): Promise<void> => {
        again = true;
        if (busy) return;
        busy = true;
        try {
          while (again && !stream.ended) {
            again = false;
            await look(stream);
          }
        } catch (error) {
          failed(error, stream);
        } finally {
          busy = false;
        }
      };
      const ask = () => void news();
      const stream = openEventStream(reply, {
        onReady: ask,
        onEnd: () => {
          open.delete(stream);
          clearInterval(anyway);
          onEnd();
        },
      });
      open.add(stream);
      const anyway = setInterval(ask, lookEveryMs);
      return ask;
    },
  };
}

interface StreamEnds {
  /** The reader took everything: it can be sent what is new by now. */
  readonly onReady: () => void;
  readonly onEnd: () => void;
}

const HEARTBEAT_MS = 15_000;
const SECONDS_UNTIL_RECONNECT = 2;
/** A reader that takes nothing for so long is let go of; it comes back and gets what is new by then. */
const STALLED_MS = 60_000;

/**
 * Whoever sends keeps nothing for a slow reader: it looks at `ready` and sends
 * the newest in `onReady`, so that what waits in memory is never more than one piece.
 */
function openEventStream(reply: FastifyReply, { onReady, onEnd }: StreamEnds): EventStream {
  reply.hijack();
  const { raw } = reply;
  raw.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  });
  let stalled: NodeJS.Timeout | null = null;
  const stream = {
    ready: true,
    ended: false,
    send(bytes: Buffer | string): void {
      if (stream.ended || raw.write(bytes) || !stream.ready) return;
      stream.ready = false;
      stalled = setTimeout(() => raw.destroy(), STALLED_MS);
    },
    end(lastWords = ''): void {
      if (stream.ended) return;
      close(raw, lastWords);
      ended();
    },
  };
  raw.on('drain', () => {
    if (stalled !== null) clearTimeout(stalled);
    stream.ready = true;
    if (!stream.ended) onReady();
  });
  const heartbeat = setInterval(() => {
    if (stream.ready) stream.send(': still here\n\n');
  }, HEARTBEAT_MS);
  const ended = (): void => {
    if (stream.ended) return;
    stream.ended = true;
    clearInterval(heartbeat);
    if (stalled !== null) clearTimeout(stalled);
    onEnd();
  };
  raw.on('close', ended);
  // Whoever asked may have left before the answer began; then nothing closes any more.
  if (raw.destroyed) setImmediate(ended);
  stream.send(`retry: ${SECONDS_UNTIL_RECONNECT * 1000}\n\n`);
  return stream;
}

/** A reader that does not read would never take the last words either. */
function close(raw: ServerResponse, lastWords: string): void {
  if (raw.writableNeedDrain) raw.destroy();
  else raw.end(lastWords);
}
