import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { ENTRIES } from '../../scripts/build.mjs';
import { environmentVariables, gatewayEnv, workerEnv } from '../../src/config/env.ts';
import { TASK_QUEUE } from '../../src/workflows/incident/api.ts';

const ROOT = resolve(import.meta.dirname, '../../deploy/kubernetes');

interface Kustomization {
  readonly resources?: readonly string[];
  readonly components?: readonly string[];
  readonly configMapGenerator?: readonly { readonly name: string; readonly literals?: readonly string[] }[];
}

interface Probe {
  readonly httpGet?: { readonly path: string; readonly port: string };
}

interface Container {
  readonly name: string;
  readonly args: readonly string[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
  readonly securityContext: Readonly<Record<string, unknown>>;
}

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly replicas?: number;
    readonly minAvailable?: number;
    readonly selector?: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly podSelector?: { readonly matchLabels?: Readonly<Record<string, string>> };
    readonly template?: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>> };
      readonly spec: {
        readonly automountServiceAccountToken: boolean;
        readonly terminationGracePeriodSeconds: number;
        readonly securityContext: { readonly runAsNonRoot: boolean };
        readonly containers: readonly [Container];
        readonly volumes: readonly { readonly name: string }[];
      };
    };
    readonly triggers?: readonly { readonly type: string; readonly metadata: Readonly<Record<string, string>> }[];
    readonly scaleTargetRef?: { readonly name: string };
  };
}

function kustomization(folder: string): Kustomization {
  return parse(readFileSync(join(folder, 'kustomization.yaml'), 'utf8'));
}

/** Every manifest that an overlay brings, the generated ones aside. */
function manifests(folder: string): readonly Manifest[] {
  const { resources = [], components = [] } = kustomization(folder);
  return [...resources, ...components].flatMap((path) => {
    const full = resolve(folder, path);
    expect(existsSync(full), `${path} of ${folder}`).toBe(true);
    if (!path.endsWith('.yaml')) return manifests(full);
    return parseAllDocuments(readFileSync(full, 'utf8')).map((document) => document.toJS() as Manifest);
  });
}

function deployment(name: string) {
  const found = manifests(join(ROOT, 'base')).find((one) => one.kind === 'Deployment' && one.metadata.name === name);
  const pod = found?.spec.template;
  if (pod === undefined) throw new Error(`There is no Deployment ${name}.`);
  return { pod, container: pod.spec.containers[0] };
}

/** As a pod sees it: its own `env`, the overlay's literals, and a secret with what is needed. */
function environmentOf(name: string, overlay: string): Record<string, string> {
  const own = Object.fromEntries(deployment(name).container.env.map((one) => [one.name, one.value]));
  const literals = (kustomization(join(ROOT, 'overlays', overlay)).configMapGenerator ?? [])
    .flatMap((generator) => generator.literals ?? [])
    .map((literal) => literal.split(/=(.*)/s).slice(0, 2) as [string, string]);
  const secret = {
    DATABASE_URL: 'postgres://incident:secret@db:5432/incident',
    DECISION_SIGNING_KEY: 'a-long-random-text',
    ALERTMANAGER_TOKEN: 'token',
  };
  return { ...Object.fromEntries(literals), ...secret, ...own };
}

const overlays = readdirSync(join(ROOT, 'overlays'));

describe('deploy/kubernetes', () => {
  it.each(overlays)(
    '%s names only manifests that are there, and gives both processes an environment they accept',
    (overlay) => {
      expect(manifests(join(ROOT, 'overlays', overlay)).length).toBeGreaterThan(8);
      expect(() => gatewayEnv(environmentOf('gateway', overlay))).not.toThrow();
      expect(() => workerEnv(environmentOf('worker', overlay))).not.toThrow();
    },
  );

  it.each(overlays)('%s sets no variable that nobody reads, and no secret in the open', (overlay) => {
    const known = new Map(environmentVariables().map((one) => [one.name, one]));
    const literals = (kustomization(join(ROOT, 'overlays', overlay)).configMapGenerator ?? [])
      .filter(({ name }) => name === 'incident-runbook')
      .flatMap(({ literals = [] }) => literals.map((one) => one.split('=')[0] ?? ''));
    const own = ['gateway', 'worker'].flatMap((name) => deployment(name).container.env.map((one) => one.name));
    expect(literals.length).toBeGreaterThan(0);
    for (const name of [...literals, ...own]) {
      expect(known.has(name), `${name} is no variable`).toBe(true);
      expect(known.get(name)?.secret, `${name} is a secret`).toBe(false);
    }
  });

  it('starts the entries that exist, under the strictest pod security', () => {
    for (const name of ['gateway', 'worker']) {
      const { pod, container } = deployment(name);
      expect(Object.keys(ENTRIES).map((entry) => `dist/${entry}.js`)).toContain(container.args.at(-1));
      expect(pod.spec.securityContext.runAsNonRoot).toBe(true);
      expect(container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
    }
    // Only the worker speaks to a cluster.
    expect(deployment('gateway').pod.spec.automountServiceAccountToken).toBe(false);
    expect(deployment('worker').pod.spec.automountServiceAccountToken).toBe(true);
  });

  it('asks each process where it answers', () => {
    for (const name of ['gateway', 'worker']) {
      const { container } = deployment(name);
      const env = environmentOf(name, 'small');
      const port = Number(name === 'gateway' ? env.PORT : env.WORKER_HEALTH_PORT);
      expect(name === 'gateway' ? env.HOST : env.WORKER_HEALTH_HOST).toBe('0.0.0.0');
      for (const probe of [container.livenessProbe, container.readinessProbe]) {
        const { path, port: named } = probe.httpGet ?? { path: '', port: '' };
        expect(container.ports.find((one) => one.name === named)?.containerPort, name).toBe(port);
        expect(['/livez', '/readyz']).toContain(path);
      }
    }
  });

  it('gives activities under way the time to end before a worker is killed', () => {
    const grace = /shutdownForceTime: '(\d+)s'/.exec(readFileSync(resolve(ROOT, '../../src/worker.ts'), 'utf8'))?.[1];
    expect(deployment('worker').pod.spec.terminationGracePeriodSeconds).toBeGreaterThan(Number(grace));
  });

  it('keeps one of each through maintenance, and lets nothing in but to the gateway', () => {
    const all = manifests(join(ROOT, 'base'));
    const budgets = all.filter((one) => one.kind === 'PodDisruptionBudget');
    for (const budget of budgets) {
      expect(budget.spec.minAvailable).toBe(1);
      const labels = deployment(budget.metadata.name).pod.metadata.labels;
      expect(labels).toMatchObject(budget.spec.selector?.matchLabels ?? { none: 'none' });
    }
    expect(budgets.map((one) => one.metadata.name).sort()).toEqual(['gateway', 'worker']);
    const policies = all.filter((one) => one.kind === 'NetworkPolicy');
    expect(policies.find((one) => one.metadata.name === 'closed')?.spec.podSelector).toEqual({});
  });

  it('scales workers by the backlog of the queue that they really poll', () => {
    const scaled = manifests(join(ROOT, 'overlays/production')).find((one) => one.kind === 'ScaledObject');
    expect(scaled?.spec.scaleTargetRef?.name).toBe('worker');
    expect(scaled?.spec.triggers?.[0]).toMatchObject({ type: 'temporal', metadata: { taskQueue: TASK_QUEUE } });
  });

  it('patches the volume that it means to', () => {
    const at = deployment('worker').pod.spec.volumes.findIndex((volume) => volume.name === 'documents');
    const text = readFileSync(join(ROOT, 'overlays/production/kustomization.yaml'), 'utf8');
    expect(text).toContain(`path: /spec/template/spec/volumes/${at}\n`);
  });
});

describe('what watches the product', () => {
  const served = ['src/gateway/metrics.ts', 'src/worker/metrics.ts']
    .map((path) => readFileSync(resolve(ROOT, '../..', path), 'utf8'))
    .join('\n');

  it.each(['deploy/prometheus/rules.yaml', 'deploy/grafana/incident-runbook.json'])(
    '%s asks only for series that the processes serve',
    (path) => {
      const text = readFileSync(resolve(ROOT, '../..', path), 'utf8');
      const names = [...new Set([...text.matchAll(/\bincident_[a-z_]+/g)].map(([name]) => name))];
      expect(names.length).toBeGreaterThan(4);
      for (const name of names) {
        const base = name
          .replace(/_(bucket|count|sum)$/, '')
          .replace(/^(incident_(?:gateway|worker)_)process_.*$/, '$1');
        expect(served, name).toContain(`'${base}`);
      }
    },
  );
});
