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
      if (recovery.recovered) return recovery;
      throw notYet(recovery.words, input.pollSeconds);
    },
    watchCanary: (input) => watchCanary(ports, input),
  };
}
