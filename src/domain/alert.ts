import type { Instant } from './instant.ts';
import type { Severity } from './severity.ts';

/** Where word of a problem came from (R1.1–R1.3, R1.7). */
export type AlertSource = 'alertmanager' | 'pagerduty' | 'person' | 'user-report';

/**
 * One alert as the gateway understood it, whatever system sent it.
 * `fingerprint` + `startsAt` + `status` recognise a repeat of the same message (R1.9).
 */
export interface Alert {
  readonly source: AlertSource;
  readonly fingerprint: string;
  readonly status: 'firing' | 'resolved';
  readonly name: string;
  /** One sentence for people: the alert's summary, or what the person typed. At most 300 characters. */
  readonly summary: string;
  readonly service: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: Instant;
  readonly endsAt: Instant | null;
  /** The severity the alert itself claims, as evidence like others (R0.5); null when it claims none. */
  readonly claimedSeverity: Severity | null;
  readonly receivedAt: Instant;
  readonly link: string | null;
  /** True when the source has already paged somebody: such an alert is not paged again (R1.4). */
  readonly alreadyPaged: boolean;
}
