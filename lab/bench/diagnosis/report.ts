import { quantile } from '../figures.ts';
import type { Verdict } from './judge.ts';

/** No metric tells of these, so no alert fires: a ticket reports the first, and the second waits for a canary of ours. */
const SILENT: readonly string[] = ['minor-bug', 'canary-regression'];

/** Right first in so many of the incidents, and everything else as `isGood` says. */
const GOAL_SHARE = 0.95;

/** The goal (README): the cause first in 95 of 100, severity right in all, and a machine that rather says "not known". */
export function isGood(verdicts: readonly Verdict[]): boolean {
  const incidents = verdicts.filter(({ plan, truth }) => plan !== 'benign' && !SILENT.includes(truth));
  const right = incidents.filter((one) => one.right).length;
  const benign = verdicts.filter(({ plan }) => plan === 'benign');
  return (
    right >= GOAL_SHARE * incidents.length &&
    verdicts.every(({ severityRight }) => severityRight !== false) &&
    benign.every(({ wrongProposal }) => !wrongProposal)
  );
}

/** The confusion table: rows are what was true, columns what was ranked first. */
export function printReport(verdicts: readonly Verdict[]): void {
  const say = (line: string) => process.stdout.write(`${line}\n`);
  const truths = [...new Set(verdicts.map(({ truth }) => truth))].sort();
  say('\ntruth → ranked first (how often)');
  for (const truth of truths) {
    const own = verdicts.filter((one) => one.truth === truth);
    const counts = new Map<string, number>();
    for (const { found, right } of own) {
      const key = `${found}${right ? '' : ' ✗'}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    const right = own.filter((one) => one.right).length;
    const cells = [...counts].sort((a, b) => b[1] - a[1]).map(([name, times]) => `${name} ${times}`);
    say(`${truth.padEnd(34)}${`${right}/${own.length}`.padStart(7)}   ${cells.join(', ')}`);
  }
  const incidents = verdicts.filter(({ plan, truth }) => plan !== 'benign' && !SILENT.includes(truth));
  const share = (part: number, whole: number) =>
    `${part}/${whole} (${((100 * part) / Math.max(1, whole)).toFixed(1)}%)`;
  const wrong = incidents.filter(({ right }) => !right);
  const two = verdicts.filter(({ bothFound }) => bothFound !== null);
  const cpu = verdicts.flatMap(({ cpuMs }) => cpuMs);
  const proposed = verdicts.flatMap(({ proposedAfterSeconds }) => proposedAfterSeconds ?? []);
  say('');
  say(`without an alert of their own, not counted: ${verdicts.filter(({ truth }) => SILENT.includes(truth)).length}`);
  say(`right first            ${share(incidents.length - wrong.length, incidents.length)}`);
  say(`of the rest "unknown"  ${share(wrong.filter(({ unknown }) => unknown).length, wrong.length)}`);
  say(`both of two found      ${share(two.filter(({ bothFound }) => bothFound).length, two.length)}`);
  const wrongly = verdicts.filter(({ wrongProposal }) => wrongProposal).length;
  say(`wrong proposals        ${share(wrongly, verdicts.length)}`);
  const judged = verdicts.filter(({ severityRight }) => severityRight !== null);
  const severe = judged.filter(({ severityRight }) => severityRight === true).length;
  say(`severity right         ${share(severe, judged.length)}`);
  say(
    `proposal after detection, seconds of world time: median ${quantile(proposed, 0.5)}, p95 ${quantile(proposed, 0.95)}`,
  );
  say(`evidence → explanation, CPU ms: median ${quantile(cpu, 0.5).toFixed(2)}, p99 ${quantile(cpu, 0.99).toFixed(2)}`);
}
