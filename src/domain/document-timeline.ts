import type { EvidenceItem } from './evidence.ts';
import type { TimelineEvent } from './timeline.ts';

/** What a document is written from: what happened, not the machine's own bookkeeping nor whole evidence. */
export function documentTimeline(timeline: readonly TimelineEvent[]): readonly TimelineEvent[] {
  return timeline
    .filter((event) => event.kind !== 'step-finished')
    .map((event) => {
      if (event.kind !== 'evidence-collected') return event;
      const items = event.bundle.items.filter((item) => item.abnormal || isDated(item)).map(inShort);
      return { ...event, bundle: { ...event.bundle, items } };
    });
}

/** What tells when something turned belongs to the chain of the incident, however ordinary the rest of it is (R5.5). */
function isDated({ finding }: EvidenceItem): boolean {
  return finding.probe === 'metrics-snapshot' || finding.probe === 'rollouts';
}

function inShort(item: EvidenceItem): EvidenceItem {
  const { finding } = item;
  if (finding.probe !== 'metrics-snapshot') return { ...item, excerpt: '' };
  const series = finding.series.map((one) => ({ ...one, points: [] }));
  return { ...item, excerpt: '', finding: { ...finding, series } };
}
