import { z } from 'zod';
import { failure } from '../failures.ts';

const patchEntry = z.strictObject({
  path: z.string().optional(),
  patch: z.string().optional(),
  target: z
    .strictObject({
      kind: z.string().optional(),
      name: z.string().optional(),
      group: z.string().optional(),
      version: z.string().optional(),
    })
    .optional(),
});
const kustomization = z.strictObject({
  apiVersion: z.literal('kustomize.config.k8s.io/v1beta1').optional(),
  kind: z.literal('Kustomization').optional(),
  resources: z.array(z.string()).min(1),
  namespace: z.string().optional(),
  namePrefix: z.string().optional(),
  nameSuffix: z.string().optional(),
  commonAnnotations: z.record(z.string(), z.string()).optional(),
  images: z
    .array(z.strictObject({ name: z.string(), newName: z.string().optional(), newTag: z.string().optional() }))
    .optional(),
  replicas: z.array(z.strictObject({ name: z.string(), count: z.int() })).optional(),
  patches: z.array(patchEntry).optional(),
});

export type Kustomization = z.infer<typeof kustomization>;
export type PatchEntry = z.infer<typeof patchEntry>;

/** What is not done here as kustomize does it is refused by name: half an overlay is worse than none. */
export function notRendered(where: string, what: string) {
  return failure(
    'Invalid',
    `${where} uses ${what}, which is not rendered here. Install kustomize v5 (or kubectl) beside the worker, which is then used, or apply it by hand: kubectl apply -k`,
  );
}

/** Every field that is not rendered here is refused by name. */
export function readKustomization(path: string, json: unknown): Kustomization {
  const parsed = kustomization.safeParse(json);
  if (parsed.success) return parsed.data;
  const unknown = parsed.error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key].join('.')) : [],
  );
  if (unknown.length > 0) throw notRendered(path, unknown.join(', '));
  const [issue] = parsed.error.issues;
  throw failure('Invalid', `${path}: ${issue?.path.join('.')} cannot be read: ${issue?.message}`);
}
