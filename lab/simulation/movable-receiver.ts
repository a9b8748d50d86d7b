import type { Receiver } from './systems/alertmanager-delivery.ts';

export interface AlertReceiver {
  readonly name: string;
  readonly url: string;
  readonly bearerToken: string | null;
}

export const DEFAULT_RECEIVER: AlertReceiver = { name: 'incidents', url: 'http://127.0.0.1:9/', bearerToken: null };

/** Alertmanager keeps the receivers it was given; this one can learn later where it lives. */
export class MovableReceiver implements Receiver {
  readonly name: string;
  readonly sendResolved = true;
  #at: AlertReceiver;

  constructor(at: AlertReceiver) {
    this.name = at.name;
    this.#at = at;
  }

  get url(): string {
    return this.#at.url;
  }

  get bearerToken(): string | null {
    return this.#at.bearerToken;
  }

  move(to: AlertReceiver): void {
    this.#at = to;
  }
}
