import type { ClusterModel } from './api.ts';
import { draw, pick } from './random.ts';

/** Something that was committed to the company's code, and what became of it. */
export interface Change {
  readonly atMs: number;
  readonly author: string;
  readonly message: string;
  /** Which deployment it was rolled out to and when; null for what changed nothing in production. */
  readonly rollout: { readonly deployment: string; readonly image: string; readonly atMs: number } | null;
  /** True when its build failed: it never reached production. */
  readonly fails: boolean;
}

const AUTHORS = ['Alice Archer', 'Bob Baker', 'Erin Evans', 'Noah Novak'];
/** What is committed on any day and breaks nothing. */
const IDLE_MESSAGES = [
  'docs: how to rotate the staging keys',
  'test: cover the session export with empty sessions',
  'chore: update the linter',
  'refactor: name the retry budget',
  'docs: correct the example of the embeddings endpoint',
  'chore: pin the base image of the build',
];
const IDLE_GRID_MS = 47 * 60_000;
const IDLE_SHARE = 0.6;
const IDLE_FAILURE_SHARE = 0.1;
const IDLE_DAYS_BACK = 1;
const DAY_MS = 86_400_000;
/** From commit to rollout: review is over, CI builds it, somebody deploys. */
const SHORTEST_LEAD_MS = 6 * 60_000;
const LONGEST_LEAD_MS = 16 * 60_000;

/**
 * Every change up to now, oldest first: each new image of a deployment was committed shortly before it was rolled out,
 * with the change-cause as its message, and on any day there are commits that reach no deployment.
 */
export function changesOf(input: {
  readonly seed: number;
  readonly startMs: number;
  readonly nowMs: number;
  readonly cluster: Pick<ClusterModel, 'deployments'>;
}): readonly Change[] {
  const { seed, startMs, nowMs, cluster } = input;
  const idle: Change[] = [];
  const first = Math.floor((startMs - IDLE_DAYS_BACK * DAY_MS) / IDLE_GRID_MS);
  for (let index = first; index * IDLE_GRID_MS <= nowMs; index++) {
    if (draw(seed, 'idle-commit', index) >= IDLE_SHARE) continue;
    idle.push({
      atMs: toSecond(index * IDLE_GRID_MS + draw(seed, 'idle-commit/at', index) * IDLE_GRID_MS * 0.9),
      author: pick(AUTHORS, draw(seed, 'idle-commit/author', index)),
      message: pick(IDLE_MESSAGES, draw(seed, 'idle-commit/message', index)),
      rollout: null,
      fails: draw(seed, 'idle-commit/fails', index) < IDLE_FAILURE_SHARE,
    });
  }
  const all = [...idle, ...rollouts(seed, cluster)];
  return all.filter((change) => change.atMs <= nowMs).sort((a, b) => a.atMs - b.atMs);
}

function rollouts(seed: number, cluster: Pick<ClusterModel, 'deployments'>): readonly Change[] {
  return cluster.deployments().flatMap(({ name, current, history }) => {
    // A restart and a rollback bring no new image: nothing was committed for them.
    const firstByImage = new Map<string, { readonly atMs: number; readonly cause: string | null }>();
    for (const revision of [...history, current].sort((a, b) => a.createdAtMs - b.createdAtMs)) {
      if (!firstByImage.has(revision.image))
        firstByImage.set(revision.image, { atMs: revision.createdAtMs, cause: revision.changeCause });
    }
    return [...firstByImage].map(([image, { atMs, cause }]): Change => {
      const lead = SHORTEST_LEAD_MS + draw(seed, `lead/${image}`, 0) * (LONGEST_LEAD_MS - SHORTEST_LEAD_MS);
      return {
        atMs: toSecond(atMs - lead),
        author: pick(AUTHORS, draw(seed, `author/${image}`, 0)),
        message: cause ?? `Release ${image.split(':').at(-1)} of ${name}`,
        rollout: { deployment: name, image, atMs },
        fails: false,
      };
    });
  });
}

/** Git keeps whole seconds. */
function toSecond(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}
