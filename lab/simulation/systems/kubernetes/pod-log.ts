import type { WireRequest, WireResponse } from '../../wire/exchange.ts';
import type { WorldTruth } from '../../world/api.ts';
import { refuse } from './api-errors.ts';
import type { Kubelet } from './kubelet.ts';
import type { Pod } from './objects.ts';

interface Line {
  readonly atMs: number;
  readonly line: string;
}

/** A tail is looked for in windows that grow from this: a pod's whole life may be long. */
const FIRST_WINDOW_MS = 10 * 60_000;
const WINDOW_FACTOR = 4;

/** GET pods/{name}/log: tailLines, sinceSeconds, sinceTime, limitBytes, previous, timestamps, container. */
export function podLog(pod: Pod, kubelet: Kubelet, world: WorldTruth, request: WireRequest): WireResponse {
  const { query } = request;
  const life = kubelet.life(pod);
  const container = pod.spec.containers[0]?.name ?? '';
  const wanted = query.get('container') ?? container;
  if (!pod.spec.containers.some((one) => one.name === wanted)) {
    refuse('BadRequest', `container ${wanted} is not valid for pod ${pod.metadata.name}`);
  }
  const waiting = pod.status.containerStatuses?.[0]?.state.waiting?.reason;
  const previous = query.get('previous') === 'true';
  if (life === null || (pod.status.phase === 'Pending' && !previous)) {
    refuse(
      'BadRequest',
      `container "${wanted}" in pod "${pod.metadata.name}" is waiting to start: ${waiting ?? 'ContainerCreating'}`,
    );
  }
  if (previous && life.lastEnd === null) {
    refuse('BadRequest', `previous terminated container "${wanted}" in pod "${pod.metadata.name}" not found`);
  }
  const windowMs =
    previous && life.lastEnd !== null
      ? { fromMs: life.lastEnd.startedAtMs, untilMs: life.lastEnd.atMs }
      : { fromMs: life.startedAtMs, untilMs: request.atMs };
  const fromMs = Math.max(windowMs.fromMs, sinceMs(query, request.atMs));
  const tail = wholeNumber(query, 'tailLines');
  const lines = lastLines(world, pod.metadata.name, fromMs, windowMs.untilMs, tail);
  const timestamps = query.get('timestamps') === 'true';
  const text = lines.map(({ atMs, line }) => `${timestamps ? `${nanoTime(atMs)} ` : ''}${line}\n`).join('');
  const limitBytes = wholeNumber(query, 'limitBytes');
  const bytes = Buffer.from(text);
  return {
    status: 200,
    headers: { 'content-type': 'text/plain' },
    body: limitBytes === null ? text : bytes.subarray(0, limitBytes).toString('utf8'),
  };
}

function lastLines(
  world: WorldTruth,
  pod: string,
  fromMs: number,
  untilMs: number,
  tail: number | null,
): readonly Line[] {
  if (fromMs > untilMs || tail === 0) return [];
  if (tail === null) return world.logs(pod, fromMs, untilMs);
  for (let windowMs = FIRST_WINDOW_MS; ; windowMs *= WINDOW_FACTOR) {
    const startMs = Math.max(fromMs, untilMs - windowMs);
    const lines = world.logs(pod, startMs, untilMs);
    if (lines.length >= tail || startMs === fromMs) return lines.slice(-tail);
  }
}

function sinceMs(query: URLSearchParams, nowMs: number): number {
  const seconds = wholeNumber(query, 'sinceSeconds');
  const time = query.get('sinceTime');
  if (seconds !== null && time !== null)
    refuse('BadRequest', 'at most one of `sinceTime` or `sinceSeconds` may be specified');
  if (seconds !== null) return nowMs - seconds * 1000;
  if (time === null) return Number.NEGATIVE_INFINITY;
  const parsed = Date.parse(time);
  return Number.isFinite(parsed) ? parsed : refuse('BadRequest', `sinceTime: cannot parse ${time}`);
}

function wholeNumber(query: URLSearchParams, name: string): number | null {
  const text = query.get(name);
  if (text === null) return null;
  if (!/^\d+$/.test(text)) refuse('Invalid', `PodLogOptions is invalid: ${name}: Invalid value: ${text}`);
  return Number(text);
}

function nanoTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 23)}000000Z`;
}
