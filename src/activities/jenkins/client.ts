import { z } from 'zod';
import type { BuildFact } from '../../domain/evidence.ts';
import { epochMs, type Instant, instant } from '../../domain/instant.ts';
import { failure } from '../failures.ts';
import { createHttpClient } from '../http.ts';

export interface JenkinsSettings {
  readonly url: string;
  readonly userId: string;
  /** A user's API token: with it no crumb is asked for, with a password one would be. */
  readonly apiToken: string;
  /** Full names, folders with `/`: `noa/deploy`. */
  readonly jobs: readonly string[];
  readonly timeoutMilliseconds: number;
}

export interface JenkinsClient {
  /** Builds of all jobs that ran in the window, newest first; `complete` is false when a job had more than is read. */
  builds(window: { readonly fromAt: Instant; readonly untilAt: Instant }): Promise<{
    readonly found: readonly BuildFact[];
    readonly complete: boolean;
  }>;
}

export function createJenkinsClient(settings: JenkinsSettings): JenkinsClient {
  const basic = Buffer.from(`${settings.userId}:${settings.apiToken}`).toString('base64');
  const http = createHttpClient({
    name: NAME,
    baseUrl: settings.url,
    headers: { authorization: `Basic ${basic}` },
    secrets: [settings.apiToken, basic],
    timeoutMilliseconds: settings.timeoutMilliseconds,
  });
  const ofJob = async (job: string): Promise<readonly Build[]> => {
    const path = `${job
      .split('/')
      .filter(Boolean)
      .map((part) => `/job/${encodeURIComponent(part)}`)
      .join('')}/api/json`;
    const answer = await http.json({ path, query: { tree: TREE } }, JOB);
    if (answer.builds !== undefined) return answer.builds;
    throw failure('Invalid', `${NAME}: "${job}" is a folder. Name the job inside it, e.g. "${job}/main".`);
  };
  return {
    async builds({ fromAt, untilAt }) {
      const all = await Promise.all(settings.jobs.map(async (job) => ({ job, builds: await ofJob(job) })));
      const [from, until] = [epochMs(fromAt), epochMs(untilAt)];
      const found = all.flatMap(({ job, builds }) =>
        builds
          .filter((build) => endOf(build) >= from && build.timestamp <= until)
          .map((build) => buildFact(job, build)),
      );
      const complete = all.every(({ builds }) => builds.length < MOST_BUILDS || endOf(builds.at(-1)) < from);
      return { found: found.sort((a, b) => epochMs(b.startedAt) - epochMs(a.startedAt)), complete };
    },
  };
}

const NAME = 'Jenkins';
const MOST_BUILDS = 50;
const MOST_CHANGES = 5;
const MESSAGE_CHARACTERS = 200;
/** Only what is used: without `tree` Jenkins reads every build of the job from its disk. */
const TREE = `builds[number,result,building,timestamp,duration,url,actions[parameters[name,value]],changeSets[items[commitId,msg]]]{0,${MOST_BUILDS}}`;

const BUILD = z.object({
  number: z.number(),
  result: z.string().nullish(),
  building: z.boolean().nullish(),
  timestamp: z.number(),
  duration: z.number().nullish(),
  url: z.string().nullish(),
  /** Actions of plugins come as empty objects between the ones with parameters. */
  actions: z
    .array(z.object({ parameters: z.array(z.object({ name: z.string(), value: z.unknown() })).optional() }).nullable())
    .nullish(),
  changeSets: z.array(z.object({ items: z.array(z.object({ msg: z.string().nullish() })).nullish() })).nullish(),
});
type Build = z.infer<typeof BUILD>;
const JOB = z.object({ builds: z.array(BUILD).optional() });

function endOf(build: Build | undefined): number {
  if (build === undefined) return 0;
  return build.building === true ? Number.POSITIVE_INFINITY : build.timestamp + (build.duration ?? 0);
}

function buildFact(job: string, build: Build): BuildFact {
  const running = build.building === true;
  const messages = (build.changeSets ?? []).flatMap(({ items }) => (items ?? []).flatMap(({ msg }) => msg ?? []));
  const parameters = (build.actions ?? []).flatMap((action) => action?.parameters ?? []);
  return {
    system: NAME,
    name: job,
    number: build.number,
    result: running ? 'running' : resultOf(build.result ?? null),
    startedAt: instant(build.timestamp),
    finishedAt: running ? null : instant(endOf(build)),
    branch: textOf(parameters.find(({ name }) => /^(git_)?branch(_name)?$/i.test(name))?.value),
    // What a build was told to do says more about a deployment than what changed in between.
    changes: [...messages, ...parameters.map(({ name, value }) => `${name}=${textOf(value) ?? '(not text)'}`)]
      .map((line) => (line.split(/\r?\n/, 1)[0] ?? '').slice(0, MESSAGE_CHARACTERS))
      .slice(0, MOST_CHANGES),
    link: build.url ?? null,
  };
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : null;
}

function resultOf(result: string | null): BuildFact['result'] {
  switch (result) {
    case 'SUCCESS':
      return 'succeeded';
    case 'FAILURE':
    case 'UNSTABLE':
      return 'failed';
    case 'ABORTED':
    case 'NOT_BUILT':
      return 'cancelled';
    default:
      return 'unknown';
  }
}
