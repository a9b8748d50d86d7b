import type { GatewayEnv } from '../../config/env.ts';
import type { GatewayOptions } from '../options.ts';
import { createSlackApp, type SlackApp } from './slack-app.ts';
import type { SlackSocket } from './socket.ts';
import { createSlackWeb } from './web-api.ts';

export interface RunningSlack {
  /** Null: no Slack app is configured. */
  readonly app: SlackApp | null;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** The Slack app that the environment names: it needs the bot's token, and a way in (signed HTTP or Socket Mode). */
export function slackFromEnv(env: GatewayEnv, gateway: GatewayOptions): RunningSlack {
  const { SLACK_BOT_TOKEN: botToken, SLACK_SIGNING_SECRET: signing, SLACK_APP_TOKEN: appToken } = env;
  if (botToken === undefined || (signing === undefined && appToken === undefined))
    return { app: null, start: async () => undefined, stop: async () => undefined };
  const app = createSlackApp({ gateway, web: createSlackWeb({ apiUrl: env.SLACK_API_URL, botToken }) });
  let socket: SlackSocket | null = null;
  return {
    app,
    async start() {
      app.start();
      if (appToken === undefined) return;
      const { connectSocket } = await import('./socket.ts');
      socket = connectSocket({ app, appToken, apiUrl: env.SLACK_API_URL, log: gateway.log });
    },
    async stop() {
      await socket?.close();
      await app.stop();
    },
  };
}
