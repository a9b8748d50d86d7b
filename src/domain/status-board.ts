import type { Instant } from './instant.ts';
import type { PublicStatus } from './timeline.ts';

export type ComponentState = 'operational' | 'degraded_performance' | 'partial_outage' | 'major_outage';
export type PublicImpact = 'none' | 'minor' | 'major' | 'critical';

/** An incident as the public sees it: no names, no internal links (R4.4). */
export interface PublicIncident {
  readonly id: string;
  readonly name: string;
  readonly status: PublicStatus;
  readonly impact: PublicImpact;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
  readonly resolvedAt: Instant | null;
  readonly components: readonly { readonly id: string; readonly status: ComponentState }[];
  /** Newest first. */
  readonly updates: readonly PublicUpdate[];
}

export interface PublicUpdate {
  readonly id: string;
  readonly status: PublicStatus;
  readonly body: string;
  readonly at: Instant;
}

const WORST_FIRST: readonly ComponentState[] = [
  'major_outage',
  'partial_outage',
  'degraded_performance',
  'operational',
];

/** The state of a component: the worst that any open incident says of it. */
export function componentState(id: string, incidents: readonly PublicIncident[]): ComponentState {
  const said = incidents
    .filter((incident) => incident.resolvedAt === null)
    .flatMap((incident) => incident.components.filter((component) => component.id === id))
    .map((component) => component.status);
  return WORST_FIRST.find((state) => said.includes(state)) ?? 'operational';
}

/** The page's own summary, in the words of Statuspage's read API. */
export function overallStatus(incidents: readonly PublicIncident[]): {
  readonly indicator: PublicImpact;
  readonly description: string;
} {
  const open = incidents.filter((incident) => incident.resolvedAt === null).map((incident) => incident.impact);
  if (open.includes('critical')) return { indicator: 'critical', description: 'Major System Outage' };
  if (open.includes('major')) return { indicator: 'major', description: 'Partial System Outage' };
  if (open.includes('minor')) return { indicator: 'minor', description: 'Minor Service Outage' };
  return { indicator: 'none', description: 'All Systems Operational' };
}
