import { JENKINS_REQUEST_RULES } from '../vendor-rules/jenkins.ts';
import type { WireRequest, WireResponse } from '../wire/exchange.ts';
import type { WireFaults } from '../wire/faults.ts';
import type { WireLedger } from '../wire/ledger.ts';
import { createWireServer } from '../wire/server.ts';
import type { HostedCommit } from './git/git-host.ts';

export interface Jenkins {
  /** Full names of the jobs, folders with a slash. */
  readonly jobs: readonly string[];
  listen(port?: number): Promise<{ readonly url: string; readonly port: number }>;
  close(): Promise<void>;
}

interface Build {
  readonly number: number;
  readonly result: string | null;
  readonly building: boolean;
  readonly timestamp: number;
  readonly duration: number;
  readonly url: string;
  readonly actions: readonly unknown[];
  readonly changeSets: readonly unknown[];
  readonly displayName: string;
}

const FOLDER = 'noa';
const JOB = 'deploy';
/** The job has asked for the rollout when it is two thirds through. */
const BEFORE_ROLLOUT_MS = 60_000;
const LASTS_MS = 90_000;

/** A Jenkins with one folder and in it the job that deploys: one build for each rollout of a new image. */
export function createJenkins(options: {
  readonly clock: () => number;
  readonly faults: WireFaults;
  readonly log: WireLedger;
  readonly userId: string;
  readonly apiToken: string;
  readonly commits: () => readonly HostedCommit[];
}): Jenkins {
  const { clock } = options;
  const expected = `Basic ${Buffer.from(`${options.userId}:${options.apiToken}`).toString('base64')}`;
  const server = createWireServer({
    system: 'jenkins',
    clock,
    faults: options.faults,
    log: options.log,
    faultAnswers: {
      unauthorised: () => page(401, 'Unauthorized'),
      'error-500': () => page(500, 'Oops! A problem occurred while processing the request.'),
      'error-503': () => page(503, 'Please wait while Jenkins is getting ready to work'),
    },
    rules: {
      all: JENKINS_REQUEST_RULES,
      // Nobody is anybody here: how a client says who it is is one of the rules.
      admits: ({ headers }) => headers.authorization !== undefined,
      refuse: ({ status, says }) => page(status, says),
    },
    notFound: (request) => allowed(request) ?? page(404, 'Not Found'),
  });

  function allowed(request: WireRequest): WireResponse | null {
    const given = request.headers.authorization;
    if (given === undefined) return page(403, 'Authentication required');
    return given === expected ? null : page(401, 'Unauthorized');
  }

  function builds(): readonly Build[] {
    const now = clock();
    return options
      .commits()
      .filter(({ change }) => change?.rollout != null)
      .map((commit, index): Build => {
        const { deployment = '', image = '', atMs = 0 } = commit.change?.rollout ?? {};
        const startedMs = atMs - BEFORE_ROLLOUT_MS;
        const building = now < startedMs + LASTS_MS;
        return {
          number: index + 1,
          result: building ? null : 'SUCCESS',
          building,
          timestamp: startedMs,
          duration: building ? 0 : LASTS_MS,
          url: `https://jenkins.noaserver.com/job/${FOLDER}/job/${JOB}/${index + 1}/`,
          displayName: `#${index + 1}`,
          actions: [
            { _class: 'hudson.model.CauseAction' },
            {
              parameters: [
                { name: 'DEPLOYMENT', value: deployment },
                { name: 'IMAGE', value: image },
                { name: 'BRANCH', value: 'main' },
              ],
            },
            {},
          ],
          changeSets: [{ items: [{ commitId: commit.sha, msg: commit.message, author: { fullName: commit.author } }] }],
        };
      })
      .filter((build) => build.timestamp <= now)
      .reverse();
  }

  server.route('GET', `/job/${FOLDER}/job/${JOB}/api/json`, (request) => {
    const refused = allowed(request);
    if (refused !== null) return refused;
    const whole = { fullName: `${FOLDER}/${JOB}`, name: JOB, buildable: true, builds: builds() };
    const tree = request.query.get('tree');
    // Without a tree only numbers and addresses of builds are told.
    if (tree === null)
      return { status: 200, body: { ...whole, builds: whole.builds.map(({ number, url }) => ({ number, url })) } };
    const wanted = parseTree(tree);
    return wanted === null ? page(400, `Invalid tree: ${tree}`) : { status: 200, body: chosen(whole, wanted) };
  });
  server.route('GET', `/job/${FOLDER}/api/json`, (request) => {
    const refused = allowed(request);
    // A folder answers every tree, with none of what jobs have.
    return refused ?? { status: 200, body: { _class: 'com.cloudbees.hudson.plugins.folder.Folder' } };
  });
  server.route('GET', '/me/api/json', (request) => {
    return allowed(request) ?? { status: 200, body: { id: options.userId, fullName: options.userId } };
  });

  return { jobs: [`${FOLDER}/${JOB}`], listen: (port) => server.listen(port), close: () => server.close() };
}

function page(status: number, words: string): WireResponse {
  return {
    status,
    headers: { 'content-type': 'text/html;charset=utf-8', 'x-jenkins': '2.528.1' },
    body: `<html><head><title>Error ${status}</title></head><body><h2>HTTP ERROR ${status} ${words}</h2></body></html>`,
  };
}

interface Wanted {
  readonly fields: ReadonlyMap<string, Wanted | null>;
  readonly range: readonly [number, number] | null;
}

/** `builds[number,changeSets[items[msg]]]{0,20}`; null when it is not written so. */
function parseTree(text: string): Wanted | null {
  let at = 0;
  const list = (): Wanted['fields'] | null => {
    const fields = new Map<string, Wanted | null>();
    for (;;) {
      const name = /^[A-Za-z_*]\w*/.exec(text.slice(at))?.[0];
      if (name === undefined) return null;
      at += name.length;
      let inside: Wanted['fields'] | null = null;
      if (text[at] === '[') {
        at += 1;
        inside = list();
        if (inside === null || text[at] !== ']') return null;
        at += 1;
      }
      const range = /^\{(\d+),(\d+)\}/.exec(text.slice(at));
      at += range?.[0].length ?? 0;
      const bounds = range === null ? null : ([Number(range[1]), Number(range[2])] as const);
      fields.set(name, inside === null ? null : { fields: inside, range: bounds });
      if (text[at] !== ',') return fields;
      at += 1;
    }
  };
  const fields = list();
  return fields === null || at !== text.length ? null : { fields, range: null };
}

function chosen(value: unknown, { fields, range }: Wanted): unknown {
  if (Array.isArray(value)) {
    const part = range === null ? value : value.slice(range[0], range[1]);
    return part.map((one) => chosen(one, { fields, range: null }));
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, inside]) => {
      if (!fields.has(name)) return [];
      const wanted = fields.get(name) ?? null;
      return [[name, wanted === null ? inside : chosen(inside, wanted)]];
    }),
  );
}
