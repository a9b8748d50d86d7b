import { afterEach, describe, expect, it } from 'vitest';
import { createElasticsearch } from '../../lab/simulation/systems/elasticsearch.ts';
import { createGitHost } from '../../lab/simulation/systems/git/git-host.ts';
import { createGitHub } from '../../lab/simulation/systems/github/github.ts';
import { createGrafana } from '../../lab/simulation/systems/grafana.ts';
import { createJenkins } from '../../lab/simulation/systems/jenkins.ts';
import { type SystemFinding, stateOf } from '../../src/activities/finding.ts';
import { closing, vendorWorld } from '../contract/vendor.ts';
import { examined } from './examined.ts';

const SECRET = 'planted-doctor-secret';
const closed = closing();
afterEach(() => closed.all());

/** The five systems, each with a token that may do only this much. */
async function systems(may: { readonly all: boolean }) {
  const { common } = vendorWorld('2024-10-23T14:40:00Z');
  const git = createGitHost({ ...common, changes: () => [], user: 'bot', token: SECRET });
  const rights = { push: may.all, actions: may.all, pulls: may.all };
  const all = {
    git,
    github: createGitHub({
      ...common,
      repository: 'acme/shop',
      token: SECRET,
      git,
      collaborators: [],
      teams: [],
      rights,
    }),
    jenkins: createJenkins({ ...common, userId: 'bot', apiToken: SECRET, commits: () => [] }),
    elasticsearch: createElasticsearch({
      ...common,
      apiKey: SECRET,
      namespace: 'shop',
      pods: () => [],
      world: { logs: () => [] },
      mayRead: may.all,
    }),
    grafana: createGrafana({ ...common, token: SECRET, ...(may.all ? {} : { permissions: ['annotations:read'] }) }),
  };
  for (const one of Object.values(all)) closed.add(() => one.close());
  const url = async (name: keyof typeof all) => (await all[name].listen()).url;
  return {
    GITHUB_API_URL: await url('github'),
    GITHUB_TOKEN: SECRET,
    GITHUB_REPOSITORY: 'acme/shop',
    GIT_REPOSITORY_URL: await url('git'),
    GIT_USERNAME: 'bot',
    GIT_TOKEN: SECRET,
    JENKINS_URL: await url('jenkins'),
    JENKINS_USER_ID: 'bot',
    JENKINS_API_TOKEN: SECRET,
    JENKINS_JOBS: 'noa/deploy',
    ELASTICSEARCH_URL: await url('elasticsearch'),
    ELASTICSEARCH_API_KEY: SECRET,
    GRAFANA_URL: await url('grafana'),
    GRAFANA_TOKEN: SECRET,
  };
}

const CODE = ['GitHub', 'git', 'Jenkins', 'Elasticsearch', 'Grafana'];

async function byName(env: Readonly<Record<string, string>>): Promise<Readonly<Record<string, SystemFinding>>> {
  return Object.fromEntries((await examined(env, CODE)).map((one) => [one.system, one]));
}

const states = (found: Readonly<Record<string, SystemFinding>>) => Object.values(found).map(stateOf);

describe('doctor', () => {
  it('finds nothing wrong where every right is there', async () => {
    expect(states(await byName(await systems({ all: true })))).toEqual(['ok', 'ok', 'ok', 'ok', 'ok']);
  });

  it('names the rights that are missing, and what to do', async () => {
    const found = await byName({ ...(await systems({ all: false })), JENKINS_JOBS: 'noa' });
    expect(found.GitHub).toMatchObject({
      authorised: 'no',
      words: 'the token for acme/shop lacks Actions: read, Pull requests: read and write, Contents: write',
      advice: expect.stringContaining('GITHUB_TOKEN'),
    });
    expect(found.Jenkins).toMatchObject({ words: 'noa is a folder', advice: expect.stringContaining('noa/main') });
    expect(found.Elasticsearch).toMatchObject({
      authorised: 'no',
      advice: expect.stringContaining('privilege read on logs-*'),
    });
    expect(found.Grafana).toMatchObject({ words: 'the service account lacks annotations:create, dashboards:read' });
  });

  it('tells a wrong token and a dead system apart, and shows no secret', async () => {
    const env = await systems({ all: true });
    const wrong = Object.fromEntries(
      Object.entries(env).map(([name, value]) => [name, value === SECRET ? 'planted-wrong' : value]),
    );
    const refused = await byName(wrong);
    expect(Object.values(refused).map(({ reachable, authorised }) => [reachable, authorised])).toEqual(
      Array.from({ length: 5 }, () => ['yes', 'no']),
    );
    await closed.all();
    const dead = await byName(env);
    expect(Object.values(dead).map(({ reachable }) => reachable)).toEqual(['no', 'no', 'no', 'no', 'no']);
    expect(JSON.stringify([refused, dead])).not.toContain('planted');
  });

  it('says what is done without when nothing is configured', async () => {
    expect(states(await byName({}))).toEqual(['unknown', 'unknown', 'unknown', 'unknown', 'unknown']);
  });
});
