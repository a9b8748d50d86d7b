import type { RemedyPlan } from '../../../domain/remedy.ts';
import { migration } from '../../activity-calls.ts';
import type { IncidentRun } from '../run.ts';

/** The permanent fix as the incident carries it from step to step. */
export interface Migration {
  /** Path in the repository. */
  readonly file: string;
  /** What the file says. */
  readonly text: string;
  readonly sql: string;
  readonly index: string;
  /** The slow statement that it is for. */
  readonly statement: string;
  readonly words: string;
  /** As it was proposed; production's is previewed anew when it is asked for. */
  readonly plan: RemedyPlan;
}

/** What staging showed (R5.7). */
export interface Trial {
  readonly helped: boolean;
  readonly words: string;
  /** Milliseconds before and after; null when the statement was not run. */
  readonly times: { readonly before: number; readonly after: number } | null;
}

/** A migration with every choice fixed, or why there can be none. */
export async function previewOf(
  run: IncidentRun,
  request: {
    readonly statement: string;
    readonly sql: string | null;
    readonly file: string | null;
    readonly keyPrefix: string;
  },
): Promise<{ readonly plan: RemedyPlan } | { readonly reason: string }> {
  const { incidentId } = run.state;
  const { namespace, database } = run.policy.service;
  const answer = await run.attempt(
    migration('preview of the migration').previewMigration({
      keyPrefix: `${incidentId}/${request.keyPrefix}`,
      at: run.now(),
      target: { kind: 'database', namespace, name: database?.database ?? '' },
      sql: request.sql,
      statement: request.statement,
      file: request.file,
      allowed: run.policy.resolution.allowedMigrations,
    }),
  );
  if (!answer.ok) return { reason: answer.words };
  return answer.value.kind === 'plan' ? { plan: answer.value.plan } : { reason: answer.value.reason };
}
