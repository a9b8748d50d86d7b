import type { IncidentState } from '../../domain/incident.ts';
import { clockTimeUtc } from '../../domain/instant.ts';
import type { TimelineEvent } from '../../domain/timeline.ts';
import type { AgendaEntry } from './api.ts';

const LINES = 12;

/** What Temporal Web shows as the workflow's current details, in Markdown: where it stands and what comes next. */
export function temporalDetails(
  state: IncidentState,
  timeline: readonly TimelineEvent[],
  agenda: readonly AgendaEntry[],
): string {
  const next = agenda[0];
  const head = [
    `**${state.severity} · ${state.title}**`,
    `Phase ${state.phase}, ${state.status}. Led by ${state.commander ?? 'nobody yet'}.`,
    next === undefined ? 'Nothing is scheduled.' : `Next: ${next.name} at ${clockTimeUtc(next.dueAt)} UTC.`,
  ];
  const lines = timeline
    .filter((event) => event.kind !== 'step-finished')
    .slice(-LINES)
    .map(
      (event) =>
        `- ${clockTimeUtc(event.at)} ${event.kind.replaceAll('-', ' ')}${event.by.via === 'machine' ? '' : ` by ${event.by.person}`}`,
    );
  return [...head, '', ...lines].join('\n');
}
