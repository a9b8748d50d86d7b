import { fork } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readDrill } from '../rehearsal/drill-file.ts';
import { readDrillText } from './diagnosis/drills.ts';
import { playOne, type Verdict } from './diagnosis/judge.ts';
import { isGood, printReport } from './diagnosis/report.ts';

// How often the cause is ranked first, over a generated set of drills played over the simulators' real wires, without
// the engine: world → evidence → explanation.
// Run it with: npx tsx lab/bench/diagnosis.ts [--seed N] [--from N] [--count N] [--only KIND] [--processes N] [--keep FILE]
//          or: npx tsx lab/bench/diagnosis.ts --files drills/*.yaml

const argument = (name: string): string | null => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? null : (process.argv[at + 1] ?? null);
};
const seed = Number(argument('seed') ?? 1);
const count = Number(argument('count') ?? 300);
const from = Number(argument('from') ?? 0);
const only = argument('only');
const keep = argument('keep');
const processes = Number(argument('processes') ?? 1);
const filesAt = process.argv.indexOf('--files');
const files = filesAt < 0 ? [] : process.argv.slice(filesAt + 1).filter((word) => word.endsWith('.yaml'));

/** A long run can be ended and taken up again: what was played before stands in the file, a verdict a line. */
const keptBefore: readonly Verdict[] =
  keep === null || !existsSync(keep)
    ? []
    : readFileSync(keep, 'utf8')
        .split('\n')
        .flatMap((line) => (line === '' ? [] : (JSON.parse(line) as Verdict)));
const played = new Set(keptBefore.map(({ drill }) => drill));

function mine(index: number, name: string): boolean {
  const part = Number(process.env.BENCH_PART ?? 0);
  return index >= from && index % processes === part && (only === null || name.includes(only));
}

async function playMine(tell: (verdict: Verdict) => void): Promise<void> {
  for (let index = 0; index < (files.length === 0 ? from + count : files.length); index++) {
    const file = files[index];
    const drill = file === undefined ? readDrillText(seed, index) : await readDrill(file);
    if (!mine(index, drill.name) || played.has(drill.name)) continue;
    const verdict = await playOne(drill);
    const mark = verdict.right ? 'ok  ' : verdict.unknown ? '?   ' : 'BAD ';
    process.stderr.write(`${mark}${String(index).padStart(4)} ${verdict.line}\n`);
    if (keep !== null) appendFileSync(keep, `${JSON.stringify(verdict)}\n`);
    tell(verdict);
  }
}

if (process.send !== undefined && process.env.BENCH_PART !== undefined) {
  await playMine((verdict) => process.send?.(verdict));
  process.disconnect();
} else {
  const verdicts: Verdict[] = [];
  const others = Array.from({ length: processes - 1 }, (_, part) => {
    const child = fork(fileURLToPath(import.meta.url), process.argv.slice(2), {
      env: { ...process.env, BENCH_PART: String(part + 1) },
    });
    child.on('message', (verdict) => verdicts.push(verdict as Verdict));
    return new Promise<void>((resolve) => child.on('exit', () => resolve()));
  });
  await playMine((verdict) => verdicts.push(verdict));
  await Promise.all(others);
  const all = [...keptBefore, ...verdicts];
  printReport(all);
  if (!isGood(all)) process.exitCode = 1;
}
