import type { Hypothesis } from './diagnosis.ts';
import type { Instant } from './instant.ts';
import type { ActionName } from './remedy.ts';
import type { Severity } from './severity.ts';
import type { Phase, PublicStatus } from './timeline.ts';

/**
 * What every audience is told is rendered from this one set of facts, made from the incident's state by a pure
 * function (`gatherFacts` in gather-facts.ts), so that no two channels can contradict each other (R4).
 */
export interface IncidentFacts {
  readonly incidentId: string;
  readonly name: string;
  readonly title: string;
  readonly service: string;
  readonly product: string;
  readonly severity: Severity;
  readonly severityLabel: string;
  readonly provisional: boolean;
  readonly reasons: readonly string[];
  readonly phase: Phase;
  readonly status: PublicStatus;
  readonly openedAt: Instant;
  readonly detectedAt: Instant;
  /** The instant this was made: `[UPDATE - 14:50 UTC]`. */
  readonly at: Instant;
  readonly acknowledgedBy: string | null;
  readonly acknowledgedAt: Instant | null;
  readonly commander: string | null;
  readonly responders: readonly string[];
  /** Who holds each contact now, in words: `alice (On-call primary), bob (On-call backup)`; null when it was not read. */
  readonly onCall?: string | null;
  readonly channelName: string | null;
  readonly issue: string;
  readonly impact: string;
  readonly errorRatio: number | null;
  readonly p95Seconds: number | null;
  readonly cause: Hypothesis | null;
  readonly causeWords: string;
  readonly mitigation: string;
  readonly expectedRecoveryAt: Instant | null;
  readonly nextUpdateAt: Instant | null;
  readonly teamsNotified: readonly string[];
  readonly latestUpdate: string | null;
  readonly latestUpdateBy: string | null;
  readonly latestUpdateAt: Instant | null;
  /** When the incident's channel was last told where it stands; null before the first message. */
  readonly lastToldAt?: Instant | null;
  /** Why a message that was due earlier goes out only now, said in the message itself; null when it is in time. */
  readonly lateBecause?: string | null;
  /** The update that goes out when nobody writes one: ready to be sent by the decision `update` with its id. */
  readonly draft?: { readonly id: string; readonly text: string; readonly dueAt: Instant } | null;
  /** Messages that wait because their channel is away (communication debt). */
  readonly unsent?: readonly {
    readonly medium: string;
    readonly what: string;
    readonly since: Instant;
    readonly reason: string;
  }[];
  /** What happened since the last message, in words; empty when nothing did. */
  readonly sinceLast: readonly string[];
  readonly openQuestions: readonly {
    readonly approvalId: string;
    readonly name: string;
    readonly why: string;
    readonly options: readonly {
      readonly name: string;
      readonly preview: string;
      readonly command: string | null;
      /** The whole text that would go out, where it is a text. */
      readonly shown?: string;
    }[];
    readonly approver: string;
    readonly mode: string;
    readonly deadlineAt: Instant;
  }[];
  readonly remedies: readonly {
    readonly action: ActionName;
    readonly target: string;
    readonly at: Instant;
    readonly outcome: string;
    readonly helped: boolean | null;
  }[];
  readonly openLeases: readonly { readonly id: string; readonly what: string; readonly expiresAt: Instant }[];
  readonly mitigatedAt: Instant | null;
  readonly resolvedAt: Instant | null;
  readonly fix: string | null;
  readonly verification: string | null;
  readonly followUp: string | null;
  readonly reviewAt: Instant | null;
  readonly postMortemUrl: string | null;
  readonly links: readonly { readonly title: string; readonly url: string }[];
}
