import { expect, it } from 'vitest';
import { inSpan } from '../../src/tracing/spans.ts';
import { startTracing } from '../../src/tracing/tracing.ts';

it('a collector that is away is said once, costs spans only, and holds up no end of a process', async () => {
  const warnings: string[] = [];
  const warn = (words: string) => void warnings.push(words);
  const tracing = await startTracing({ process: 'gateway', endpoint: 'http://127.0.0.1:1', headers: undefined, warn });
  const begunAtMs = performance.now();
  for (let at = 0; at < 10_000; at++) await inSpan({ name: 'work', kind: 'internal' }, async () => at);
  expect(performance.now() - begunAtMs).toBeLessThan(5_000);
  await tracing.stop();
  expect(performance.now() - begunAtMs).toBeLessThan(15_000);
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toContain('Traces do not arrive');
}, 30_000);
