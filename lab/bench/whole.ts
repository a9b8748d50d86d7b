import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { openGround } from '../rehearsal/ground.ts';
import { playDrill } from '../rehearsal/play-drill.ts';
import { readDrillText } from './diagnosis/drills.ts';
import { isGood, printReport } from './whole/report.ts';
import { failedVerdict, type Verdict, verdictOf } from './whole/verdict.ts';

// Generated drills played by the whole engine, with people who answer as they were drawn: what the machine does, and whether
// it does harm. What only explains, without acting, is lab/bench/diagnosis.ts.
// Run it with: npx tsx lab/bench/whole.ts [--seed N] [--from N] [--count N] [--only KIND] [--keep FILE]

const argument = (name: string): string | null => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? null : (process.argv[at + 1] ?? null);
};
const seed = Number(argument('seed') ?? 1);
const from = Number(argument('from') ?? 0);
const count = Number(argument('count') ?? 60);
const only = argument('only');
const keep = argument('keep');
/** Long enough for a remedy, its half hour of consequences, and what comes after it; faults may last for ever. */
const PLAYED_MS = 60 * 60_000;

/** A long run can be ended and taken up again: what was played before stands in the file, a verdict a line. */
const verdicts: Verdict[] =
  keep === null || !existsSync(keep)
    ? []
    : readFileSync(keep, 'utf8')
        .split('\n')
        .flatMap((line) => (line === '' ? [] : (JSON.parse(line) as Verdict)));
const played = new Set(verdicts.map(({ drill }) => drill));

const say = (line: string) => process.stderr.write(`${line}\n`);
const ground = await openGround({ realTime: false, speed: 1, durable: false, log: say });
try {
  for (let index = from; index < from + count; index++) {
    const drill = { ...readDrillText(seed, index), until: { afterMs: PLAYED_MS } };
    if (played.has(drill.name) || (only !== null && !drill.name.includes(only))) continue;
    const startedAt = performance.now();
    const verdict = await ground
      .lend(drill, (place, grounds) =>
        playDrill(drill, { ground: place, grounds, stopped: () => false }, (performed) =>
          verdictOf(performed, place.code.workflows),
        ),
      )
      .catch((error: Error) => failedVerdict(drill, error));
    say(`${String(index).padStart(4)} ${verdict.line} (${Math.round((performance.now() - startedAt) / 1000)} s)`);
    if (keep !== null) appendFileSync(keep, `${JSON.stringify(verdict)}\n`);
    verdicts.push(verdict);
  }
} finally {
  await ground.close();
}
printReport(verdicts);
process.exitCode = isGood(verdicts) ? 0 : 1;
