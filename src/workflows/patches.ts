/**
 * Every patch of the workflows (ADR 0017). An incident lives for days and a follow-up for weeks, so code changes
 * under them: whoever changes which steps an open workflow takes, or their order, wraps the new way in
 * `patched('<id>')` and lists the id here. A patch is taken out only when its removal condition holds, first by
 * `deprecatePatch`, one release later altogether. The ids are stored in history: they are never used again.
 *
 * Changed timers and texts need no patch, because replay does not notice them; they need tests of their own.
 */
export interface Patch {
  /** ISO date of the release that brought it. */
  readonly since: string;
  readonly reason: string;
  /** When no open workflow can still need the old way. */
  readonly removeWhen: string;
}

/** There is none before 0.2.0: until then histories are recorded anew (test/replay/README.md). */
export const PATCHES: Readonly<Record<string, Patch>> = {};
