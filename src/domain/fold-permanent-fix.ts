import type { PermanentFix } from './incident.ts';
import type { EventOf, FixStage } from './timeline.ts';

export function withFix(before: PermanentFix | null, event: EventOf<'fix-progressed'>): PermanentFix {
  const { stage, words, at, link } = event;
  return {
    stage,
    words,
    at,
    pullRequest: stage === 'pull-request' ? link : (before?.pullRequest ?? null),
    canary: CANARY_OF[stage] ?? before?.canary ?? null,
    migration: MIGRATION_OF[stage] ?? before?.migration ?? null,
    over: stage === 'finished' || stage === 'left-to-people',
  };
}

const CANARY_OF: Readonly<Partial<Record<FixStage, PermanentFix['canary']>>> = {
  'canary-watched': 'watched',
  'canary-paused': 'paused',
  'canary-aborted': 'aborted',
  'canary-regressed': 'over',
  'canary-well': 'over',
};

const MIGRATION_OF: Readonly<Partial<Record<FixStage, PermanentFix['migration']>>> = {
  'window-planned': 'waiting',
  'called-off': 'called-off',
  migrated: 'done',
};
