import { describe, expect, it } from 'vitest';
import { createEvidenceActivities } from '../../../src/activities/evidence/activities.ts';
import type { RecoveryInput } from '../../../src/activities/evidence/api.ts';
import { metrics, NOW, ports, service } from './evidence-rig.ts';

describe('recovery (R3.2.5)', () => {
  const recovery: RecoveryInput = {
    incidentId: 'incident-a',
    service,
    verification: {
      errorRatioBelow: 0.05,
      p95SecondsBelow: 2,
      withinMinutes: 5,
      holdMinutes: 5,
      pollSeconds: 15,
      rolloutTimeoutMinutes: 10,
    },
    pollSeconds: 15,
  };
  const look = (values: Readonly<Record<string, number | null>>) =>
    createEvidenceActivities(ports({ metrics: metrics(values) })).measureRecovery(recovery);

  it('needs both below their limits', async () => {
    expect(await look({ 'query:errorRatio': 0.008, 'query:p95Seconds': 0.42 })).toEqual({
      recovered: true,
      errorRatio: 0.008,
      p95Seconds: 0.42,
      measuredAt: NOW,
      words: 'Recovered: error rate 0.8% (well below 5%), p95 420 ms (well below 2 s).',
    });
    expect(await look({ 'query:errorRatio': 0.05, 'query:p95Seconds': 0.42 })).toMatchObject({ recovered: false });
    expect(await look({ 'query:errorRatio': 0.01, 'query:p95Seconds': 2.5 })).toMatchObject({ recovered: false });
  });

  it('takes no data for no recovery', async () => {
    expect(await look({ 'query:errorRatio': null })).toMatchObject({
      recovered: false,
      errorRatio: null,
      words: expect.stringContaining('no data'),
    });
  });

  it('waits by asking to be called again', async () => {
    const waiting = createEvidenceActivities(
      ports({ metrics: metrics({ 'query:errorRatio': 0.3, 'query:p95Seconds': 1 }) }),
    ).awaitRecovery(recovery);
    await expect(waiting).rejects.toMatchObject({
      type: 'NotYet',
      nextRetryDelay: 15_000,
      message: expect.stringContaining('30%'),
    });
  });

  it('waits no longer once it is so much worse that nobody has to wait for the limit', async () => {
    const { awaitRecovery } = createEvidenceActivities(
      ports({ metrics: metrics({ 'query:errorRatio': 0.3, 'query:p95Seconds': 1 }) }),
    );
    await expect(awaitRecovery({ ...recovery, worseFrom: 0.31 })).rejects.toMatchObject({ type: 'NotYet' });
    expect(await awaitRecovery({ ...recovery, worseFrom: 0.3 })).toMatchObject({ recovered: false, errorRatio: 0.3 });
  });
});
