import { z } from 'zod';

/** Only the fields we use of what the API server answers; everything else is let through unread. */

const strings = z.record(z.string(), z.string());
const count = z
  .number()
  .int()
  .nullish()
  .transform((value) => value ?? 0);
const owners = z.array(
  z.object({ kind: z.string(), name: z.string(), uid: z.string(), controller: z.boolean().nullish() }),
);

const metadata = z.object({
  name: z.string(),
  uid: z.string().default(''),
  resourceVersion: z.string().default(''),
  generation: z
    .number()
    .nullish()
    .transform((value) => value ?? 0),
  creationTimestamp: z.string().nullish(),
  deletionTimestamp: z.string().nullish(),
  annotations: strings.nullish().transform((value) => value ?? {}),
  labels: strings.nullish().transform((value) => value ?? {}),
  ownerReferences: owners.nullish().transform((value) => value ?? []),
  managedFields: z
    .array(z.object({ manager: z.string().nullish(), time: z.string().nullish(), operation: z.string().nullish() }))
    .nullish()
    .transform((value) => value ?? []),
});

/** Kept raw: a rollback puts it back exactly as it was. */
const template = z.looseObject({
  metadata: z.looseObject({ annotations: strings.nullish(), labels: strings.nullish() }).nullish(),
  spec: z.looseObject({ containers: z.array(z.looseObject({ name: z.string(), image: z.string().nullish() })) }),
});

const condition = z.object({
  type: z.string(),
  status: z.string(),
  reason: z.string().nullish(),
  message: z.string().nullish(),
  lastTransitionTime: z.string().nullish(),
});

export const workload = z.object({
  metadata,
  spec: z.object({
    replicas: z
      .number()
      .int()
      .nullish()
      .transform((value) => value ?? 1),
    paused: z
      .boolean()
      .nullish()
      .transform((value) => value ?? false),
    selector: z.object({ matchLabels: strings.nullish() }),
    /** Where a StatefulSet begins to count its pods. */
    ordinals: z.object({ start: count }).nullish(),
    template,
    updateStrategy: z.object({ type: z.string().nullish() }).nullish(),
    strategy: z
      .object({ rollingUpdate: z.object({ maxUnavailable: z.union([z.string(), z.number()]).nullish() }).nullish() })
      .nullish(),
  }),
  status: z
    .object({
      observedGeneration: count,
      replicas: count,
      updatedReplicas: count,
      readyReplicas: count,
      availableReplicas: count,
      unavailableReplicas: count,
      currentRevision: z.string().nullish(),
      updateRevision: z.string().nullish(),
      conditions: z
        .array(condition)
        .nullish()
        .transform((value) => value ?? []),
    })
    .prefault({}),
});

export const service = z.object({ metadata, spec: z.object({ selector: strings.nullish() }) });

export const replicaSet = z.object({ metadata, spec: z.object({ template }) });

const terminated = z.object({ reason: z.string().nullish(), exitCode: z.number().nullish() });
const containerStatus = z.object({
  name: z.string(),
  ready: z.boolean().nullish(),
  restartCount: count,
  state: z
    .object({
      waiting: z.object({ reason: z.string().nullish(), message: z.string().nullish() }).nullish(),
      terminated: terminated.nullish(),
    })
    .nullish(),
  lastState: z.object({ terminated: terminated.nullish() }).nullish(),
});

export const pod = z.object({
  metadata,
  spec: z.object({
    nodeName: z.string().nullish(),
    containers: z.array(z.object({ name: z.string(), resources: z.object({ limits: strings.nullish() }).nullish() })),
  }),
  status: z
    .object({
      phase: z.string().default('Unknown'),
      reason: z.string().nullish(),
      startTime: z.string().nullish(),
      conditions: z.array(condition).nullish(),
      containerStatuses: z.array(containerStatus).nullish(),
    })
    .prefault({}),
});

const quantities = z.record(z.string(), z.string());

export const node = z.object({
  metadata,
  spec: z
    .object({
      unschedulable: z
        .boolean()
        .nullish()
        .transform((value) => value ?? false),
      taints: z
        .array(z.object({ key: z.string(), effect: z.string() }))
        .nullish()
        .transform((value) => value ?? []),
    })
    .prefault({}),
  status: z.object({
    conditions: z.array(z.object({ type: z.string(), status: z.string(), message: z.string().nullish() })).default([]),
    allocatable: quantities.nullish(),
    capacity: quantities.nullish(),
  }),
});

export const event = z.object({
  metadata,
  involvedObject: z.object({ kind: z.string().nullish(), name: z.string().nullish() }),
  type: z.string().nullish(),
  reason: z.string().nullish(),
  message: z.string().nullish(),
  count: z.number().nullish(),
  lastTimestamp: z.string().nullish(),
  eventTime: z.string().nullish(),
});

export const metered = z.object({
  metadata: z.object({ name: z.string() }),
  usage: quantities.nullish(),
  containers: z.array(z.object({ usage: quantities })).nullish(),
});

export const named = z.object({ metadata });

export const configMap = z.object({ metadata, data: strings.nullish().transform((value) => value ?? {}) });

export const autoscaler = z.object({
  metadata: z.object({ name: z.string() }),
  spec: z.object({ scaleTargetRef: z.object({ kind: z.string(), name: z.string() }) }),
});

/** A list answer; `continue` is set when the server holds more. */
export function listOf<T extends z.ZodType>(item: T) {
  return z.object({
    items: z
      .array(item)
      .nullish()
      .transform((value) => value ?? []),
    metadata: z.object({ continue: z.string().nullish() }).nullish(),
  });
}

/** Serves, as the kubelet says. */
export function isReady(of: Pod): boolean {
  return of.status.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
}

export type Workload = z.infer<typeof workload>;
export type Service = z.infer<typeof service>;
export type ReplicaSet = z.infer<typeof replicaSet>;
export type Pod = z.infer<typeof pod>;
export type PodTemplate = z.infer<typeof template>;
export type NodeObject = z.infer<typeof node>;
export type EventObject = z.infer<typeof event>;
export type Metered = z.infer<typeof metered>;
export type ConfigMap = z.infer<typeof configMap>;
export type Named = z.infer<typeof named>;
