import type { ActionName, RemedyOutcome, RemedyPlan, RemedyPreview, RemedyRequest } from '../../domain/remedy.ts';
import { jsonDigest } from '../digest.ts';
import { failure } from '../failures.ts';
import type { PreviewInput } from './api.ts';
import type { KubernetesClient } from './client.ts';
import type { ManifestObject } from './manifest-objects.ts';
import type { Manifests } from './manifests.ts';
import { CLAIM_ANNOTATION, claimAgainst, claimedWords, isMarked, MARKER_ANNOTATION, marksOf } from './marks.ts';
import type { AnyObject, ObjectRef } from './objects.ts';
import { outcome, refOf, refWords } from './objects.ts';
import { overlapOf, sameJson } from './overlap.ts';
import { impossible, seal } from './planning.ts';
import { BEFORE_ANNOTATION, type RecordedChange, recordedChange } from './recorded-changes.ts';
import { previewTakingBack, takeBack } from './taking-back.ts';

/** What is applied for a while: a strict limit, and a canary, which ends with its verdict (R3.3.5, R5.11). */
const TEMPORARY: readonly ActionName[] = ['rate-limit', 'canary'];

const OBJECTS_LIMIT = 20;
const LARGEST_RECORD_BYTES = 64 * 1024;

/**
 * A file or an overlay of the team's manifests, applied by the server under our own field manager: the strict rate limit
 * (R3.3.5), the canary (R5.10) and its promotion (R5.12). The plan is bound to the digest of what was rendered.
 */
export async function previewManifest(
  client: KubernetesClient,
  manifests: Manifests | null,
  input: PreviewInput,
  request: RemedyRequest,
): Promise<RemedyPreview> {
  const { kind, name: path, namespace } = request.target;
  if (kind !== 'manifest') return impossible(request, `${request.action} is not possible for a ${kind}.`);
  if (request.parameters.revert === 1) return previewTakingBack(client, input, request);
  const objects = await readObjects(manifests, path, namespace);
  if (typeof objects === 'string') return impossible(request, objects);
  const looks: Look[] = [];
  for (const object of objects) {
    const look = await lookAt(client, input, object, namespace);
    if (typeof look === 'string') return impossible(request, look);
    looks.push(look);
  }
  const changes = looks.filter((look) => look.change !== null);
  if (changes.length === 0)
    return impossible(request, `${path} is in effect already: applying it would change nothing.`);
  const refs = objects.map((object) => refWords(refOf(object, namespace))).join(' ');
  const plan = seal(input, request, {
    parameters: { manifestDigest: digestOf(objects), objects: refs },
    before: { objects: refs },
    preconditions: {
      claimFor: input.incidentId,
      ...Object.fromEntries(looks.map((look) => [refWords(look.ref), stateOf(look.live, look.object)])),
    },
    preview: `Applies ${path}: ${changes.map((look) => look.change).join('; ')}.${takenOverWords(looks)}`,
    command: `kubectl apply -n ${namespace} ${/\.ya?ml$/.test(path) ? '-f' : '-k'} ${path}`,
    temporary: TEMPORARY.includes(request.action),
  });
  return { kind: 'plan', plan };
}

/** Each object in one write with its marker, its claim and the way back; what is marked as done is not done again. */
export async function applyPlannedManifest(
  client: KubernetesClient,
  manifests: Manifests | null,
  plan: RemedyPlan,
): Promise<RemedyOutcome> {
  if (plan.parameters.revert === 1) return takeBack(client, plan);
  const { name: path, namespace } = plan.target;
  const objects = await readObjects(manifests, path, namespace);
  if (typeof objects === 'string') return outcome('changed-underneath', objects, []);
  if (digestOf(objects) !== plan.parameters.manifestDigest)
    return outcome(
      'changed-underneath',
      `${path} says something else now than when the plan was made. Preview it again.`,
      [],
    );
  let written = 0;
  for (const object of objects) {
    const done = await applyOne(client, plan, object);
    if (typeof done !== 'boolean')
      return {
        ...done,
        readBack: `${done.readBack}${written > 0 ? ` ${written} of ${objects.length} objects had been applied.` : ''}`,
      };
    if (done) written += 1;
  }
  return readBack(client, plan, objects, written > 0 ? 'done' : 'already-done');
}

interface Look {
  readonly object: ManifestObject;
  readonly ref: ObjectRef;
  readonly live: AnyObject | null;
  /** What would happen to it; null when nothing. */
  readonly change: string | null;
  readonly takenOver: string | null;
}

async function lookAt(
  client: KubernetesClient,
  input: PreviewInput,
  object: ManifestObject,
  namespace: string,
): Promise<Look | string> {
  const ref = refOf(object, namespace);
  const live = await client.object(ref);
  const claim = live === null ? null : claimAgainst(live.metadata.annotations, input.incidentId, input.at);
  if (claim !== null) return `Another incident has ${ref.kind} ${ref.name}: ${claimedWords(claim)}`;
  const gentle = await client.apply(ref, object, { dryRun: true, force: false });
  const rehearsal =
    gentle.kind === 'conflict' ? await client.apply(ref, object, { dryRun: true, force: true }) : gentle;
  if (rehearsal.kind !== 'applied') return `The cluster would not accept ${ref.kind} ${ref.name}: ${rehearsal.message}`;
  const [before, after] = [overlapOf(live ?? undefined, object), overlapOf(rehearsal.object, object)];
  return {
    object,
    ref,
    live,
    change:
      live === null
        ? `creates ${ref.kind} ${ref.name}`
        : sameJson(before, after)
          ? null
          : `changes ${changeWords(ref, before, after)}`,
    takenOver: gentle.kind === 'conflict' ? gentle.message : null,
  };
}

/** True when it was written now, false when it had been; an outcome when it may not be. */
async function applyOne(
  client: KubernetesClient,
  plan: RemedyPlan,
  object: ManifestObject,
): Promise<boolean | RemedyOutcome> {
  const ref = refOf(object, plan.target.namespace);
  const live = await client.object(ref);
  if (live !== null && isMarked(live.metadata.annotations, plan.key)) return false;
  const claim =
    live === null ? null : claimAgainst(live.metadata.annotations, plan.preconditions.claimFor ?? '', plan.plannedAt);
  if (claim !== null)
    return outcome('refused', `Another incident has ${ref.kind} ${ref.name}: ${claimedWords(claim)}`, []);
  if (stateOf(live, object) !== plan.preconditions[refWords(ref)])
    return outcome('changed-underneath', `${ref.kind} ${ref.name} has changed since the plan was made.`, [
      refWords(ref),
    ]);
  const rehearsal = await client.apply(ref, object, { dryRun: true, force: true });
  if (rehearsal.kind !== 'applied')
    return outcome('refused', `The cluster refused ${ref.kind} ${ref.name}: ${rehearsal.message}`, []);
  const applied = await client.apply(ref, withMarks(plan, object, live, rehearsal.object), {
    dryRun: false,
    force: true,
  });
  if (applied.kind === 'applied') return true;
  return applied.kind === 'conflict'
    ? outcome('changed-underneath', `${ref.kind} ${ref.name} changed while it was applied: ${applied.message}`, [])
    : outcome('refused', `The cluster refused ${ref.kind} ${ref.name}: ${applied.message}`, []);
}

/**
 * With the resourceVersion that was read, an object that changed meanwhile is a conflict: also when two incidents claim it
 * at once. One that is to be created has none to give; there the server's own uniqueness of names decides, and a claim.
 */
function withMarks(plan: RemedyPlan, object: ManifestObject, live: AnyObject | null, rehearsed: AnyObject): unknown {
  const record: RecordedChange = {
    previous: live === null ? null : overlapOf(live, object),
    applied: overlapOf(rehearsed, object),
  };
  const text = JSON.stringify(record);
  if (text.length > LARGEST_RECORD_BYTES)
    throw failure('Invalid', `${object.kind} ${object.metadata.name} is too large to remember how to take it back.`);
  const annotations = { ...object.metadata.annotations, ...marksOf(plan), [BEFORE_ANNOTATION]: text };
  const version = live === null ? {} : { uid: live.metadata.uid, resourceVersion: live.metadata.resourceVersion };
  return { ...object, metadata: { ...object.metadata, ...version, annotations } };
}

async function readBack(
  client: KubernetesClient,
  plan: RemedyPlan,
  objects: readonly ManifestObject[],
  result: 'done' | 'already-done',
): Promise<RemedyOutcome> {
  const names: string[] = [];
  for (const object of objects) {
    const ref = refOf(object, plan.target.namespace);
    const live = await client.object(ref);
    const record = live === null ? null : recordedChange(live);
    if (live === null || record === null || !sameJson(overlapOf(live, record.applied), record.applied))
      return outcome(
        'unknown',
        `${ref.kind} ${ref.name} was applied but reads back otherwise: something else writes to it.`,
        names,
      );
    names.push(refWords(ref));
  }
  return outcome(
    result,
    `${plan.target.name} is in effect: ${objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`).join(', ')}.`,
    names,
  );
}

async function readObjects(
  manifests: Manifests | null,
  path: string,
  namespace: string,
): Promise<readonly ManifestObject[] | string> {
  if (manifests === null) return `The manifests are not at hand: set MANIFESTS_DIR to a checkout that has ${path}.`;
  const objects = await manifests.objects(path);
  if (objects.length > OBJECTS_LIMIT)
    return `${path} has ${objects.length} objects, more than ${OBJECTS_LIMIT}: apply it by hand.`;
  const elsewhere = objects.find(({ metadata }) => (metadata.namespace ?? namespace) !== namespace);
  return elsewhere === undefined
    ? objects
    : `${path} holds ${elsewhere.kind} ${elsewhere.metadata.name} of ${elsewhere.metadata.namespace}, which is not ${namespace}.`;
}

/** `absent`, or a digest of the fields that the manifest speaks of and of whose they are. */
function stateOf(live: AnyObject | null, object: ManifestObject): string {
  return live === null ? 'absent' : digestOf([live.metadata.uid, withoutOurs(overlapOf(live, object))]);
}

function withoutOurs(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, field: unknown) =>
      [MARKER_ANNOTATION, CLAIM_ANNOTATION, BEFORE_ANNOTATION].includes(key) ? undefined : field,
    ),
  );
}

function digestOf(value: unknown): string {
  return jsonDigest(value);
}

/** The first few leaves that change, as `path: before → after`. */
function changeWords(ref: ObjectRef, before: unknown, after: unknown): string {
  const [from, to] = [leavesOf(before), leavesOf(after)];
  const changed = [...to].filter(([path, value]) => from.get(path) !== value);
  const shown = changed.slice(0, 3).map(([path, value]) => `${path}: ${from.get(path) ?? 'nothing'} → ${value}`);
  const more = changed.length > 3 ? `, and ${changed.length - 3} more` : '';
  return `${ref.kind} ${ref.name} (${shown.join(', ').slice(0, 300)}${more})`;
}

function leavesOf(value: unknown, path = ''): ReadonlyMap<string, string> {
  if (typeof value !== 'object' || value === null) return new Map([[path, String(value)]]);
  return new Map(
    Object.entries(value).flatMap(([key, field]) => [...leavesOf(field, path === '' ? key : `${path}.${key}`)]),
  );
}

function takenOverWords(looks: readonly Look[]): string {
  const words = looks.flatMap((look) => (look.takenOver === null ? [] : [look.takenOver]));
  return words.length === 0
    ? ''
    : ` Others manage some of these fields, and they are taken over: ${words.join(' ').slice(0, 300)}`;
}
