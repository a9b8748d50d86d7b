import type { Alert } from '../alert.ts';
import type { Instant } from '../instant.ts';

/** What a system told us of one alert. */
export interface UnderstoodAlert {
  readonly alert: Alert;
  /** As written, to recognise a repeat by. */
  readonly startsAt: string;
  readonly detectedAt: Instant;
}
