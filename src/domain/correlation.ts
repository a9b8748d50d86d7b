import type { Alert } from './alert.ts';
import type { IntakePolicy } from './policy.ts';

/** By which key an alert finds its incident: its own, or that of a service which it depends on or which depends on it. */
export interface Correlation {
  readonly key: string;
  readonly related: readonly string[];
}

/** Walking the dependency map stops here, so that a map with a cycle cannot hang intake. */
const MAX_RELATED_SERVICES = 100;

/**
 * The service together with the values of policy's labels is the key (R1.9). Services above and below it in the
 * dependency map are related: one database fault is one incident, not five.
 */
export function correlate(alert: Pick<Alert, 'service' | 'labels'>, intake: IntakePolicy): Correlation {
  const labels = intake.correlateBy
    .filter((label) => label !== 'service')
    .map((label) => [label, alert.labels[label] ?? ''] as const);
  const keyOf = (service: string): string => JSON.stringify([service, ...labels]);
  const related = [...relatedServices(alert.service, intake.dependsOn)].map(keyOf);
  return { key: keyOf(alert.service), related };
}

/** A key of its own, for a person who says that this is another problem. */
export function separateCorrelation(id: string): Correlation {
  return { key: JSON.stringify(['separate', id]), related: [] };
}

function relatedServices(service: string, dependsOn: IntakePolicy['dependsOn']): ReadonlySet<string> {
  const dependents = (name: string): readonly string[] => dependsOn[name] ?? [];
  const dependencies = (name: string): readonly string[] =>
    Object.keys(dependsOn).filter((other) => dependents(other).includes(name));
  const found = new Set<string>([...reach(service, dependents), ...reach(service, dependencies)]);
  found.delete(service);
  return found;
}

function reach(from: string, next: (name: string) => readonly string[]): ReadonlySet<string> {
  const seen = new Set<string>();
  const queue = [from];
  for (let name = queue.pop(); name !== undefined && seen.size < MAX_RELATED_SERVICES; name = queue.pop()) {
    if (seen.has(name)) continue;
    seen.add(name);
    queue.push(...next(name));
  }
  return seen;
}
