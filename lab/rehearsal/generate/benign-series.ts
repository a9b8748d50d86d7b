import { Dice } from './dice.ts';

/** Shapes of metrics in which nothing may be done by a machine (R3.2.4: a deploy and errors only count together). */
export type BenignShape = 'spike-without-deploy' | 'deploy-without-spike' | 'gap' | 'no-traffic';

export interface BenignSeries {
  readonly shape: BenignShape;
  readonly minutes: number;
  /** Requests and failed requests in each minute; null: nothing was scraped. */
  readonly perMinute: readonly { readonly total: number; readonly failed: number }[];
  readonly scraped: readonly boolean[];
  /** Minutes before the end at which each deployment was rolled out last; null: not within the time shown. */
  readonly deployedMinutesAgo: number | null;
  readonly change: string;
}

const SHAPES = ['spike-without-deploy', 'deploy-without-spike', 'gap', 'no-traffic'] as const;
const MINUTES = 130;

/** The benign series of that number in the set of that seed. */
export function benignSeries(seed: number, index: number): BenignSeries {
  const dice = new Dice(seed, index, 'benign/');
  const shape = SHAPES[index % SHAPES.length] ?? 'gap';
  const level = dice.whole('level', 200, 3000);
  const spikeFrom = MINUTES - dice.whole('spike', 1, 20);
  const spikeRatio = dice.number('ratio', 0.11, 0.95);
  const gapFrom = MINUTES - dice.whole('gap', 3, 30);
  const quietFrom = shape === 'no-traffic' ? dice.whole('quiet', 0, MINUTES - 6) : MINUTES;
  const everyday = dice.number('everyday', 0, 0.008, 4);
  const perMinute = Array.from({ length: MINUTES }, (_, minute) => {
    const total = minute >= quietFrom ? 0 : Math.round(level * (0.9 + 0.2 * dice.share(`load/${minute}`)));
    const ratio = shape === 'spike-without-deploy' && minute >= spikeFrom ? spikeRatio : everyday;
    return { total, failed: Math.round(total * ratio) };
  });
  const deployed = shape === 'spike-without-deploy' ? null : dice.whole('deployed', 1, 110);
  return {
    shape,
    minutes: MINUTES,
    perMinute,
    scraped: perMinute.map((_, minute) => !(shape === 'gap' && minute >= gapFrom)),
    deployedMinutesAgo: deployed,
    change: dice.one('change', ['feature X', 'copy tweak', 'dependency updates', 'session export']),
  };
}
