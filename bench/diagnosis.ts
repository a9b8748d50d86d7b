import { readDrillText } from './diagnosis/drills.ts';
import { playOne, type Verdict } from './diagnosis/judge.ts';
import { printReport } from './diagnosis/report.ts';

// How often the cause is ranked first, over a generated set of drills played over the simulators' real wires, without
// the engine: world → evidence → explanation. Run it with: npx tsx bench/diagnosis.ts [--seed N] [--count N] [--only KIND]

const argument = (name: string, otherwise: number): number => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
};
const onlyAt = process.argv.indexOf('--only');
const only = onlyAt < 0 ? null : (process.argv[onlyAt + 1] ?? null);
const seed = argument('seed', 1);
const count = argument('count', 300);
const from = argument('from', 0);
const step = argument('step', 1);

const verdicts: Verdict[] = [];
for (let index = from; index < count; index += step) {
  const drill = readDrillText(seed, index);
  if (only !== null && !drill.name.includes(only)) continue;
  const verdict = await playOne(drill);
  verdicts.push(verdict);
  const mark = verdict.right ? 'ok  ' : verdict.unknown ? '?   ' : 'BAD ';
  process.stderr.write(`${mark}${String(index).padStart(4)} ${verdict.line}\n`);
}
printReport(verdicts);
