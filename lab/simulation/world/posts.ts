import { draw, pick } from './random.ts';

export type Network = 'x' | 'bluesky' | 'mastodon';

/** What somebody writes about us in public. */
export interface Post {
  readonly id: string;
  readonly network: Network;
  readonly atMs: number;
  readonly author: string;
  readonly text: string;
}

/** Fewer people write in public than write a ticket. */
const FAILURES_A_POST = 4;
const SHRUGGED_OFF = 0.01;
/** People mention a product for other reasons too: about one such post in this time. */
const CHATTER_MS = 30 * 60_000;

const COMPLAINTS = [
  '@noaserver is down again? Getting 5xx for minutes now',
  'Anyone else seeing errors from @noaserver?',
  '@noaserver your API fails half of my calls, status page says all is fine',
  'Our integration with @noaserver just died',
  'hey @noaserver, everything hangs. What is going on?',
];
const CHATTER = [
  'Just shipped my first bot with @noaserver, neat',
  'Is there a student discount at @noaserver?',
  'Nice docs, @noaserver',
  'Comparing @noaserver with two others this week',
];

/** Public posts: the more requests fail the more of them, and a little chatter always; decided by the seed. */
export class Posts {
  readonly all: Post[] = [];
  readonly #seed: number;
  readonly #failuresPerPost: number;
  #untilNext: number;
  #complaints = 0;
  #chatter = 0;

  constructor(seed: number, failuresPerTicket: number) {
    this.#seed = seed;
    this.#failuresPerPost = failuresPerTicket * FAILURES_A_POST;
    this.#untilNext = this.#patience(0);
  }

  /** The requests of one step. */
  step(atMs: number, total: number, failed: number): void {
    this.#untilNext -= Math.max(0, failed - SHRUGGED_OFF * total);
    while (this.#untilNext <= 0) {
      this.#complaints++;
      this.#write(atMs, pick(COMPLAINTS, draw(this.#seed, 'post-text', this.#complaints)));
      this.#untilNext += this.#patience(this.#complaints);
    }
    const chatter = Math.floor(atMs / CHATTER_MS);
    if (this.#chatter !== 0 && chatter > this.#chatter)
      this.#write(atMs, pick(CHATTER, draw(this.#seed, 'chatter', chatter)));
    this.#chatter = chatter;
  }

  #write(atMs: number, text: string): void {
    const count = this.all.length + 1;
    const chance = draw(this.#seed, 'post-network', count);
    const network: Network = chance < 0.6 ? 'x' : chance < 0.85 ? 'bluesky' : 'mastodon';
    const author = `user${100 + Math.floor(draw(this.#seed, 'post-author', count) * 900)}`;
    this.all.push({ id: String(1_850_000_000_000 + count), network, atMs, author, text });
  }

  #patience(count: number): number {
    return this.#failuresPerPost * (0.6 + 0.8 * draw(this.#seed, 'post', count));
  }
}
