import { z } from 'zod';
import type { RemedyOutcome } from '../../domain/remedy.ts';
import { failure } from '../failures.ts';
import { failureOfAnswer, type HttpAnswer, parseJson } from '../http.ts';
import { KUBERNETES, type KubernetesConnection } from './connection.ts';
import type { ManifestObject } from './manifest-objects.ts';
import { segment } from './names.ts';

/** Any object of the API by the words a manifest uses; `namespace` is ignored for kinds that live in none. */
export interface ObjectRef {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** An object as it came; only its identity is looked at. */
export interface AnyObject {
  readonly [field: string]: unknown;
  readonly metadata: {
    readonly [field: string]: unknown;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly annotations: Readonly<Record<string, string>>;
  };
}

/** What became of an apply; `conflict` names the fields that somebody else manages, as the server words it. */
export type Applied =
  | { readonly kind: 'applied'; readonly object: AnyObject }
  | { readonly kind: 'conflict'; readonly message: string }
  | { readonly kind: 'refused'; readonly message: string };

export interface ApplyOptions {
  readonly dryRun: boolean;
  /** Takes fields over that another manager holds; without it they are a conflict. */
  readonly force: boolean;
}

/** Under this name the fields that we set are ours in `managedFields`. */
export const FIELD_MANAGER = 'incident-runbook';

export interface ObjectCalls {
  object(ref: ObjectRef): Promise<AnyObject | null>;
  /** Server-side apply under our field manager (R3.3.5, R5.10, R5.12). */
  apply(ref: ObjectRef, manifest: unknown, options: ApplyOptions): Promise<Applied>;
  /** Deletes exactly the object of that uid; `false` when it was gone or another one already. */
  deleteObject(ref: ObjectRef, uid: string): Promise<boolean>;
}

const anyObject = z.looseObject({
  metadata: z.looseObject({
    uid: z.string().default(''),
    resourceVersion: z.string().default(''),
    annotations: z
      .record(z.string(), z.string())
      .nullish()
      .transform((value) => value ?? {}),
  }),
});

const resourceList = z.object({
  resources: z.array(z.object({ name: z.string(), kind: z.string(), namespaced: z.boolean() })),
});

type Resource = z.infer<typeof resourceList>['resources'][number];

export function objectCalls(connection: KubernetesConnection): ObjectCalls {
  const pathOf = pathsByDiscovery(connection);
  return {
    async object(ref) {
      const answer = await connection.send({ method: 'GET', path: await pathOf(ref) });
      if (answer.status === 404) return null;
      if (answer.status !== 200) throw failureOfAnswer(KUBERNETES, answer);
      return parseJson(KUBERNETES, answer, anyObject);
    },
    async apply(ref, manifest, { dryRun, force }) {
      return appliedOf(
        await connection.send({
          method: 'PATCH',
          path: await pathOf(ref),
          contentType: 'application/apply-patch+yaml',
          query: { fieldManager: FIELD_MANAGER, force: String(force), ...(dryRun ? { dryRun: 'All' } : {}) },
          // JSON is YAML, so no writer of YAML is needed.
          body: manifest,
        }),
      );
    },
    async deleteObject(ref, uid) {
      const body = { kind: 'DeleteOptions', apiVersion: 'v1', preconditions: { uid }, propagationPolicy: 'Background' };
      const answer = await connection.send({ method: 'DELETE', path: await pathOf(ref), body });
      if (answer.status === 404 || answer.status === 409) return false;
      if (answer.status < 200 || answer.status > 299) throw failureOfAnswer(KUBERNETES, answer);
      return true;
    },
  };
}

/** Asks the server once for the resources of each group and version: a manifest names kinds, paths name plurals. */
function pathsByDiscovery(connection: KubernetesConnection): (ref: ObjectRef) => Promise<string> {
  const known = new Map<string, readonly Resource[]>();
  const resourcesOf = async (apiVersion: string): Promise<readonly Resource[]> => {
    const kept = known.get(apiVersion);
    if (kept !== undefined) return kept;
    const answer = await connection.send({ method: 'GET', path: homeOf(apiVersion) });
    if (answer.status === 404) return [];
    if (answer.status !== 200) throw failureOfAnswer(KUBERNETES, answer);
    const { resources } = parseJson(KUBERNETES, answer, resourceList);
    known.set(apiVersion, resources);
    return resources;
  };
  return async ({ apiVersion, kind, namespace, name }) => {
    const found = (await resourcesOf(apiVersion)).find((one) => one.kind === kind && !one.name.includes('/'));
    if (found === undefined) throw failure('Invalid', `${KUBERNETES} knows no ${kind} of ${apiVersion}.`);
    const within = found.namespaced ? `/namespaces/${segment(namespace)}` : '';
    return `${homeOf(apiVersion)}${within}/${found.name}/${segment(name)}`;
  };
}

function homeOf(apiVersion: string): string {
  const parts = apiVersion.split('/').map(segment);
  return parts.length === 1 ? `/api/${parts[0]}` : `/apis/${parts.join('/')}`;
}

function appliedOf(answer: HttpAnswer): Applied {
  if (answer.status === 200 || answer.status === 201)
    return { kind: 'applied', object: parseJson(KUBERNETES, answer, anyObject) };
  const failed = failureOfAnswer(KUBERNETES, answer);
  if (answer.status === 409) return { kind: 'conflict', message: failed.message };
  if (answer.status === 429 || answer.status >= 500 || answer.status === 408) throw failed;
  return { kind: 'refused', message: failed.message };
}

export function refOf(object: ManifestObject, namespace: string): ObjectRef {
  const { apiVersion, kind, metadata } = object;
  return { apiVersion, kind, namespace: metadata.namespace ?? namespace, name: metadata.name };
}

/** `apps/v1/Deployment/noa-mcp`: how plans write which objects they touch. */
export function refWords({ apiVersion, kind, name }: ObjectRef): string {
  return `${apiVersion}/${kind}/${name}`;
}

export function refsOfWords(words: string, namespace: string): readonly ObjectRef[] {
  return words.split(' ').flatMap((one) => {
    const parts = one.split('/');
    const [name, kind] = [parts.pop(), parts.pop()];
    return name && kind && parts.length > 0 ? [{ apiVersion: parts.join('/'), kind, namespace, name }] : [];
  });
}

export function outcome(result: RemedyOutcome['result'], words: string, objects: readonly string[]): RemedyOutcome {
  return { result, readBack: words, observed: { objects: objects.join(' ') } };
}
