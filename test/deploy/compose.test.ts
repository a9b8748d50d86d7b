import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ENTRIES } from '../../scripts/build.mjs';
import { environmentVariables, gatewayEnv, statusPageEnv, workerEnv } from '../../src/config/env.ts';
import { SEARCH_ATTRIBUTES } from '../../src/workflows/incident/api.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const text = (path: string) => readFileSync(join(ROOT, path), 'utf8');

interface Packages {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

interface Service {
  readonly image?: string;
  readonly build?: { readonly dockerfile: string };
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly entrypoint?: readonly string[];
}

const compose = parse(text('docker-compose.yml'), { merge: true }) as {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
};
/** What only rehearsals and demonstrations set, or what one machine does not need. No drill is played in a container. */
const NOT_HERE = new Set([
  'INCIDENT_CLOCK_FILE',
  'INCIDENT_TOKENS_FILE',
  'INCIDENT_SPEED',
  'WORKER_BUILD_ID',
  'DRILL_REPORTS_DIR',
]);
/** As somebody fills in .env who uses nothing but what is needed. */
const FILLED = { POSTGRES_PASSWORD: 'secret', DECISION_SIGNING_KEY: 'a-long-random-text', ALERTMANAGER_TOKEN: 'token' };

/** Compose's own substitution: ${NAME}, ${NAME:-default}, ${NAME:?message}. */
function substituted(
  environment: Readonly<Record<string, string>>,
  given: Readonly<Record<string, string>>,
): Record<string, string> {
  const fill = (value: string) =>
    value.replace(
      /\$\{(\w+)(?::([-?])([^}]*))?\}/g,
      (_all, name: string, how: string | undefined, rest: string | undefined) => {
        const found = given[name] ?? '';
        if (found !== '') return found;
        if (how === '?') throw new Error(`${name}: ${rest}`);
        return rest ?? '';
      },
    );
  return Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, fill(String(value))]));
}

describe('docker-compose.yml', () => {
  const processes = [
    { name: 'gateway', process: 'gateway', entry: 'dist/gateway.js', read: gatewayEnv },
    { name: 'worker', process: 'worker', entry: 'dist/worker.js', read: workerEnv },
    { name: 'status-page', process: 'status page', entry: 'dist/status-page.js', read: statusPageEnv },
  ] as const;

  it.each(processes)(
    'gives the $name everything it reads, and nothing it does not know',
    ({ name, process, entry, read }) => {
      const service = compose.services[name];
      expect(service?.command?.at(-1)).toBe(entry);
      expect(Object.keys(ENTRIES).map((built) => `dist/${built}.js`)).toContain(entry);
      const given = Object.keys(service?.environment ?? {});
      const wanted = environmentVariables()
        .filter((one) => one.processes.includes(process) && !NOT_HERE.has(one.name))
        .map((one) => one.name);
      expect(wanted.length).toBeGreaterThan(4);
      expect([...given].sort()).toEqual([...wanted].sort());
      const env = substituted(service?.environment ?? {}, FILLED);
      expect(() => read(env)).not.toThrow();
      expect(existsSync(join(ROOT, env.INCIDENT_POLICY?.replace('/app/', '') ?? ''))).toBe(true);
    },
  );

  it('says what is missing in .env, and example.env names every variable that is needed', () => {
    const example = text('deploy/example.env');
    for (const name of Object.keys(FILLED)) {
      const without = { ...FILLED, [name]: '' };
      const all = Object.values(compose.services).map((service) => service.environment ?? {});
      expect(() => all.map((environment) => substituted(environment, without))).toThrow(name);
      expect(example).toMatch(new RegExp(`^${name}=$`, 'm'));
    }
    const known = new Set([...text('docker-compose.yml').matchAll(/\$\{(\w+)/g)].map(([, name]) => name));
    const offered = [...example.matchAll(/^(\w+)=/gm)].map(([, name]) => name);
    expect(offered.filter((name) => !known.has(name))).toEqual([]);
  });

  it('pins every image, keeps Temporal and its web on this machine, and starts nothing before what it needs', () => {
    for (const [name, service] of Object.entries(compose.services)) {
      expect(service.image, name).toMatch(/^[\w./-]+:v?\d[\w.-]*$/);
      for (const needed of Object.keys(service.depends_on ?? {})) expect(compose.services, name).toHaveProperty(needed);
      for (const volume of service.volumes ?? []) {
        const [from = ''] = volume.split(':');
        if (from.startsWith('./')) expect(existsSync(join(ROOT, from)), volume).toBe(true);
        else expect(compose.volumes).toHaveProperty(from);
      }
      if (!['gateway', 'status-page'].includes(name))
        for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/);
    }
    expect(compose.services.gateway?.depends_on).toHaveProperty(
      'temporal-namespace.condition',
      'service_completed_successfully',
    );
    expect(compose.services.gateway?.build?.dockerfile).toBe('deploy/Dockerfile');
  });

  it('registers the search attributes that incidents carry', () => {
    const script = text('deploy/temporal/namespace.sh');
    const [, list = ''] = /for attribute in ([\w ]+); do/.exec(script) ?? [];
    expect(list.split(' ').sort()).toEqual(
      Object.values(SEARCH_ATTRIBUTES)
        .map(({ name }) => name)
        .sort(),
    );
  });

  it('installs into the image nothing that only the laboratory or development needs', () => {
    const { dependencies, devDependencies } = JSON.parse(text('package.json')) as Packages;
    const lab = JSON.parse(text('lab/package.json')) as Packages;
    const { packages } = JSON.parse(text('package-lock.json')) as { packages: Record<string, { dev?: boolean }> };
    // The image's npm ci leaves out what the lock file marks as for development. A dependency of the lab would be marked as
    // the product's when development needs it too: so the lab has development dependencies alone.
    expect(lab.dependencies).toBeUndefined();
    const only = Object.keys({ esbuild: devDependencies.esbuild, ...lab.devDependencies }).filter(
      (name) => !(name in dependencies),
    );
    expect(only).toEqual(expect.arrayContaining(['tsx', 'esbuild', '@temporalio/testing', 'smtp-server']));
    expect(only.filter((name) => packages[`node_modules/${name}`]?.dev !== true)).toEqual([]);
  });

  it('copies into the image what there is, and nothing of the laboratory but its name', () => {
    const copied = [...text('deploy/Dockerfile').matchAll(/^COPY (?!--from)(.+)$/gm)].flatMap(([, list = '']) =>
      list.split(' ').slice(0, -1),
    );
    for (const path of copied) expect(existsSync(join(ROOT, path)), path).toBe(true);
    expect(copied.filter((path) => path.startsWith('lab'))).toEqual(['lab/package.json', 'lab/package.json']);
  });
});
