import { existsSync } from 'node:fs';
import { away, fine, refused, type SystemFinding, unset } from '../../activities/finding.ts';
import { type Answer, ask, jsonOf } from './ask.ts';
import type { Settings } from './settings.ts';

/** Where code, builds, logs and dashboards are: GitHub, git, Jenkins, Elasticsearch, Grafana. */

/** What each right of the token is for, and one question that needs it. */
const GITHUB_RIGHTS = [
  { right: 'Contents: read', path: '/commits?per_page=1' },
  { right: 'Actions: read', path: '/actions/runs?per_page=1' },
  { right: 'Pull requests: read and write', path: '/pulls?per_page=1' },
] as const;

export async function checkGitHub(settings: Settings): Promise<SystemFinding> {
  const system = 'GitHub';
  const token = settings.get('GITHUB_TOKEN');
  const repository = settings.get('GITHUB_REPOSITORY');
  if (token === null || repository === null)
    return unset(
      system,
      'GITHUB_TOKEN and GITHUB_REPOSITORY',
      'commits and builds are not looked at, no fix is proposed',
    );
  const base = `${baseOf(settings.get('GITHUB_API_URL') ?? 'https://api.github.com')}/repos/${repository}`;
  const headers = { authorization: `Bearer ${token}`, accept: 'application/vnd.github+json' };
  return asked(system, base, 'GITHUB_API_URL', async () => {
    const repo = await ask(base, { headers });
    if (repo.status === 401) return refused(system, `${base} does not accept the token`, 'Renew GITHUB_TOKEN.');
    if (repo.status === 404)
      return refused(
        system,
        `${repository} is not there for this token`,
        'Correct GITHUB_REPOSITORY, or give the token this repository.',
      );
    if (repo.status !== 200) return away(system, `${base} answers ${repo.status}`, AGAIN);
    const missing: string[] = [];
    for (const { right, path } of GITHUB_RIGHTS) {
      const { status } = await ask(`${base}${path}`, { headers });
      if (status === 403 || status === 404) missing.push(right);
    }
    const { push } = (jsonOf(repo.text).permissions ?? {}) as { readonly push?: boolean };
    if (push !== true) missing.push('Contents: write');
    return missing.length === 0
      ? fine(system, repository)
      : refused(
          system,
          `the token for ${repository} lacks ${missing.join(', ')}`,
          'Give GITHUB_TOKEN these repository permissions (a fine-grained token or an app).',
        );
  });
}

/** Asks git's own protocol over HTTP whether we may fetch and push; nothing is sent. */
export async function checkGit(settings: Settings): Promise<SystemFinding> {
  const system = 'git';
  const url = settings.get('GIT_REPOSITORY_URL');
  if (url === null) return unset(system, 'GIT_REPOSITORY_URL', 'no fix can be pushed');
  if (url.startsWith('/'))
    return existsSync(url) ? fine(system, url) : away(system, `${url} is not there`, 'Correct GIT_REPOSITORY_URL.');
  if (!/^https?:/.test(url))
    return {
      ...fine(system, `${url}: only git itself can tell`),
      reachable: 'unknown',
      authorised: 'unknown',
      advice: 'Try it as the worker: git ls-remote.',
    };
  const credentials = `${settings.get('GIT_USERNAME') ?? 'x-access-token'}:${settings.get('GIT_TOKEN') ?? ''}`;
  const headers = { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` };
  const base = baseOf(url);
  return asked(system, base, 'GIT_REPOSITORY_URL', async () => {
    for (const [service, what] of [
      ['git-upload-pack', 'fetch from'],
      ['git-receive-pack', 'push to'],
    ] as const) {
      const { status } = await ask(`${base}/info/refs?service=${service}`, { headers });
      if (status === 401 || status === 403)
        return refused(
          system,
          `GIT_TOKEN does not let us ${what} ${base}`,
          'Give it Contents: read and write, or correct GIT_USERNAME and GIT_TOKEN.',
        );
      if (status === 404) return refused(system, `there is no repository at ${base}`, 'Correct GIT_REPOSITORY_URL.');
      if (status !== 200) return away(system, `${base} answers ${status}`, AGAIN);
    }
    return fine(system, base);
  });
}

export async function checkElasticsearch(settings: Settings): Promise<SystemFinding> {
  const system = 'Elasticsearch';
  const url = settings.get('ELASTICSEARCH_URL');
  if (url === null) return unset(system, 'ELASTICSEARCH_URL', 'logs are read from the pods that are still there only');
  const base = baseOf(url);
  const key = settings.get('ELASTICSEARCH_API_KEY');
  const index = settings.get('ELASTICSEARCH_INDEX') ?? 'logs-*,filebeat-*';
  const headers = { 'content-type': 'application/json', ...(key === null ? {} : { authorization: `ApiKey ${key}` }) };
  const post = (path: string, body: unknown) =>
    ask(`${base}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  return asked(system, base, 'ELASTICSEARCH_URL', async () => {
    const wanted = { index: [{ names: index.split(','), privileges: ['read'] }] };
    const rights = await post('/_security/user/_has_privileges', wanted);
    if (isRefusal(rights)) return refused(system, `${base} does not accept the key`, 'Renew ELASTICSEARCH_API_KEY.');
    if (rights.status === 200 && jsonOf(rights.text).has_all_requested === false)
      return refused(system, `the key may not read ${index}`, `Give it the index privilege read on ${index}.`);
    const search = await post(`/${encodeURIComponent(index)}/_search`, { size: 0 });
    if (isRefusal(search))
      return refused(system, `the key may not read ${index}`, `Give it the index privilege read on ${index}.`);
    if (search.status === 404) return refused(system, `there is no index ${index}`, 'Correct ELASTICSEARCH_INDEX.');
    if (search.status !== 200) return away(system, `${base} answers ${search.status}`, AGAIN);
    const kibana = settings.get('KIBANA_URL') === null ? '; without KIBANA_URL nothing links to it' : '';
    return fine(system, `${base}, ${index}${kibana}`);
  });
}

const GRAFANA_PERMISSIONS = ['annotations:read', 'annotations:create', 'dashboards:read'] as const;

export async function checkGrafana(settings: Settings): Promise<SystemFinding> {
  const system = 'Grafana';
  const url = settings.get('GRAFANA_URL');
  const token = settings.get('GRAFANA_TOKEN');
  if (url === null || token === null)
    return unset(
      system,
      'GRAFANA_URL and GRAFANA_TOKEN',
      'dashboards are linked, but our own charts stand in for their pictures',
    );
  const base = baseOf(url);
  const headers = { authorization: `Bearer ${token}` };
  return asked(system, base, 'GRAFANA_URL', async () => {
    const rights = await ask(`${base}/api/access-control/user/permissions`, { headers });
    if (isRefusal(rights))
      return refused(
        system,
        `${base} does not accept the token (${rights.status})`,
        'Make a token for a service account and put it into GRAFANA_TOKEN.',
      );
    if (rights.status !== 200) return away(system, `${base} answers ${rights.status}`, AGAIN);
    const granted = jsonOf(rights.text);
    const missing = GRAFANA_PERMISSIONS.filter((name) => !(name in granted));
    return missing.length === 0
      ? fine(system, base)
      : refused(
          system,
          `the service account lacks ${missing.join(', ')}`,
          'Give it the role Editor, or these permissions.',
        );
  });
}

const AGAIN = 'Try again; when it stays so, look at its own log.';

function isRefusal({ status }: Answer): boolean {
  return status === 401 || status === 403;
}

function baseOf(url: string): string {
  return url.replace(/\/+$/, '');
}

async function asked(
  system: string,
  base: string,
  variable: string,
  check: () => Promise<SystemFinding>,
): Promise<SystemFinding> {
  try {
    return await check();
  } catch (error) {
    return away(system, `${base}: ${(error as Error).message}`, `Let this machine reach it, or correct ${variable}.`);
  }
}
