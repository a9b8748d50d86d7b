import { notYet } from '../failures.ts';
import type { EvidenceActivities } from './api.ts';
import { watchCanary } from './canary.ts';
import { collect } from './collect.ts';
import type { EvidencePorts } from './ports.ts';
import { lookAtRecovery } from './recovery.ts';

export function createEvidenceActivities(ports: EvidencePorts): EvidenceActivities {
  return {
    collectEvidence: (input) => collect(ports, input),
    measureRecovery: (input) => lookAtRecovery(ports, input),
    async awaitRecovery(input) {
      const recovery = await lookAtRecovery(ports, input);
      const isWorse = (recovery.errorRatio ?? 0) >= (input.worseFrom ?? Number.POSITIVE_INFINITY);
      if (recovery.recovered || isWorse) return recovery;
      throw notYet(recovery.words, input.pollSeconds);
    },
    watchCanary: (input) => watchCanary(ports, input),
  };
}
