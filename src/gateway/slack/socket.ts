import { LogLevel, SocketModeClient } from '@slack/socket-mode';
import type { FastifyBaseLogger } from 'fastify';
import { wellFormedValue } from '../../domain/well-formed.ts';
import { readEvent, readInteraction, readSlashCommand } from './payloads.ts';
import type { SlackApp, SlackReply } from './slack-app.ts';

export interface SlackSocket {
  close(): Promise<void>;
}

interface Envelope {
  readonly type: string;
  readonly body: unknown;
  readonly ack: (response?: Readonly<Record<string, unknown>>) => Promise<void>;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
const CLOSE_WITHIN_MS = 1_000;

/**
 * Socket Mode: the same requests over a connection that we open, for a gateway that Slack cannot reach. Slack closes
 * it every few hours. The package's own way to connect again leaves a rejection that nobody handles when Slack cannot
 * be reached meanwhile, which would end the process, so connecting again is done here.
 */
export function connectSocket(options: {
  readonly app: SlackApp;
  readonly appToken: string;
  readonly apiUrl: string;
  readonly log?: FastifyBaseLogger | undefined;
}): SlackSocket {
  const { app, appToken, apiUrl, log } = options;
  const client = new SocketModeClient({
    appToken,
    autoReconnectEnabled: false,
    logLevel: LogLevel.ERROR,
    clientOptions: { slackApiUrl: apiUrl, retryConfig: { retries: 0 } },
  });
  let closed = false;
  let wake = (): void => undefined;
  client.on('slack_event', (envelope: Envelope) => void answer(app, envelope, log));

  const keepConnected = async (): Promise<void> => {
    let pauseMs = FIRST_PAUSE_MS;
    while (!closed) {
      const gone = new Promise<void>((done) => client.once('disconnected', () => done()));
      try {
        await client.start();
        log?.info('Slack is connected by Socket Mode.');
        pauseMs = FIRST_PAUSE_MS;
        await gone;
      } catch (error) {
        log?.warn(`Slack’s Socket Mode cannot be reached (${String(error)}); next try in ${pauseMs} ms.`);
      }
      if (closed) return;
      await new Promise<void>((done) => {
        const timer = setTimeout(done, pauseMs);
        wake = () => {
          clearTimeout(timer);
          done();
        };
      });
      pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
    }
  };
  const running = keepConnected();
  return {
    async close() {
      closed = true;
      wake();
      // A connection that is gone already never says that it has been closed.
      await Promise.race([
        client.disconnect().catch(() => undefined),
        new Promise((done) => setTimeout(done, CLOSE_WITHIN_MS)),
      ]);
      wake();
      await Promise.race([running, new Promise((done) => setTimeout(done, CLOSE_WITHIN_MS))]);
    },
  };
}

/** Acknowledged with what HTTP would have answered; an envelope that cannot be read is acknowledged and left alone. */
async function answer(app: SlackApp, { type, body, ack }: Envelope, log?: FastifyBaseLogger): Promise<void> {
  try {
    const reply = await handle(app, type, wellFormedValue(body));
    await (reply?.body == null ? ack() : ack(reply.body));
  } catch (error) {
    log?.error(`Slack (Socket Mode): ${(error as Error).message}`);
  }
}

async function handle(app: SlackApp, type: string, body: unknown): Promise<SlackReply | null> {
  switch (type) {
    case 'slash_commands': {
      const given = readSlashCommand(body);
      return given === null ? null : app.command(given);
    }
    case 'interactive': {
      const given = readInteraction(body);
      return given === null ? null : app.interaction(given);
    }
    case 'events_api': {
      const given = readEvent(body);
      return given === null ? null : app.event(given);
    }
    default:
      return null;
  }
}
