import { z } from 'zod';
import type { Alert } from '../../domain/alert.ts';
import type { Instant } from '../../domain/instant.ts';
import { bounded } from '../../domain/intake/bounds.ts';
import type { PersonPolicy, Policy } from '../../domain/policy.ts';
import { SEVERITIES } from '../../domain/severity.ts';
import { SEVERITY_WORDS } from '../../domain/written.ts';

/** `incident create "…"`: from the CLI, the console and chat (R1.3). */
export const createIncidentBody = z.strictObject({
  title: z.string('must be a text').trim().min(1, 'must not be empty').max(300, 'must have at most 300 characters'),
  service: z.string('must be a text').trim().min(1).max(100).nullish(),
  severity: z.enum(SEVERITIES, `must be ${SEVERITY_WORDS}`).nullish(),
  /** Chosen by the client: the same id twice is one report. */
  id: z.string().min(1).max(100).nullish(),
  /** True: another problem, not the one that is open for this service. */
  separate: z.boolean().nullish(),
});

export type CreateIncident = z.infer<typeof createIncidentBody>;

export function alertOfPerson(
  report: CreateIncident,
  id: string,
  person: PersonPolicy,
  policy: Policy,
  receivedAt: Instant,
): Alert {
  const title = bounded(report.title.replace(/\s+/g, ' '), 300);
  return {
    source: 'person',
    fingerprint: `person:${id}`,
    status: 'firing',
    name: title,
    summary: title,
    service: bounded(report.service ?? policy.service.name, 100),
    labels: { reportedBy: person.id, ...(report.severity ? { severity: report.severity } : {}) },
    annotations: {},
    startsAt: receivedAt,
    endsAt: null,
    claimedSeverity: report.severity ?? null,
    receivedAt,
    link: null,
    alreadyPaged: false,
  };
}
