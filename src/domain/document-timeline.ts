import type { TimelineEvent } from './timeline.ts';

/** What a document is written from: what happened, not the machine's own bookkeeping nor whole evidence. */
export function documentTimeline(timeline: readonly TimelineEvent[]): readonly TimelineEvent[] {
  return timeline
    .filter((event) => event.kind !== 'step-finished')
    .map((event) => {
      if (event.kind !== 'evidence-collected') return event;
      const items = event.bundle.items.filter((item) => item.abnormal).map((item) => ({ ...item, excerpt: '' }));
      return { ...event, bundle: { ...event.bundle, items } };
    });
}
