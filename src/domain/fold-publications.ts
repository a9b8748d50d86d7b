import type { IncidentState } from './incident.ts';
import type { EventOf } from './timeline.ts';

/** Kinds of statement that tell a whole channel where the incident stands (R4.1–R4.3). */
const TELLING = ['initial', 'update', 'no-news', 'resolved', 'reopened'];

/** A message that fails again keeps the instant since when it has been owed. */
export function withUnsent(state: IncidentState, event: EventOf<'publication-failed'>): IncidentState['unsent'] {
  const { key, medium, what, reason, retryAt, coversSeq, delivery } = event;
  const before = state.unsent.find((unsent) => unsent.key === key);
  return [
    ...state.unsent.filter((unsent) => unsent.key !== key),
    {
      key,
      medium,
      what,
      reason,
      since: before?.since ?? event.at,
      failedAt: event.at,
      retryAt,
      coversSeq: before?.coversSeq ?? coversSeq,
      delivery,
    },
  ];
}

export function withPublished(state: IncidentState, event: EventOf<'published'>): IncidentState {
  const { message } = event;
  const count = (state.said[message.medium]?.count ?? 0) + 1;
  const said = {
    ...state.said,
    [message.medium]: { what: message.what, at: event.at, seq: event.seq, ref: message.ref, count },
  };
  const unsent = state.unsent.filter((waiting) => waiting.key !== message.key);
  if (message.medium === 'chat' && TELLING.includes(message.what)) {
    return {
      ...state,
      said,
      unsent,
      draft: null,
      told: { what: message.what, at: event.at, coversSeq: message.coversSeq },
    };
  }
  if (message.medium !== 'status-page') return { ...state, said, unsent };
  const shown = message.what === 'no-news' ? state.statusPageStatus : (message.what as IncidentState['status']);
  return { ...state, said, unsent, statusPageRef: message.ref ?? state.statusPageRef, statusPageStatus: shown };
}
