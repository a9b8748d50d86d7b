/**
 * Which process serves which user. Sessions stick: a user stays with a process while it serves, and moves to the
 * emptiest one when it goes. This keeps the number of series bounded and shows a fault of one process by its users.
 */
export class UserAssignment {
  readonly #weights: Float64Array;
  readonly #owner: (string | null)[];

  constructor(weights: Float64Array) {
    this.#weights = weights;
    this.#owner = Array.from(weights, () => null);
  }

  /** Moves as few users as possible so that each of the processes has its part. Returns each one's share of all users. */
  settle(processes: readonly string[]): ReadonlyMap<string, number> {
    const load = new Map(processes.map((name) => [name, 0]));
    if (processes.length === 0) {
      this.#owner.fill(null);
      return load;
    }
    const most = Math.ceil(this.#owner.length / processes.length);
    const count = new Map(processes.map((name) => [name, 0]));
    const homeless: number[] = [];
    for (const [user, owner] of this.#owner.entries()) {
      const held = owner === null ? undefined : count.get(owner);
      if (owner === null || held === undefined || held >= most) homeless.push(user);
      else this.#give(user, owner, count, load);
    }
    for (const user of homeless) {
      let emptiest = processes[0] as string;
      for (const name of processes) {
        if ((count.get(name) as number) < (count.get(emptiest) as number)) emptiest = name;
      }
      this.#give(user, emptiest, count, load);
    }
    return load;
  }

  /** Each user's share of that process's requests. */
  sharesOf(process: string): Float64Array {
    const shares = this.#weights.map((weight, user) => (this.#owner[user] === process ? weight : 0));
    const sum = shares.reduce((total, share) => total + share, 0);
    return sum === 0 ? shares : shares.map((share) => share / sum);
  }

  #give(user: number, name: string, count: Map<string, number>, load: Map<string, number>): void {
    this.#owner[user] = name;
    count.set(name, (count.get(name) ?? 0) + 1);
    load.set(name, (load.get(name) ?? 0) + (this.#weights[user] ?? 0));
  }
}

/** Users are mildly unequal; the weights add up to 1. */
export function userWeights(count: number, evenness: (user: number) => number): Float64Array {
  const raw = Float64Array.from({ length: count }, (_, user) => 0.8 + 0.4 * evenness(user));
  const sum = raw.reduce((total, weight) => total + weight, 0);
  return raw.map((weight) => weight / sum);
}
