import type { DashboardActivities } from './api.ts';
import type { GrafanaClient } from './client.ts';

/** An incident with more marks than this would hide the graph it marks. */
const MOST_NOTES = 30;
const TEXT_CHARACTERS = 500;

export function createDashboardActivities(grafana: GrafanaClient | null): DashboardActivities {
  return {
    async annotateDashboards({ incidentId, notes }) {
      const counts = { written: 0, found: 0 };
      // One after the other: a retry finds those of before and goes on where it was.
      for (const note of grafana === null ? [] : notes.slice(0, MOST_NOTES)) {
        const text = note.text.slice(0, TEXT_CHARACTERS);
        const done = await grafana?.annotate({ ...note, incidentId, text });
        counts[done?.found === true ? 'found' : 'written'] += 1;
      }
      return counts;
    },
  };
}
