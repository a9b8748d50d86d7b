import type { Policy } from '../../domain/policy.ts';
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
  return describedNames(run.policy).includes(run.state.service);
}

/** Alerts name what they are about in many ways: the service, a deployment, the namespace, the database, a provider. */
function describedNames({ service, intake, communication }: Policy): readonly (string | undefined)[] {
  return [
    service.name,
    service.namespace,
    service.application.deployment,
    ...service.companions.map((companion) => companion.deployment),
    service.database?.statefulSet,
    service.cache?.workload,
    ...service.providers.map((provider) => provider.name),
    ...communication.statusPageComponents.flatMap((component) => component.services),
    ...Object.keys(intake.dependsOn),
    ...Object.values(intake.dependsOn).flat(),
  ];
}
