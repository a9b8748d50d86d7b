import type { RemedyOutcome, RemedyPlan, RemedyPreview, RemedyRequest } from '../../domain/remedy.ts';
import type { PreviewInput } from './api.ts';
import type { KubernetesClient } from './client.ts';
import { claimAgainst, claimedWords, isMarked, marksOf } from './marks.ts';
import { type AnyObject, FIELD_MANAGER, type ObjectRef, outcome, refsOfWords, refWords } from './objects.ts';
import { overlapOf, sameJson } from './overlap.ts';
import { impossible, seal } from './planning.ts';
import { BEFORE_ANNOTATION, type RecordedChange, recordedChange } from './recorded-changes.ts';

/** What an applied manifest changed goes back to what was recorded beside it; what it made is deleted (ADR 0011). */
export async function previewTakingBack(
  client: KubernetesClient,
  input: PreviewInput,
  request: RemedyRequest,
): Promise<RemedyPreview> {
  const { name: path, namespace } = request.target;
  const refs = refsOfWords(String(request.parameters.objects ?? ''), namespace);
  const words: string[] = [];
  const commands: string[] = [];
  for (const ref of refs) {
    const live = await client.object(ref);
    if (live === null) continue;
    const claim = claimAgainst(live.metadata.annotations, input.incidentId, input.at);
    if (claim !== null)
      return impossible(request, `Another incident has ${ref.kind} ${ref.name}: ${claimedWords(claim)}`);
    const record = ours(live);
    if (record === null)
      return impossible(
        request,
        `${ref.kind} ${ref.name} is not as we left it: somebody else decided since, so it is left alone.`,
      );
    commands.push(commandFor(ref, record));
    words.push(record.previous === null ? `deletes ${ref.kind} ${ref.name}` : `puts ${ref.kind} ${ref.name} back`);
  }
  if (words.length === 0) return impossible(request, `Nothing of ${path} is there any more.`);
  const plan = seal(input, request, {
    parameters: { objects: refs.map(refWords).join(' '), revert: 1 },
    before: {},
    preconditions: { claimFor: input.incidentId },
    preview: `Takes ${path} back: ${words.join('; ')}.`,
    command: commands.join(' && '),
    temporary: false,
  });
  return { kind: 'plan', plan };
}

/** What a person would type: the way back is kept beside the object. */
function commandFor({ kind, namespace, name }: ObjectRef, record: RecordedChange): string {
  const object = `${kind.toLowerCase()}/${name} -n ${namespace}`;
  if (record.previous === null) return `kubectl delete ${object}`;
  return `kubectl get ${object} -o json | jq '.metadata.annotations["${BEFORE_ANNOTATION}"] | fromjson | .previous' | kubectl apply -n ${namespace} --server-side --force-conflicts --field-manager=${FIELD_MANAGER} -f -`;
}

export async function takeBack(client: KubernetesClient, plan: RemedyPlan): Promise<RemedyOutcome> {
  const refs = refsOfWords(String(plan.parameters.objects ?? ''), plan.target.namespace);
  let changed = 0;
  for (const ref of refs) {
    const done = await takeOneBack(client, plan, ref);
    if (typeof done !== 'boolean') return done;
    if (done) changed += 1;
  }
  return outcome(changed > 0 ? 'done' : 'already-done', `${plan.target.name} is taken back.`, refs.map(refWords));
}

async function takeOneBack(
  client: KubernetesClient,
  plan: RemedyPlan,
  ref: ObjectRef,
): Promise<boolean | RemedyOutcome> {
  const live = await client.object(ref);
  if (live === null || isMarked(live.metadata.annotations, plan.key)) return false;
  const claim = claimAgainst(live.metadata.annotations, plan.preconditions.claimFor ?? '', plan.plannedAt);
  if (claim !== null)
    return outcome('refused', `Another incident has ${ref.kind} ${ref.name}: ${claimedWords(claim)}`, []);
  const record = ours(live);
  if (record === null)
    return outcome('changed-underneath', `${ref.kind} ${ref.name} is not as we left it; it is left alone.`, [
      refWords(ref),
    ]);
  if (record.previous === null) return client.deleteObject(ref, live.metadata.uid);
  const answer = await client.apply(ref, asBefore(plan, ref, live, record), { dryRun: false, force: true });
  if (answer.kind === 'applied') return true;
  return outcome(
    'changed-underneath',
    `${ref.kind} ${ref.name} changed while it was taken back: ${answer.message}`,
    [],
  );
}

/** The recorded change, when the live object still says what we made it say. */
function ours(live: AnyObject): RecordedChange | null {
  const record = recordedChange(live);
  return record !== null && sameJson(overlapOf(live, record.applied), record.applied) ? record : null;
}

/** Fields that we added and that were not there before are in no manifest of ours any more, so the server drops them. */
function asBefore(plan: RemedyPlan, ref: ObjectRef, live: AnyObject, record: RecordedChange): unknown {
  const previous = record.previous as { readonly metadata?: Readonly<Record<string, unknown>> };
  const { uid, resourceVersion } = live.metadata;
  const annotations = { ...(previous.metadata?.annotations as object | undefined), ...marksOf(plan) };
  return {
    ...previous,
    apiVersion: ref.apiVersion,
    kind: ref.kind,
    metadata: { ...previous.metadata, name: ref.name, namespace: ref.namespace, uid, resourceVersion, annotations },
  };
}
