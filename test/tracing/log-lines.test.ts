import { Writable } from 'node:stream';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { lineFields } from '../../src/tracing/log-lines.ts';
import { workerLog } from '../../src/worker/log.ts';

const ID = 'incident-20241023-1430-2';

function kept() {
  const lines: Record<string, unknown>[] = [];
  const to = new Writable({
    write(chunk, _encoding, done) {
      lines.push(JSON.parse(String(chunk)));
      done();
    },
  });
  return { lines, to };
}

// Issue 7: structured logs with the incident's id; and nothing of a trace while traces are off.
describe('a line of the log', () => {
  it('of the gateway carries the incident that its words name, as a field', () => {
    const { lines, to } = kept();
    const log = pino({ ...lineFields }, to);
    log.warn(`No worker answered for ${ID}; its alerts wait.`);
    log.info('The gateway takes alerts.');
    log.error(new Error('broken'));
    log.warn({ incidentId: 'incident-20241023-1500' }, `after ${ID}`);
    expect(lines.map(({ incidentId }) => incidentId)).toEqual([ID, undefined, undefined, 'incident-20241023-1500']);
    expect(lines[2]).toMatchObject({ msg: 'broken', err: { message: 'broken' } });
    expect(lines.some((line) => 'trace_id' in line || 'span_id' in line)).toBe(false);
  });

  it('of the worker carries it too, the engine’s lines by their workflow', () => {
    const { lines, to } = kept();
    const log = workerLog('debug', to);
    log.warn(`projection of ${ID}: away`);
    log.forTemporal.warn('Activity failed', { workflowId: ID, activityType: 'publish' });
    log.forTemporal.error('Activity failed', { workflowId: `post-mortem-${ID}` });
    log.forTemporal.info('Worker state changed', {});
    log.info('worker ready');
    expect(lines.map(({ incidentId }) => incidentId)).toEqual([ID, ID, ID, undefined, undefined]);
  });
});
