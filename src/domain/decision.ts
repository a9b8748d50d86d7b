import type { Instant } from './instant.ts';
import type { Actor } from './people.ts';
import type { Severity } from './severity.ts';

/** What a person says in each decision, by its name; the names are those of the drills' `does`. */
export interface DecisionBodies {
  readonly acknowledge: Record<never, never>;
  readonly assign: { readonly to: string; readonly what: string | null };
  readonly 'hand-over': { readonly to: string };
  readonly 'set-severity': { readonly to: Severity; readonly because: string };
  readonly note: { readonly text: string };
  /** Without a text, the draft of this id goes out as it stands: one click on the reminder. */
  readonly update: {
    readonly text: string;
    readonly expectedRecoveryAt: Instant | null;
    readonly draftId?: string | null;
  };
  readonly snooze: { readonly minutes: number; readonly because: string };
  readonly approve: { readonly approvalId: string; readonly option: string | null };
  /** Sends whoever asks the very mail that waits for approval, before anybody else gets it (R4.5). */
  readonly 'test-mail': Record<never, never>;
  readonly reject: { readonly approvalId: string; readonly because: string };
  readonly resolve: { readonly fix: string | null };
  readonly reopen: { readonly because: string };
  readonly merge: { readonly into: string };
  readonly 'false-alarm': { readonly because: string };
  readonly cancel: { readonly because: string };
  readonly 'keep-lease': { readonly leaseId: string; readonly because: string };
  readonly 'renew-lease': { readonly leaseId: string; readonly minutes: number | null };
  readonly 'revert-lease': { readonly leaseId: string };
  readonly 'call-off': { readonly what: string; readonly because: string };
  readonly 'pause-canary': { readonly because: string };
  readonly 'abort-canary': { readonly because: string };
  readonly 'break-glass': { readonly approvalId: string; readonly option: string | null; readonly because: string };
}

export type DecisionName = keyof DecisionBodies;

export const DECISION_NAMES: readonly DecisionName[] = [
  'acknowledge',
  'assign',
  'hand-over',
  'set-severity',
  'note',
  'update',
  'snooze',
  'approve',
  'test-mail',
  'reject',
  'resolve',
  'reopen',
  'merge',
  'false-alarm',
  'cancel',
  'keep-lease',
  'renew-lease',
  'revert-lease',
  'call-off',
  'pause-canary',
  'abort-canary',
  'break-glass',
];

/**
 * A decision as it travels to the incident. `id` is chosen by the client, so that a double click or a retry is one
 * decision; `incidentId` is the incident's own id, a mismatch is refused; `receivedAt` is stamped by the gateway,
 * `signature` is the gateway's HMAC over all the rest (checked again by an activity just before an effect).
 */
export interface Decision<N extends DecisionName = DecisionName> {
  readonly id: string;
  readonly incidentId: string;
  readonly name: N;
  readonly actor: Actor;
  readonly receivedAt: Instant;
  readonly body: DecisionBodies[N];
  readonly signature: string | null;
}

/** What the person is answered. `effect` is one sentence about what happens now. */
export interface DecisionAnswer {
  readonly accepted: true;
  readonly decisionId: string;
  readonly effect: string;
  /** True when this very decision had been taken before. */
  readonly repeated: boolean;
}
