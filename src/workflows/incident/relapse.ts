import type { IncidentState } from '../../domain/incident.ts';
import { type Instant, isBefore } from '../../domain/instant.ts';

/** The alert that began to fire again after `since`, in words; null when none did (R1.9). */
export function refiredSince(state: IncidentState, since: Instant): string | null {
  const back = state.alerts.find((record) => record.clearedAt === null && isBefore(since, record.alert.startsAt));
  return back === undefined ? null : `${back.alert.name} fires again: ${back.alert.summary}`;
}
