import { describe, expect, it } from 'vitest';
import { loadPolicy } from '../../../src/config/policy.ts';
import { judgeBenign } from '../../bench/diagnosis/benign.ts';

const policy = await loadPolicy('policy/noa.yaml');
const eager = { ...policy, approvals: { ...policy.approvals, rollback: 'automatic' as const } };

describe('benign series', () => {
  it('nothing is done by itself about a spike without a deploy, a deploy without a spike, a gap, or 0/0', async () => {
    for (let index = 0; index < 80; index++) {
      const { series, automatic } = await judgeBenign(eager, 5, index);
      expect({ index, shape: series.shape, automatic }).toEqual({ index, shape: series.shape, automatic: [] });
    }
  });
});
