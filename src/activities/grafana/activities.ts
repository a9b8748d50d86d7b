import { type OncePorts, once } from '../once.ts';
import type { DashboardActivities } from './api.ts';
import type { GrafanaClient } from './client.ts';

/** An incident with more marks than this would hide the graph it marks. */
const MOST_NOTES = 30;
const TEXT_CHARACTERS = 500;

/** Grafana knows no key: of two workers that look and find nothing, both would write. */
export function createDashboardActivities(grafana: GrafanaClient | null, ports: OncePorts): DashboardActivities {
  return {
    async annotateDashboards({ incidentId, notes }) {
      const counts = { written: 0, found: 0 };
      if (grafana === null) return counts;
      // One after the other: a retry finds those of before and goes on where it was.
      for (const note of notes.slice(0, MOST_NOTES)) {
        const annotation = { ...note, incidentId, text: note.text.slice(0, TEXT_CHARACTERS) };
        const outcome = await once(ports, {
          key: `annotation:${incidentId}:${note.key}`,
          // It looks by itself before it writes.
          act: async () => {
            const { id, found } = await grafana.annotate(annotation);
            return { ref: String(id), found };
          },
        });
        counts[outcome.already || outcome.done.found ? 'found' : 'written'] += 1;
      }
      return counts;
    },
  };
}
