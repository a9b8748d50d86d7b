import type { RemedyOutcome, RemedyPlan, RemedyPreview, RemedyRequest } from '../../domain/remedy.ts';
import { jsonDigest } from '../digest.ts';
import { actOnWorkload } from './acting.ts';
import type { PreviewInput } from './api.ts';
import type { KubernetesClient } from './client.ts';
import type { Manifests } from './manifests.ts';
import { claimAgainst, claimedWords, isMarked, marksOf } from './marks.ts';
import { impossible, rehearsed, seal } from './planning.ts';
import type { ConfigMap, Workload } from './shapes.ts';

type Data = Readonly<Record<string, string>>;

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
const LAST_APPLIED_SOURCE = 'what was last applied';
const READ_AGAIN_LIMIT = 6;

/**
 * Takes an edit of a ConfigMap back (R2.11, config-change). What it said before is not kept by the cluster:
 * `managedFields` tell who wrote when, never what. It is known when somebody applied it (`kubectl apply` keeps that
 * beside the object, `kubectl edit` leaves it alone), or when the team's manifests hold it.
 */
export async function previewConfigRestore(
  client: KubernetesClient,
  manifests: Manifests | null,
  input: PreviewInput,
  request: RemedyRequest,
): Promise<RemedyPreview> {
  const { kind, namespace, name } = request.target;
  if (kind !== 'configmap') return impossible(request, `restore-config is not possible for a ${kind}.`);
  const live = await client.configMap(namespace, name);
  if (live === null) return impossible(request, `There is no ConfigMap ${name} in ${namespace}.`);
  const claim = claimAgainst(live.metadata.annotations, input.incidentId, input.at);
  if (claim !== null) return impossible(request, `Another incident has it: ${claimedWords(claim)}`);
  const known = await knownData(manifests, live, namespace, name);
  if (typeof known === 'string') return impossible(request, known);
  const changed = changedKeys(live.data, known.data);
  const restarts = await consumersToRestart(client, namespace, name);
  const plan = seal(input, request, {
    parameters: {
      source: known.source,
      dataDigest: digestOf(known.data),
      restarts: restarts.map(({ metadata }) => `${metadata.name}=${metadata.uid}`).join(' '),
      restartedAt: input.at,
    },
    before: { dataDigest: digestOf(live.data), changed: changed.join(', ').slice(0, KEYS_SHOWN_CHARACTERS) },
    preconditions: { uid: live.metadata.uid, claimFor: input.incidentId, dataDigest: digestOf(live.data) },
    preview: `Puts ConfigMap ${name} back to ${known.source} (${changed.join(', ').slice(0, KEYS_SHOWN_CHARACTERS)}), undoing the change by ${lastWriter(live)}.${restartWords(restarts)}`,
    command: commandOf(namespace, name, known.source, restarts),
    temporary: false,
  });
  return rehearsed(request, plan, await client.patchConfigMap(namespace, name, patchOf(plan, live, known.data), true));
}

/** Marker, claim and data in one conditional write; then whoever reads it only at start is restarted under the same key. */
export async function restoreConfig(
  client: KubernetesClient,
  manifests: Manifests | null,
  plan: RemedyPlan,
): Promise<RemedyOutcome> {
  const outcome = await writeBack(client, manifests, plan);
  if (outcome.result !== 'done' && outcome.result !== 'already-done') return outcome;
  const words: string[] = [];
  for (const restart of restartPlans(plan)) {
    const done = await actOnWorkload(client, restart);
    words.push(done.readBack);
    if (done.result !== 'done' && done.result !== 'already-done')
      return { ...outcome, result: done.result, readBack: [outcome.readBack, ...words].join(' ') };
  }
  return { ...outcome, readBack: [outcome.readBack, ...words].join(' ') };
}

/** The restarts that belong to a plan, each a plan of its own kind for the workload's code. */
export function restartPlans(plan: RemedyPlan): readonly RemedyPlan[] {
  return String(plan.parameters.restarts ?? '')
    .split(' ')
    .flatMap((one): RemedyPlan[] => {
      const [name, uid] = one.split('=');
      if (name === undefined || uid === undefined) return [];
      return [
        {
          ...plan,
          key: `${plan.key}/restart/${name}`,
          action: 'restart',
          target: { kind: 'deployment', namespace: plan.target.namespace, name },
          preconditions: { uid, claimFor: plan.preconditions.claimFor ?? '' },
        },
      ];
    });
}

const KEYS_SHOWN_CHARACTERS = 200;

async function writeBack(
  client: KubernetesClient,
  manifests: Manifests | null,
  plan: RemedyPlan,
): Promise<RemedyOutcome> {
  const { namespace, name } = plan.target;
  let refusedAt: string | null = null;
  for (let attempt = 1; attempt <= READ_AGAIN_LIMIT; attempt += 1) {
    const live = await client.configMap(namespace, name);
    const settled = settledBefore(plan, live);
    if (settled !== null || live === null) return settled ?? outcome('changed-underneath', `${name} is gone.`, null);
    const known = await knownData(manifests, live, namespace, name);
    if (typeof known === 'string') return outcome('changed-underneath', known, live);
    if (digestOf(known.data) !== plan.parameters.dataDigest)
      return outcome(
        'changed-underneath',
        `${known.source} says something else now than when the plan was made.`,
        live,
      );
    const written = await client.patchConfigMap(namespace, name, patchOf(plan, live, known.data), false);
    if (written.kind === 'written') return readBack(client, plan);
    if (written.kind === 'refused') return outcome('refused', `The cluster refused: ${written.message}`, live);
    if (refusedAt === live.metadata.resourceVersion)
      return outcome('refused', `The cluster does not accept the change: ${written.message}`, live);
    refusedAt = live.metadata.resourceVersion;
  }
  return outcome(
    'changed-underneath',
    `${name} changed ${READ_AGAIN_LIMIT} times while we tried; nothing was written.`,
    null,
  );
}

function settledBefore(plan: RemedyPlan, live: ConfigMap | null): RemedyOutcome | null {
  const { name } = plan.target;
  if (live === null) return outcome('changed-underneath', `ConfigMap ${name} does not exist any more.`, null);
  if (live.metadata.uid !== plan.preconditions.uid)
    return outcome('changed-underneath', `ConfigMap ${name} was recreated since the plan was made.`, live);
  if (isMarked(live.metadata.annotations, plan.key) && digestOf(live.data) === plan.parameters.dataDigest)
    return outcome('already-done', `ConfigMap ${name} was put back before.`, live);
  const claim = claimAgainst(live.metadata.annotations, plan.preconditions.claimFor ?? '', plan.plannedAt);
  if (claim !== null) return outcome('refused', `Another incident has ${name}: ${claimedWords(claim)}`, live);
  if (digestOf(live.data) === plan.parameters.dataDigest)
    return outcome('already-done', `ConfigMap ${name} says ${plan.parameters.source} already.`, live);
  return digestOf(live.data) === plan.preconditions.dataDigest
    ? null
    : outcome('changed-underneath', `ConfigMap ${name} was changed again since the plan was made.`, live);
}

async function readBack(client: KubernetesClient, plan: RemedyPlan): Promise<RemedyOutcome> {
  const { namespace, name } = plan.target;
  const live = await client.configMap(namespace, name);
  return live !== null && digestOf(live.data) === plan.parameters.dataDigest
    ? outcome('done', `ConfigMap ${name} says ${plan.parameters.source} again.`, live)
    : outcome(
        'unknown',
        `The change of ${name} was accepted but reads back otherwise: something else writes to it.`,
        live,
      );
}

function patchOf(plan: RemedyPlan, live: ConfigMap, data: Data) {
  const { resourceVersion, annotations } = live.metadata;
  return {
    type: 'json' as const,
    body: [
      { op: 'test', path: '/metadata/resourceVersion', value: resourceVersion },
      { op: 'add', path: '/data', value: data },
      { op: 'add', path: '/metadata/annotations', value: { ...annotations, ...marksOf(plan) } },
    ],
  };
}

/** What the ConfigMap said before its last edit, and where that is known from; a sentence when it is not. */
async function knownData(
  manifests: Manifests | null,
  live: ConfigMap,
  namespace: string,
  name: string,
): Promise<{ readonly data: Data; readonly source: string } | string> {
  const applied = lastApplied(live.metadata.annotations[LAST_APPLIED]);
  if (applied !== null && digestOf(applied) !== digestOf(live.data))
    return { data: applied, source: LAST_APPLIED_SOURCE };
  const kept = (await manifests?.configMap(namespace, name)) ?? null;
  if (kept !== null && digestOf(kept.data) !== digestOf(live.data)) return { data: kept.data, source: kept.path };
  if (applied !== null || kept !== null)
    return `ConfigMap ${name} says what was last applied: there is no edit to take back.`;
  return `What ConfigMap ${name} said before is not known: nobody applied it, and ${manifests === null ? 'MANIFESTS_DIR is not set' : 'the manifests do not have it'}. Somebody who knows has to put it back.`;
}

function lastApplied(text: string | undefined): Data | null {
  try {
    const { data } = JSON.parse(text ?? 'null') as { readonly data?: unknown };
    if (typeof data !== 'object' || data === null) return null;
    return Object.fromEntries(
      Object.entries(data).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
    );
  } catch {
    return null;
  }
}

/** Only the names of the keys: their values may be nobody's business in a channel. */
function changedKeys(from: Data, to: Data): readonly string[] {
  const keys = new Set([...Object.keys(from), ...Object.keys(to)]);
  return [...keys].filter((key) => from[key] !== to[key]).sort();
}

function lastWriter({ metadata }: ConfigMap): string {
  const newest = [...metadata.managedFields].sort((a, b) => (b.time ?? '').localeCompare(a.time ?? ''))[0];
  return newest?.manager ?? 'somebody unknown';
}

/** Mounted files follow within a minute by themselves; environment variables and single mounted files never do. */
async function consumersToRestart(
  client: KubernetesClient,
  namespace: string,
  name: string,
): Promise<readonly Workload[]> {
  return (await client.workloads('deployment', namespace)).filter((one) => readsOnlyAtStart(one, name));
}

function readsOnlyAtStart(workload: Workload, name: string): boolean {
  const spec = workload.spec.template.spec as PodSpecReferences;
  const subPaths = new Set((spec.volumes ?? []).filter((one) => one.configMap?.name === name).map((one) => one.name));
  return spec.containers.some(
    (container) =>
      container.envFrom?.some((one) => one.configMapRef?.name === name) === true ||
      container.env?.some((one) => one.valueFrom?.configMapKeyRef?.name === name) === true ||
      container.volumeMounts?.some((one) => one.subPath !== undefined && subPaths.has(one.name)) === true,
  );
}

interface PodSpecReferences {
  readonly volumes?: readonly { readonly name: string; readonly configMap?: { readonly name?: string } }[];
  readonly containers: readonly {
    readonly envFrom?: readonly { readonly configMapRef?: { readonly name?: string } }[];
    readonly env?: readonly { readonly valueFrom?: { readonly configMapKeyRef?: { readonly name?: string } } }[];
    readonly volumeMounts?: readonly { readonly name: string; readonly subPath?: string }[];
  }[];
}

function restartWords(restarts: readonly Workload[]): string {
  if (restarts.length === 0) return ' Whoever mounts it sees it within a minute.';
  return ` ${restarts.map(({ metadata }) => metadata.name).join(', ')} ${restarts.length === 1 ? 'reads' : 'read'} it only at start and ${restarts.length === 1 ? 'is' : 'are'} restarted.`;
}

function commandOf(namespace: string, name: string, source: string, restarts: readonly Workload[]): string {
  const back =
    source === LAST_APPLIED_SOURCE
      ? `kubectl apply view-last-applied configmap/${name} -n ${namespace} | kubectl replace -f -`
      : `kubectl apply -n ${namespace} -f ${source}`;
  return [
    back,
    ...restarts.map(({ metadata }) => `kubectl rollout restart deployment/${metadata.name} -n ${namespace}`),
  ].join(' && ');
}

function digestOf(data: Data): string {
  return jsonDigest(data);
}

function outcome(result: RemedyOutcome['result'], readBack: string, live: ConfigMap | null): RemedyOutcome {
  return { result, readBack, observed: { dataDigest: live === null ? null : digestOf(live.data) } };
}
