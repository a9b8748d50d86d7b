import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

// The habits of the project that a machine can hold: what its hosting site and its robots are given is well-formed and true.

const ROOT = resolve(import.meta.dirname, '..');
const text = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const inFolder = (folder: string) => readdirSync(join(ROOT, folder)).map((name) => `${folder}/${name}`);

interface Manifest {
  readonly version: string;
  readonly scripts: Readonly<Record<string, string>>;
  readonly engines: { readonly node: string };
}
interface Step {
  readonly uses?: string;
  readonly run?: string;
}
interface Workflow {
  readonly name: string;
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, { readonly steps: readonly Step[]; readonly 'timeout-minutes': number }>>;
}
interface IssueForm {
  readonly name: string;
  readonly description: string;
  readonly body: readonly { readonly type: string; readonly id?: string; readonly attributes: unknown }[];
}

const manifest = JSON.parse(text('package.json')) as Manifest;
const workflows = inFolder('.github/workflows').map((path) => parse(text(path)) as Workflow);

/** Scripts and files that a step's command names and that are not there. */
function missing(run: string): readonly string[] {
  const scripts = [...run.matchAll(/\bnpm run ([\w:-]+)/g)].map(([, name]) => name ?? '');
  const paths = run.split(/\s+/).filter((word) => /^[\w.-]+\/[\w./-]+$/.test(word));
  return [
    ...scripts.filter((name) => !(name in manifest.scripts)).map((name) => `npm run ${name}`),
    ...paths.filter((path) => !existsSync(join(ROOT, path))),
  ];
}

describe('the workflows of continuous integration', () => {
  const steps = workflows.flatMap(({ jobs }) => Object.values(jobs).flatMap((job) => job.steps));

  it('call what is there', () => {
    expect(workflows.map(({ name }) => name)).toEqual(['check', 'image', 'test']);
    expect(steps.flatMap(({ run }) => missing(run ?? ''))).toEqual([]);
    expect(missing('npm run nothing && deploy/Nofile')).toEqual(['npm run nothing', 'deploy/Nofile']);
    expect(statSync(join(ROOT, '.ci/run')).mode & 0o111).not.toBe(0);
  });

  it('use actions of a version, may only read, and end', () => {
    const used = steps.flatMap(({ uses }) => uses ?? []);
    expect(used.filter((action) => !/^[\w-]+\/[\w-]+@(v\d+\.\d+\.\d+|[0-9a-f]{40})$/.test(action))).toEqual([]);
    for (const { permissions, jobs } of workflows) {
      expect(permissions).toEqual({ contents: 'read' });
      for (const job of Object.values(jobs)) expect(job['timeout-minutes']).toBeGreaterThan(0);
    }
  });
});

describe('the forms for issues and pull requests', () => {
  const forms = inFolder('.github/ISSUE_TEMPLATE').map((path) => parse(text(path)) as IssueForm);

  it('are such as the hosting site takes', () => {
    for (const form of forms) {
      expect(form).toMatchObject({ name: expect.any(String), description: expect.any(String) });
      const ids = form.body.flatMap(({ id }) => id ?? []);
      expect(new Set(ids).size).toBe(ids.length);
      for (const { type } of form.body)
        expect(['markdown', 'textarea', 'input', 'dropdown', 'checkboxes']).toContain(type);
    }
  });

  it('ask about upgrades, older workers and histories, the way back and migrations', () => {
    const request = text('.github/pull_request_template.md');
    for (const asked of [/upgrad/i, /older workers/i, /older histories/i, /way back/i, /migrations/i])
      expect(request).toMatch(asked);
    for (const form of forms) expect(JSON.stringify(form)).toMatch(/upgrade|histories/);
  });
});

describe('the version', () => {
  it('has its section in the changelog, below what is not released', () => {
    const sections = [...text('CHANGELOG.md').matchAll(/^## \[(.+?)\]/gm)].map(([, name]) => name);
    expect(sections.slice(0, 2)).toEqual(['Unreleased', manifest.version]);
  });

  it('of Node is the same for everybody', () => {
    expect(manifest.engines.node).toMatch(new RegExp(`^>=${text('.nvmrc').trim()}\\.`));
    expect(JSON.parse(text('renovate.json'))).toMatchObject({ extends: ['config:recommended'] });
  });
});
