import type { Instant } from '../../domain/instant.ts';

/** One mark on the team's dashboards: a moment, or a stretch of time. */
export interface DashboardNote {
  /** Unique within the incident: the same key is never written twice. */
  readonly key: string;
  readonly text: string;
  readonly tags: readonly string[];
  readonly at: Instant;
  readonly untilAt: Instant | null;
}

export interface AnnotateDashboardsInput {
  readonly incidentId: string;
  readonly notes: readonly DashboardNote[];
}

export interface DashboardActivities {
  /** Marks the incident on the graphs people will look at later; nothing is written where no dashboards are configured. */
  annotateDashboards(input: AnnotateDashboardsInput): Promise<{ readonly written: number; readonly found: number }>;
}
