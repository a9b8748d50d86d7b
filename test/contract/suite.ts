import { afterAll, beforeAll, describe, it } from 'vitest';

/** What a contract is held against: our simulator always, the real thing where it runs. */
export type PartName = 'simulator' | 'real';

export interface Part<Stage> {
  readonly name: PartName;
  /** Why this part cannot be had on this machine, by the name of what is missing; null when it can. */
  readonly missing: string | null;
  start(): Promise<Stage>;
  stop(stage: Stage): Promise<void>;
}

export interface ContractCase<Stage> {
  readonly name: string;
  /** Parts that cannot show this, each with the reason; they are counted and named in the report. */
  readonly cannotShow?: Partial<Readonly<Record<PartName, string>>>;
  run(stage: Stage): Promise<void>;
}

const START_MS = 120_000;

/** The same cases, unchanged, against each part; what a part cannot show is said and counted. */
export function contract<Stage>(
  system: string,
  parts: readonly Part<Stage>[],
  cases: readonly ContractCase<Stage>[],
): void {
  describe(`contract of ${system}`, () => {
    for (const part of parts) holdPart(system, part, cases);
  });
}

function holdPart<Stage>(system: string, part: Part<Stage>, cases: readonly ContractCase<Stage>[]): void {
  const shown = cases.filter(({ cannotShow }) => cannotShow?.[part.name] === undefined);
  const because = part.missing === null ? '' : ` (${part.missing} is missing here)`;
  describe.skipIf(part.missing !== null)(`${part.name}${because}`, () => {
    let stage: Stage | null = null;
    beforeAll(async () => {
      stage = await part.start();
    }, START_MS);
    afterAll(async () => {
      if (stage !== null) await part.stop(stage);
      console.log(report(system, part.name, shown.length, cases));
    }, START_MS);
    for (const { name, run } of shown) {
      it(name, async () => {
        if (stage === null) throw new Error(`The ${part.name} did not start.`);
        await run(stage);
      });
    }
  });
}

function report<Stage>(system: string, part: PartName, shown: number, cases: readonly ContractCase<Stage>[]): string {
  const reasons = cases.flatMap(({ name, cannotShow }) => {
    const reason = cannotShow?.[part];
    return reason === undefined ? [] : [`\n  not shown by the ${part}: ${name}: ${reason}`];
  });
  return `contract of ${system}: ${part} shows ${shown} of ${cases.length} cases${reasons.join('')}`;
}
