import { draw } from '../../simulation/world/random.ts';

/** Random choices keyed by seed, drill and name, never by the order of the calls: adding a choice changes no other. */
export class Dice {
  readonly #seed: number;
  readonly #drill: number;
  readonly #about: string;

  constructor(seed: number, drill: number, about = '') {
    this.#seed = seed;
    this.#drill = drill;
    this.#about = about;
  }

  /** The same dice for another part of the drill. */
  about(part: string): Dice {
    return new Dice(this.#seed, this.#drill, `${this.#about}${part}/`);
  }

  share(name: string): number {
    return draw(this.#seed, `${this.#about}${name}`, this.#drill);
  }

  /** True that often. */
  chance(name: string, probability: number): boolean {
    return this.share(name) < probability;
  }

  one<const L extends readonly [unknown, ...unknown[]]>(name: string, list: L): L[number] {
    return list[Math.min(list.length - 1, Math.floor(this.share(name) * list.length))] ?? list[0];
  }

  whole(name: string, from: number, to: number): number {
    return from + Math.floor(this.share(name) * (to - from + 1));
  }

  /** Between the two, rounded to that many decimals. */
  number(name: string, from: number, to: number, decimals = 2): number {
    return Number((from + this.share(name) * (to - from)).toFixed(decimals));
  }

  /** A value half of the time and nothing otherwise: the default has to work too. */
  sometimes<T>(name: string, value: T, probability = 0.5): T | undefined {
    return this.chance(`${name}?`, probability) ? value : undefined;
  }
}
