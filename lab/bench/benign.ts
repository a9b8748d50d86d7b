import { loadPolicy } from '../../src/config/policy.ts';
import type { Policy } from '../../src/domain/policy.ts';
import { judgeBenign } from './diagnosis/benign.ts';

// Benign series (a spike without a deploy, a deploy without a spike, a gap in the metrics, 0/0): with every approval that
// can be given in advance given in advance, nothing may go ahead by itself. Run it with: npx tsx lab/bench/benign.ts [count] [seed]

const count = Number(process.argv[2] ?? 1000);
const seed = Number(process.argv[3] ?? 1);
const policy = await loadPolicy('policy/noa.yaml');
const eager: Policy = { ...policy, approvals: { ...policy.approvals, rollback: 'automatic' } };
const table = new Map<string, Map<string, number>>();
let acted = 0;
for (let index = 0; index < count; index++) {
  const { series, cause, automatic } = await judgeBenign(eager, seed, index);
  const row = table.get(series.shape) ?? new Map<string, number>();
  table.set(series.shape, row.set(cause, (row.get(cause) ?? 0) + 1));
  if (automatic.length > 0) {
    acted++;
    process.stdout.write(`${index} ${series.shape}: ${cause} → ${automatic.join(', ')}\n`);
  }
}
for (const [shape, row] of table)
  process.stdout.write(`${shape.padEnd(24)}${[...row].map(([cause, times]) => `${cause} ${times}`).join(', ')}\n`);
process.stdout.write(`${count} series, ${acted} automatic actions\n`);
process.exitCode = acted === 0 ? 0 : 1;
