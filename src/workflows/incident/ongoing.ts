import type { IncidentRun } from './run.ts';

/** Neither mitigated nor over: there is something to find out or to do. */
export function isOngoing(run: IncidentRun): boolean {
  return run.state.closed === null && run.state.resolved === null && run.state.mitigated === null;
}

/**
 * Whether the policy describes what this incident is about: its service, or something that it stands on. Of anything
 * else (an alert about somebody's wiki) the machine knows nothing, and explains and proposes nothing.
 */
export function isDescribed(run: IncidentRun): boolean {
  const { service, intake, communication } = run.policy;
  const published = communication.statusPageComponents.flatMap((component) => component.services);
  const known = [
    service.name,
    ...published,
    ...Object.keys(intake.dependsOn),
    ...Object.values(intake.dependsOn).flat(),
  ];
  return known.includes(run.state.service);
}
