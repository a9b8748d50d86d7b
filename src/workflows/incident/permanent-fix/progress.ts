import type { FixStage } from '../../../domain/timeline.ts';
import type { IncidentRun } from '../run.ts';

/** Puts the newest stage of the fix on the timeline; the same stage with the same words only once. */
export function progress(run: IncidentRun, stage: FixStage, words: string, link: string | null = null): void {
  if (run.state.permanentFix?.stage === stage && run.state.permanentFix.words === words) return;
  run.record({ kind: 'fix-progressed', stage, words, link });
}
