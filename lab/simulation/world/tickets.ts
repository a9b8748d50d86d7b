import { draw, pick } from './random.ts';

export interface Ticket {
  readonly id: string;
  readonly atMs: number;
  readonly subject: string;
  /** Where its author wrote. */
  readonly through: 'zendesk' | 'jira';
  /** True when support marked it: perhaps something is broken. Such tickets are told to whoever is on call. */
  readonly flagged: boolean;
}

/** Users shrug off a failure now and then: only failures above this share of all requests make anybody write. */
const SHRUGGED_OFF = 0.01;

const SUBJECTS = [
  'API requests fail intermittently',
  'Getting errors from the API since a few minutes',
  '5xx responses on our production integration',
  'Is there an outage?',
  'Our jobs fail: Internal Server Error',
  'Requests hang and then fail',
  'Chat completions do not work for us',
  'Please check: many failed calls',
];
const UNRELATED_SUBJECTS = [
  'Congratulations, you have been selected',
  'How do I change my invoice address?',
  'Partnership proposal: grow your traffic',
  'Reset of my password',
  'Question about the pricing page',
];

/** Tickets that users write: the more requests fail the more of them, one by one, at instants decided by the seed. */
export class Tickets {
  readonly all: Ticket[] = [];
  readonly #seed: number;
  readonly #failuresPerTicket: number;
  #untilNext: number;
  #lastPerStep = 0;
  #spam = 0;
  #written = 0;

  constructor(seed: number, failuresPerTicket: number) {
    this.#seed = seed;
    this.#failuresPerTicket = failuresPerTicket;
    this.#untilNext = this.#patience(0);
  }

  /** The requests of one step. */
  step(atMs: number, total: number, failed: number): void {
    this.#lastPerStep = Math.max(0, failed - SHRUGGED_OFF * total);
    this.#untilNext -= this.#lastPerStep;
    while (this.#untilNext <= 0) {
      this.#written++;
      this.write(atMs, pick(SUBJECTS, draw(this.#seed, 'ticket-subject', this.#written)));
      this.#untilNext += this.#patience(this.#written);
    }
  }

  spam(atMs: number, perStep: number): void {
    const before = Math.floor(this.#spam);
    this.#spam += perStep;
    for (let count = before; count < Math.floor(this.#spam); count++) {
      this.write(atMs, pick(UNRELATED_SUBJECTS, draw(this.#seed, 'spam-subject', count)));
    }
  }

  write(atMs: number, subject: string, through: Ticket['through'] = 'zendesk', flagged = false): void {
    this.all.push({ id: String(48_201 + this.all.length), atMs, subject, through, flagged });
  }

  /** In how many steps the next one comes when things stay as they are; null: not at all. */
  stepsUntilNext(): number | null {
    return this.#lastPerStep > 0.01 ? Math.ceil(this.#untilNext / this.#lastPerStep) : null;
  }

  #patience(count: number): number {
    return this.#failuresPerTicket * (0.6 + 0.8 * draw(this.#seed, 'ticket', count));
  }
}
