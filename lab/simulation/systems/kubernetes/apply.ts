import { parse } from 'yaml';
import type { WireRequest } from '../../wire/exchange.ts';
import { refuse } from './api-errors.ts';
import { type FieldOwners, type FieldPath, fieldsV1Of, leavesOf, pathWords, withoutLeaves } from './field-owners.ts';
import type { ClusterObject, Kind, ManagedField } from './objects.ts';
import { kubernetesTime } from './objects.ts';
import { mergeApplied } from './patch.ts';

/** Who sets the fields: the query says, else the program's name in its user agent. */
export function managerOf(request: WireRequest): string {
  return request.query.get('fieldManager') ?? request.headers['user-agent']?.split('/')[0] ?? 'unknown';
}

/**
 * Server-side apply, as far as it shows to clients: conflicts with fields that others manage and that would change, force,
 * and the removal of what this manager applied before and applies no more. Of the types it knows the lists' keys only.
 */
export function appliedObject(
  owners: FieldOwners,
  target: Target,
  old: ClusterObject | null,
  request: WireRequest,
): { readonly next: ClusterObject; readonly settle: (uid: string) => void } {
  const manager = request.query.get('fieldManager') ?? '';
  if (manager === '')
    refuse(
      'Invalid',
      'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
    );
  const body = bodyOf(target, request);
  const uid = old?.metadata.uid ?? '';
  const wanted = leavesOf(body);
  const live = leavesOf(old ?? {});
  const disputed = [...wanted].flatMap(([path, value]) => {
    if (JSON.stringify(live.get(path)) === JSON.stringify(value)) return [];
    const [other] = othersOf(owners, uid, manager, path, live);
    const version = owners.applies(uid, other ?? '') ? '' : ` using ${body.apiVersion}`;
    return other === undefined ? [] : [{ path, other: `"${other}"${version}` }];
  });
  if (disputed.length > 0 && request.query.get('force') !== 'true') refuseConflict(target, disputed);
  const dropped = [...owners.fieldsOf(uid, manager)].filter(
    (path) => !wanted.has(path) && owners.othersOf(uid, manager, path).length === 0,
  );
  const merged = mergeApplied(withoutLeaves(old ?? {}, new Set(dropped)) ?? {}, body) as ClusterObject;
  const fields = new Set(wanted.keys());
  return {
    next: {
      ...('status' in merged || !WITH_STATUS.has(target.kind) ? {} : { status: {} }),
      ...merged,
      metadata: {
        ...merged.metadata,
        ...(target.namespace === null ? {} : { namespace: target.namespace }),
        ...(old === null && WITH_GENERATION.has(target.kind) ? { generation: 1 } : {}),
        managedFields: entriesAfter(old, manager, body.apiVersion, fields, request.atMs),
      },
    } as ClusterObject,
    settle: (settledUid) => owners.applied(settledUid, manager, fields, new Set(disputed.map(({ path }) => path))),
  };
}

/** What nobody is known to have set was there when the cluster was seeded: by its own deployment. */
const FIRST_MANAGER = 'kubectl-client-side-apply';
const WITH_STATUS: ReadonlySet<string> = new Set(['Deployment', 'StatefulSet']);
const WITH_GENERATION: ReadonlySet<string> = new Set(['Deployment', 'StatefulSet', 'Ingress']);

type Body = Record<string, unknown> & { readonly apiVersion: string; readonly metadata: { readonly name: string } };

function bodyOf(target: Target, request: WireRequest): Body {
  let body: unknown;
  try {
    body = parse(request.rawBody.toString('utf8'));
  } catch (error) {
    refuse('BadRequest', `error decoding YAML: ${(error as Error).message}`);
  }
  const { apiVersion, kind, metadata } = (body ?? {}) as Partial<Body> & { readonly kind?: string };
  if (kind !== target.kind || typeof apiVersion !== 'string')
    refuse('BadRequest', `invalid object type: ${apiVersion ?? ''}, Kind=${kind ?? ''}`);
  if (metadata?.name !== target.name)
    refuse(
      'BadRequest',
      `the name of the object (${metadata?.name ?? ''}) does not match the name on the URL (${target.name})`,
    );
  if ('managedFields' in metadata) refuse('BadRequest', 'metadata.managedFields must be nil');
  return body as Body;
}

function othersOf(
  owners: FieldOwners,
  uid: string,
  manager: string,
  path: FieldPath,
  live: ReadonlyMap<FieldPath, unknown>,
): string[] {
  const others = owners.othersOf(uid, manager, path);
  const unclaimed = others.length === 0 && !owners.fieldsOf(uid, manager).has(path) && live.has(path);
  return unclaimed ? [FIRST_MANAGER] : others;
}

function refuseConflict(
  target: Target,
  disputed: readonly { readonly path: FieldPath; readonly other: string }[],
): never {
  const words = disputed.map(({ path, other }) => ({
    reason: 'FieldManagerConflict',
    message: `conflict with ${other}`,
    field: pathWords(path),
  }));
  const [first] = words;
  const all =
    words.length === 1 && first !== undefined
      ? `Apply failed with 1 conflict: ${first.message}: ${first.field}`
      : `Apply failed with ${words.length} conflicts: conflicts with ${disputed[0]?.other}:\n${words.map(({ field }) => `- ${field}`).join('\n')}`;
  return refuse('Conflict', all, { name: target.name, kind: target.resource, causes: words });
}

function entriesAfter(
  old: ClusterObject | null,
  manager: string,
  apiVersion: string,
  fields: ReadonlySet<FieldPath>,
  atMs: number,
): ManagedField[] {
  const others = (old?.metadata.managedFields ?? []).filter(
    (one) => one.manager !== manager || one.operation !== 'Apply',
  );
  const entry: ManagedField = {
    manager,
    operation: 'Apply',
    apiVersion,
    time: kubernetesTime(atMs),
    fieldsType: 'FieldsV1',
    fieldsV1: fieldsV1Of(fields),
  };
  return [...others, entry];
}

export interface Target {
  readonly kind: Kind;
  readonly resource: string;
  /** API group for messages: `apps`, or empty for the core group. */
  readonly group: string;
  readonly namespace: string | null;
  readonly name: string;
}
