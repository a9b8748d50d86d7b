import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

/** An envelope as Slack sends it by Socket Mode, and what the app acknowledged it with. */
export interface SocketAnswer {
  readonly acknowledged: boolean;
  readonly payload: unknown;
}

export interface SocketMode {
  /** Where `apps.connections.open` sends the app. */
  readonly url: string;
  readonly connections: number;
  send(
    type: 'slash_commands' | 'interactive' | 'events_api',
    payload: unknown,
    retryAttempt?: number,
  ): Promise<SocketAnswer>;
  /** Slack recycles connections every few hours: it says so and hangs up. */
  recycle(): void;
  close(): Promise<void>;
}

const ACKNOWLEDGED_WITHIN_MS = 3_000;

/** The WebSocket side of the simulated Slack: hello, envelopes, acknowledgements, disconnects. */
export async function openSocketMode(): Promise<SocketMode> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await new Promise((listening) => server.once('listening', listening));
  const waiting = new Map<string, (answer: SocketAnswer) => void>();
  let connections = 0;
  let sent = 0;
  let current: WebSocket | null = null;
  server.on('connection', (socket) => {
    connections += 1;
    current = socket;
    socket.on('message', (data) => {
      const { envelope_id: id, payload } = JSON.parse(String(data)) as { envelope_id?: string; payload?: unknown };
      waiting.get(id ?? '')?.({ acknowledged: true, payload: payload ?? {} });
      waiting.delete(id ?? '');
    });
    socket.send(JSON.stringify({ type: 'hello', num_connections: 1, connection_info: { app_id: 'A0SIM01' } }));
  });
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    get connections() {
      return connections;
    },
    async send(type, payload, retryAttempt = 0) {
      sent += 1;
      const id = `envelope-${sent}`;
      const retry = type === 'events_api' ? { retry_attempt: retryAttempt, retry_reason: '' } : {};
      const answer = new Promise<SocketAnswer>((done) => {
        waiting.set(id, done);
        setTimeout(() => done({ acknowledged: false, payload: null }), ACKNOWLEDGED_WITHIN_MS).unref();
      });
      current?.send(JSON.stringify({ envelope_id: id, type, payload, accepts_response_payload: true, ...retry }));
      return answer;
    },
    recycle() {
      current?.send(JSON.stringify({ type: 'disconnect', reason: 'refresh_requested' }));
    },
    async close() {
      for (const socket of server.clients) socket.terminate();
      await new Promise((closed) => server.close(closed));
    },
  };
}
