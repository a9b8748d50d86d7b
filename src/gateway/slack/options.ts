import type { GatewayOptions } from '../options.ts';
import type { SlackWeb } from './web-api.ts';

export interface SlackAppOptions {
  readonly gateway: GatewayOptions;
  readonly web: SlackWeb;
}
