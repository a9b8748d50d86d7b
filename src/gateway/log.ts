/** What the gateway says to whoever operates it; pino's logger fits. */
export interface GatewayLog {
  info(words: string): void;
  warn(words: string): void;
  error(words: string): void;
}
