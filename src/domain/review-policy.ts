import type { CauseKind } from './diagnosis.ts';
import type { Contact } from './people.ts';

export interface ReviewPolicy {
  readonly inviteWithinHours: number;
  readonly meetingAt: string;
  readonly meetingMinutes: number;
  readonly attendees: readonly Contact[];
  readonly agenda: readonly { readonly what: string; readonly minutes: number }[];
  readonly reviewWithinHours: number;
  /** What is learned goes back into the runbooks (R6.5); null: that is left to people. */
  readonly runbooks: RunbooksPolicy | null;
}

/** Changes of the runbooks, proposed as pull requests. */
export interface RunbooksPolicy {
  /** `approved`: once the post-mortem is; `lessons-written`: as soon as a person wrote that part of it. */
  readonly proposeWhen: 'approved' | 'lessons-written';
  /** So long people may read, edit or withhold it before the pull request is opened. */
  readonly openAfterMinutes: number;
  readonly branchPrefix: string;
  /** People by login, teams as `team:<slug>`. */
  readonly reviewers: readonly string[];
  /** Which runbook a cause belongs in: the first that names it. */
  readonly files: readonly { readonly file: string; readonly causes: readonly CauseKind[] }[];
  /** For every other cause, and when none is known; null: no change is proposed then. */
  readonly otherwise: string | null;
}
