import type { WireRequest, WireResponse } from '../../wire/exchange.ts';
import { refuse } from './api-errors.ts';
import { appliedObject, managerOf, type Target } from './apply.ts';
import type { Cluster } from './cluster.ts';
import { FieldOwners } from './field-owners.ts';
import type { ClusterAction, ClusterEffect } from './ledger.ts';
import { effectsOf } from './ledger.ts';
import type { ClusterObject, ConfigMap, Deployment, Kind, ObjectOf, StatefulSet } from './objects.ts';
import { applyPatch, PatchRefused, patchTypeOf } from './patch.ts';
import { managedBy } from './seed-cluster.ts';

/** A write that was accepted, with what a second cluster needs to be written to in the same way. */
export interface AcceptedWrite {
  readonly target: Target;
  readonly request: WireRequest;
}

/** PATCH (with apply), PUT, DELETE, scales and evictions: preconditions, dry runs, validation and the ledger. */
export class Writes {
  readonly ledger: ClusterAction[] = [];
  readonly #cluster: Cluster;
  readonly #owners = new FieldOwners();

  readonly #accepted: (action: ClusterAction, write: AcceptedWrite) => void;

  constructor(cluster: Cluster, accepted: (action: ClusterAction, write: AcceptedWrite) => void = () => undefined) {
    this.#cluster = cluster;
    this.#accepted = accepted;
  }

  /** Writes what another cluster accepted. Throws what this one refuses it with. */
  again({ target, request }: AcceptedWrite): void {
    if (request.path.endsWith('/eviction')) this.evict(target, request);
    else if (request.path.endsWith('/scale')) this.writeScale(target, request);
    else if (request.method === 'PATCH') this.patch(target, request);
    else if (request.method === 'PUT') this.put(target, request);
    else if (target.kind === 'Pod') this.deletePod(target, request);
    else this.delete(target, request);
  }

  read(target: Target): ClusterObject {
    const { kind, namespace, name } = target;
    const found = this.#cluster.store.get(kind, namespace, name);
    if (found !== null) return found;
    return refuse('NotFound', `${qualified(target)} "${name}" not found`, { name, kind: target.resource });
  }

  patch(target: Target, request: WireRequest): WireResponse {
    if (patchTypeOf(request.headers['content-type']) === 'apply') return this.#apply(target, request);
    const old = this.read(target);
    return this.#write(target, request, 'patch', old, patched(old, request) as ClusterObject);
  }

  put(target: Target, request: WireRequest): WireResponse {
    const old = this.read(target);
    const body = request.json() as ClusterObject;
    if (body?.metadata?.name !== target.name)
      refuse('BadRequest', 'the name of the object does not match the name on the URL');
    return this.#write(target, request, 'update', old, body);
  }

  readScale(target: Target): WireResponse {
    return { status: 200, body: scaleOf(this.#scalable(target)) };
  }

  /** A Scale has the resourceVersion of its object, and takes its preconditions from it. */
  writeScale(target: Target, request: WireRequest): WireResponse {
    const old = this.#scalable(target);
    const body = (request.method === 'PUT' ? request.json() : patched(scaleOf(old), request)) as ReturnType<
      typeof scaleOf
    >;
    const replicas = body?.spec?.replicas ?? 0;
    const next = structuredClone(old);
    next.spec.replicas = replicas;
    next.metadata.resourceVersion = body?.metadata?.resourceVersion ?? old.metadata.resourceVersion;
    const answer = this.#write(target, request, request.method === 'PUT' ? 'update' : 'patch', old, next);
    return { ...answer, body: scaleOf(answer.body as Deployment | StatefulSet) };
  }

  deletePod(target: Target, request: WireRequest): WireResponse {
    const pod = this.read(target) as ObjectOf['Pod'];
    const options = (request.rawBody.length === 0 ? {} : request.json()) as {
      preconditions?: { uid?: string; resourceVersion?: string };
      dryRun?: string[];
    };
    checkUid(target, pod, options.preconditions?.uid);
    const version = options.preconditions?.resourceVersion;
    if (version !== undefined && version !== pod.metadata.resourceVersion)
      conflict(
        target,
        `the ResourceVersion in the precondition (${version}) does not match the ResourceVersion in record (${pod.metadata.resourceVersion}). The object might have been modified`,
      );
    const dryRun = isDryRun(request) || (options.dryRun ?? []).includes('All');
    if (!dryRun) {
      this.#cluster.kubelet.remove(pod, request.atMs);
      this.#cluster.reconcile(request.atMs);
    }
    this.#record(target, request, 'delete', dryRun, [{ kind: 'delete-pod', uid: pod.metadata.uid }]);
    return { status: 200, body: pod, note: `delete pod ${target.name}` };
  }

  /** POST pods/{name}/eviction; the precondition and dry run are in its deleteOptions, and both dry runs must agree. */
  evict(target: Target, request: WireRequest): WireResponse {
    const pod = this.read(target) as ObjectOf['Pod'];
    const body = request.json() as {
      kind?: string;
      metadata?: { name?: string };
      deleteOptions?: { preconditions?: { uid?: string }; dryRun?: string[] };
    };
    if (body?.metadata?.name !== target.name)
      refuse('BadRequest', `name in URL does not match name in Eviction object`);
    const dryRun = isDryRun(request);
    if ((body.deleteOptions?.dryRun ?? []).includes('All') !== dryRun)
      refuse('BadRequest', 'Non-matching dry-run options in request and content: [] and [All]');
    checkUid(target, pod, body.deleteOptions?.preconditions?.uid);
    const owner = this.#cluster.kubelet.life(pod)?.owner ?? '';
    if (!dryRun) {
      this.#cluster.kubelet.remove(pod, request.atMs);
      this.#cluster.reconcile(request.atMs);
    }
    const { uid, creationTimestamp } = pod.metadata;
    const bornMs = Date.parse(creationTimestamp);
    this.#record(target, request, 'delete', dryRun, [{ kind: 'evict-pod', uid, owner, bornMs }]);
    return { status: 201, body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 } };
  }

  delete(target: Target, request: WireRequest): WireResponse {
    const object = this.read(target);
    const options = (request.rawBody.length === 0 ? {} : request.json()) as { preconditions?: { uid?: string } };
    checkUid(target, object, options.preconditions?.uid);
    if (!isDryRun(request)) this.#cluster.remove(object, request.atMs);
    this.#record(target, request, 'delete', isDryRun(request), [{ kind: 'delete' }]);
    return { status: 200, body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success' } };
  }

  #apply(target: Target, request: WireRequest): WireResponse {
    const old = this.#cluster.store.get(target.kind, target.namespace, target.name);
    const { next, settle } = appliedObject(this.#owners, target, old, request);
    if (old === null) return this.#create(target, request, next, settle);
    const answer = this.#write(target, request, 'apply', old, next);
    if (!isDryRun(request)) settle(old.metadata.uid);
    return answer;
  }

  #create(target: Target, request: WireRequest, wanted: ClusterObject, settle: (uid: string) => void): WireResponse {
    validate(target, wanted, wanted);
    if (target.kind === 'Ingress' && !('spec' in wanted))
      refuse('Invalid', `Ingress.networking.k8s.io "${target.name}" is invalid: spec: Invalid value`);
    const created = isDryRun(request) ? wanted : this.#cluster.create(wanted, request.atMs);
    if (!isDryRun(request)) settle(created.metadata.uid);
    this.#record(target, request, 'apply', isDryRun(request), [{ kind: 'create' }]);
    return { status: 201, body: created };
  }

  #scalable(target: Target): Deployment | StatefulSet {
    return this.read(target) as Deployment | StatefulSet;
  }

  #write(
    target: Target,
    request: WireRequest,
    verb: 'patch' | 'update' | 'apply',
    old: ClusterObject,
    wanted: ClusterObject,
  ): WireResponse {
    const { resourceVersion, uid } = wanted.metadata;
    // An update without a resourceVersion is unconditional, as for the real API server.
    if (resourceVersion !== undefined && resourceVersion !== '' && resourceVersion !== old.metadata.resourceVersion) {
      conflict(target, 'the object has been modified; please apply your changes to the latest version and try again');
    }
    if (uid !== undefined && uid !== old.metadata.uid)
      conflict(target, `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${old.metadata.uid}`);
    const next = settled(old, wanted, request);
    validate(target, old, next);
    const dryRun = isDryRun(request);
    const effects = dryRun ? [] : this.#effects(old, next);
    const stored = dryRun ? next : this.#cluster.store.replace(old as ObjectOf[Kind], next as ObjectOf[Kind]);
    if (!dryRun && verb !== 'apply') this.#owners.updated(old.metadata.uid, managerOf(request), old, next);
    if (!dryRun) this.#cluster.reconcile(request.atMs);
    this.#record(target, request, verb, dryRun, effects);
    return {
      status: 200,
      body: stored,
      note: effects.map((effect) => effect.kind).join(' ') || (dryRun ? 'dry run' : ''),
    };
  }

  #effects(old: ClusterObject, next: ClusterObject): ClusterEffect[] {
    if (old.kind !== 'ConfigMap' || next.kind !== 'ConfigMap') return effectsOf(old, next, this.#revisionsOf(old));
    const back =
      JSON.stringify(old.data) !== JSON.stringify(next.data) && this.#cluster.wasSaid(old.metadata.name, next.data);
    return [{ kind: back ? 'restore-config' : 'configure' }];
  }

  #revisionsOf(object: ClusterObject): { revision: number; template: unknown }[] {
    if (object.kind !== 'Deployment') return [];
    return this.#cluster.templatesOf(object.metadata.name);
  }

  #record(
    target: Target,
    request: WireRequest,
    verb: ClusterAction['verb'],
    dryRun: boolean,
    effects: readonly ClusterEffect[],
  ): void {
    const { resource, name } = target;
    const action = { atMs: request.atMs, verb, resource, name, dryRun, effects: dryRun ? [] : effects };
    this.ledger.push(action);
    if (!dryRun) this.#accepted(action, { target, request });
  }
}

function patched(old: unknown, request: WireRequest): unknown {
  const type = patchTypeOf(request.headers['content-type']);
  if (type === null) {
    return refuse(
      'UnsupportedMediaType',
      'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, application/apply-patch+yaml',
    );
  }
  if (type === 'apply') return refuse('MethodNotAllowed', 'apply is not possible here');
  try {
    return applyPatch(type, old, request.json());
  } catch (error) {
    if (error instanceof PatchRefused) {
      // The real server hides the reason of a failed JSON patch in the causes.
      const hidden = 'the server rejected our request due to an error in our request';
      const causes = [{ reason: 'UnexpectedServerResponse', message: error.message }];
      return refuse(error.reason, error.reason === 'Invalid' ? hidden : error.message, { causes });
    }
    throw error;
  }
}

/** What a client may not change through the main resource keeps its value. */
function settled(old: ClusterObject, wanted: ClusterObject, request: WireRequest): ClusterObject {
  const { name, namespace, uid, creationTimestamp, generation, resourceVersion } = old.metadata;
  const kept = { name, uid, creationTimestamp, resourceVersion, ...(namespace === undefined ? {} : { namespace }) };
  const metadata = { ...wanted.metadata, ...kept, ...(generation === undefined ? {} : { generation }) };
  const next = {
    ...wanted,
    apiVersion: old.apiVersion,
    kind: old.kind,
    metadata,
    ...('status' in old ? { status: old.status } : {}),
  } as ClusterObject;
  if (next.kind !== 'ConfigMap') return next;
  const isApply = patchTypeOf(request.headers['content-type']) === 'apply';
  if (isApply) return next;
  const entry = managedBy(managerOf(request), request.atMs);
  // One entry for each manager and operation; a later write of the same one moves its time.
  const others = ((old as ConfigMap).metadata.managedFields ?? []).filter(
    (one) => one.manager !== entry.manager || one.operation !== 'Update',
  );
  return { ...next, metadata: { ...metadata, managedFields: [...others, entry] } } as ClusterObject;
}

function validate(target: Target, old: ClusterObject, next: ClusterObject): void {
  if (next.kind !== 'Deployment' && next.kind !== 'StatefulSet') return;
  const invalid = (field: string, words: string) =>
    refuse('Invalid', `${next.kind}.apps "${target.name}" is invalid: ${field}: ${words}`, {
      name: target.name,
      group: 'apps',
      kind: next.kind,
      causes: [{ reason: 'FieldValueInvalid', message: words, field }],
    });
  const { replicas, template, selector } = next.spec ?? {};
  if (!Number.isInteger(replicas) || replicas < 0)
    invalid('spec.replicas', `Invalid value: ${String(replicas)}: must be greater than or equal to 0`);
  const containers: unknown = template?.spec?.containers;
  if (!Array.isArray(containers) || containers.length === 0) {
    invalid('spec.template.spec.containers', 'Required value');
  }
  for (const [i, container] of (containers as { name?: unknown; image?: unknown }[]).entries()) {
    if (typeof container?.name !== 'string') invalid(`spec.template.spec.containers[${i}].name`, 'Required value');
    if (typeof container?.image !== 'string') invalid(`spec.template.spec.containers[${i}].image`, 'Required value');
  }
  const before = (old as Deployment).spec.selector;
  if (JSON.stringify(selector) !== JSON.stringify(before))
    invalid('spec.selector', 'Invalid value: field is immutable');
  const labels = template.metadata?.labels ?? {};
  const matches = Object.entries(selector.matchLabels).every(([key, value]) => labels[key] === value);
  if (!matches)
    invalid(
      'spec.template.metadata.labels',
      `Invalid value: ${JSON.stringify(labels)}: \`selector\` does not match template \`labels\``,
    );
}

function scaleOf(object: Deployment | StatefulSet) {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: object.spec.replicas },
    status: {
      replicas: object.status.replicas ?? 0,
      selector: Object.entries(object.spec.selector.matchLabels)
        .map(([key, value]) => `${key}=${value}`)
        .join(','),
    },
  };
}

/** As the server words it before it deletes (apiserver, registry/rest/delete.go). */
function checkUid(target: Target, object: ClusterObject, uid: string | undefined): void {
  if (uid === undefined || uid === object.metadata.uid) return;
  conflict(
    target,
    `the UID in the precondition (${uid}) does not match the UID in record (${object.metadata.uid}). The object might have been deleted and then recreated`,
  );
}

function conflict(target: Target, words: string): never {
  return refuse('Conflict', `Operation cannot be fulfilled on ${qualified(target)} "${target.name}": ${words}`, {
    name: target.name,
    kind: target.resource,
  });
}

function qualified({ resource, group }: Target): string {
  return group === '' ? resource : `${resource}.${group}`;
}

function isDryRun(request: WireRequest): boolean {
  return request.query.getAll('dryRun').includes('All');
}
