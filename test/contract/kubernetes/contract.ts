import { afterAll, beforeAll, describe } from 'vitest';
import { reading } from './reading-cases.ts';
import { refusals } from './refusal-cases.ts';
import { remedies } from './remedy-cases.ts';
import { OPEN_LIMIT_MS } from './shapes.ts';
import { type Bench, benchOf, type ListedCase, type Subject } from './subject.ts';
import { writing } from './writing-cases.ts';

/** The same cases for the simulated API server and the real one: what we send is understood, what comes back is what we read. */
export function kubernetesContract(name: string, open: () => Promise<Subject>): void {
  describe(`the Kubernetes API, ${name}`, () => {
    let bench: Bench;
    beforeAll(async () => {
      bench = benchOf(await open());
    }, OPEN_LIMIT_MS);
    afterAll(async () => {
      const listed = Object.entries(bench.subject.cannotShow);
      console.log(
        `Kubernetes contract, ${name}: ${listed.length} cases are listed instead of shown${listed.map(([one, why]) => `\n  ${one}: ${why}`).join('')}`,
      );
      await bench.subject.close();
    });
    const unlessListed = (one: ListedCase, shown: () => Promise<void>, instead: () => Promise<void>) => async () =>
      one in bench.subject.cannotShow ? instead() : shown();

    reading(() => bench, unlessListed);
    refusals(() => bench);
    writing(() => bench);
    remedies(() => bench);
  });
}
