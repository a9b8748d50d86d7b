import type { CauseKind } from './diagnosis.ts';
import type { Instant } from './instant.ts';
import type { RunbooksPolicy } from './review-policy.ts';

/** How far the change of a runbook has come (R6.5). `failed`: it could not be proposed, and people were told why. */
export type RunbookChangeStage = 'drafted' | 'edited' | 'withheld' | 'proposed' | 'failed';

/** The change that one incident proposes, as it stands. */
export interface RunbookChange {
  readonly incidentId: string;
  /** Path in the repository. */
  readonly file: string;
  readonly stage: RunbookChangeStage;
  /** Of the text that is added, in the evidence store. */
  readonly digest: string;
  readonly by: string;
  readonly at: Instant;
  readonly words: string;
  /** The pull request, once it is open. */
  readonly link: string | null;
}

/** Which runbook a cause belongs in, by policy; null: none. */
export function runbookFor(policy: RunbooksPolicy, cause: CauseKind | null): string | null {
  const known = cause === null ? undefined : policy.files.find(({ causes }) => causes.includes(cause));
  return known?.file ?? policy.otherwise;
}
