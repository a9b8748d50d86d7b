import type { Policy } from './policy.ts';

/** Whether the policy describes it: alerts name the service, a deployment, the namespace, the database, a provider. */
export function describes({ service, intake, communication }: Policy, name: string): boolean {
  const names: readonly (string | undefined)[] = [
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
  return names.includes(name);
}
