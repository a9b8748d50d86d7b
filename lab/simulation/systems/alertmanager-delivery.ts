import type { WireFaults } from '../wire/faults.ts';
import type { WireLedger } from '../wire/ledger.ts';
import type { Due } from './alertmanager-groups.ts';
import type { WebhookPayload } from './alertmanager-payload.ts';

export interface Receiver {
  readonly name: string;
  /** Where the webhook goes. */
  readonly url: string;
  readonly bearerToken: string | null;
  readonly sendResolved: boolean;
}

/** One notification on its way. It is given up when its deadline passes; the next flush of the group starts anew. */
interface Delivery {
  readonly due: Due;
  readonly payload: WebhookPayload;
  readonly deadlineMs: number;
  attempts: number;
  nextAttemptAtMs: number;
  readonly duplicate: boolean;
  /** Alertmanager already takes it for delivered: something behind it holds it back, or doubles it. */
  readonly believed: boolean;
}

interface Outcome {
  readonly is: 'accepted' | 'dropped' | 'retry';
  /** The receiver said something, be it no. */
  readonly answered: boolean;
}

const FIRST_BACKOFF_MS = 500;
const BACKOFF_FACTOR = 1.5;
const MAX_BACKOFF_MS = 60_000;
const OVERTAKEN_BY_MS = 1_000;
/** Real time that a receiver has to answer. */
const ANSWER_TIMEOUT_MS = 10_000;

/** Sends notifications with Alertmanager's retry: again after 5xx and network errors, never after a 4xx. */
export class Deliveries {
  readonly #receivers: ReadonlyMap<string, Receiver>;
  readonly #faults: WireFaults;
  readonly #log: WireLedger;
  readonly #system: string;
  #open: Delivery[] = [];

  constructor(system: string, receivers: readonly Receiver[], faults: WireFaults, log: WireLedger) {
    this.#system = system;
    this.#receivers = new Map(receivers.map((receiver) => [receiver.name, receiver]));
    this.#faults = faults;
    this.#log = log;
  }

  nextAttemptAtMs(): number | null {
    return this.#open.length === 0 ? null : Math.min(...this.#open.map((delivery) => delivery.nextAttemptAtMs));
  }

  /** Queues a notification; delivery faults decide here whether it is late, doubled or overtaken by the next one. */
  add(due: Due, payload: WebhookPayload, atMs: number, deadlineMs: number, accepted: (due: Due) => void): void {
    const late = this.#faults.take(this.#system, ({ kind }) => kind === 'late-delivery');
    const lateMs = late?.kind === 'late-delivery' ? late.lateSeconds * 1000 : 0;
    const reordered = this.#faults.take(this.#system, ({ kind }) => kind === 'reordered-delivery') !== null;
    const duplicate = this.#faults.take(this.#system, ({ kind }) => kind === 'duplicate-delivery') !== null;
    // Held back until just after the group's next flush, it is overtaken by whatever the group says then.
    const holdMs = reordered ? deadlineMs - atMs + OVERTAKEN_BY_MS : 0;
    const nextAttemptAtMs = atMs + lateMs + holdMs;
    const delivery = { due, payload, deadlineMs: deadlineMs + lateMs + holdMs, attempts: 0, nextAttemptAtMs };
    const believed = lateMs + holdMs > 0;
    if (believed) accepted(due);
    this.#open.push({ ...delivery, believed, duplicate: false });
    if (duplicate) this.#open.push({ ...delivery, believed: true, duplicate: true });
  }

  /** Makes every attempt that is due, oldest first; `accepted` is called once for each notification that got through. */
  async attempt(atMs: number, accepted: (due: Due) => void): Promise<void> {
    for (const delivery of this.#ready(atMs)) await this.#attemptOne(delivery, atMs, accepted);
  }

  /** Makes the oldest attempt that is due: whether it was answered, or null when none is due. */
  async attemptNext(atMs: number, accepted: (due: Due) => void): Promise<boolean | null> {
    const [delivery] = this.#ready(atMs);
    return delivery === undefined ? null : this.#attemptOne(delivery, atMs, accepted);
  }

  #ready(atMs: number): readonly Delivery[] {
    return this.#open
      .filter((delivery) => delivery.nextAttemptAtMs <= atMs)
      .sort((a, b) => a.nextAttemptAtMs - b.nextAttemptAtMs);
  }

  async #attemptOne(delivery: Delivery, atMs: number, accepted: (due: Due) => void): Promise<boolean> {
    delivery.attempts += 1;
    const outcome = await this.#post(delivery, atMs);
    if (outcome.is === 'accepted' && !delivery.believed) accepted(delivery.due);
    const again = outcome.is === 'retry' && this.#rearm(delivery, atMs);
    if (!again) this.#open = this.#open.filter((other) => other !== delivery);
    return outcome.answered;
  }

  /** Puts off what is due, as if each attempt had failed. */
  skip(atMs: number): void {
    this.#open = this.#open.filter((delivery) => {
      if (delivery.nextAttemptAtMs > atMs) return true;
      delivery.attempts += 1;
      return this.#rearm(delivery, atMs);
    });
  }

  #rearm(delivery: Delivery, atMs: number): boolean {
    const backoffMs = Math.min(FIRST_BACKOFF_MS * BACKOFF_FACTOR ** (delivery.attempts - 1), MAX_BACKOFF_MS);
    delivery.nextAttemptAtMs = atMs + Math.round(backoffMs);
    return delivery.nextAttemptAtMs <= delivery.deadlineMs;
  }

  async #post(delivery: Delivery, atMs: number): Promise<Outcome> {
    const receiver = this.#receivers.get(delivery.due.receiver);
    if (receiver === undefined) return { is: 'dropped', answered: false };
    const headers: Record<string, string> = { 'content-type': 'application/json', 'user-agent': 'Alertmanager/0.25.0' };
    if (receiver.bearerToken !== null) headers.authorization = `Bearer ${receiver.bearerToken}`;
    const note = `${delivery.payload.status} ${delivery.payload.groupKey} attempt ${delivery.attempts}${delivery.duplicate ? ' (duplicate)' : ''}`;
    const record = (status: number | null) =>
      this.#log.record({ system: this.#system, atMs, method: 'SEND', path: receiver.url, status, fault: null, note });
    try {
      const response = await fetch(receiver.url, {
        method: 'POST',
        headers,
        body: `${JSON.stringify(delivery.payload)}\n`,
        signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
      });
      await response.arrayBuffer();
      record(response.status);
      if (response.status >= 200 && response.status < 300) return { is: 'accepted', answered: true };
      return { is: response.status >= 500 ? 'retry' : 'dropped', answered: true };
    } catch {
      record(null);
      return { is: 'retry', answered: false };
    }
  }
}
