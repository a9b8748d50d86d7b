import type { RemedyPlan } from '../../domain/remedy.ts';
import { failure } from '../failures.ts';
import type { Patch } from './client.ts';
import { marksOf } from './marks.ts';
import type { Planner } from './planning.ts';
import { memoryMiB } from './quantities.ts';
import type { PodTemplate, Workload } from './shapes.ts';

interface ContainerLimit {
  readonly index: number;
  readonly name: string;
  /** As it stands in the template, e.g. `1Gi`; null when the container has no memory limit. */
  readonly memory: string | null;
}

/** Raises one container's memory limit for a while, or takes that back (R3.4.3). */
export const planMemoryLimit: Planner = async (_client, input, request, workload) => {
  const { kind, namespace, name } = request.target;
  const container = chosenContainer(workload, request.parameters.container);
  if (typeof container === 'string') return container;
  const reverting = request.parameters.revert === 1;
  const wanted = request.parameters.memory === undefined ? null : String(request.parameters.memory);
  const because = reverting ? whyNotBack(name, container, request.parameters.setTo) : whyNotUp(name, container, wanted);
  if (because !== null) return because;
  const to = wanted ?? 'no limit';
  return {
    parameters: { container: container.name, memory: wanted ?? '', ...(reverting ? { revert: 1 } : {}) },
    // Going back is a request with these values: only what we set ourselves is taken back (ADR 0011).
    before: { container: container.name, memory: container.memory, setTo: wanted },
    preconditions: {
      uid: workload.metadata.uid,
      claimFor: input.incidentId,
      memory: container.memory ?? '',
    },
    preview: `${reverting ? 'Takes' : 'Raises'} the memory limit of container ${container.name} in ${name} ${reverting ? 'back ' : ''}from ${container.memory ?? 'no limit'} to ${to}; its ${workload.spec.replicas} pods are replaced one after another.${reverting ? '' : ' It buys time: a leak goes on leaking.'}`,
    command: `kubectl patch ${kind} ${name} -n ${namespace} --type=json -p='${JSON.stringify(operationsFor(container, wanted))}'`,
    temporary: !reverting,
  };
};

/** A `test` first, so that a template that somebody reordered meanwhile is never written to (ADR 0010). */
export function memoryLimitPatch(plan: RemedyPlan, workload: Workload): Patch {
  const container = chosenContainer(workload, plan.parameters.container);
  if (typeof container === 'string') throw failure('Invalid', container);
  const { resourceVersion, annotations } = workload.metadata;
  return {
    type: 'json',
    body: [
      { op: 'test', path: '/metadata/resourceVersion', value: resourceVersion },
      ...operationsFor(container, wantedBy(plan)),
      { op: 'add', path: '/metadata/annotations', value: { ...annotations, ...marksOf(plan) } },
    ],
  };
}

/** What the plan's container is limited to now: as wanted, as planned from, or otherwise. */
export function memoryLimitState(plan: RemedyPlan, workload: Workload): 'as-wanted' | 'as-before' | 'otherwise' {
  const container = chosenContainer(workload, plan.parameters.container);
  if (typeof container === 'string') return 'otherwise';
  if (sameQuantity(container.memory, wantedBy(plan))) return 'as-wanted';
  return sameQuantity(container.memory, plan.preconditions.memory || null) ? 'as-before' : 'otherwise';
}

export function memoryLimitOf(plan: RemedyPlan, workload: Workload): string | null {
  const container = chosenContainer(workload, plan.parameters.container);
  return typeof container === 'string' ? null : container.memory;
}

function wantedBy(plan: RemedyPlan): string | null {
  return String(plan.parameters.memory ?? '') || null;
}

/** By name where one is asked for; else the container called like the workload, or the only one. Never by position. */
function chosenContainer(workload: Workload, asked: string | number | undefined): ContainerLimit | string {
  const { containers } = workload.spec.template.spec;
  const wanted = asked ?? workload.metadata.name;
  const named = containers.findIndex((one) => one.name === String(wanted));
  const index = named === -1 && asked === undefined && containers.length === 1 ? 0 : named;
  const container = containers[index];
  if (container === undefined)
    return `${workload.metadata.name} has no container ${wanted}; it has ${containers.map((one) => one.name).join(', ')}.`;
  return { index, name: container.name, memory: limitsOf(workload.spec.template, index)?.memory ?? null };
}

function limitsOf(template: PodTemplate, index: number): Readonly<Record<string, string>> | null {
  const resources = template.spec.containers[index]?.resources as
    | { readonly limits?: Readonly<Record<string, string>> | null }
    | null
    | undefined;
  return resources?.limits ?? null;
}

function whyNotUp(name: string, container: ContainerLimit, wanted: string | null): string | null {
  if (wanted === null || !/^\d+(\.\d+)?(Ki|Mi|Gi|Ti|k|M|G|T)?$/.test(wanted))
    return `To which memory limit ${name} should be raised was not said.`;
  if (container.memory === null)
    return `Container ${container.name} of ${name} has no memory limit that could be raised.`;
  if (memoryMiB(wanted) > memoryMiB(container.memory)) return null;
  return `Container ${container.name} of ${name} is limited to ${container.memory} already: ${wanted} is no more than that.`;
}

function whyNotBack(name: string, container: ContainerLimit, setTo: string | number | undefined): string | null {
  if (setTo === undefined || sameQuantity(container.memory, String(setTo))) return null;
  return `${name} is limited to ${container.memory ?? 'nothing'} now, not to the ${setTo} we set: somebody else decided since, so it is left alone.`;
}

function sameQuantity(a: string | null, b: string | null): boolean {
  if (a === null || b === null) return a === b;
  return memoryMiB(a) === memoryMiB(b);
}

function operationsFor(container: ContainerLimit, wanted: string | null): readonly unknown[] {
  const path = `/spec/template/spec/containers/${container.index}`;
  const memory = `${path}/resources/limits/memory`;
  return [
    { op: 'test', path: `${path}/name`, value: container.name },
    wanted === null ? { op: 'remove', path: memory } : { op: 'add', path: memory, value: wanted },
  ];
}
